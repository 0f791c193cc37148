"""A distributor and a querier over a list in memory: the two ports the doors talk to, simple enough to be right."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from google.protobuf.message import DecodeError

from ingest.adapters.tenant_records import Revision, TenantRecords
from ingest.adapters.tenant_settings import TenantSettings
from ingest.api.proto import profile_pb2
from ingest.distributor.types import ItemResult, Outcome, PushResult, RawSeries
from ingest.inbox.documents import decode_document, encode_document
from ingest.inbox.types import Cause, HourCount, Latest
from ingest.inbox.types import Row as InboxRow
from ingest.profiles.columns import Labels, StackProfile
from ingest.profiles.diff import FlameGraphDiff, build_diff
from ingest.profiles.flamegraph import FlameGraph
from ingest.profiles.labels import prepare_series_labels, row_labels
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.profile_type import ProfileType, parse_profile_type
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.sample_choice import ExemplarKind
from ingest.profiles.tree_encoding import encode_tree
from ingest.profiles.truncation import truncate_nodes
from ingest.querier.types import (
    Answer,
    Exemplar,
    Extent,
    Heatmap,
    HeatmapSeries,
    HeatmapSlot,
    Holding,
    QueryCost,
    QueryRefused,
    Selection,
    SourceReport,
    TimeSeries,
    Unavailable,
)
from tests.unit.profiles.stack_model import build_profile, plain

Stacks = dict[tuple[str, ...], int]


@dataclass(frozen=True)
class Row:
    """One stored profile, one sample type."""

    tenant: str
    labels: Labels
    time_ms: int
    stacks: Stacks
    raw: bytes


@dataclass
class MemoryDistributor:
    """Stores what parses. ``script`` replaces the outcome of the next items, to play a failing server."""

    now_ms: int
    rows: list[Row] = field(default_factory=list)
    script: list[ItemResult] = field(default_factory=list)
    retry_after_seconds: int | None = None
    pushes: list[tuple[str, tuple[RawSeries, ...]]] = field(default_factory=list)

    def push(self, tenant: str, series: Sequence[RawSeries], push_id: str) -> PushResult:
        self.pushes.append((tenant, tuple(series)))
        if not any(one.profiles for one in series):
            return PushResult(push_id, request_rejection=Rejection(Reason.NO_PROFILES, "no profiles received"))
        if self.script:
            return PushResult(push_id, tuple(self.script), retry_after_seconds=self.retry_after_seconds)
        items = [
            self._store(tenant, one, index, number, raw)
            for index, one in enumerate(series)
            for number, raw in enumerate(one.profiles)
        ]
        return PushResult(push_id, tuple(items))

    def _store(self, tenant: str, series: RawSeries, index: int, number: int, raw: bytes) -> ItemResult:
        labels = prepare_series_labels(series.labels, DEFAULT_LIMITS)
        if isinstance(labels, Rejection):
            return ItemResult(index, number, Outcome.REJECTED, labels.reason, labels.message)
        try:
            plain = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
            profile = profile_pb2.Profile.FromString(plain)
            types = list(_sample_types(profile))
            stacks = [_stacks(profile, column) for column in range(len(types))]
        except (DecodeError, OSError, EOFError, LookupError):
            types, stacks = [], []
        if not types:
            return ItemResult(index, number, Outcome.REJECTED, Reason.MALFORMED_PROFILE, "not a profile")
        time_ms = profile.time_nanos // 1_000_000 or self.now_ms
        period = profile.period_type
        names = (profile.string_table[period.type], profile.string_table[period.unit])
        if not any(any(column.values()) for column in stacks):
            return ItemResult(index, number, Outcome.EMPTY)
        for (name, unit), column in zip(types, stacks, strict=True):
            self.rows.append(Row(tenant, row_labels(labels, name, unit, *names), time_ms, column, plain))
        ids = (str(uuid.uuid5(uuid.NAMESPACE_OID, plain.hex())),)
        return ItemResult(
            index, number, Outcome.STORED, profile_ids=ids, samples=len(profile.sample), series_count=len(types)
        )


@dataclass
class FixedInbox:
    """An inbox that holds what a test puts into it."""

    kept: list[InboxRow] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    is_away: bool = False

    def add(self, cause: Cause, item: ItemResult) -> None:
        document = decode_document(encode_document(cause, Latest(5_000, 99, item)))
        assert document is not None
        self.kept.insert(0, InboxRow(len(self.kept) + 1, 3, 4_000, document))

    def hours(self, tenant: str, now_ms: int) -> list[HourCount]:
        """Return a count for each row, all of the hour of ``now_ms``."""
        hour_ms = now_ms - now_ms % 3_600_000
        return [
            HourCount(hour_ms, row.document["verdict"], row.document["reason"], row.count, 0)
            for row in self.rows(tenant)
        ]

    def rows(self, tenant: str) -> list[InboxRow]:
        self.asked.append(tenant)
        if self.is_away:
            raise Unavailable("Redis cannot be reached: gone")
        return self.kept


class NoTenants:
    """A database in which no tenant has settings of its own."""

    def revision(self) -> Revision:
        return Revision(0, 0, 0)

    def load(self) -> TenantRecords:
        return TenantRecords({}, {})

    def record_default_size(self, size: int, changed_by: str) -> None: ...


def default_settings() -> TenantSettings:
    """Return settings that were read and give every tenant the defaults."""
    settings = TenantSettings(DEFAULT_LIMITS, NoTenants(), notes_default=False)
    settings.refresh()
    return settings


@dataclass
class MemoryQuerier:
    """Answers from the rows of a distributor, by scanning them all."""

    rows: list[Row]
    now_ms: int
    sources: SourceReport = field(default_factory=lambda: SourceReport(("ingester-1",)))
    refuse: Exception | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def profile_types(self, tenants: tuple[str, ...], start_ms: int, end_ms: int) -> Answer[tuple[ProfileType, ...]]:
        selection = Selection(tenants, (), None, start_ms, end_ms)
        types = {dict(row.labels)["__profile_type__"] for row in self._rows("profile_types", selection)}
        parsed = [parse_profile_type(one) for one in sorted(types)]
        return self._answer(tuple(one for one in parsed if isinstance(one, ProfileType)))

    def extent(self, tenant: str) -> Answer[Extent | None]:
        times = [row.time_ms for row in self._rows("extent", Selection((tenant,), (), None, 1, 2**62))]
        return self._answer(Extent(min(times), max(times)) if times else None)

    def cost(self, sel: Selection) -> Answer[QueryCost]:
        rows = list(self._rows("cost", sel))
        return self._answer(QueryCost(Holding(1, 1, 2, len(rows), 4, 5), Holding(size_bytes=6), 2, has_replicas=True))

    def label_names(self, sel: Selection) -> Answer[tuple[str, ...]]:
        return self._answer(tuple(sorted({name for row in self._rows("label_names", sel) for name, _ in row.labels})))

    def label_values(self, sel: Selection, name: str) -> Answer[tuple[str, ...]]:
        rows = self._rows("label_values", sel, name)
        return self._answer(tuple(sorted({value for row in rows for key, value in row.labels if key == name})))

    def series(self, sel: Selection, label_names: tuple[str, ...]) -> Answer[tuple[Labels, ...]]:
        rows = self._rows("series", sel, label_names)
        projected = {
            tuple((name, value) for name, value in row.labels if not label_names or name in label_names) for row in rows
        }
        return self._answer(tuple(sorted(projected)))

    def merge_tree(self, sel: Selection, max_nodes: int) -> Answer[bytes]:
        rows = list(self._rows("merge_tree", sel, max_nodes))
        return self._answer(encode_tree(_merged(rows), max_nodes), len(rows))

    def merge_stacktraces(self, sel: Selection, max_nodes: int) -> Answer[FlameGraph]:
        rows = list(self._rows("merge_stacktraces", sel, max_nodes))
        return self._answer(naive_flamegraph(rows), len(rows))

    def diff(self, left: Selection, right: Selection, max_nodes: int) -> Answer[FlameGraphDiff]:
        sides = [list(self._rows("diff", sel, max_nodes)) for sel in (left, right)]
        profiles = [_merged(rows) for rows in sides]
        return self._answer(build_diff(profiles[0], profiles[1], max_nodes), sum(map(len, sides)))

    def merge_by_name(self, sel: Selection, max_nodes: int | None) -> Answer[StackProfile]:
        rows = list(self._rows("merge_by_name", sel, max_nodes))
        return self._answer(truncate_nodes(_merged(rows), max_nodes or 0), len(rows))

    def merge_profile(self, sel: Selection, max_nodes: int | None) -> Answer[bytes]:
        rows = list(self._rows("merge_profile", sel, max_nodes))
        return self._answer(rows[0].raw if rows else b"", len(rows))

    def select_series(
        self,
        sel: Selection,
        step_ms: int,
        group_by: tuple[str, ...],
        limit: int | None,
        average: bool,
        exemplars: ExemplarKind = ExemplarKind.NONE,
    ) -> Answer[tuple[TimeSeries, ...]]:
        lines: dict[Labels, dict[int, float]] = {}
        count = 0
        for row in self._rows("select_series", sel, step_ms, group_by, limit, average):
            count += 1
            labels = tuple((name, value) for name, value in row.labels if name in group_by)
            moment = sel.start_ms + -(-(row.time_ms - sel.start_ms) // step_ms) * step_ms
            points = lines.setdefault(labels, {})
            points[moment] = points.get(moment, 0.0) + sum(row.stacks.values())
        made = [TimeSeries(labels, sorted(p), [p[t] for t in sorted(p)]) for labels, p in sorted(lines.items())]
        return self._answer(tuple(made[:limit]), count)

    def heatmap(
        self,
        sel: Selection,
        step_ms: int,
        group_by: tuple[str, ...],
        limit: int | None,
        counted: ExemplarKind,
        exemplars: bool,
    ) -> Answer[Heatmap]:
        rows = list(self._rows("heatmap", sel, step_ms, group_by, limit, counted, exemplars))
        slots = [HeatmapSlot(row.time_ms, [1, *[0] * 19], [_exemplar(row)] if exemplars else []) for row in rows]
        return self._answer(Heatmap([0] * 20, (HeatmapSeries((), slots),)), len(rows))

    def _rows(self, asked: str, sel: Selection, *more: object) -> Iterator[Row]:
        self.asked.append((asked, sel, *more))
        if self.refuse is not None:
            raise self.refuse
        if asked not in ("profile_types", "label_names", "label_values", "series", "cost") and not (
            sel.start_ms and sel.end_ms
        ):
            raise QueryRefused(Rejection(Reason.MISSING_TIME_RANGE, "start and end are needed"))
        if sel.start_ms > sel.end_ms:
            raise QueryRefused(Rejection(Reason.INVALID_TIME_RANGE, "start is after end"))
        for row in self.rows:
            labels = dict(row.labels)
            if (
                row.tenant in sel.tenants
                and (not sel.end_ms or sel.start_ms <= row.time_ms <= sel.end_ms)
                and (sel.profile_type is None or labels["__profile_type__"] == sel.profile_type.id)
                and all(one.matches(labels.get(one.name, "")) for one in sel.matchers)
            ):
                yield row

    def _answer(self, value: object, profiles: int = 0) -> Answer:
        return Answer(value, self.sources, profiles)


def _exemplar(row: Row) -> Exemplar:
    labels = tuple(pair for pair in row.labels if pair[0] == "service_name")
    return Exemplar(row.time_ms, (7).to_bytes(16, "big"), 42, bytes(16), sum(row.stacks.values()), labels)


def _merged(rows: Sequence[Row]) -> StackProfile:
    return build_profile([(plain(*stack), value) for row in rows for stack, value in row.stacks.items()])


def naive_flamegraph(rows: Sequence[Row]) -> FlameGraph:
    """Build the graph breadth first from nested dictionaries: self to the left, siblings by name."""
    tree: dict = {}
    total = 0
    for row in rows:
        for stack, value in row.stacks.items():
            total += value
            children = tree
            for depth, name in enumerate(stack):
                node = children.setdefault(name, {"total": 0, "self": 0, "children": {}})
                node["total"] += value
                node["self"] += value if depth == len(stack) - 1 else 0
                children = node["children"]
    names = ["total"]
    levels = [[0, total, 0, 0]]
    current = [(0, 0, tree)]
    max_self = 0
    while any(children for _, _, children in current):
        level: list[int] = []
        following = []
        end = 0
        for x, own, children in current:
            left = x + own
            for name, node in sorted(children.items()):
                if name not in names:
                    names.append(name)
                level += [left - end, node["total"], node["self"], names.index(name)]
                following.append((left, node["self"], node["children"]))
                left = end = left + node["total"]
                max_self = max(max_self, node["self"])
        levels.append(level)
        current = following
    return FlameGraph(names, [np.array(level, np.int64) for level in levels], total, max_self)


def _sample_types(profile: profile_pb2.Profile) -> Iterator[tuple[str, str]]:
    for one in profile.sample_type:
        yield profile.string_table[one.type], profile.string_table[one.unit]


def _stacks(profile: profile_pb2.Profile, column: int) -> Stacks:
    functions = {one.id: profile.string_table[one.name] for one in profile.function}
    locations = {one.id: [functions[line.function_id] for line in one.line] for one in profile.location}
    stacks: Stacks = {}
    for sample in profile.sample:
        frames = tuple(name for one in reversed(sample.location_id) for name in reversed(locations[one]))
        stacks[frames] = stacks.get(frames, 0) + sample.value[column]
    return stacks
