"""Durations as settings of profilers say them."""

from __future__ import annotations

import re

_DURATION = re.compile(r"([0-9]{1,15}) ?(ns|us|ms|s|m|h|d)?", re.ASCII)
_UNITS_NS = {
    "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}  # fmt: skip


def parsed_ns(text: str) -> int:
    """Return the nanoseconds of ``20 ms``, as the JDK writes it, or ``10000000``, as async-profiler does; else 0.

    The JDK also says ``everyChunk`` and the like, which is no duration.
    """
    match = _DURATION.fullmatch(text)
    return int(match[1]) * _UNITS_NS[match[2] or "ns"] if match else 0
