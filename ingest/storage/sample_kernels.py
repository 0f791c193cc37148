"""Kernels over the samples of rows: sums per node, per row and per span.

A run of samples is flat columns ``node``, ``value`` and ``span``, in which row i lies at ``offset[i]`` and has
``count[i]`` samples. Samples count where ``kept`` (bool[n]) and ``nodes`` (bool[N], by node) say so; either may be
empty, which leaves nothing out. Samples that are in no row may hold anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U32, U64
from ingest.profiles.jit import kernel


@kernel
def add_rows(node: U32, value: I64, offset: I64, count: I64, node_self: I64) -> None:
    """Add the values of these rows to their nodes."""
    for i in range(len(offset)):
        for j in range(offset[i], offset[i] + count[i]):
            node_self[node[j]] += value[j]


@kernel
def add_kept(node: U32, value: I64, kept: Any, offset: I64, count: I64, node_self: I64) -> None:
    """Like :func:`add_rows` for the samples that are ``kept`` (bool[n])."""
    for i in range(len(offset)):
        for j in range(offset[i], offset[i] + count[i]):
            if kept[j]:
                node_self[node[j]] += value[j]


@kernel
def row_totals(node: U32, value: I64, kept: Any, nodes: Any, offset: I64, count: I64, rows: I64, totals: I64) -> None:
    """Add the values that count of each row i to ``totals[rows[i]]``."""
    for i in range(len(offset)):
        for j in range(offset[i], offset[i] + count[i]):
            if (len(kept) == 0 or kept[j]) and (len(nodes) == 0 or nodes[node[j]]):
                totals[rows[i]] += value[j]


@kernel
def span_totals(
    node: U32, value: I64, span: U64, kept: Any, nodes: Any, offset: I64, count: I64
) -> tuple[I64, I64, I64]:
    """Return row (its number i), sample and total of each span other than 0 of each row, over the values that count.

    The sample is one of the span's.
    """
    most = np.int64(0)
    for i in range(len(offset)):
        most += count[i]
    rows = np.empty(most, np.int64)
    samples = np.empty(most, np.int64)
    totals = np.zeros(most, np.int64)
    found = 0
    for i in range(len(offset)):
        order = np.argsort(span[offset[i] : offset[i] + count[i]])
        first = found
        for place in order:
            j = offset[i] + place
            if span[j] == 0 or (len(kept) > 0 and not kept[j]) or (len(nodes) > 0 and not nodes[node[j]]):
                continue
            if found == first or span[samples[found - 1]] != span[j]:
                rows[found] = i
                samples[found] = j
                found += 1
            totals[found - 1] += value[j]
    return rows[:found].copy(), samples[:found].copy(), totals[:found].copy()


@kernel
def kept_traces(trace: U64, wanted: U64) -> Any:
    """Return bool[n], whether each of ``trace`` (uint64[n, 2]) is one of ``wanted`` (uint64[k, 2], sorted)."""
    kept = np.zeros(len(trace), np.bool_)
    for i in range(len(trace)):
        low = np.int64(0)
        high = np.int64(len(wanted))
        while low < high:
            middle = (low + high) // 2
            if wanted[middle, 0] < trace[i, 0] or (
                wanted[middle, 0] == trace[i, 0] and wanted[middle, 1] < trace[i, 1]
            ):
                low = middle + 1
            else:
                high = middle
        kept[i] = low < len(wanted) and wanted[low, 0] == trace[i, 0] and wanted[low, 1] == trace[i, 1]
    return kept


def warm_up() -> None:
    """Compile every kernel of this file."""
    u32, i64, u64 = np.zeros(1, np.uint32), np.ones(1, np.int64), np.ones(1, np.uint64)
    zero, kept = np.zeros(1, np.int64), np.ones(1, np.bool_)
    add_rows(u32, i64, zero, i64, zero.copy())
    add_kept(u32, i64, kept, zero, i64, zero.copy())
    kept_traces(np.zeros((1, 2), np.uint64), np.zeros((1, 2), np.uint64))
    row_totals(u32, i64, kept, kept, zero, i64, zero, zero.copy())
    span_totals(u32, i64, u64, kept, kept, zero, i64)
