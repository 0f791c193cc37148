"""A head as it was at one instant: the part that readers get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, U64, StackProfile, Symbols
from ingest.profiles.projection import project_by_name, prune
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
    add_rows,
    add_rows_of_spans,
)
from ingest.storage.part import Rows, empty_rows, ordered_rows
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
    symbols: Symbols
    table: I64  #: int64[COLUMNS, R], a row of the matrix per column
    chunks: tuple[Chunk, ...]

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

    def merge(self, row_index: I64, by_name: bool, spans: U64 | None = None) -> StackProfile:
        """Sum the values of these rows per stack, as :meth:`ingest.storage.part.Part.merge` says."""
        node_self = np.zeros(self.symbols.node_count, np.int64)
        wanted = None if spans is None else np.unique(spans)
        for number, at in by_chunk(self.table, row_index):
            chunk, picked = self.chunks[number], row_index[at]
            offset, count = self.table[OFFSET, picked], self.table[COUNT, picked]
            if wanted is None:
                add_rows(chunk.node, chunk.value, offset, count, node_self)
            elif len(chunk.span):
                add_rows_of_spans(chunk.node, chunk.value, chunk.span, offset, count, wanted, node_self)
        return project_by_name(self.symbols, node_self) if by_name else prune(self.symbols, node_self)

    def content(self) -> HeadContent:
        """Return everything in the view, rows in the order they were appended; series without rows left out."""
        return head_content(self.series, self.symbols, self.table, self.chunks)
