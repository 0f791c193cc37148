"""What goes into a query and what comes out of it: values shared by the querier and whoever calls it.

Every answer says which sources were asked and which did not answer. Refusals of a whole query are exceptions, because
no caller has anything else to do with them than to pass them on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ingest.profiles.columns import Labels, StackProfile
from ingest.profiles.diff import FlameGraphDiff
from ingest.profiles.flamegraph import FlameGraph
from ingest.profiles.profile_type import ProfileType
from ingest.profiles.reasons import Rejection
from ingest.profiles.sample_choice import EVERY_SAMPLE, ExemplarKind, SampleChoice
from ingest.profiles.selector import Matcher

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows a query is about. Both ends of the range are inclusive Unix milliseconds; 0 means not given."""

    tenants: tuple[str, ...]  #: read as if they were one; nothing in an answer says whose a row was
    matchers: tuple[Matcher, ...]
    profile_type: ProfileType | None
    start_ms: int
    end_ms: int
    choice: SampleChoice = EVERY_SAMPLE


@dataclass(frozen=True, slots=True)
class MissingSource:
    """A source that was asked and did not answer."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class SourceReport:
    """Who was asked for an answer and who is missing from it."""

    asked: tuple[str, ...] = ()
    missing: tuple[MissingSource, ...] = ()
    complete: bool = True  #: nothing acknowledged can be missing


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A value with the story of where it came from."""

    value: T
    sources: SourceReport
    profiles: int  #: rows merged, after de-duplication


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A profile, or a span of one, that stands for many: the one with the largest value."""

    time_ms: int
    profile_id: bytes  #: 16 bytes
    span: int  #: 0 = none
    trace: bytes  #: 16 bytes, zeros = none
    value: int
    labels: Labels  #: of its series, without those of the group


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """One line of a timeline; the lists have the same length and steps without data are left out."""

    labels: Labels
    timestamps_ms: list[int]
    values: list[float]
    exemplars: list[Exemplar | None] | None = None  #: None when nobody asked


@dataclass(frozen=True, slots=True)
class HeatmapSlot:
    """One step of a heatmap: how many values lie in each bucket."""

    timestamp_ms: int  #: right edge, inclusive
    counts: list[int]
    exemplars: list[Exemplar]  #: at most one a bucket, by bucket


@dataclass(frozen=True, slots=True)
class HeatmapSeries:
    """The slots of one label group that hold anything, by time."""

    labels: Labels
    slots: list[HeatmapSlot]


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Values over time, counted in buckets that are the same for all groups."""

    floors: list[int]  #: least value of each bucket, ascending
    series: tuple[HeatmapSeries, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """When the first and the last profile of somebody are from, inclusive Unix milliseconds."""

    oldest_ms: int
    newest_ms: int


@dataclass(frozen=True, slots=True)
class Holding:
    """How much some sources hold for a query. What lies in several places counts in each."""

    sources: int = 0
    parts: int = 0  #: heads and blocks
    series: int = 0
    profiles: int = 0  #: rows; for the bucket profiles of whole blocks
    samples: int = 0  #: of whole parts
    size_bytes: int = 0  #: of whole parts


@dataclass(frozen=True, slots=True)
class QueryCost:
    """What a query would have to read."""

    ingesters: Holding
    bucket: Holding
    series: int  #: different ones that match
    has_replicas: bool  #: the same profiles may be in several places


class QueryRefused(Exception):
    """The query breaks a rule or a limit; asking again changes nothing."""

    def __init__(self, rejection: Rejection) -> None:
        super().__init__(rejection.message)
        self.rejection = rejection


class Unavailable(Exception):
    """There is nobody to ask now: no ring, or the store behind it is away. Asking again may help."""


class QueryApi(Protocol):
    """What a caller asks of a querier. Every method may raise :class:`QueryRefused` or :class:`Unavailable`."""

    def profile_types(self, tenants: tuple[str, ...], start_ms: int, end_ms: int) -> Answer[tuple[ProfileType, ...]]:
        """Return the profile types with data in the range, sorted by id."""
        ...

    def extent(self, tenant: str) -> Answer[Extent | None]:
        """Return when the tenant's profiles are from, None when there are none."""
        ...

    def cost(self, sel: Selection) -> Answer[QueryCost]:
        """Return how much a query of this selection would have to read."""
        ...

    def label_names(self, sel: Selection) -> Answer[tuple[str, ...]]:
        """Return the label names of the matching series, sorted, private ones included."""
        ...

    def label_values(self, sel: Selection, name: str) -> Answer[tuple[str, ...]]:
        """Return the values of one label over the matching series, sorted."""
        ...

    def series(self, sel: Selection, label_names: tuple[str, ...]) -> Answer[tuple[Labels, ...]]:
        """Return the distinct projections of the matching series on ``label_names`` (all labels when empty)."""
        ...

    def merge_tree(self, sel: Selection, max_nodes: int) -> Answer[bytes]:
        """Return the matching rows as an encoded tree by name; ``max_nodes`` 0 means the tenant's default."""
        ...

    def merge_stacktraces(self, sel: Selection, max_nodes: int) -> Answer[FlameGraph]:
        """Return the flame graph of the matching rows; ``max_nodes`` 0 means the tenant's default."""
        ...

    def diff(self, left: Selection, right: Selection, max_nodes: int) -> Answer[FlameGraphDiff]:
        """Return two selections of the same tenants on one flame graph; ``max_nodes`` 0 means their default."""
        ...

    def merge_by_name(self, sel: Selection, max_nodes: int | None) -> Answer[StackProfile]:
        """Return the matching rows merged by function name; whole unless ``max_nodes`` bounds it (0: the default)."""
        ...

    def merge_profile(self, sel: Selection, max_nodes: int | None) -> Answer[bytes]:
        """Return the matching rows merged into one uncompressed pprof message, empty when there are none."""
        ...

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
        ...

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

        Groups with the most values come first; ``limit`` keeps that many.
        """
        ...
