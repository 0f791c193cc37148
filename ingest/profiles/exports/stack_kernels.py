"""Kernels that spell out the stacks of a tree, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U32
from ingest.profiles.jit import kernel


@kernel
def spelled_size(parents: U32, names: U32, values: I64, sizes: I64) -> Any:
    """Return the sum of the ``sizes`` of all names on all stacks with a value: what they take when spelled out."""
    paths = np.zeros(len(parents), np.int64)
    total = np.int64(0)
    for node in range(1, len(parents)):
        paths[node] = paths[parents[node]] + sizes[names[node]]
        if values[node] != 0:
            total += paths[node]
    return total


@kernel
def spell_stacks(parents: U32, names: U32, values: I64, frame_count: int) -> tuple[U32, I64, U32]:
    """Return the nodes with a value, and for each the names from the root on as offsets and ``frame_count`` names."""
    depths = np.zeros(len(parents), np.int64)
    count = np.int64(values[0] != 0)
    for node in range(1, len(parents)):
        depths[node] = depths[parents[node]] + 1
        count += values[node] != 0
    nodes = np.empty(count, np.uint32)
    offsets = np.zeros(count + 1, np.int64)
    frames = np.empty(frame_count, np.uint32)
    line = 0
    for node in range(len(parents)):
        if values[node] == 0:
            continue
        nodes[line] = node
        offsets[line + 1] = offsets[line] + depths[node]
        step: Any = np.int64(node)
        for at in range(offsets[line + 1] - 1, offsets[line] - 1, -1):
            frames[at] = names[step]
            step = np.int64(parents[step])
        line += 1
    return nodes, offsets, frames


def warm_up() -> None:
    """Compile every kernel of this file on a tree of two nodes."""
    parents, values = np.zeros(2, np.uint32), np.ones(2, np.int64)
    spelled_size(parents, parents, values, np.ones(1, np.int64))
    spell_stacks(parents, parents, values, 1)
