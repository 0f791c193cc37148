"""Bounds on what strangers can repeat: guesses of passwords, and lines of the audit log. Not thread-safe.

Both remember a bounded number of sources and forget the one that was quiet for longest. Times are seconds of any clock
that does not go back.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

#: Sources that are remembered; an entry takes some 200 bytes.
MAX_SOURCES = 4096


def source_of(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or an IPv6 network of 64 bits, which one machine has whole."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))


class Attempts:
    """How often each source may be wrong. An attempt counts from its beginning, so that parallel ones are bounded."""

    def __init__(self, allowed: int, period_seconds: float, max_sources: int = MAX_SOURCES) -> None:
        """``allowed`` attempts within ``period_seconds`` of the first may fail or be under way at once."""
        self._allowed = allowed
        self._period_seconds = period_seconds
        self._max_sources = max_sources
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def begin(self, source: str, now_seconds: float) -> float:
        """Note an attempt; returns 0, or for how many seconds this source may make none: then nothing was noted."""
        began, count = self._counts.get(source, (now_seconds, 0))
        if now_seconds - began >= self._period_seconds:
            began, count = now_seconds, 0
        if count >= self._allowed:
            return began + self._period_seconds - now_seconds
        self._counts[source] = (began, count + 1)
        self._counts.move_to_end(source)
        if len(self._counts) > self._max_sources:
            self._counts.popitem(last=False)
        return 0.0

    def succeeded(self, source: str) -> None:
        """Take an attempt back. Only this one: who knows one password has no more guesses at the others."""
        began, count = self._counts.get(source, (0.0, 0))
        if count > 1:
            self._counts[source] = (began, count - 1)
        else:
            self._counts.pop(source, None)


class Sparing:
    """Lets one line through for each source and period, and a bounded number over all of them."""

    def __init__(self, period_seconds: float, most: int, max_sources: int = MAX_SOURCES) -> None:
        """``most`` lines in ``period_seconds`` over all sources."""
        self._period_seconds = period_seconds
        self._most = most
        self._max_sources = max_sources
        self._last: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._began = float("-inf")
        self._lines = 0

    def admit(self, source: str, now_seconds: float) -> int | None:
        """Return how many of this source were left out since its last line; None to leave this one out too."""
        said, left_out = self._last.get(source, (float("-inf"), 0))
        if now_seconds - self._began >= self._period_seconds:
            self._began, self._lines = now_seconds, 0
        is_due = now_seconds - said >= self._period_seconds and self._lines < self._most
        self._last[source] = (now_seconds, 0) if is_due else (said, left_out + 1)
        self._last.move_to_end(source)
        if len(self._last) > self._max_sources:
            self._last.popitem(last=False)
        if not is_due:
            return None
        self._lines += 1
        return left_out
