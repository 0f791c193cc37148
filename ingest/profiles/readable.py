"""Counts, sizes and times as people read them; what people write is in :mod:`ingest.profiles.quantities`, and exact."""

from __future__ import annotations

from datetime import UTC, datetime


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, in the singular for one."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def shown_bytes(size: int) -> str:
    """Return a size in bytes as people read it, to three digits: ``212 KiB``. Sizes that people write stay exact."""
    for suffix, power in (("TiB", 4), ("GiB", 3), ("MiB", 2), ("KiB", 1)):
        if size >= 1024**power:
            value = size / 1024**power
            digits = 0 if value >= 100 else 1 if value >= 10 else 2
            return f"{float(f'{value:.{digits}f}'):g} {suffix}"
    return f"{size} B"


def shown_ns(time_ns: int) -> str:
    """Return a time in Unix nanoseconds as people read it, in UTC and to the second."""
    return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def shown_moment(moment: datetime) -> str:
    """Return a moment as people read it, in UTC and to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
