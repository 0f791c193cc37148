"""Defaults of the tenants' limits, changed by ``PHLARE_LIMIT_*`` variables."""

from __future__ import annotations

from dataclasses import fields, replace

from ingest.profiles.limits import Limits
from phlareweb.env import Environment

_NS_PER_SECOND = 1_000_000_000


def variable_name(field_name: str) -> str:
    """Return the variable for a field of :class:`Limits`: durations drop ``_ns``, since their values name a unit."""
    return "PHLARE_LIMIT_" + field_name.removesuffix("_ns").upper()


def limits_from_environment(env: Environment) -> Limits:
    """Return the limits of a tenant that has none of its own.

    The unit follows from the field's name: ``_ns`` reads a duration, a name with ``_bytes`` a size, others a number.
    """
    defaults = Limits()
    values: dict[str, int] = {}
    for field in fields(Limits):
        name, default = variable_name(field.name), getattr(defaults, field.name)
        if field.name.endswith("_ns"):
            values[field.name] = round(env.env_duration(name, default / _NS_PER_SECOND) * _NS_PER_SECOND)
        elif "_bytes" in field.name:
            values[field.name] = env.env_bytes(name, default)
        elif isinstance(default, bool):
            values[field.name] = env.env_bool(name, default)
        else:
            values[field.name] = env.env_int(name, default, unit="count")
    return replace(defaults, **values)
