"""The querier: checks a query against its tenants' limits, reads its rows once each and shapes the answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TypeVar

import msgspec

from ingest.profiles.columns import Labels, StackProfile, empty_stack_profile
from ingest.profiles.diff import FlameGraphDiff, build_diff
from ingest.profiles.flamegraph import FlameGraph, build_flamegraph
from ingest.profiles.limits import Limits, strictest
from ingest.profiles.pprof.encode import encode_pprof
from ingest.profiles.profile_type import ProfileType, parse_profile_type
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.record import decode_stack_profile
from ingest.profiles.sample_choice import ExemplarKind
from ingest.profiles.selector import Matcher, matchers_to_json
from ingest.profiles.symbols import merge_profiles
from ingest.profiles.tree_encoding import encode_tree
from ingest.profiles.truncation import truncate_nodes
from ingest.querier.gather import Gathered, Gatherer
from ingest.querier.holdings import added, extent_of, held_by_bucket, held_by_ingesters, owners_of
from ingest.querier.points import heatmap_floors, merge_heatmap, merge_points
from ingest.querier.tenants import read_each, together
from ingest.querier.types import (
    Answer,
    Extent,
    Heatmap,
    Holding,
    QueryCost,
    QueryRefused,
    Selection,
    SourceReport,
    TimeSeries,
)
from ingest.storage.read_messages import ReadOp, ReadRequest

T = TypeVar("T")

PROFILE_TYPE_LABEL = "__profile_type__"
_NS_PER_MS = 1_000_000
#: A profile type question without a range looks at the last hour, as Pyroscope does.
_DEFAULT_RANGE_MS = 3_600_000
#: Largest time in ms whose ns fits int64.
_MAX_MS = (2**63 - 1) // _NS_PER_MS - 1


class Querier:
    """Answers queries. Thread-safe; one per process."""

    def __init__(self, gatherer: Gatherer, limits_of: Callable[[str], Limits], now_ms: Callable[[], int]) -> None:
        self._gatherer = gatherer
        self._limits_of = limits_of
        self._now_ms = now_ms
        self._rotation = itertools.count()

    def profile_types(self, tenants: tuple[str, ...], start_ms: int, end_ms: int) -> Answer[tuple[ProfileType, ...]]:
        """Return the profile types with data in the range, sorted by id."""
        found = self.label_values(Selection(tenants, (), None, start_ms, end_ms), PROFILE_TYPE_LABEL)
        parsed = (parse_profile_type(text) for text in found.value)
        types = tuple(one for one in parsed if isinstance(one, ProfileType))
        return Answer(types, found.sources, found.profiles)

    def label_names(self, sel: Selection) -> Answer[tuple[str, ...]]:
        """Return the label names of the matching series, sorted, private ones included."""
        found = self._metadata(sel, ReadOp.LABEL_NAMES, [])
        return self._strings(found)

    def label_values(self, sel: Selection, name: str) -> Answer[tuple[str, ...]]:
        """Return the values of one label over the matching series, sorted."""
        found = self._metadata(sel, ReadOp.LABEL_VALUES, [name])
        return self._strings(found)

    def series(self, sel: Selection, label_names: tuple[str, ...]) -> Answer[tuple[Labels, ...]]:
        """Return the distinct projections of the matching series on ``label_names`` (all labels when empty)."""
        found = self._metadata(sel, ReadOp.PROJECT, list(label_names))
        if found is None:
            return _nothing(())
        distinct = {tuple(pairs) for reply in found.replies for pairs in reply.series}
        return Answer(tuple(sorted(distinct)), found.sources, 0)

    def extent(self, tenant: str) -> Answer[Extent | None]:
        """Return when the tenant's profiles are from, None when there are none."""
        request = ReadRequest(ReadOp.HELD, tenant, matchers_to_json(()), -_MAX_MS * _NS_PER_MS, _MAX_MS * _NS_PER_MS)
        found, stored = self._gatherer.held(request)
        return Answer(extent_of(found, stored), found.sources, 0)

    def cost(self, sel: Selection) -> Answer[QueryCost]:
        """Return how much a query of this selection would have to read."""
        bounds = self._bounds(sel, required=False)
        if bounds is None:
            return _nothing(QueryCost(Holding(), Holding(), 0, has_replicas=False))
        start_ns, end_ns = bounds[0] * _NS_PER_MS, (bounds[1] + 1) * _NS_PER_MS
        request = ReadRequest(ReadOp.HELD, "", matchers_to_json(_with_type(sel)), start_ns, end_ns)
        each = [self._gatherer.held(msgspec.structs.replace(request, tenant=tenant)) for tenant in sel.tenants]
        series = self.series(sel, ())
        cost = QueryCost(
            added([held_by_ingesters(found) for found, _ in each]),
            added([held_by_bucket(stored) for _, stored in each]),
            len(series.value),
            has_replicas=any(len(owners_of(found)) > 1 or (stored.blocks > 1) for found, stored in each),
        )
        return Answer(cost, together([series.sources, *(found.sources for found, _ in each)]), 0)

    def merge_stacktraces(self, sel: Selection, max_nodes: int) -> Answer[FlameGraph]:
        """Return the flame graph of the matching rows; ``max_nodes`` 0 means the tenant's default."""
        nodes = checked_nodes(max_nodes, self._limits(sel))
        merged = self.merge_by_name(sel, None)
        return Answer(build_flamegraph(merged.value, nodes), merged.sources, merged.profiles)

    def merge_tree(self, sel: Selection, max_nodes: int) -> Answer[bytes]:
        """Return the matching rows as an encoded tree by name; ``max_nodes`` 0 means the tenant's default."""
        nodes = checked_nodes(max_nodes, self._limits(sel))
        merged = self.merge_by_name(sel, None)
        return Answer(encode_tree(merged.value, nodes), merged.sources, merged.profiles)

    def diff(self, left: Selection, right: Selection, max_nodes: int) -> Answer[FlameGraphDiff]:
        """Return two selections of the same tenants on one flame graph; ``max_nodes`` 0 means their default."""
        nodes = checked_nodes(max_nodes, self._limits(left))
        merged = [self._merge(sel, by_name=True) for sel in (left, right)]
        graph = build_diff(merged[0][0], merged[1][0], nodes)
        found = [gathered for _, gathered in merged if gathered is not None]
        return Answer(graph, together([one.sources for one in found]), sum(one.rows for one in found))

    def merge_by_name(self, sel: Selection, max_nodes: int | None) -> Answer[StackProfile]:
        """Return the matching rows merged by function name; whole unless ``max_nodes`` bounds it."""
        if max_nodes is not None:
            max_nodes = checked_nodes(max_nodes, self._limits(sel))
        profile, gathered = self._merge(sel, by_name=True)
        profile = truncate_nodes(profile, max_nodes or 0)
        return Answer(profile, gathered.sources, gathered.rows) if gathered else _nothing(profile)

    def merge_profile(self, sel: Selection, max_nodes: int | None) -> Answer[bytes]:
        """Return the matching rows merged into one uncompressed pprof message, empty when there are none.

        It is whole unless ``max_nodes`` bounds it.
        """
        if max_nodes is not None:
            checked_nodes(max_nodes, self._limits(sel))
        profile, gathered = self._merge(sel, by_name=False)
        if gathered is None or sel.profile_type is None:
            return _nothing(b"")
        if not profile.node_self.any():
            return Answer(b"", gathered.sources, gathered.rows)
        data = encode_pprof(
            truncate_nodes(profile, max_nodes or 0),
            sel.profile_type,
            time_ns=sel.end_ms * _NS_PER_MS,
            duration_ns=(sel.end_ms - sel.start_ms) * _NS_PER_MS,
            period=_default_period(sel.profile_type),
        )
        return Answer(data, gathered.sources, gathered.rows)

    def select_series(
        self,
        sel: Selection,
        step_ms: int,
        group_by: tuple[str, ...],
        limit: int | None,
        average: bool,
        exemplars: ExemplarKind = ExemplarKind.NONE,
    ) -> Answer[tuple[TimeSeries, ...]]:
        """Return totals over time: a point at t sums (or averages) the rows in (t - step, t]."""
        bounds = self._bounds(sel, required=True)
        request = _over_time(sel, ReadOp.POINTS, bounds, step_ms, group_by)
        if bounds is None:
            return _nothing(())
        found = self._rows(sel, msgspec.structs.replace(request, exemplars=exemplars))
        points = [point for reply in found.replies for point in reply.points]
        with_exemplars = exemplars is not ExemplarKind.NONE
        series = merge_points(points, bounds[0], step_ms, limit, average, with_exemplars)
        return Answer(series, found.sources, found.rows)

    def heatmap(
        self,
        sel: Selection,
        step_ms: int,
        group_by: tuple[str, ...],
        limit: int | None,
        counted: ExemplarKind,
        exemplars: bool,
    ) -> Answer[Heatmap]:
        """Return how many profiles (or spans) have a value in which bucket; a slot at t counts (t - step, t].

        The sources are asked twice: the buckets lie between the smallest and the largest value of all of them.
        """
        bounds = self._bounds(sel, required=True)
        request = _over_time(sel, ReadOp.VALUES, bounds, step_ms, group_by)
        if bounds is None:
            return _nothing(Heatmap([], ()))
        request = msgspec.structs.replace(request, counted=counted)
        spread = self._rows(sel, request)
        values = [reply.values for reply in spread.replies if reply.values is not None]
        if not values:
            return Answer(Heatmap([], ()), spread.sources, 0)
        floors = heatmap_floors(min(low for low, _ in values), max(high for _, high in values))
        request = msgspec.structs.replace(
            request, op=ReadOp.HEATMAP, floors=floors, exemplars=counted if exemplars else ExemplarKind.NONE
        )
        found = self._rows(sel, request)
        points = [point for reply in found.replies for point in reply.points]
        heatmap = merge_heatmap(points, floors, bounds[0], step_ms, limit)
        return Answer(heatmap, together([spread.sources, found.sources]), found.rows)

    def _merge(self, sel: Selection, by_name: bool) -> tuple[StackProfile, Gathered | None]:
        bounds = self._bounds(sel, required=True)
        if bounds is None:
            return empty_stack_profile(), None
        request = ReadRequest(
            ReadOp.MERGE,
            "",
            matchers_to_json(_with_type(sel)),
            bounds[0] * _NS_PER_MS,
            (bounds[1] + 1) * _NS_PER_MS,
            by_name=by_name,
            choice=sel.choice,
        )
        found = self._rows(sel, request)
        profiles = [decode_stack_profile(reply.profile) for reply in found.replies if reply.profile]
        if not profiles:
            return empty_stack_profile(), found
        return profiles[0] if len(profiles) == 1 else merge_profiles(profiles), found

    def _metadata(self, sel: Selection, op: ReadOp, labels: list[str]) -> Gathered | None:
        bounds = self._bounds(sel, required=False)
        if bounds is None:
            return None
        request = ReadRequest(
            op,
            "",
            matchers_to_json(_with_type(sel)),
            bounds[0] * _NS_PER_MS,
            (bounds[1] + 1) * _NS_PER_MS,
            labels=labels,
        )
        return read_each(sel.tenants, request, self._gatherer.metadata)

    def _rows(self, sel: Selection, request: ReadRequest) -> Gathered:
        return read_each(sel.tenants, request, lambda one: self._gatherer.rows(one, next(self._rotation)))

    def _limits(self, sel: Selection) -> Limits:
        return strictest([self._limits_of(tenant) for tenant in sel.tenants])

    def _strings(self, found: Gathered | None) -> Answer[tuple[str, ...]]:
        if found is None:
            return _nothing(())
        return Answer(tuple(sorted({text for reply in found.replies for text in reply.strings})), found.sources, 0)

    def _bounds(self, sel: Selection, required: bool) -> tuple[int, int] | None:
        """Return the range to read, both ends inclusive, or None when it lies before the look-back.

        The order of the rules is that of the field (reject a missing range, then a turned one, clamp, then measure).
        """
        limits = self._limits(sel)
        now_ms = self._now_ms()
        start_ms, end_ms = sel.start_ms, sel.end_ms
        if start_ms == 0 or end_ms == 0:
            if required:
                raise QueryRefused(Rejection(Reason.MISSING_TIME_RANGE, "Give the start and the end of the range."))
            start_ms, end_ms = start_ms or now_ms - _DEFAULT_RANGE_MS, end_ms or now_ms + 1
        if start_ms > end_ms:
            message = f"The range starts at {start_ms} ms, after its end at {end_ms} ms."
            raise QueryRefused(Rejection(Reason.INVALID_TIME_RANGE, message))
        start_ms, end_ms = min(start_ms, _MAX_MS), min(end_ms, _MAX_MS)
        oldest_ms = now_ms - limits.max_query_lookback_ns // _NS_PER_MS if limits.max_query_lookback_ns else -_MAX_MS
        if end_ms < oldest_ms:
            return None
        start_ms = max(start_ms, oldest_ms)
        longest_ms = limits.max_query_length_ns // _NS_PER_MS
        if longest_ms and end_ms - start_ms > longest_ms:
            message = f"The range is {end_ms - start_ms} ms long; the limit max_query_length is {longest_ms} ms."
            raise QueryRefused(Rejection(Reason.QUERY_LIMIT, message))
        return start_ms, end_ms


def _over_time(
    sel: Selection, op: ReadOp, bounds: tuple[int, int] | None, step_ms: int, group_by: tuple[str, ...]
) -> ReadRequest:
    """Return the request for the rows that belong to the points of a range."""
    if step_ms < 1:
        raise QueryRefused(Rejection(Reason.BAD_REQUEST, "The step must be at least one millisecond."))
    start_ms, end_ms = bounds or (0, 0)
    return ReadRequest(
        op,
        "",
        matchers_to_json(_with_type(sel)),
        max((start_ms - step_ms) * _NS_PER_MS + 1, -_MAX_MS * _NS_PER_MS),
        end_ms * _NS_PER_MS + 1,
        step_ns=step_ms * _NS_PER_MS,
        origin_ns=start_ms * _NS_PER_MS,
        labels=list(group_by),
        choice=sel.choice,
    )


def _with_type(sel: Selection) -> tuple[Matcher, ...]:
    if sel.profile_type is None:
        return sel.matchers
    return (*sel.matchers, Matcher(PROFILE_TYPE_LABEL, "=", sel.profile_type.id))


def checked_nodes(max_nodes: int, limits: Limits) -> int:
    """Return how many nodes a flame graph may have, 0 asking for the default. Raises QueryRefused above the limit."""
    if max_nodes < 0:
        raise QueryRefused(Rejection(Reason.BAD_REQUEST, "max_nodes must not be negative."))
    if max_nodes > limits.max_flamegraph_nodes_max > 0:
        message = f"max_nodes is {max_nodes}; the limit max_flamegraph_nodes_max is {limits.max_flamegraph_nodes_max}."
        raise QueryRefused(Rejection(Reason.FLAMEGRAPH_LIMIT, message))
    return max_nodes or limits.max_flamegraph_nodes_default


def _default_period(profile_type: ProfileType) -> int:
    """The period of a merged profile, by name, as Pyroscope fills it: 1 s of CPU, 512 KiB of heap, else 1."""
    return {"process_cpu": 1_000_000_000, "memory": 524_288}.get(profile_type.name, 1)


def _nothing(value: T) -> Answer[T]:
    """The answer to a query that no source had to be asked for."""
    return Answer(value, SourceReport(), 0)
