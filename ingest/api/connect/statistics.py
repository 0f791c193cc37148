"""Methods of the querier that say what there is instead of reading it."""

from __future__ import annotations

from dataclasses import replace

from ingest import wiring
from ingest.api.connect.codec import MessageBody
from ingest.api.connect.rpc import Call, Reply
from ingest.api.connect.selecting import all_of
from ingest.api.proto import querier_pb2, types_pb2
from ingest.profiles.labels import LABEL_PROFILE_TYPE
from ingest.profiles.selector import Matcher
from ingest.querier.types import Holding, Selection


def get_profile_stats(call: Call, _request: types_pb2.GetProfileStatsRequest) -> Reply:
    """Say whether the tenant has any profile, and from when the first and the last are."""
    answer = wiring.get_querier().extent(call.tenant)
    response = types_pb2.GetProfileStatsResponse(data_ingested=answer.value is not None)
    if answer.value is not None:
        response.oldest_profile_time = answer.value.oldest_ms
        response.newest_profile_time = answer.value.newest_ms
    return Reply(MessageBody(response), answer.sources)


def analyze_query(call: Call, request: querier_pb2.AnalyzeQueryRequest) -> Reply:
    """Say how much a query would have to read. ``query`` may carry the profile type as its metric name."""
    matchers = tuple(_with_type(one) for one in all_of([request.query])) if request.query.strip() else ()
    answer = wiring.get_querier().cost(Selection(call.tenants, matchers, None, request.start, request.end))
    cost = answer.value
    scopes = [_scope("Short term storage", cost.ingesters), _scope("Long term storage", cost.bucket)]
    impact = querier_pb2.QueryImpact(
        total_bytes_in_time_range=cost.ingesters.size_bytes + cost.bucket.size_bytes,
        total_queried_series=cost.series,
        deduplication_needed=cost.has_replicas,
    )
    response = querier_pb2.AnalyzeQueryResponse(query_scopes=scopes, query_impact=impact)
    return Reply(MessageBody(response), answer.sources)


def _scope(name: str, held: Holding) -> querier_pb2.QueryScope:
    """Return a scope; the bytes of a part are told as a whole, index and symbols lie in the same files."""
    return querier_pb2.QueryScope(
        component_type=name,
        component_count=held.sources,
        block_count=held.parts,
        series_count=held.series,
        profile_count=held.profiles,
        sample_count=held.samples,
        profile_bytes=held.size_bytes,
    )


def _with_type(matcher: Matcher) -> Matcher:
    """Turn a metric name with colons into the profile type it is."""
    is_type = matcher.name == "__name__" and matcher.op == "=" and ":" in matcher.value
    return replace(matcher, name=LABEL_PROFILE_TYPE) if is_type else matcher
