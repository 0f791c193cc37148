"""Kernels that write and read the binary tree; its layout is told in :mod:`ingest.profiles.tree_encoding`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8, U32
from ingest.profiles.jit import checked_kernel, kernel
from ingest.profiles.pprof.varint_kernels import read_varint

#: Statuses of :func:`read_tree`.
OK, DAMAGED, TRAILING_BYTES, TOO_MANY_NODES, SUM_TOO_LARGE = range(5)

#: Bytes of the smallest node: an empty name, a small value, a small number of children.
LEAST_NODE_BYTES = 3

_LARGEST = np.uint64(2**63 - 1)


@kernel
def _write_uvarint(out: U8, at: Any, value: Any) -> Any:
    while value >= 128:
        out[at] = (value & 127) | 128
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


@kernel
def write_tree(order: U32, child_offsets: I64, names: U32, values: I64, name_offsets: I64, name_bytes: U8) -> U8:
    """Return the nodes in ``order``, each as length of its name, name, value and number of children.

    The root has no name. Numbers are unsigned LEB128 and not negative.
    """
    most = 30 * len(order)
    for node in order:
        most += name_offsets[names[node] + 1] - name_offsets[names[node]]
    out = np.empty(most, np.uint8)
    at = 0
    for node in order:
        start = name_offsets[names[node]]
        size = name_offsets[names[node] + 1] - start if node != 0 else 0
        at = _write_uvarint(out, at, size)
        for byte in range(size):
            out[at] = name_bytes[start + byte]
            at += 1
        at = _write_uvarint(out, at, values[node])
        at = _write_uvarint(out, at, child_offsets[node + 1] - child_offsets[node])
    return out[:at].copy()


@checked_kernel
def read_tree(raw: U8, max_nodes: int) -> tuple[int, U32, I64, I64]:
    """Return a status, uint32[N] parents, int64[2 N] start and end of each name in ``raw``, and int64[N] values.

    Nodes come as they are written: the root first, each before what is below it.
    """
    most = min(len(raw) // LEAST_NODE_BYTES, max_nodes) + 1
    parents = np.zeros(most, np.uint32)
    bounds = np.zeros(2 * most, np.int64)
    values = np.zeros(most, np.int64)
    waiting = np.zeros(most, np.int64)  # children that a node still waits for
    open_nodes = np.zeros(most, np.uint32)
    depth = 0
    count = 0
    position = 0
    total = np.uint64(0)
    status = OK
    while True:
        if count == max_nodes + 1:
            status = TOO_MANY_NODES
            break
        size, at = read_varint(raw, position, len(raw))
        if at < 0 or size > np.uint64(len(raw) - at):
            status = DAMAGED
            break
        position = at + np.int64(size)
        value, after_value = read_varint(raw, position, len(raw))
        if after_value < 0:
            status = DAMAGED
            break
        children, after = read_varint(raw, after_value, len(raw))
        if after < 0 or children > np.uint64((len(raw) - after) // LEAST_NODE_BYTES):
            status = DAMAGED
            break
        if value > _LARGEST - total:
            status = SUM_TOO_LARGE
            break
        total += value
        bounds[2 * count] = at
        bounds[2 * count + 1] = position
        values[count] = np.int64(value)
        position = after
        if depth > 0:
            parent = open_nodes[depth - 1]
            parents[count] = parent
            waiting[parent] -= 1
            if waiting[parent] == 0:
                depth -= 1
        if children > np.uint64(0):
            waiting[count] = np.int64(children)
            open_nodes[depth] = count
            depth += 1
        count += 1
        if depth == 0:
            break
    if status == OK and position != len(raw):
        status = TRAILING_BYTES
    return status, parents[:count].copy(), bounds[: 2 * count].copy(), values[:count].copy()


def warm_up() -> None:
    """Compile every kernel of this file on a tree of two nodes."""
    order, names = np.array([0, 1], np.uint32), np.zeros(2, np.uint32)
    child_offsets, values, offsets = np.array([0, 1, 1], np.int64), np.ones(2, np.int64), np.array([0, 1], np.int64)
    read_tree(write_tree(order, child_offsets, names, values, offsets, np.full(1, 97, np.uint8)), 10)
