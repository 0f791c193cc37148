"""What the values of a profile without types of its own count: said by the end of the application's name.

The table is Pyroscope's (pkg/og/convert, pkg/ingester/pyroscope): ``checkout.wall`` is a wall profile of the service
``checkout``. A name without a dot is a CPU profile of the service of that name.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingest.profiles.columns import SampleType
from ingest.profiles.formats.refused import Refused
from ingest.profiles.limits import SECOND_NS
from ingest.profiles.reasons import Reason, Rejection

_NO_TYPE = SampleType("", "")
_CPU_NS = SampleType("cpu", "nanoseconds")


@dataclass(frozen=True, slots=True)
class Kind:
    """The name of a profile and the type of its only value."""

    metric_name: str
    sample_type: SampleType
    time: str = ""  #: for values that are samples of time: the type they have once they are in nanoseconds


@dataclass(frozen=True, slots=True)
class Meaning:
    """How the values of one profile are stored."""

    service: str
    metric_name: str
    sample_type: SampleType
    period_type: SampleType  #: both fields empty when the profile has none
    period: int
    factor: int  #: each value is multiplied by this


def _samples(metric_name: str, time: str) -> Kind:
    return Kind(metric_name, SampleType("samples", "count"), time)


def _same(metric_name: str, suffix: str, unit: str) -> Kind:
    return Kind(metric_name, SampleType(suffix, unit))


CPU = _samples("process_cpu", "cpu")
WALL = _samples("wall", "wall")
_CONTENTIONS, _DELAY = SampleType("contentions", "count"), SampleType("delay", "nanoseconds")

KIND_OF_SUFFIX: dict[str, Kind] = {
    "cpu": CPU,
    "itimer": CPU,
    "wall": WALL,
    **{name: _same("memory", name, "count") for name in ("inuse_objects", "alloc_objects")},
    **{name: _same("memory", name, "bytes") for name in ("inuse_space", "alloc_space")},
    "goroutines": _same("goroutine", "goroutines", "count"),
    "mutex_count": Kind("mutex", _CONTENTIONS),
    "mutex_duration": Kind("mutex", _DELAY),
    **{name: Kind("block", _CONTENTIONS) for name in ("block_count", "lock_count")},
    **{name: Kind("block", _DELAY) for name in ("block_duration", "lock_duration")},
    **{name: _same("memory", name, "count") for name in ("alloc_in_new_tlab_objects", "alloc_outside_tlab_objects")},
    **{name: _same("memory", name, "bytes") for name in ("alloc_in_new_tlab_bytes", "alloc_outside_tlab_bytes")},
    "live": _same("memory", "live", "count"),
    "exceptions": _samples("exceptions", ""),
    **dict.fromkeys(("seconds", "milliseconds", "microseconds", "nanoseconds"), WALL),
    "bytes": Kind("memory", SampleType("samples", "bytes")),
}


def kind_of(app: str) -> tuple[str, Kind]:
    """Return the service and the kind that an application's name says; refuses a suffix it does not know."""
    service, dot, suffix = app.rpartition(".")
    if not dot:
        return app, CPU
    kind = KIND_OF_SUFFIX.get(suffix)
    if kind is None:
        known = ", ".join(sorted(KIND_OF_SUFFIX))
        message = (
            f"The application name ends in .{suffix[:100]}, which says nothing about the values of the profile; "
            f"known are {known}."
        )
        raise Refused(Rejection(Reason.BAD_REQUEST, message))
    return service, kind


def meaning_of(app: str, sample_rate: int) -> Meaning:
    """Return how values that count samples, ``sample_rate`` a second, are stored."""
    service, kind = kind_of(app)
    if not kind.time or not sample_rate:
        return Meaning(service, kind.metric_name, kind.sample_type, _NO_TYPE, 0, 1)
    period = SECOND_NS // sample_rate
    return Meaning(service, kind.metric_name, SampleType(kind.time, "nanoseconds"), _CPU_NS, period, period)


def time_meaning_of(app: str, period_ns: int) -> Meaning:
    """Return how values that are a time in nanoseconds are stored; kinds that are no time keep them as they are."""
    service, kind = kind_of(app)
    if not kind.time:
        return Meaning(service, kind.metric_name, kind.sample_type, _NO_TYPE, 0, 1)
    return Meaning(service, kind.metric_name, SampleType(kind.time, "nanoseconds"), _CPU_NS, period_ns, 1)
