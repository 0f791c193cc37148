"""Kernels that cut, order and lay out trees by function name; parents come first in all of them.

Children are given as ``child_offsets`` (int64[N+1]) into ``children`` (uint32[N-1]), as :func:`children_by_rank` makes
them. Walks use stacks of their own: a tree may be as deep as it has nodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8, U32
from ingest.profiles.jit import kernel


@kernel
def cut_nodes(
    parents: U32, names: U32, weights: I64, least_weight: int, other: int, keep_other: bool
) -> tuple[U32, U32, U32]:
    """Return uint32[N], the node each node goes to, and parent and name of the nodes that remain.

    Dropped are nodes with a weight under ``least_weight`` and, unless ``keep_other``, all nodes named ``other``, each
    with what is below. They go to one new child ``other`` of their parent, after all that are kept; with ``keep_other``
    to the child of that name when there is one. A weight must not be less than that of any node below; nodes of weight
    0 have nothing to lose and go to their parent.
    """
    kept_as = np.full(len(parents), -1, np.int64)
    rest_of = np.zeros(len(parents), np.int64)
    kept_as[0] = 0
    kept = 1
    rests = 0
    for node in range(1, len(parents)):
        parent = parents[node]
        if kept_as[parent] < 0 or weights[node] == 0:
            continue
        if (names[node] == other and keep_other) or (names[node] != other and weights[node] >= least_weight):
            kept_as[node] = kept
            kept += 1
        elif rest_of[parent] == 0:
            rest_of[parent] = -1
            rests += 1
    if keep_other:
        for node in range(1, len(parents)):
            if kept_as[node] >= 0 and names[node] == other and rest_of[parents[node]] != 0:
                rest_of[parents[node]] = kept_as[node]
    node_map = np.zeros(len(parents), np.uint32)
    new_parents = np.zeros(kept + rests, np.uint32)
    new_names = np.zeros(kept + rests, np.uint32)
    place = kept
    for node in range(len(parents)):
        parent = parents[node]
        new = kept_as[node]
        if new < 0:
            below_rest = kept_as[parent] >= 0 and weights[node] != 0
            node_map[node] = rest_of[parent] if below_rest else node_map[parent]
            continue
        node_map[node] = new
        new_parents[new] = node_map[parent]
        new_names[new] = names[node]
        if rest_of[node] < 0:
            rest_of[node] = place
            new_parents[place] = new
            new_names[place] = other
            place += 1
    return node_map, new_parents[:place].copy(), new_names[:place].copy()


@kernel
def moved_values(values: I64, node_map: U32, node_count: int) -> I64:
    """Return int64[K, ``node_count``]: ``values`` (int64[K, N]) summed over the nodes that go to each node."""
    sums = np.zeros((len(values), node_count), np.int64)
    for side in range(len(values)):
        for node in range(len(node_map)):
            sums[side, node_map[node]] += values[side, node]
    return sums


@kernel
def side_totals(parents: U32, values: I64) -> I64:
    """Return int64[K, N], the sum of ``values`` (int64[K, N]) over the subtree of each node."""
    totals = values.copy()
    for side in range(len(values)):
        for node in range(len(parents) - 1, 0, -1):
            totals[side, parents[node]] += totals[side, node]
    return totals


@kernel
def children_by_rank(parents: U32, ranks: I64, rank_count: int) -> tuple[I64, U32]:
    """Return ``child_offsets`` and ``children``, siblings by ascending rank of theirs (0 <= rank < ``rank_count``).

    Two counting sorts, first by rank and then by parent, both stable.
    """
    rank_ends = np.zeros(rank_count + 1, np.int64)
    for node in range(1, len(parents)):
        rank_ends[ranks[node] + 1] += 1
    for rank in range(rank_count):
        rank_ends[rank + 1] += rank_ends[rank]
    by_rank = np.empty(len(parents), np.uint32)
    for node in range(1, len(parents)):
        by_rank[rank_ends[ranks[node]]] = node
        rank_ends[ranks[node]] += 1

    child_offsets = np.zeros(len(parents) + 1, np.int64)
    for node in range(1, len(parents)):
        child_offsets[parents[node] + 1] += 1
    for node in range(len(parents)):
        child_offsets[node + 1] += child_offsets[node]
    ends = child_offsets.copy()
    children = np.empty(len(parents) - 1, np.uint32)
    for at in range(len(parents) - 1):
        node = by_rank[at]
        children[ends[parents[node]]] = node
        ends[parents[node]] += 1
    return child_offsets, children


@kernel
def last_child_first(child_offsets: I64, children: U32) -> U32:
    """Return all nodes depth first, each node before its children and of siblings the last first."""
    order = np.empty(len(child_offsets) - 1, np.uint32)
    stack = np.empty(len(child_offsets) - 1, np.uint32)
    stack[0] = 0
    depth = 1
    count = 0
    while depth > 0:
        depth -= 1
        node = stack[depth]
        order[count] = node
        count += 1
        for at in range(child_offsets[node], child_offsets[node + 1]):
            stack[depth] = children[at]
            depth += 1
    return order


@kernel
def number_names(order: U32, names: U32, name_numbers: I64, first: int) -> U32:
    """Number names as the nodes in ``order`` need them, from ``first`` on, into ``name_numbers`` (-1: not yet).

    Returns the newly numbered names in the order of their numbers.
    """
    found = np.empty(len(name_numbers), np.uint32)
    count = 0
    for node in order:
        if name_numbers[names[node]] < 0:
            name_numbers[names[node]] = first + count
            found[count] = names[node]
            count += 1
    return found[:count].copy()


@kernel
def lay_out(
    child_offsets: I64, children: U32, names: U32, name_numbers: I64, values: I64, totals: I64
) -> tuple[I64, I64]:
    """Return a flame graph's numbers, level after level, and where each level begins, int64[levels + 1].

    ``values`` and ``totals`` are int64[K, N], one row a side. A node has three numbers a side - distance from the end
    of the node to the left, total and value - and the number of its name after them. A node's own value is its left
    part: its children start to the right of it.
    """
    node_count = len(names)
    sides = len(values)
    width = 3 * sides + 1
    order = np.empty(node_count, np.uint32)
    starts = np.zeros((sides, node_count), np.int64)
    level_starts = np.zeros(node_count + 1, np.int64)
    numbers = np.empty(width * node_count, np.int64)
    positions = np.zeros(sides, np.int64)
    order[0] = 0
    filled = 1
    at = 0
    levels = 0
    while at < filled:
        level_starts[levels] = width * at
        levels += 1
        level_end = filled
        positions[:] = 0
        while at < level_end:
            node = order[at]
            for place in range(child_offsets[node], child_offsets[node + 1]):
                order[filled] = children[place]
                filled += 1
            for side in range(sides):
                entry = width * at + 3 * side
                numbers[entry] = starts[side, node] - positions[side]
                numbers[entry + 1] = totals[side, node]
                numbers[entry + 2] = values[side, node]
                positions[side] = starts[side, node] + totals[side, node]
                child_start = starts[side, node] + values[side, node]
                for place in range(child_offsets[node], child_offsets[node + 1]):
                    starts[side, children[place]] = child_start
                    child_start += totals[side, children[place]]
            numbers[width * at + width - 1] = name_numbers[names[node]]
            at += 1
    level_starts[levels] = width * node_count
    return numbers, level_starts[: levels + 1].copy()


@kernel
def folded_lines(parents: U32, names: U32, values: I64, name_offsets: I64, name_bytes: U8) -> tuple[U32, I64, U8]:
    """Return the nodes with a value, and for each the names from the root on joined by ``;`` as offsets and bytes."""
    lengths = np.zeros(len(parents), np.int64)
    count = 0
    for node in range(1, len(parents)):
        size = name_offsets[names[node] + 1] - name_offsets[names[node]]
        lengths[node] = lengths[parents[node]] + size + (parents[node] != 0)
        count += values[node] != 0
    count += values[0] != 0
    nodes = np.empty(count, np.uint32)
    offsets = np.zeros(count + 1, np.int64)
    place = 0
    for node in range(len(parents)):
        if values[node] != 0:
            nodes[place] = node
            offsets[place + 1] = offsets[place] + lengths[node]
            place += 1
    text = np.empty(offsets[-1], np.uint8)
    for line in range(count):
        end = offsets[line + 1]
        step: Any = np.int64(nodes[line])
        while step != 0:
            start = name_offsets[names[step]]
            size = name_offsets[names[step] + 1] - start
            end -= size
            for at in range(size):
                text[end + at] = name_bytes[start + at]
            step = np.int64(parents[step])
            if step != 0:
                end -= 1
                text[end] = 59  # ";"
    return nodes, offsets, text


@kernel
def name_totals(
    child_offsets: I64, children: U32, names: U32, values: I64, totals: I64, name_count: int
) -> tuple[I64, I64]:
    """Return value and total of each name, int64[``name_count``]; a stack adds to the total of a name once."""
    name_values = np.zeros(name_count, np.int64)
    sums = np.zeros(name_count, np.int64)
    open_frames = np.zeros(name_count, np.int64)
    path = np.empty(len(names), np.uint32)
    next_child = child_offsets[:-1].copy()
    path[0] = 0
    depth = 1
    while depth > 0:
        node = path[depth - 1]
        if next_child[node] < child_offsets[node + 1]:
            child = children[next_child[node]]
            next_child[node] += 1
            name = names[child]
            name_values[name] += values[child]
            if open_frames[name] == 0:
                sums[name] += totals[child]
            open_frames[name] += 1
            path[depth] = child
            depth += 1
        else:
            if depth > 1:
                open_frames[names[node]] -= 1
            depth -= 1
    return name_values, sums


def warm_up() -> None:
    """Compile every kernel of this file on a tree of two nodes."""
    parents, values, offsets = np.zeros(2, np.uint32), np.ones(2, np.int64), np.array([0, 1, 2], np.int64)
    data = np.zeros(8, np.uint8)
    node_map, parents, names = cut_nodes(parents, parents, values, 1, 2, False)
    sides = moved_values(np.ones((1, 2), np.int64), node_map, 2)
    child_offsets, children = children_by_rank(parents, np.zeros(2, np.int64), 1)
    order = last_child_first(child_offsets, children)
    number_names(order, names, np.full(2, -1, np.int64), 0)
    lay_out(child_offsets, children, names, np.zeros(2, np.int64), sides, side_totals(parents, sides))
    folded_lines(parents, names, values, offsets, data)
    name_totals(child_offsets, children, names, values, values, 1)
