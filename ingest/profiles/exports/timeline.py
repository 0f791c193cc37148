"""Timelines as Pyroscope's older pages draw them: one number a step, zeros where there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: Points that a range is divided into before its step is rounded, and the smallest step.
_POINTS = 1500
_LEAST_STEP_SECONDS = 15

#: (longest distance of points in seconds, step in seconds); Grafana's ladder, as far as Pyroscope climbs it
#: (pkg/querier/timeline/calculator.go).
_LADDER = (
    (17.5, 15),
    (25, 20),
    (45, 30),
    (90, 60),
    (210, 120),
    (450, 300),
    (750, 600),
    (1050, 900),
    (1500, 1200),
    (2700, 1800),
    (5400, 3600),
    (9000, 7200),
    (16_200, 10_800),
    (32_400, 21_600),
    (86_400, 43_200),
    (604_800, 86_400),
    (1_814_400, 604_800),
    (3_628_800, 2_592_000),
)
_LARGEST_STEP_SECONDS = 31_536_000


def step_seconds(start_ms: int, end_ms: int) -> int:
    """Return the step of a timeline over a range, in seconds; never below 15."""
    distance = (end_ms - start_ms) / _POINTS / 1000
    if distance < _LEAST_STEP_SECONDS:
        return _LEAST_STEP_SECONDS
    return next((step for longest, step in _LADDER if distance <= longest), _LARGEST_STEP_SECONDS)


def snapped(moment_ms: int, step: int) -> int:
    """Return the last multiple of ``step`` seconds that is not after ``moment_ms``, in milliseconds."""
    return moment_ms // (1000 * step) * 1000 * step


def timeline(
    timestamps_ms: Sequence[int], values: Sequence[float], start_ms: int, end_ms: int, step: int
) -> dict[str, Any]:
    """Return the document of one line; both ends are snapped down to ``step`` seconds and the end is not part of it.

    Points outside of the range are left out; several within a step add up.
    """
    start_ms, end_ms = snapped(start_ms, step), snapped(end_ms, step)
    samples = [0] * max(0, (end_ms - start_ms) // (1000 * step))
    for moment_ms, value in zip(timestamps_ms, values, strict=True):
        if start_ms <= moment_ms < end_ms:
            samples[(moment_ms - start_ms) // (1000 * step)] += int(value)
    return {"startTime": start_ms // 1000, "samples": samples, "durationDelta": step, "watermarks": None}
