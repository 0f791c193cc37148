"""Methods of the querier whose answers are values over time."""

from __future__ import annotations

import math

from ingest import wiring
from ingest.api.connect.codec import MessageBody
from ingest.api.connect.errors import ConnectError, invalid
from ingest.api.connect.rpc import Call, Reply
from ingest.api.connect.selecting import selected
from ingest.api.connect.stacktraces import profiles_header
from ingest.api.proto import querier_pb2, types_pb2
from ingest.profiles.reasons import ConnectCode

#: Smallest step of a timeline.
_MIN_STEP_SECONDS = 0.001

#: Largest step: the range is bounded, and a larger one only overflows.
_MAX_STEP_SECONDS = 1e9


def select_series(call: Call, request: querier_pb2.SelectSeriesRequest) -> Reply:
    """Return totals over time, one line a group."""
    for name, wanted in {
        "stack_trace_selector": request.HasField("stack_trace_selector"),
        "exemplar_type": request.exemplar_type > types_pb2.EXEMPLAR_TYPE_NONE,
        "aggregation": request.aggregation > types_pb2.TIME_SERIES_AGGREGATION_TYPE_AVERAGE,
    }.items():
        if wanted:
            raise ConnectError(ConnectCode.UNIMPLEMENTED, f"{name} is not implemented.")
    if request.limit < 0:
        raise invalid("limit must not be negative.")
    average = request.aggregation == types_pb2.TIME_SERIES_AGGREGATION_TYPE_AVERAGE
    answer = wiring.get_querier().select_series(
        selected(call, request), _step_ms(request.step), tuple(request.group_by), request.limit or None, average
    )
    response = querier_pb2.SelectSeriesResponse()
    for line in answer.value:
        one = response.series.add()
        for name, value in line.labels:
            one.labels.add(name=name, value=value)
        for timestamp_ms, number in zip(line.timestamps_ms, line.values, strict=True):
            one.points.add(value=number, timestamp=timestamp_ms)
    return Reply(MessageBody(response), answer.sources, profiles_header(answer))


def _step_ms(step_seconds: float) -> int:
    if not math.isfinite(step_seconds) or not _MIN_STEP_SECONDS <= step_seconds <= _MAX_STEP_SECONDS:
        raise invalid("step must be a number of seconds, at least 0.001.")
    return max(1, round(step_seconds * 1000))
