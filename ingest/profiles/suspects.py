"""Signs that a profile which breaks no rule is of no use to whoever sent it. Such a profile is stored; its sender is
told, because the answer of a push cannot say it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from ingest.profiles.columns import SampleType, Symbols
from ingest.profiles.limits import DAY_NS, MINUTE_NS


class Suspect(StrEnum):
    """What is odd about a profile."""

    NO_SAMPLES = "no_samples"  #: it came without a sample
    ALL_ZERO = "all_zero"  #: every sample that came counted nothing
    NO_SYMBOLS = "no_symbols"  #: none of its frames has a function name
    TIME_1970 = "time_1970"  #: its time is in 1970: seconds or milliseconds where nanoseconds belong
    NO_DURATION = "no_duration"  #: it measures time and does not say over how long
    CLOCK_SKEW = "clock_skew"  #: it is from the future, or long over


#: Clocks that are kept right differ by less. A profile comes after it has ended, so it may be older than new.
AHEAD_NS = MINUTE_NS
BEHIND_NS = 10 * MINUTE_NS
_YEAR_NS = 365 * DAY_NS
_TIME_UNITS = frozenset({"nanoseconds", "microseconds", "milliseconds", "seconds"})


def suspect_time(time_ns: int, duration_ns: int, now_ns: int) -> Suspect | None:
    """Return what is odd about the time a profile came with; 0 is none."""
    if time_ns <= 0:
        return None
    if time_ns < _YEAR_NS:
        return Suspect.TIME_1970
    is_ahead = time_ns > now_ns + AHEAD_NS
    is_behind = time_ns + max(duration_ns, 0) < now_ns - BEHIND_NS
    return Suspect.CLOCK_SKEW if is_ahead or is_behind else None


def suspect_content(
    sent_samples: int,
    kept_samples: int,
    zero_samples: int,
    symbols: Symbols,
    sample_types: Sequence[SampleType],
    duration_ns: int,
) -> list[Suspect]:
    """Return what is odd about the samples of a normalised profile."""
    if not sent_samples:
        return [Suspect.NO_SAMPLES]
    if not kept_samples:
        return [Suspect.ALL_ZERO] if zero_samples == sent_samples else []
    found = [] if symbols.function_name.any() else [Suspect.NO_SYMBOLS]
    if duration_ns <= 0 and any(kind.unit in _TIME_UNITS for kind in sample_types):
        found.append(Suspect.NO_DURATION)
    return found
