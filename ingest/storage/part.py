"""What the read path sees of stored profiles: a head and a block are both a :class:`Part`.

A part holds rows. One row is one profile of one sample type, in the series that carries this type in its labels; only
samples whose value is not zero are in it. A query walks a part in three steps, each cheaper to ask than the next::

    select_series(matchers) -> rows(series, start, end) -> merge(row_index, by_name)

so that a planner can compare parts by :func:`series_digests` and drop rows that another part already gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ingest.profiles.columns import I64, U32, U64, StackProfile
from ingest.profiles.sample_choice import EVERY_SAMPLE, SampleChoice
from ingest.profiles.selector import Matcher
from ingest.storage.sampling import SpanTotals
from ingest.storage.series_table import SeriesTable


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one part as columns of equal length, ordered by (series, time, id)."""

    row_index: I64  #: int64[R], the part's own number of the row, valid for its whole life
    series: U32  #: uint32[R], index into the part's series table
    time_ns: I64  #: int64[R]
    id_hi: U64  #: uint64[R], first eight bytes of the profile id, big-endian
    id_lo: U64  #: uint64[R], last eight bytes of the profile id, big-endian
    total: I64  #: int64[R], sum of the row's values

    def __len__(self) -> int:
        return len(self.row_index)

    def take(self, index: I64) -> Rows:
        """Return the rows at positions ``index`` (ascending, so that the order holds)."""
        return Rows(
            self.row_index[index],
            self.series[index],
            self.time_ns[index],
            self.id_hi[index],
            self.id_lo[index],
            self.total[index],
        )


@dataclass(frozen=True, slots=True)
class SeriesDigest:
    """One entry per series that has rows: columns of equal length, ordered by series.

    Two parts that hold the same profiles of a series have the same count and digest for it, in whatever order they
    received them.
    """

    series: U32  #: uint32[D], index into the part's series table
    count: I64  #: int64[D], rows
    digest_hi: U64  #: uint64[D], sum of ``id_hi`` modulo 2**64
    digest_lo: U64  #: uint64[D], sum of ``id_lo`` modulo 2**64
    min_time_ns: I64  #: int64[D]
    max_time_ns: I64  #: int64[D], inclusive


class Part(Protocol):
    """Readable profiles of one tenant, held by one instance."""

    @property
    def part_id(self) -> str:
        """ULID; a block keeps the one of the head it was written from."""

    @property
    def tenant(self) -> str:
        """Tenant that owns every row."""

    @property
    def owner(self) -> str:
        """Id of the instance that wrote the part."""

    @property
    def min_time_ns(self) -> int:
        """Time of the earliest row; 0 in a part without rows."""

    @property
    def max_time_ns(self) -> int:
        """Time of the latest row, inclusive; -1 in a part without rows."""

    @property
    def sample_count(self) -> int:
        """Samples of all rows."""

    @property
    def size_bytes(self) -> int:
        """Bytes it takes: in memory for a head, on the disk for a block."""

    @property
    def series(self) -> SeriesTable:
        """Labels and fingerprint of each series."""

    def select_series(self, matchers: Sequence[Matcher]) -> I64:
        """Return the indexes of the series that satisfy all matchers, ascending."""

    def rows(self, series: I64, start_ns: int, end_ns: int) -> Rows:
        """Return the rows of these series with ``start_ns <= time < end_ns``."""

    def row_totals(self, row_index: I64, choice: SampleChoice) -> I64:
        """Return int64[R], the sum of the values of each of these rows that the ``choice`` picks."""

    def span_totals(self, row_index: I64, choice: SampleChoice) -> Iterator[SpanTotals]:
        """Return the sum of the values of each span of each of these rows that the ``choice`` picks, some rows at a
        time.
        """

    def merge(self, row_index: I64, by_name: bool, choice: SampleChoice = EVERY_SAMPLE) -> StackProfile:
        """Sum the values of these rows per stack; a row that is named twice counts twice.

        ``by_name`` projects stacks to function names, which keeps the answer small; otherwise it keeps locations.
        Only samples that the ``choice`` picks count. Whose rows they are, by profile id, is the caller's business.
        """


def empty_rows() -> Rows:
    """Return no rows."""
    u64 = np.zeros(0, np.uint64)
    i64 = np.zeros(0, np.int64)
    return Rows(i64, np.zeros(0, np.uint32), i64, u64, u64, i64)


def ordered_rows(row_index: I64, series: U32, time_ns: I64, id_hi: U64, id_lo: U64, total: I64) -> Rows:
    """Return these columns as rows, put in (series, time, id) order."""
    order = np.lexsort((id_lo, id_hi, time_ns, series))
    return Rows(row_index, series, time_ns, id_hi, id_lo, total).take(order)


def series_digests(rows: Rows) -> SeriesDigest:
    """Summarise rows per series, so that two parts can be compared without sending their identities.

    ``rows`` must be ordered by series, as :meth:`Part.rows` gives them. Sums do not depend on the order of the rows,
    and a profile id is a cryptographic hash, so equal sums over equal counts mean equal sets.
    """
    if len(rows) == 0:
        u64, i64 = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        return SeriesDigest(np.zeros(0, np.uint32), i64, u64, u64, i64, i64)
    first = np.flatnonzero(np.concatenate(([True], rows.series[1:] != rows.series[:-1])))
    return SeriesDigest(
        series=rows.series[first],
        count=np.diff(np.append(first, len(rows))).astype(np.int64),
        digest_hi=np.add.reduceat(rows.id_hi, first),
        digest_lo=np.add.reduceat(rows.id_lo, first),
        min_time_ns=np.minimum.reduceat(rows.time_ns, first),
        max_time_ns=np.maximum.reduceat(rows.time_ns, first),
    )
