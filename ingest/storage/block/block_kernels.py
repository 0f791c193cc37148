"""Kernel of the block writer: bring the samples of rows into the order of the file."""

from __future__ import annotations

import numpy as np

from ingest.profiles.columns import I64, U32, U64
from ingest.profiles.jit import kernel


@kernel
def arrange_samples(
    rows: I64,
    sample_offsets: I64,
    node: U32,
    value: I64,
    span: U64,
    trace: U64,
    node_map: U32,
    out_offsets: I64,
    out_node: U32,
    out_value: I64,
    out_span: U64,
    out_trace: U64,
) -> int:
    """Write the samples of ``rows`` one row after the other, by ascending new node; return how many there are.

    Values of equal nodes (and equal spans and traces next to each other) are summed. ``out_offsets`` is
    int64[len(rows) + 1]; the other outputs have room for all samples of these rows. ``span`` and ``out_span`` are both
    empty or both full, and so are ``trace`` and ``out_trace``.
    """
    longest = np.int64(0)
    for i in range(len(rows)):
        longest = max(longest, sample_offsets[rows[i] + 1] - sample_offsets[rows[i]])
    keys = np.empty(longest, np.uint64)
    with_spans = len(out_span) > 0
    with_traces = len(out_trace) > 0
    used = 0
    out_offsets[0] = 0
    for i in range(len(rows)):
        start = sample_offsets[rows[i]]
        count = sample_offsets[rows[i] + 1] - start
        for j in range(count):
            keys[j] = (np.uint64(node_map[node[start + j]]) << np.uint64(32)) | np.uint64(j)
        keys[:count].sort()
        first = used
        for j in range(count):
            new_node = np.uint32(keys[j] >> np.uint64(32))
            source = start + np.int64(keys[j] & np.uint64(0xFFFFFFFF))
            same = used > first and out_node[used - 1] == new_node
            if same and with_spans:
                same = out_span[used - 1] == span[source]
            if same and with_traces:
                same = out_trace[used - 1, 0] == trace[source, 0] and out_trace[used - 1, 1] == trace[source, 1]
            if same:
                out_value[used - 1] += value[source]
            else:
                out_node[used] = new_node
                out_value[used] = value[source]
                if with_spans:
                    out_span[used] = span[source]
                if with_traces:
                    out_trace[used] = trace[source]
                used += 1
        out_offsets[i + 1] = used
    return used


def warm_up() -> None:
    """Compile every kernel of this file."""
    u32, i64, u64 = np.zeros(1, np.uint32), np.zeros(1, np.int64), np.zeros(1, np.uint64)
    offsets, trace = np.array([0, 1], np.int64), np.zeros((1, 2), np.uint64)
    arrange_samples(
        i64, offsets, u32, i64, u64, trace, u32, offsets.copy(), u32.copy(), i64.copy(), u64.copy(), trace.copy()
    )
