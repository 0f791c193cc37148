"""Defaults of the tenants' limits, changed by ``PHLARE_LIMIT_*`` variables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ingest.profiles.limit_table import LIMIT_TABLE, LimitInfo, LimitKind, what_is_wrong
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from phlareweb.env import Environment, Problem, ProblemId

_NS_PER_SECOND = 1_000_000_000


def variable_name(info: LimitInfo) -> str:
    """Return the variable for a limit: the name of its column, since the value of a duration names its unit."""
    return "PHLARE_LIMIT_" + info.column.upper()


def limits_from_environment(env: Environment) -> Limits:
    """Return the limits of a tenant that has none of its own."""
    values: dict[str, Any] = {info.name: _read(env, info) for info in LIMIT_TABLE}
    return replace(DEFAULT_LIMITS, **values)


def _read(env: Environment, info: LimitInfo) -> int | str:
    name, default = variable_name(info), info.value_in(DEFAULT_LIMITS)
    if isinstance(default, str):
        text = env.env_text(name, default)
        wrong = what_is_wrong(info, text)
        if wrong is None:
            return text
        env.problems.append(Problem(ProblemId.OUT_OF_RANGE, name, f"{name}: {wrong}"))
        return default
    match info.kind:
        case LimitKind.DURATION:
            seconds = env.env_duration(
                name,
                default / _NS_PER_SECOND,
                minimum=info.minimum / _NS_PER_SECOND,
                maximum=info.maximum / _NS_PER_SECOND,
            )
            return round(seconds * _NS_PER_SECOND)
        case LimitKind.BYTES:
            return env.env_bytes(name, default, minimum=info.minimum, maximum=info.maximum)
        case _:
            return env.env_int(name, default, unit="count", minimum=info.minimum, maximum=info.maximum)
