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
class TimeSeries:
    """One line of a timeline; both lists have the same length and steps without data are left out."""

    labels: Labels
    timestamps_ms: list[int]
    values: list[float]


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

    def label_names(self, sel: Selection) -> Answer[tuple[str, ...]]:
        """Return the label names of the matching series, sorted, private ones included."""
        ...

    def label_values(self, sel: Selection, name: str) -> Answer[tuple[str, ...]]:
        """Return the values of one label over the matching series, sorted."""
        ...

    def series(self, sel: Selection, label_names: tuple[str, ...]) -> Answer[tuple[Labels, ...]]:
        """Return the distinct projections of the matching series on ``label_names`` (all labels when empty)."""
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
        self, sel: Selection, step_ms: int, group_by: tuple[str, ...], limit: int | None, average: bool
    ) -> Answer[tuple[TimeSeries, ...]]:
        """Return totals over time: a point at t sums (or averages) the rows in (t - step, t]."""
        ...
