"""The content of a head for the writer of its block: rows as they lie, samples gathered for some rows at a time.

A copy of all samples would double the memory of a head for as long as its block takes to write.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64, U64, Labels, Symbols
from ingest.storage.content import PickedSamples
from ingest.storage.head.columns import Chunk
from ingest.storage.head.head_kernels import (
    CHUNK,
    COUNT,
    DURATION,
    ID_HI,
    ID_LO,
    OFFSET,
    PERIOD,
    SERIES,
    TIME,
    TOTAL,
    gather_rows,
)
from ingest.storage.series_table import SeriesTable


@dataclass(frozen=True, slots=True)
class HeadContent:
    """Everything in a view of a head. A :class:`~ingest.storage.content.Content`; R rows."""

    series: tuple[Labels, ...]
    fingerprints: U64
    symbols: Symbols
    row_series: I64  #: int64[R]
    table: I64  #: int64[COLUMNS, R]
    chunks: tuple[Chunk, ...]

    @property
    def time_ns(self) -> I64:
        """int64[R]."""
        return self._column(TIME)

    @property
    def id_hi(self) -> U64:
        """uint64[R]."""
        return self._column(ID_HI).view(np.uint64)

    @property
    def id_lo(self) -> U64:
        """uint64[R]."""
        return self._column(ID_LO).view(np.uint64)

    @property
    def duration_ns(self) -> I64:
        """int64[R]."""
        return self._column(DURATION)

    @property
    def period(self) -> I64:
        """int64[R]."""
        return self._column(PERIOD)

    @property
    def total(self) -> I64:
        """int64[R]."""
        return self._column(TOTAL)

    @property
    def sample_counts(self) -> I64:
        """int64[R], samples of each row."""
        return self._column(COUNT)

    def has_spans(self) -> bool:
        """Whether any sample has a span."""
        return any(bool(chunk.span.any()) for chunk in self.chunks)

    def has_traces(self) -> bool:
        """Whether any sample has a trace."""
        return any(bool(chunk.trace.any()) for chunk in self.chunks)

    def used_nodes(self) -> NDArray[np.bool_]:
        """bool[nodes], whether a sample is at the node."""
        used = np.zeros(self.symbols.node_count, np.bool_)
        for number, rows in by_chunk(self.table, np.arange(self.table.shape[1], dtype=np.int64)):
            # Rows of a chunk lie one behind the other from its beginning, so the last one ends where all do.
            last = rows[-1]
            used[self.chunks[number].node[: self.table[OFFSET, last] + self.table[COUNT, last]]] = True
        return used

    def picked(self, rows: I64) -> PickedSamples:
        """Return a copy of the samples of these rows, one row behind the other."""
        count = self.table[COUNT, rows]
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(count)))
        samples = int(offsets[-1])
        node, value = np.empty(samples, np.uint32), np.empty(samples, np.int64)
        span = np.empty(samples if any(len(chunk.span) for chunk in self.chunks) else 0, np.uint64)
        trace = np.empty((samples if any(len(chunk.trace) for chunk in self.chunks) else 0, 2), np.uint64)
        for number, at in by_chunk(self.table, rows):
            chunk = self.chunks[number]
            gather_rows(
                chunk.node, chunk.value, chunk.span, chunk.trace, self.table[OFFSET, rows[at]], count[at], offsets[at],
                node, value, span, trace,
            )  # fmt: skip
        return PickedSamples(np.arange(len(rows), dtype=np.int64), offsets, node, value, span, trace)

    def _column(self, number: int) -> I64:
        column: I64 = self.table[number]
        return column


def head_content(series: SeriesTable, symbols: Symbols, table: I64, chunks: tuple[Chunk, ...]) -> HeadContent:
    """Return the content of a head whose rows are those of ``table``; series without rows are left out."""
    with_rows, row_series = np.unique(table[SERIES], return_inverse=True)
    return HeadContent(
        series=tuple(series.labels(index) for index in with_rows.tolist()),
        fingerprints=series.fingerprints()[with_rows],
        symbols=symbols,
        row_series=row_series.astype(np.int64),
        table=table,
        chunks=chunks,
    )


def by_chunk(table: I64, rows: I64) -> list[tuple[int, I64]]:
    """Group rows by the chunk that holds their samples: chunk number, and ascending positions in ``rows``."""
    if len(rows) == 0:
        return []
    of_row = table[CHUNK, rows]
    order = np.argsort(of_row, kind="stable")
    of_row = of_row[order]
    starts = np.flatnonzero(np.concatenate(([True], of_row[1:] != of_row[:-1])))
    return list(zip(of_row[starts].tolist(), np.split(order, starts[1:]), strict=True))
