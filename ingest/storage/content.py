"""The whole content of a part as columns: what a block is written from and what compaction combines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64, U32, U64, Labels, Symbols


@dataclass(frozen=True, slots=True)
class PickedSamples:
    """The samples of some rows: those of the i-th lie from ``offsets[rows[i]]`` to ``offsets[rows[i] + 1]``."""

    rows: I64  #: int64[r]
    offsets: I64  #: int64, one longer than the largest of ``rows``
    node: U32  #: uint32[n], in any order within a row
    value: I64  #: int64[n], never 0
    span: U64  #: uint64[n], 0 = none; or uint64[0] when no sample of the part has one
    trace: U64  #: uint64[n, 2], zeros = none; or uint64[0, 2] when no sample of the part has one


class Content(Protocol):
    """Everything in a part: the columns of :class:`PartContent`, and samples for as many rows at a time as wanted, so
    that whoever writes them out needs no copy of all.
    """

    @property
    def series(self) -> tuple[Labels, ...]:
        """Labels by series index."""

    @property
    def fingerprints(self) -> U64:
        """uint64[series]."""

    @property
    def symbols(self) -> Symbols:
        """What the nodes of samples are numbers in."""

    @property
    def row_series(self) -> I64:
        """int64[R], index into ``series``."""

    @property
    def time_ns(self) -> I64:
        """int64[R]."""

    @property
    def id_hi(self) -> U64:
        """uint64[R]."""

    @property
    def id_lo(self) -> U64:
        """uint64[R]."""

    @property
    def duration_ns(self) -> I64:
        """int64[R]."""

    @property
    def period(self) -> I64:
        """int64[R]."""

    @property
    def total(self) -> I64:
        """int64[R], sum of the row's values."""

    @property
    def sample_counts(self) -> I64:
        """int64[R], samples of each row."""

    def has_spans(self) -> bool:
        """Whether any sample has a span."""

    def has_traces(self) -> bool:
        """Whether any sample has a trace."""

    def used_nodes(self) -> NDArray[np.bool_]:
        """bool[nodes], whether a sample is at the node."""

    def picked(self, rows: I64) -> PickedSamples:
        """Return the samples of these rows."""


@dataclass(frozen=True, slots=True)
class PartContent:
    """All rows of a part with their samples. Shapes: R rows, n samples in all."""

    series: tuple[Labels, ...]  #: labels by series index
    fingerprints: U64  #: uint64[series]
    symbols: Symbols
    row_series: I64  #: int64[R], index into ``series``
    time_ns: I64  #: int64[R]
    id_hi: U64  #: uint64[R]
    id_lo: U64  #: uint64[R]
    duration_ns: I64  #: int64[R]
    period: I64  #: int64[R]
    total: I64  #: int64[R], sum of the row's values
    sample_offsets: I64  #: int64[R+1], offsets into the sample columns; first is 0
    sample_node: U32  #: uint32[n], node of ``symbols``; in any order within a row
    sample_value: I64  #: int64[n], never 0
    sample_span: U64  #: uint64[n], 0 = none; or uint64[0] when no sample has one
    sample_trace: U64  #: uint64[n, 2], zeros = none; or uint64[0, 2] when no sample has one

    @property
    def sample_counts(self) -> I64:
        """int64[R], samples of each row."""
        return np.diff(self.sample_offsets)

    def has_spans(self) -> bool:
        """Whether any sample has a span."""
        return bool(self.sample_span.any())

    def has_traces(self) -> bool:
        """Whether any sample has a trace."""
        return bool(self.sample_trace.any())

    def used_nodes(self) -> NDArray[np.bool_]:
        """bool[nodes], whether a sample is at the node."""
        used = np.zeros(self.symbols.node_count, np.bool_)
        used[self.sample_node] = True
        return used

    def picked(self, rows: I64) -> PickedSamples:
        """Return the samples of these rows, which costs nothing: they are all here."""
        return PickedSamples(
            rows, self.sample_offsets, self.sample_node, self.sample_value, self.sample_span, self.sample_trace
        )
