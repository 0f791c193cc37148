"""What the rows of a part contribute to a timeline or a heatmap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ingest.profiles.columns import I64, U64
from ingest.profiles.sample_choice import ExemplarKind
from ingest.storage.part import Part, Rows
from ingest.storage.read_messages import HEATMAP_BUCKETS, ReadRequest
from ingest.storage.timeline import Observations, Timeline


def add_points(request: ReadRequest, part: Part, rows: Rows, timeline: Timeline) -> int:
    """Add the total of each row to its step; return how many rows counted."""
    counted = 0
    for seen in _observed(request, part, rows, ExemplarKind.INDIVIDUAL, timeline):
        timeline.add(seen)
        counted += len(seen.cell)
        if request.exemplars is ExemplarKind.INDIVIDUAL:
            timeline.suggest(seen)
    if request.exemplars is ExemplarKind.SPAN:
        for seen in _observed(request, part, rows, ExemplarKind.SPAN, timeline):
            timeline.suggest(seen)
    return counted


def add_to_heatmap(request: ReadRequest, part: Part, rows: Rows, timeline: Timeline) -> int:
    """Count the value of each row, or of each span of each row, in its step and bucket; return how many rows."""
    floors = np.array(request.floors, np.int64)
    for seen in _observed(request, part, rows, request.counted, timeline):
        # What came after the floors were asked for may be smaller or larger than all before: it goes to the ends.
        bucket = np.searchsorted(floors, seen.value, side="right") - 1
        cell = seen.cell * HEATMAP_BUCKETS + np.clip(bucket, 0, HEATMAP_BUCKETS - 1)
        in_bucket = replace(seen, cell=cell)
        timeline.add(in_bucket)
        if request.exemplars is not ExemplarKind.NONE:
            timeline.suggest(in_bucket)
    return len(rows)


def values_of(request: ReadRequest, part: Part, rows: Rows) -> tuple[int, int] | None:
    """Return the smallest and the largest value that a heatmap of these rows would count, None without any."""
    nowhere = Timeline((), with_exemplars=False)
    low, high = [], []
    for seen in _observed(request, part, rows, request.counted, nowhere):
        if len(seen.value):
            low.append(int(seen.value.min()))
            high.append(int(seen.value.max()))
    return (min(low), max(high)) if low else None


def _observed(
    request: ReadRequest, part: Part, rows: Rows, kind: ExemplarKind, timeline: Timeline
) -> Iterator[Observations]:
    """Return an entry for each row, or for each span of each row, that has a value; some rows at a time."""
    series, of_row = np.unique(rows.series, return_inverse=True)
    numbers = np.array([timeline.numbers(part.series.labels(int(one))) for one in series], np.int64).reshape(-1, 2)
    step = _steps(rows.time_ns, request.origin_ns, request.step_ns)
    for at, value, span, trace in _values(request, part, rows, kind):
        yield Observations(
            group=numbers[of_row, 0][at],
            cell=step[at],
            value=value,
            series=numbers[of_row, 1][at],
            time_ns=rows.time_ns[at],
            id_hi=rows.id_hi[at],
            id_lo=rows.id_lo[at],
            span=span,
            trace=trace,
        )


def _steps(time_ns: I64, origin_ns: int, step_ns: int) -> I64:
    """Return the number of the step each time is in; times are after ``origin_ns - step_ns``.

    Point t covers (t - step, t], so a row exactly on a point belongs to it. The distance of two times may need all 64
    bits, which is why it is counted without a sign.
    """
    before = np.uint64((origin_ns - step_ns) % 2**64)
    distance = np.ascontiguousarray(time_ns).view(np.uint64) - before
    return ((distance - np.uint64(1)) // np.uint64(step_ns)).astype(np.int64)


def _values(request: ReadRequest, part: Part, rows: Rows, kind: ExemplarKind) -> Iterator[tuple[I64, I64, U64, U64]]:
    """Return position of the row, value, span and trace of each entry."""
    if kind is ExemplarKind.SPAN:
        for spans in part.span_totals(rows.row_index, request.choice):
            yield spans.row, spans.value, spans.span, spans.trace
        return
    total = rows.total
    if request.choice.picks_samples:
        total = part.row_totals(rows.row_index, request.choice)
    at = np.flatnonzero(total).astype(np.int64)
    yield at, total[at], np.zeros(len(at), np.uint64), np.zeros((len(at), 2), np.uint64)
