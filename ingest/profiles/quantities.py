"""Sizes and durations as people write them: in variables, on the command line and in forms.

All suffixes of sizes count in powers of 1024. What is formatted here is read back to the same number.
"""

from __future__ import annotations

import math
import re

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_SIZE_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_DURATION_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def parse_bytes(text: str) -> int | None:
    """Return the size in bytes, or None when ``text`` is not one."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        return None
    number, prefix, binary = match.groups()
    if binary and not prefix:
        return None
    return math.floor(float(number) * (1 << 10 * _SIZE_POWERS[prefix.lower()]))


def parse_duration(text: str) -> float | None:
    """Return the duration in seconds, or None when ``text`` is not one. A bare number is seconds."""
    text = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _DURATION_SECONDS[unit] for number, unit in parts)


def format_bytes(size: int) -> str:
    """Return ``size`` with the largest suffix that divides it, which :func:`parse_bytes` reads back."""
    for suffix, power in (("TiB", 4), ("GiB", 3), ("MiB", 2), ("KiB", 1)):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power}{suffix}"
    return str(size)


def format_duration(seconds: float) -> str:
    """Return ``seconds`` with the largest unit that divides it, which :func:`parse_duration` reads back."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _DURATION_SECONDS[unit] == 0:
            return f"{seconds / _DURATION_SECONDS[unit]:.12g}{unit}"
    return f"{seconds:.12g}s" if seconds == 0 or seconds >= 1 else f"{seconds * 1000:.12g}ms"
