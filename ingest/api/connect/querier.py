"""querier.v1.QuerierService: the door that Grafana and profilecli read through."""

from __future__ import annotations

from typing import Any

from ingest import wiring
from ingest.api.connect.codec import MessageBody
from ingest.api.connect.errors import invalid
from ingest.api.connect.rpc import Call, Reply, Rpc
from ingest.api.connect.selecting import all_of
from ingest.api.connect.stacktraces import (
    diff,
    select_merge_profile,
    select_merge_span_profile,
    select_merge_stacktraces,
)
from ingest.api.connect.statistics import analyze_query, get_profile_stats
from ingest.api.connect.timelines import select_heatmap, select_series
from ingest.api.label_names import shown_label_names, wants_utf8
from ingest.api.proto import querier_pb2, types_pb2
from ingest.querier.types import Selection

SERVICE = "querier.v1.QuerierService"


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
    answer = wiring.get_querier().label_names(_selection(call, request))
    response = types_pb2.LabelNamesResponse(names=shown_label_names(answer.value, utf8))
    return Reply(MessageBody(response), answer.sources)


def label_values(call: Call, request: types_pb2.LabelValuesRequest) -> Reply:
    """List the values of one label over the matching series."""
    if not request.name:
        raise invalid("name is missing: which label?")
    answer = wiring.get_querier().label_values(_selection(call, request), request.name)
    return Reply(MessageBody(types_pb2.LabelValuesResponse(names=answer.value)), answer.sources)


def series(call: Call, request: querier_pb2.SeriesRequest) -> Reply:
    """List the distinct label sets of the matching series, reduced to the names asked for."""
    utf8 = _utf8(call)
    selection = _selection(call, request)
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


def _selection(call: Call, request: Any) -> Selection:
    return Selection(call.tenants, all_of(request.matchers), None, request.start, request.end)


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
    Rpc(f"{SERVICE}/SelectMergeSpanProfile", querier_pb2.SelectMergeSpanProfileRequest, select_merge_span_profile),
    Rpc(f"{SERVICE}/SelectHeatmap", querier_pb2.SelectHeatmapRequest, select_heatmap),
    Rpc(f"{SERVICE}/SelectMergeProfile", querier_pb2.SelectMergeProfileRequest, select_merge_profile),
    Rpc(f"{SERVICE}/GetProfileStats", types_pb2.GetProfileStatsRequest, get_profile_stats),
    Rpc(f"{SERVICE}/AnalyzeQuery", querier_pb2.AnalyzeQueryRequest, analyze_query),
    Rpc(f"{SERVICE}/Diff", querier_pb2.DiffRequest, diff),
    Rpc(f"{SERVICE}/SelectSeries", querier_pb2.SelectSeriesRequest, select_series),
)
