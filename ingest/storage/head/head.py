"""The head: the profiles of one tenant that are not yet in a block, readable from the moment they are appended."""

from __future__ import annotations

import struct
import sys
import threading
from collections.abc import Iterator, Sequence
from enum import StrEnum

import numpy as np

from ingest.profiles.columns import I64, Labels, ProfileGroup, SampleType, StackProfile
from ingest.profiles.labels import fingerprint, row_labels
from ingest.profiles.record import PushRecord
from ingest.profiles.sample_choice import EVERY_SAMPLE, SampleChoice
from ingest.profiles.selector import Matcher
from ingest.profiles.symbols import SymbolStore
from ingest.storage.head.columns import HeadColumns
from ingest.storage.head.states import HeadState, IllegalTransition, Move, step
from ingest.storage.head.view import HeadView
from ingest.storage.part import Rows
from ingest.storage.sampling import SpanTotals
from ingest.storage.series_table import SeriesIndex, SeriesTable

#: A profile id as two signed halves, big-endian: unsigned, they order as the bytes do.
_ID_HALVES = struct.Struct(">qq")
#: Bytes of an identity beside its slot in the set.
_IDENTITY_BYTES = sys.getsizeof(bytes(16))
_GroupKind = tuple[Labels, tuple[SampleType, ...], SampleType]


class AppendOutcome(StrEnum):
    """What became of one group of a push."""

    STORED = "stored"
    DUPLICATE = "duplicate"  #: the head already holds a profile of this identity; nothing changed


class Head:
    """Profiles of one tenant in memory. A :class:`~ingest.storage.part.Part`.

    One thread appends at a time; any thread reads. A reader takes a view under the lock (some microseconds) and then
    reads without it; an append holds the lock for its whole length, so no view ever shows half a push.
    ``hash_seed`` should be unpredictable; it never influences a result.
    """

    def __init__(self, part_id: str, tenant: str, owner: str, created_at_ns: int, *, hash_seed: int = 0) -> None:
        self.part_id = part_id
        self.tenant = tenant
        self.owner = owner
        self.created_at_ns = created_at_ns
        self._lock = threading.Lock()
        self._state = HeadState.OPEN
        self._story = [Move(created_at_ns, HeadState.OPEN, "created")]
        self._symbols = SymbolStore(hash_seed=hash_seed)
        self._index = SeriesIndex()
        self._columns = HeadColumns()
        self._identities: set[bytes] = set()
        self._series_of_kind: dict[_GroupKind, I64] = {}
        self._kinds_bytes = 0
        self._min_time_ns = 0
        self._max_time_ns = -1

    @property
    def state(self) -> HeadState:
        """The state now."""
        return self._state

    @property
    def story(self) -> tuple[Move, ...]:
        """Every move so far, the first being the creation."""
        return tuple(self._story)

    def advance(self, to: HeadState, at_ns: int, why: str) -> None:
        """Move to ``to``; EVICTED gives the memory back. Raises IllegalTransition when the state does not allow it."""
        with self._lock:
            self._state = step(self._state, to, self._story)
            self._story.append(Move(at_ns, to, why))
            if to is HeadState.SEALED:
                self._series_of_kind, self._kinds_bytes = {}, 0
            elif to is HeadState.EVICTED:
                self._symbols, self._index, self._columns = SymbolStore(), SeriesIndex(), HeadColumns()
                self._identities = set()
                self._min_time_ns, self._max_time_ns = 0, -1

    def append(self, push: PushRecord) -> tuple[AppendOutcome, ...]:
        """Append the groups of a push; return one outcome per group, in their order.

        A group whose identity is already here changes nothing, so replaying a log twice is harmless. Raises
        IllegalTransition unless the head is OPEN and SymbolStoreFull when no symbols fit any more; then no group counts
        as appended.
        """
        with self._lock:
            if self._state is not HeadState.OPEN:
                raise IllegalTransition(self._state, HeadState.OPEN, self._story)
            fresh = self._fresh(push.groups)
            if not any(fresh):
                return (AppendOutcome.DUPLICATE,) * len(fresh)
            node_map = self._symbols.merge(push.symbols)
            for group, is_fresh in zip(push.groups, fresh, strict=True):
                if is_fresh:
                    high, low = _ID_HALVES.unpack(group.profile_id)
                    self._columns.append(
                        node_map,
                        group.sample_node,
                        group.sample_values,
                        group.sample_span,
                        group.sample_trace,
                        self._series_ids(group),
                        np.array((high, low, group.time_ns, group.duration_ns, group.period), np.int64),
                    )
                    self._identities.add(group.profile_id)
                    self._extend_range(group.time_ns)
            return tuple(AppendOutcome.STORED if is_fresh else AppendOutcome.DUPLICATE for is_fresh in fresh)

    def snapshot(self) -> HeadView:
        """Return the head as it is now, for reading without a lock."""
        with self._lock:
            columns = self._columns
            return HeadView(
                part_id=self.part_id,
                tenant=self.tenant,
                owner=self.owner,
                min_time_ns=self._min_time_ns,
                max_time_ns=self._max_time_ns,
                series=self._index.table(),
                symbol_columns=self._symbols.columns(),
                table=columns.table[:, : columns.row_count],
                chunks=tuple(columns.chunks),
            )

    @property
    def row_count(self) -> int:
        """Rows: one per profile and sample type."""
        return self._columns.row_count

    @property
    def profile_count(self) -> int:
        """Distinct profile identities."""
        return len(self._identities)

    @property
    def sample_count(self) -> int:
        """Samples of all rows."""
        return self.snapshot().sample_count

    @property
    def size_bytes(self) -> int:
        """Bytes the head occupies."""
        return self.memory_bytes

    @property
    def memory_bytes(self) -> int:
        """Bytes the head occupies, within a fifth."""
        identities = sys.getsizeof(self._identities) + len(self._identities) * _IDENTITY_BYTES
        parts = self._columns.memory_bytes + self._symbols.memory_bytes + self._index.memory_bytes
        return parts + identities + self._kinds_bytes

    @property
    def min_time_ns(self) -> int:
        """Time of the earliest row; 0 without rows."""
        return self._min_time_ns

    @property
    def max_time_ns(self) -> int:
        """Time of the latest row, inclusive; -1 without rows."""
        return self._max_time_ns

    @property
    def series(self) -> SeriesTable:
        """Labels and fingerprint of each series present now."""
        return self._index.table()

    def select_series(self, matchers: Sequence[Matcher]) -> I64:
        """Return the indexes of the series that satisfy all matchers and have rows, ascending."""
        return self.snapshot().select_series(matchers)

    def rows(self, series: I64, start_ns: int, end_ns: int) -> Rows:
        """Return the rows of these series with ``start_ns <= time < end_ns``; see :meth:`snapshot`."""
        return self.snapshot().rows(series, start_ns, end_ns)

    def merge(self, row_index: I64, by_name: bool, choice: SampleChoice = EVERY_SAMPLE) -> StackProfile:
        """Sum the values of these rows per stack; row numbers hold for the life of the head."""
        return self.snapshot().merge(row_index, by_name, choice)

    def row_totals(self, row_index: I64, choice: SampleChoice) -> I64:
        """Sum the values of each row, as :meth:`ingest.storage.part.Part.row_totals` says."""
        return self.snapshot().row_totals(row_index, choice)

    def span_totals(self, row_index: I64, choice: SampleChoice) -> Iterator[SpanTotals]:
        """Sum the values of each span, as :meth:`ingest.storage.part.Part.span_totals` says."""
        return self.snapshot().span_totals(row_index, choice)

    def _fresh(self, groups: Sequence[ProfileGroup]) -> list[bool]:
        """Say for each group whether its identity is new, also among the groups before it."""
        here: set[bytes] = set()
        fresh = []
        for group in groups:
            fresh.append(group.profile_id not in self._identities and group.profile_id not in here)
            here.add(group.profile_id)
        return fresh

    def _series_ids(self, group: ProfileGroup) -> I64:
        """Return int64[K], the series of each sample type of the group."""
        kind = (group.labels, group.sample_types, group.period_type)
        known = self._series_of_kind.get(kind)
        if known is not None:
            return known
        ids = []
        for sample_type in group.sample_types:
            period_type = group.period_type
            labels = row_labels(group.labels, sample_type.name, sample_type.unit, period_type.name, period_type.unit)
            ids.append(self._index.add(labels, fingerprint(labels)))
        series = self._series_of_kind[kind] = np.array(ids, np.int64)
        self._kinds_bytes += _labels_bytes(group.labels) + sys.getsizeof(series) + 400 + 64 * len(ids)
        return series

    def _extend_range(self, time_ns: int) -> None:
        if self._max_time_ns < self._min_time_ns:
            self._min_time_ns = self._max_time_ns = time_ns
        else:
            self._min_time_ns = min(self._min_time_ns, time_ns)
            self._max_time_ns = max(self._max_time_ns, time_ns)


def _labels_bytes(labels: Labels) -> int:
    """Bytes of labels that share nothing with others."""
    pairs = sum(sys.getsizeof(pair) + sys.getsizeof(pair[0]) + sys.getsizeof(pair[1]) for pair in labels)
    return sys.getsizeof(labels) + pairs
