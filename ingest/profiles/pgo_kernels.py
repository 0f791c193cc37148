"""Kernel that cuts stacks down to what lies nearest their leaves."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U32
from ingest.profiles.hash_kernels import hash_pair
from ingest.profiles.jit import kernel

_LOW32 = np.uint64(0xFFFFFFFF)
_SHIFT32 = np.uint64(32)
_ONE = np.uint64(1)
_ZERO = np.uint64(0)
_SEED = np.uint64(0x27D4EB2F165667C5)


@kernel
def cut_to_leaves(
    parents: U32, locations: U32, values: I64, keep_locations: int, leaf_shift: int
) -> tuple[U32, U32, I64]:
    """Return parent, location and value of each node of the tree of cut stacks, the root first.

    Of each node with a value the ``keep_locations`` locations up from it are kept (below 1: all). The location of the
    leaf is ``leaf_shift`` rows further on than it was.
    """
    most = 1
    longest = 1
    depths = np.zeros(len(parents), np.int64)
    for node in range(1, len(parents)):
        depths[node] = depths[parents[node]] + 1
        if values[node] != 0:
            size = depths[node] if keep_locations < 1 else min(depths[node], keep_locations)
            most += size
            longest = max(longest, size)
    table = 16
    while table < 2 * most:
        table *= 2
    slots = np.zeros(table, np.uint64)
    mask = np.uint64(table - 1)
    new_parents = np.zeros(most, np.uint32)
    new_locations = np.zeros(most, np.uint32)
    new_values = np.zeros(most, np.int64)
    new_values[0] = values[0]
    path = np.empty(longest, np.uint32)
    count = 1
    for node in range(1, len(parents)):
        if values[node] == 0:
            continue
        size = depths[node] if keep_locations < 1 else min(depths[node], keep_locations)
        step: Any = np.int64(node)
        for place in range(size - 1, -1, -1):
            path[place] = locations[step]
            step = np.int64(parents[step])
        path[size - 1] += leaf_shift
        current = np.uint32(0)
        for place in range(size):
            code = hash_pair(current, path[place], _SEED)
            slot = code & mask
            found = np.int64(-1)
            while slots[slot] != _ZERO:
                entry = slots[slot]
                if entry >> _SHIFT32 == code:
                    row = np.int64(entry & _LOW32) - 1
                    if new_parents[row] == current and new_locations[row] == path[place]:
                        found = row
                        break
                slot = (slot + _ONE) & mask
            if found < 0:
                new_parents[count] = current
                new_locations[count] = path[place]
                found = np.int64(count)
                count += 1
                slots[slot] = (code << _SHIFT32) | np.uint64(count)
            current = np.uint32(found)
        new_values[current] += values[node]
    return new_parents[:count].copy(), new_locations[:count].copy(), new_values[:count].copy()


def warm_up() -> None:
    """Compile every kernel of this file on a tree of two nodes."""
    u32 = np.zeros(2, np.uint32)
    cut_to_leaves(u32, u32, np.ones(2, np.int64), 1, 0)
