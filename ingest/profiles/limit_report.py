"""The limits of one tenant as a document: for the API, the command line and the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.profiles.limit_table import LIMIT_TABLE, LimitInfo, LimitKind, format_limit
from ingest.profiles.limits import Limits

_NS_PER_SECOND = 1_000_000_000
_UNITS = {
    LimitKind.COUNT: "count",
    LimitKind.BYTES: "bytes",
    LimitKind.DURATION: "seconds",
    LimitKind.TEXT: "text",
}


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit of one tenant. Values are in ``unit``; durations in seconds."""

    name: str
    group: str
    meaning: str
    unit: str
    default: float | str
    own: float | str | None  #: None: the tenant has the default
    in_force: float | str
    shown: str  #: what is in force, as people write it
    used: float | None  #: how much of it is taken now, where that is counted and known


def limit_rows(
    defaults: Limits, own: Mapping[str, int | str], in_force: Limits, used: Mapping[str, int]
) -> tuple[LimitRow, ...]:
    """Return every limit in the order in which they are shown; ``own`` and ``used`` are by the field of Limits."""
    return tuple(
        LimitRow(
            name=info.column,
            group=info.group,
            meaning=info.meaning,
            unit=_UNITS[info.kind],
            default=in_unit(info, info.value_in(defaults)),
            own=in_unit(info, own[info.name]) if info.name in own else None,
            in_force=in_unit(info, info.value_in(in_force)),
            shown=format_limit(info, info.value_in(in_force)),
            used=used.get(info.name),
        )
        for info in LIMIT_TABLE
    )


def in_unit(info: LimitInfo, value: int | str) -> float | str:
    """Return a value of a field of Limits in the unit it is told in."""
    if isinstance(value, int) and info.kind is LimitKind.DURATION:
        return value / _NS_PER_SECOND
    return value
