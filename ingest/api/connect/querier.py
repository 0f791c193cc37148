"""querier.v1.QuerierService: the door that Grafana and profilecli read through."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ingest import wiring
from ingest.api.connect.answers import FlameGraphBody, PprofBody
from ingest.api.connect.codec import MessageBody
from ingest.api.connect.errors import ConnectError, invalid, refused
from ingest.api.connect.rpc import Call, Reply, Rpc
from ingest.api.label_names import shown_label_names, wants_utf8
from ingest.api.proto import querier_pb2, types_pb2
from ingest.profiles.profile_type import ProfileType, parse_profile_type
from ingest.profiles.reasons import ConnectCode, Rejection
from ingest.profiles.selector import Matcher, parse_selector
from ingest.querier.types import Selection

SERVICE = "querier.v1.QuerierService"

#: Methods of the service that are answered with ``unimplemented``.
UNIMPLEMENTED = ("SelectMergeSpanProfile", "SelectHeatmap", "Diff", "GetProfileStats", "AnalyzeQuery")

_FLAMEGRAPH_FORMATS = (querier_pb2.PROFILE_FORMAT_UNSPECIFIED, querier_pb2.PROFILE_FORMAT_FLAMEGRAPH)

#: Smallest step of a timeline.
_MIN_STEP_SECONDS = 0.001

#: Largest step: the range is bounded, and a larger one only overflows.
_MAX_STEP_SECONDS = 1e9


def profile_types(call: Call, request: querier_pb2.ProfileTypesRequest) -> Reply:
    """List the profile types with data in the range."""
    answer = wiring.get_querier().profile_types(call.tenants, request.start, request.end)
    response = querier_pb2.ProfileTypesResponse()
    for one in answer.value:
        response.profile_types.add(
            ID=one.id,
            name=one.name,
            sample_type=one.sample_type,
            sample_unit=one.sample_unit,
            period_type=one.period_type,
            period_unit=one.period_unit,
        )
    return Reply(MessageBody(response), answer.sources)


def label_names(call: Call, request: types_pb2.LabelNamesRequest) -> Reply:
    """List the label names of the matching series; names that old clients cannot show only when asked for."""
    utf8 = _utf8(call)
    answer = wiring.get_querier().label_names(_selection(call, request, _all_of(request.matchers)))
    response = types_pb2.LabelNamesResponse(names=shown_label_names(answer.value, utf8))
    return Reply(MessageBody(response), answer.sources)


def label_values(call: Call, request: types_pb2.LabelValuesRequest) -> Reply:
    """List the values of one label over the matching series."""
    if not request.name:
        raise invalid("name is missing: which label?")
    answer = wiring.get_querier().label_values(_selection(call, request, _all_of(request.matchers)), request.name)
    return Reply(MessageBody(types_pb2.LabelValuesResponse(names=answer.value)), answer.sources)


def series(call: Call, request: querier_pb2.SeriesRequest) -> Reply:
    """List the distinct label sets of the matching series, reduced to the names asked for."""
    utf8 = _utf8(call)
    selection = _selection(call, request, _all_of(request.matchers))
    answer = wiring.get_querier().series(selection, tuple(request.label_names))
    response = querier_pb2.SeriesResponse()
    seen = set()
    for labels in answer.value:
        names = set(shown_label_names((name for name, _ in labels), utf8))
        shown = tuple((name, value) for name, value in labels if name in names)
        if shown in seen:
            continue
        seen.add(shown)
        one = response.labels_set.add()
        for name, value in shown:
            one.labels.add(name=name, value=value)
    return Reply(MessageBody(response), answer.sources)


def select_merge_stacktraces(call: Call, request: querier_pb2.SelectMergeStacktracesRequest) -> Reply:
    """Merge the matching profiles into one flame graph."""
    _only_what_is_built(
        {
            "stack_trace_selector": request.HasField("stack_trace_selector"),
            "profile_id_selector": bool(request.profile_id_selector),
            "trace_id_selector": bool(request.trace_id_selector),
            "span_selector": bool(request.span_selector),
            # A client that disables it explicitly asks for what it gets.
            "async": bool(request.async_query.type or request.async_query.request_id),
        }
    )
    if request.format not in _FLAMEGRAPH_FORMATS:
        raise ConnectError(ConnectCode.UNIMPLEMENTED, "Only the flame graph format is implemented.")
    selection = _selection(call, request, _selector(request), _profile_type(request))
    answer = wiring.get_querier().merge_stacktraces(selection, _max_nodes(request) or 0)
    return Reply(FlameGraphBody(answer.value), answer.sources, (("Phlare-Profiles", str(answer.profiles)),))


def select_merge_profile(call: Call, request: querier_pb2.SelectMergeProfileRequest) -> Reply:
    """Merge the matching profiles into one pprof message; the empty message when there are none."""
    _only_what_is_built(
        {
            "stack_trace_selector": request.HasField("stack_trace_selector"),
            "profile_id_selector": bool(request.profile_id_selector),
            "trace_id_selector": bool(request.trace_id_selector),
        }
    )
    selection = _selection(call, request, _selector(request), _profile_type(request))
    answer = wiring.get_querier().merge_profile(selection, _max_nodes(request))
    return Reply(PprofBody(answer.value), answer.sources, (("Phlare-Profiles", str(answer.profiles)),))


def select_series(call: Call, request: querier_pb2.SelectSeriesRequest) -> Reply:
    """Return totals over time, one line a group."""
    _only_what_is_built(
        {
            "stack_trace_selector": request.HasField("stack_trace_selector"),
            "exemplar_type": request.exemplar_type > types_pb2.EXEMPLAR_TYPE_NONE,
            "aggregation": request.aggregation > types_pb2.TIME_SERIES_AGGREGATION_TYPE_AVERAGE,
        }
    )
    step = request.step
    if not math.isfinite(step) or not _MIN_STEP_SECONDS <= step <= _MAX_STEP_SECONDS:
        raise invalid("step must be a number of seconds, at least 0.001.")
    if request.limit < 0:
        raise invalid("limit must not be negative.")
    average = request.aggregation == types_pb2.TIME_SERIES_AGGREGATION_TYPE_AVERAGE
    selection = _selection(call, request, _selector(request), _profile_type(request))
    answer = wiring.get_querier().select_series(
        selection, max(1, round(step * 1000)), tuple(request.group_by), request.limit or None, average
    )
    response = querier_pb2.SelectSeriesResponse()
    for line in answer.value:
        one = response.series.add()
        for name, value in line.labels:
            one.labels.add(name=name, value=value)
        for timestamp_ms, number in zip(line.timestamps_ms, line.values, strict=True):
            one.points.add(value=number, timestamp=timestamp_ms)
    return Reply(MessageBody(response), answer.sources, (("Phlare-Profiles", str(answer.profiles)),))


def _selection(
    call: Call, request: Any, matchers: tuple[Matcher, ...], profile_type: ProfileType | None = None
) -> Selection:
    return Selection(call.tenants, matchers, profile_type, request.start, request.end)


def _all_of(selectors: Iterable[str]) -> tuple[Matcher, ...]:
    """Join several selectors: a series must match every one of them."""
    matchers: list[Matcher] = []
    for text in selectors:
        parsed = parse_selector(text)
        if isinstance(parsed, Rejection):
            raise refused(parsed)
        matchers.extend(parsed)
    return tuple(matchers)


def _selector(request: Any) -> tuple[Matcher, ...]:
    if not request.label_selector.strip():
        raise invalid("label_selector is missing; {} selects everything.")
    return _all_of([request.label_selector])


def _profile_type(request: Any) -> ProfileType:
    parsed = parse_profile_type(request.profile_typeID)
    if isinstance(parsed, Rejection):
        raise refused(parsed)
    return parsed


def _max_nodes(request: Any) -> int | None:
    if not request.HasField("max_nodes"):
        return None
    if request.max_nodes < 0:
        raise invalid("max_nodes must not be negative.")
    return int(request.max_nodes)


def _only_what_is_built(asked: dict[str, bool]) -> None:
    """Refuse what would change the answer and is not built: ignoring it would answer another question."""
    for name, wanted in asked.items():
        if wanted:
            raise ConnectError(ConnectCode.UNIMPLEMENTED, f"{name} is not implemented.")


def _utf8(call: Call) -> bool:
    wanted = wants_utf8(call.accept)
    if wanted is None:
        raise invalid("The Accept header cannot be read.")
    return wanted


RPCS: tuple[Rpc[Any], ...] = (
    Rpc(f"{SERVICE}/ProfileTypes", querier_pb2.ProfileTypesRequest, profile_types),
    Rpc(f"{SERVICE}/LabelNames", types_pb2.LabelNamesRequest, label_names),
    Rpc(f"{SERVICE}/LabelValues", types_pb2.LabelValuesRequest, label_values),
    Rpc(f"{SERVICE}/Series", querier_pb2.SeriesRequest, series),
    Rpc(f"{SERVICE}/SelectMergeStacktraces", querier_pb2.SelectMergeStacktracesRequest, select_merge_stacktraces),
    Rpc(f"{SERVICE}/SelectMergeProfile", querier_pb2.SelectMergeProfileRequest, select_merge_profile),
    Rpc(f"{SERVICE}/SelectSeries", querier_pb2.SelectSeriesRequest, select_series),
)
