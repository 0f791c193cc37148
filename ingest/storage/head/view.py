"""A head as it was at one instant: the part that readers get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, StackProfile, Symbols
from ingest.profiles.sample_choice import EVERY_SAMPLE, SampleChoice
from ingest.profiles.selector import Matcher
from ingest.storage.head.columns import Chunk
from ingest.storage.head.content import HeadContent, by_chunk, head_content
from ingest.storage.head.head_kernels import (
    COUNT,
    ID_HI,
    ID_LO,
    OFFSET,
    SERIES,
    TIME,
    TOTAL,
)
from ingest.storage.part import Rows, empty_rows, ordered_rows
from ingest.storage.sampling import SampleRun, SpanTotals, merge_samples, totals_of_rows, totals_of_spans
from ingest.storage.series_table import SeriesTable


@dataclass(frozen=True, slots=True)
class HeadView:
    """The rows a head held when the view was taken, complete and unchanging while the head grows. A :class:`Part`."""

    part_id: str
    tenant: str
    owner: str
    min_time_ns: int  #: 0 without rows
    max_time_ns: int  #: inclusive; -1 without rows
    series: SeriesTable
    symbol_columns: Symbols
    table: I64  #: int64[COLUMNS, R], a row of the matrix per column
    chunks: tuple[Chunk, ...]

    @property
    def sample_count(self) -> int:
        """Samples of all rows."""
        return int(self.table[COUNT].sum())

    @property
    def size_bytes(self) -> int:
        """Bytes of rows, samples and symbols, room for more included."""
        symbols: int = sum(getattr(self.symbol_columns, name).nbytes for name in Symbols.__slots__)
        return int(self.table.nbytes) + symbols + sum(chunk.memory_bytes for chunk in self.chunks)

    @property
    def row_count(self) -> int:
        """Rows in the view."""
        return len(self.table[SERIES])

    def select_series(self, matchers: Sequence[Matcher]) -> I64:
        """Return the indexes of the series that satisfy all matchers and have rows, ascending.

        A profile names all its sample types; one that never had a value has a series here and none in a block.
        """
        with_rows = np.zeros(len(self.series), np.bool_)
        with_rows[self.table[SERIES]] = True
        selected = self.series.select(matchers)
        return selected[with_rows[selected]]

    def rows(self, series: I64, start_ns: int, end_ns: int) -> Rows:
        """Return the rows of these series with ``start_ns <= time < end_ns``, ordered by (series, time, id)."""
        if self.row_count == 0 or len(series) == 0 or start_ns > self.max_time_ns or end_ns <= self.min_time_ns:
            return empty_rows()
        wanted = np.zeros(len(self.series), np.bool_)
        wanted[series] = True
        keep = wanted[self.table[SERIES]]
        if start_ns > self.min_time_ns:
            keep &= self.table[TIME] >= start_ns
        if end_ns <= self.max_time_ns:
            keep &= self.table[TIME] < end_ns
        index = np.flatnonzero(keep).astype(np.int64)
        ids = self.table.view(np.uint64)
        return ordered_rows(
            row_index=index,
            series=self.table[SERIES, index].astype(np.uint32),
            time_ns=self.table[TIME, index],
            id_hi=ids[ID_HI, index],
            id_lo=ids[ID_LO, index],
            total=self.table[TOTAL, index],
        )

    def merge(self, row_index: I64, by_name: bool, choice: SampleChoice = EVERY_SAMPLE) -> StackProfile:
        """Sum the values of these rows per stack, as :meth:`ingest.storage.part.Part.merge` says."""
        return merge_samples(self, row_index, by_name, choice)

    def row_totals(self, row_index: I64, choice: SampleChoice) -> I64:
        """Sum the values of each row, as :meth:`ingest.storage.part.Part.row_totals` says."""
        return totals_of_rows(self, row_index, choice)

    def span_totals(self, row_index: I64, choice: SampleChoice) -> Iterator[SpanTotals]:
        """Sum the values of each span, as :meth:`ingest.storage.part.Part.span_totals` says."""
        return totals_of_spans(self, row_index, choice)

    def symbols(self) -> Symbols:
        """Return what the nodes of samples are numbers in."""
        return self.symbol_columns

    def runs(self, row_index: I64, with_spans: bool, with_traces: bool) -> Iterator[SampleRun]:
        """Return the samples of these rows, a run a chunk; see :class:`~ingest.storage.sampling.Sampled`."""
        for number, at in by_chunk(self.table, row_index):
            chunk, picked = self.chunks[number], row_index[at]
            yield SampleRun(
                at, self.table[OFFSET, picked], self.table[COUNT, picked], chunk.node, chunk.value, chunk.span,
                chunk.trace,
            )  # fmt: skip

    def content(self) -> HeadContent:
        """Return everything in the view, rows in the order they were appended; series without rows left out."""
        return head_content(self.series, self.symbol_columns, self.table, self.chunks)
