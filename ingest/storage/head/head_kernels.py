"""Kernels of a head: append the samples of a group and gather them back.

The row table is int64[COLUMNS, capacity], one row of the matrix per column, so that each column is contiguous and a
kernel takes one argument instead of ten. Unsigned ids are kept as their bit patterns.
"""

from __future__ import annotations

import numpy as np

from ingest.profiles.columns import I64, U32, U64
from ingest.profiles.jit import kernel

SERIES, TIME, ID_HI, ID_LO, DURATION, PERIOD, TOTAL, CHUNK, OFFSET, COUNT = range(10)
COLUMNS = 10


@kernel
def append_group(
    node_map: U32,
    sample_node: U32,
    sample_values: I64,
    sample_span: U64,
    sample_trace: U64,
    series: I64,
    identity: I64,
    table: I64,
    row: int,
    chunk: int,
    chunk_node: U32,
    chunk_value: I64,
    chunk_span: U64,
    chunk_trace: U64,
    offset: int,
) -> tuple[int, int]:
    """Append one row per sample type that has a value; return the row count and the chunk's fill after it.

    ``identity`` is id_hi, id_lo, time, duration and period. The caller made room: a row per sample type in ``table``,
    an entry per value that is not zero in the chunk. ``chunk_span`` and ``chunk_trace`` are empty while no sample of
    the chunk has a span or trace.
    """
    with_spans = len(chunk_span) > 0 and len(sample_span) > 0
    with_traces = len(chunk_trace) > 0 and len(sample_trace) > 0
    for kind in range(sample_values.shape[0]):
        first = offset
        total = np.int64(0)
        for i in range(sample_values.shape[1]):
            value = sample_values[kind, i]
            if value != 0:
                chunk_node[offset] = node_map[sample_node[i]]
                chunk_value[offset] = value
                if with_spans:
                    chunk_span[offset] = sample_span[i]
                if with_traces:
                    chunk_trace[offset] = sample_trace[i]
                total += value
                offset += 1
        if offset > first:
            table[SERIES, row] = series[kind]
            table[ID_HI, row] = identity[0]
            table[ID_LO, row] = identity[1]
            table[TIME, row] = identity[2]
            table[DURATION, row] = identity[3]
            table[PERIOD, row] = identity[4]
            table[TOTAL, row] = total
            table[CHUNK, row] = chunk
            table[OFFSET, row] = first
            table[COUNT, row] = offset - first
            row += 1
    return row, offset


@kernel
def gather_rows(
    node: U32,
    value: I64,
    span: U64,
    trace: U64,
    offset: I64,
    count: I64,
    target: I64,
    out_node: U32,
    out_value: I64,
    out_span: U64,
    out_trace: U64,
) -> None:
    """Copy these rows of one chunk to ``target``, their places in flat columns. ``out_span`` and ``out_trace`` may
    be empty."""
    for i in range(len(offset)):
        to = target[i]
        for j in range(offset[i], offset[i] + count[i]):
            out_node[to] = node[j]
            out_value[to] = value[j]
            if len(out_span) > 0:
                out_span[to] = span[j] if len(span) > 0 else np.uint64(0)
            if len(out_trace) > 0:
                for half in range(2):
                    out_trace[to, half] = trace[j, half] if len(trace) > 0 else np.uint64(0)
            to += 1


def warm_up() -> None:
    """Compile every kernel of this file."""
    u32, i64, u64 = np.zeros(1, np.uint32), np.ones(1, np.int64), np.zeros(1, np.uint64)
    trace = np.zeros((1, 2), np.uint64)
    table = np.zeros((COLUMNS, 1), np.int64)
    append_group(
        u32,
        u32,
        np.ones((1, 1), np.int64),
        u64,
        trace,
        i64,
        np.zeros(5, np.int64),
        table,
        0,
        0,
        u32.copy(),
        i64.copy(),
        u64.copy(),
        trace.copy(),
        0,
    )
    zero = np.zeros(1, np.int64)
    gather_rows(u32, i64, u64, trace, zero, i64, zero, u32.copy(), i64.copy(), u64.copy(), trace.copy())
