"""The whole content of a part as columns: what a block is written from and what compaction combines."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.profiles.columns import I64, U32, U64, Labels, Symbols


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
