"""Puts the partial timelines and heatmaps of several sources together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.profiles.columns import Labels
from ingest.querier.types import Exemplar, Heatmap, HeatmapSeries, HeatmapSlot, TimeSeries
from ingest.storage.read_messages import HEATMAP_BUCKETS, ExemplarsReply, PointsReply, i64_column, u64_column

_NS_PER_MS = 1_000_000

_Cells = dict[int, tuple[int, int]]  # step (or step and bucket) -> total, count
_Best = dict[int, Exemplar]


def merge_points(
    points: Sequence[PointsReply],
    start_ms: int,
    step_ms: int,
    limit: int | None,
    average: bool,
    with_exemplars: bool = False,
) -> tuple[TimeSeries, ...]:
    """Sum the points of equal label groups; the largest totals come first, ``limit`` keeps that many (0 or None: all).

    Sums are made in Python integers: totals of many sources may pass 2**63.
    """
    groups = _merged(points)
    ranked = sorted(groups.items(), key=lambda item: (-sum(total for total, _ in item[1][0].values()), item[0]))
    return tuple(
        _time_series(labels, cells, best if with_exemplars else None, start_ms, step_ms, average)
        for labels, (cells, best) in ranked[: limit or None]
    )


def merge_heatmap(
    points: Sequence[PointsReply], floors: list[int], start_ms: int, step_ms: int, limit: int | None
) -> Heatmap:
    """Sum the counts of equal label groups; the largest counts come first, ``limit`` keeps that many (None: all)."""
    groups = _merged(points)
    ranked = sorted(groups.items(), key=lambda item: (-sum(count for _, count in item[1][0].values()), item[0]))
    series = [
        HeatmapSeries(labels, _slots(cells, best, start_ms, step_ms))
        for labels, (cells, best) in ranked[: limit or None]
    ]
    return Heatmap(floors, tuple(series))


def heatmap_floors(smallest: int, largest: int) -> list[int]:
    """Return the least value of each of the equally wide buckets between two values; there is always some width."""
    width = max(largest - smallest, 1)
    return [smallest + width * bucket // HEATMAP_BUCKETS for bucket in range(HEATMAP_BUCKETS)]


def _merged(points: Sequence[PointsReply]) -> dict[Labels, tuple[_Cells, _Best]]:
    groups: dict[Labels, tuple[_Cells, _Best]] = {}
    for reply in points:
        cells, best = groups.setdefault(tuple((name, value) for name, value in reply.labels), ({}, {}))
        columns = (i64_column(reply.step), i64_column(reply.total), i64_column(reply.count))
        for cell, total, count in zip(*(column.tolist() for column in columns), strict=True):
            known_total, known_count = cells.get(cell, (0, 0))
            cells[cell] = (known_total + total, known_count + count)
        for cell, exemplar in _exemplars(reply.exemplars):
            if cell not in best or _rank(exemplar) < _rank(best[cell]):
                best[cell] = exemplar
    return groups


def _rank(exemplar: Exemplar) -> tuple[int, int, bytes, int]:
    """Order exemplars of one cell; the same one comes first whatever source it is from."""
    return -exemplar.value, exemplar.time_ms, exemplar.profile_id, exemplar.span


def _exemplars(reply: ExemplarsReply | None) -> Iterator[tuple[int, Exemplar]]:
    if reply is None:
        return
    labels = [tuple((name, value) for name, value in one) for one in reply.labels]
    signed = (i64_column(column).tolist() for column in (reply.step, reply.value, reply.series, reply.time))
    unsigned = (
        u64_column(column).tolist()
        for column in (reply.id_hi, reply.id_lo, reply.span, reply.trace_hi, reply.trace_lo)
    )  # fmt: skip
    for cell, value, series, time_ns, *halves in zip(*signed, *unsigned, strict=True):
        id_hi, id_lo, span, trace_hi, trace_lo = halves
        profile_id, trace = _bytes16(id_hi, id_lo), _bytes16(trace_hi, trace_lo)
        yield cell, Exemplar(time_ns // _NS_PER_MS, profile_id, span, trace, value, labels[series])


def _bytes16(high: int, low: int) -> bytes:
    return high.to_bytes(8, "big") + low.to_bytes(8, "big")


def _time_series(
    labels: Labels, cells: _Cells, best: _Best | None, start_ms: int, step_ms: int, average: bool
) -> TimeSeries:
    steps = sorted(cells)
    values = [cells[step][0] / cells[step][1] if average else float(cells[step][0]) for step in steps]
    exemplars = None if best is None else [best.get(step) for step in steps]
    return TimeSeries(labels, [start_ms + step * step_ms for step in steps], values, exemplars)


def _slots(cells: _Cells, best: _Best, start_ms: int, step_ms: int) -> list[HeatmapSlot]:
    slots: dict[int, HeatmapSlot] = {}
    for cell in sorted(cells):
        step, bucket = divmod(cell, HEATMAP_BUCKETS)
        if step not in slots:
            slots[step] = HeatmapSlot(start_ms + step * step_ms, [0] * HEATMAP_BUCKETS, [])
        slots[step].counts[bucket] = cells[cell][1]
        if cell in best:
            slots[step].exemplars.append(best[cell])
    return list(slots.values())
