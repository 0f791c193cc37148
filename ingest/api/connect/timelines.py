"""Methods of the querier whose answers are values over time."""

from __future__ import annotations

import math
import uuid
from typing import Any

from ingest import wiring
from ingest.api.connect.codec import MessageBody
from ingest.api.connect.errors import invalid
from ingest.api.connect.rpc import Call, Reply
from ingest.api.connect.selecting import selected
from ingest.api.connect.stacktraces import profiles_header
from ingest.api.proto import querier_pb2, types_pb2
from ingest.profiles.columns import Labels
from ingest.profiles.sample_choice import ExemplarKind
from ingest.querier.types import Exemplar

#: Smallest step of a timeline.
_MIN_STEP_SECONDS = 0.001

#: Largest step: the range is bounded, and a larger one only overflows.
_MAX_STEP_SECONDS = 1e9

_EXEMPLARS = {
    types_pb2.EXEMPLAR_TYPE_UNSPECIFIED: ExemplarKind.NONE,
    types_pb2.EXEMPLAR_TYPE_NONE: ExemplarKind.NONE,
    types_pb2.EXEMPLAR_TYPE_INDIVIDUAL: ExemplarKind.INDIVIDUAL,
    types_pb2.EXEMPLAR_TYPE_SPAN: ExemplarKind.SPAN,
}
_COUNTED = {
    querier_pb2.HEATMAP_QUERY_TYPE_UNSPECIFIED: ExemplarKind.INDIVIDUAL,
    querier_pb2.HEATMAP_QUERY_TYPE_INDIVIDUAL: ExemplarKind.INDIVIDUAL,
    querier_pb2.HEATMAP_QUERY_TYPE_SPAN: ExemplarKind.SPAN,
}
_AGGREGATIONS = (types_pb2.TIME_SERIES_AGGREGATION_TYPE_SUM, types_pb2.TIME_SERIES_AGGREGATION_TYPE_AVERAGE)
_MAX_INT32 = 2**31 - 1


def select_series(call: Call, request: querier_pb2.SelectSeriesRequest) -> Reply:
    """Return totals over time, one line a group, and for each point the profile or span with the largest."""
    if request.aggregation not in _AGGREGATIONS:
        raise invalid(f"aggregation {request.aggregation} is not known.")
    answer = wiring.get_querier().select_series(
        selected(call, request),
        _step_ms(request.step),
        tuple(request.group_by),
        _limit(request),
        request.aggregation == types_pb2.TIME_SERIES_AGGREGATION_TYPE_AVERAGE,
        _exemplar_kind(request),
    )
    response = querier_pb2.SelectSeriesResponse()
    for line in answer.value:
        one = response.series.add()
        _add_labels(one, line.labels)
        exemplars = line.exemplars or [None] * len(line.values)
        for timestamp_ms, number, exemplar in zip(line.timestamps_ms, line.values, exemplars, strict=True):
            point = one.points.add(value=number, timestamp=timestamp_ms)
            if exemplar is not None:
                _add_exemplar(point, exemplar)
    return Reply(MessageBody(response), answer.sources, profiles_header(answer))


def select_heatmap(call: Call, request: querier_pb2.SelectHeatmapRequest) -> Reply:
    """Count profiles, or spans of them, by their values over time."""
    counted = _COUNTED.get(request.query_type)
    if counted is None:
        raise invalid(f"query_type {request.query_type} is not known.")
    if request.start >= request.end:
        raise invalid("start must be before end.")
    with_exemplars = _exemplar_kind(request) is not ExemplarKind.NONE
    answer = wiring.get_querier().heatmap(
        selected(call, request),
        _step_ms(request.step),
        tuple(request.group_by),
        _limit(request),
        counted,
        with_exemplars,
    )
    response = querier_pb2.SelectHeatmapResponse()
    floors = [float(floor) for floor in answer.value.floors]
    for line in answer.value.series:
        one = response.series.add()
        _add_labels(one, line.labels)
        for slot in line.slots:
            counts = [min(count, _MAX_INT32) for count in slot.counts]
            target = one.slots.add(timestamp=slot.timestamp_ms, y_min=floors, counts=counts)
            for exemplar in slot.exemplars:
                _add_exemplar(target, exemplar)
    return Reply(MessageBody(response), answer.sources, profiles_header(answer))


def _exemplar_kind(request: Any) -> ExemplarKind:
    kind = _EXEMPLARS.get(request.exemplar_type)
    if kind is None:
        raise invalid(f"exemplar_type {request.exemplar_type} is not known.")
    return kind


def _limit(request: Any) -> int | None:
    if request.limit < 0:
        raise invalid("limit must not be negative.")
    return request.limit or None


def _step_ms(step_seconds: float) -> int:
    if not math.isfinite(step_seconds) or not _MIN_STEP_SECONDS <= step_seconds <= _MAX_STEP_SECONDS:
        raise invalid("step must be a number of seconds, at least 0.001.")
    # As clients count: whole milliseconds of whole nanoseconds, so that a step as long as the range is not longer.
    return int(step_seconds * 1e9) // 1_000_000


def _add_exemplar(target: Any, exemplar: Exemplar) -> None:
    one = target.exemplars.add(
        timestamp=exemplar.time_ms, profile_id=str(uuid.UUID(bytes=exemplar.profile_id)), value=exemplar.value
    )
    if exemplar.span:
        one.span_id = f"{exemplar.span:016x}"
    if any(exemplar.trace):
        one.trace_id = exemplar.trace.hex()
    _add_labels(one, exemplar.labels)


def _add_labels(target: Any, labels: Labels) -> None:
    for name, value in labels:
        target.labels.add(name=name, value=value)
