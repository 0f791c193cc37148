"""Puts the partial timelines of several sources together."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.profiles.columns import Labels
from ingest.querier.types import TimeSeries
from ingest.storage.read_messages import PointsReply, i64_column


def merge_points(
    points: Sequence[PointsReply], start_ms: int, step_ms: int, limit: int | None, average: bool
) -> tuple[TimeSeries, ...]:
    """Sum the points of equal label groups; the largest totals come first, ``limit`` keeps that many (0 or None: all).

    Sums are made in Python integers: totals of many sources may pass 2**63.
    """
    groups: dict[Labels, dict[int, tuple[int, int]]] = {}
    for reply in points:
        group = groups.setdefault(tuple((name, value) for name, value in reply.labels), {})
        columns = (i64_column(reply.step), i64_column(reply.total), i64_column(reply.count))
        for step, total, count in zip(*(column.tolist() for column in columns), strict=True):
            known_total, known_count = group.get(step, (0, 0))
            group[step] = (known_total + total, known_count + count)
    ranked = sorted(groups.items(), key=lambda item: (-sum(total for total, _ in item[1].values()), item[0]))
    return tuple(_time_series(labels, group, start_ms, step_ms, average) for labels, group in ranked[: limit or None])


def _time_series(
    labels: Labels, group: dict[int, tuple[int, int]], start_ms: int, step_ms: int, average: bool
) -> TimeSeries:
    steps = sorted(group)
    values = [group[step][0] / group[step][1] if average else float(group[step][0]) for step in steps]
    return TimeSeries(labels, [start_ms + step * step_ms for step in steps], values)
