"""The times and durations a person writes into an address: ``now-1h``, ``1700000000000``, ``15s``.

Strict on purpose: a typing error must not silently mean "now" and return another hour's data.
"""

from __future__ import annotations

import re

_UNIT_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d|w)", re.ASCII)
_NOW = re.compile(r"now(?:-([0-9]{1,9}(?:ms|s|m|h|d|w)))?", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)

#: Milliseconds below this are before 1973: the caller sent seconds.
_SECONDS_BELOW = 100_000_000_000


def parse_duration_ms(text: str) -> int:
    """Return the milliseconds of ``250ms``, ``15s``, ``5m``, ``1h``, ``1d`` or ``1w``; raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a duration such as 15s, 5m or 1h")
    return int(match.group(1)) * _UNIT_MS[match.group(2)]


def parse_time_ms(text: str, now_ms: int) -> int:
    """Return Unix milliseconds of a number of them, of ``now``, or of ``now-`` and a duration; raises ValueError."""
    match = _NOW.fullmatch(text)
    if match is not None:
        return max(1, now_ms - (parse_duration_ms(match.group(1)) if match.group(1) else 0))
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text[:40]!r} is neither Unix milliseconds nor now or now-1h")
    moment_ms = int(text)
    if moment_ms < _SECONDS_BELOW:
        raise ValueError(f"{text} is before 1973: times are Unix milliseconds, not seconds")
    return moment_ms
