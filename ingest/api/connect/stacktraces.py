"""Methods of the querier whose answers are merged stacks: flame graphs, trees, drawings, profiles and differences."""

from __future__ import annotations

from ingest import wiring
from ingest.api.connect.answers import FlameGraphBody, FlameGraphDiffBody, PprofBody, PprofFieldBody
from ingest.api.connect.codec import MessageBody
from ingest.api.connect.errors import ConnectError, invalid
from ingest.api.connect.rpc import Call, Reply
from ingest.api.connect.selecting import max_nodes, selected
from ingest.api.proto import querier_pb2
from ingest.profiles.dot import dot_graph
from ingest.profiles.reasons import ConnectCode
from ingest.querier.types import Answer, Selection, T


def select_merge_stacktraces(call: Call, request: querier_pb2.SelectMergeStacktracesRequest) -> Reply:
    """Merge the matching profiles into a flame graph, a tree, a drawing or a profile, as the format says."""
    _refuse_async(request)
    sel, nodes = selected(call, request), max_nodes(request)
    match request.format:
        case querier_pb2.PROFILE_FORMAT_UNSPECIFIED | querier_pb2.PROFILE_FORMAT_FLAMEGRAPH:
            return _flamegraph(sel, nodes)
        case querier_pb2.PROFILE_FORMAT_TREE:
            tree = wiring.get_querier().merge_tree(sel, nodes or 0)
            body = MessageBody(querier_pb2.SelectMergeStacktracesResponse(tree=tree.value))
            return Reply(body, tree.sources, profiles_header(tree))
        case querier_pb2.PROFILE_FORMAT_DOT:
            return _dot(sel, nodes)
        case querier_pb2.PROFILE_FORMAT_PPROF:
            profile = wiring.get_querier().merge_profile(sel, nodes)
            return Reply(PprofFieldBody(profile.value), profile.sources, profiles_header(profile))
    raise invalid(f"format {request.format} is not known.")


def select_merge_span_profile(call: Call, request: querier_pb2.SelectMergeSpanProfileRequest) -> Reply:
    """Merge what the matching profiles spent in the named spans into a flame graph or a tree."""
    sel, nodes = selected(call, request), max_nodes(request)
    if request.format in (querier_pb2.PROFILE_FORMAT_UNSPECIFIED, querier_pb2.PROFILE_FORMAT_FLAMEGRAPH):
        return _flamegraph(sel, nodes)
    if request.format != querier_pb2.PROFILE_FORMAT_TREE:
        raise ConnectError(ConnectCode.UNIMPLEMENTED, "SelectMergeStacktraces has the other formats.")
    tree = wiring.get_querier().merge_tree(sel, nodes or 0)
    body = MessageBody(querier_pb2.SelectMergeSpanProfileResponse(tree=tree.value))
    return Reply(body, tree.sources, profiles_header(tree))


def select_merge_profile(call: Call, request: querier_pb2.SelectMergeProfileRequest) -> Reply:
    """Merge the matching profiles into one pprof message; the empty message when there are none."""
    answer = wiring.get_querier().merge_profile(selected(call, request), max_nodes(request))
    return Reply(PprofBody(answer.value), answer.sources, profiles_header(answer))


def diff(call: Call, request: querier_pb2.DiffRequest) -> Reply:
    """Merge two selections and lay them out beside each other; their profile types may differ."""
    for side in ("left", "right"):
        if not request.HasField(side):
            raise invalid(f"{side} is missing.")
        _refuse_async(getattr(request, side))
    nodes = max(max_nodes(side) or 0 for side in (request.left, request.right))
    answer = wiring.get_querier().diff(selected(call, request.left), selected(call, request.right), nodes)
    return Reply(FlameGraphDiffBody(answer.value), answer.sources, profiles_header(answer))


def profiles_header(answer: Answer[T]) -> tuple[tuple[str, str], ...]:
    """Say how many profiles an answer was made of."""
    return (("Phlare-Profiles", str(answer.profiles)),)


def _flamegraph(sel: Selection, nodes: int | None) -> Reply:
    answer = wiring.get_querier().merge_stacktraces(sel, nodes or 0)
    return Reply(FlameGraphBody(answer.value), answer.sources, profiles_header(answer))


def _dot(sel: Selection, nodes: int | None) -> Reply:
    answer = wiring.get_querier().merge_by_name(sel, None)
    kind = sel.profile_type
    drawing = dot_graph(answer.value, kind.sample_unit, nodes or 0, kind.id) if kind else ""
    body = MessageBody(querier_pb2.SelectMergeStacktracesResponse(dot=drawing))
    return Reply(body, answer.sources, profiles_header(answer))


def _refuse_async(request: querier_pb2.SelectMergeStacktracesRequest) -> None:
    """Answers come at once here; a client that disables the other way explicitly asks for what it gets."""
    if request.async_query.type or request.async_query.request_id:
        raise ConnectError(ConnectCode.UNIMPLEMENTED, "async is not implemented.")
