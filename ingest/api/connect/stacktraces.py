"""Methods of the querier whose answers are merged stacks: flame graphs, their differences and profiles."""

from __future__ import annotations

from ingest import wiring
from ingest.api.connect.answers import FlameGraphBody, FlameGraphDiffBody, PprofBody
from ingest.api.connect.errors import ConnectError, invalid
from ingest.api.connect.rpc import Call, Reply
from ingest.api.connect.selecting import max_nodes, selected
from ingest.api.proto import querier_pb2
from ingest.profiles.reasons import ConnectCode
from ingest.querier.types import Answer, T

_FLAMEGRAPH_FORMATS = (querier_pb2.PROFILE_FORMAT_UNSPECIFIED, querier_pb2.PROFILE_FORMAT_FLAMEGRAPH)


def select_merge_stacktraces(call: Call, request: querier_pb2.SelectMergeStacktracesRequest) -> Reply:
    """Merge the matching profiles into one flame graph."""
    _only_what_is_built(request)
    answer = wiring.get_querier().merge_stacktraces(selected(call, request), max_nodes(request) or 0)
    return Reply(FlameGraphBody(answer.value), answer.sources, profiles_header(answer))


def select_merge_profile(call: Call, request: querier_pb2.SelectMergeProfileRequest) -> Reply:
    """Merge the matching profiles into one pprof message; the empty message when there are none."""
    _refuse_unbuilt(
        {
            "stack_trace_selector": request.HasField("stack_trace_selector"),
            "profile_id_selector": bool(request.profile_id_selector),
            "trace_id_selector": bool(request.trace_id_selector),
        }
    )
    answer = wiring.get_querier().merge_profile(selected(call, request), max_nodes(request))
    return Reply(PprofBody(answer.value), answer.sources, profiles_header(answer))


def diff(call: Call, request: querier_pb2.DiffRequest) -> Reply:
    """Merge two selections and lay them out beside each other; their profile types may differ."""
    for side in ("left", "right"):
        if not request.HasField(side):
            raise invalid(f"{side} is missing.")
        _only_what_is_built(getattr(request, side))
    nodes = max(max_nodes(side) or 0 for side in (request.left, request.right))
    answer = wiring.get_querier().diff(selected(call, request.left), selected(call, request.right), nodes)
    return Reply(FlameGraphDiffBody(answer.value), answer.sources, profiles_header(answer))


def profiles_header(answer: Answer[T]) -> tuple[tuple[str, str], ...]:
    """Say how many profiles an answer was made of."""
    return (("Phlare-Profiles", str(answer.profiles)),)


def _only_what_is_built(request: querier_pb2.SelectMergeStacktracesRequest) -> None:
    _refuse_unbuilt(
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


def _refuse_unbuilt(asked: dict[str, bool]) -> None:
    """Refuse what would change the answer and is not built: ignoring it would answer another question."""
    for name, wanted in asked.items():
        if wanted:
            raise ConnectError(ConnectCode.UNIMPLEMENTED, f"{name} is not implemented.")
