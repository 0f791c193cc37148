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
def truncate_tree(
    parents: U32, names: U32, values: I64, totals: I64, least_total: int, other: int, keep_other: bool
) -> tuple[U32, U32, I64, I64]:
    """Return parent, name, value and total of the nodes that remain, and after them of those that stand for the rest.

    Dropped are nodes with a total under ``least_total`` and, unless ``keep_other``, all nodes named ``other``, each
    with what is below. Their totals are summed into one new child ``other`` of their parent; with ``keep_other`` into
    the child of that name when there is one.
    """
    new_nodes = np.full(len(parents), -1, np.int64)
    rest = np.zeros(len(parents), np.int64)
    other_child = np.zeros(len(parents), np.int64)
    new_nodes[0] = 0
    kept = 1
    rests = 0
    for node in range(1, len(parents)):
        parent = parents[node]
        if new_nodes[parent] < 0 or totals[node] == 0:
            continue
        if (names[node] == other and keep_other) or (names[node] != other and totals[node] >= least_total):
            new_nodes[node] = kept
            kept += 1
            if names[node] == other:
                other_child[parent] = node
        else:
            rests += rest[parent] == 0
            rest[parent] += totals[node]
    new_parents = np.zeros(kept + rests, np.uint32)
    new_names = np.zeros(kept + rests, np.uint32)
    new_values = np.zeros(kept + rests, np.int64)
    new_totals = np.zeros(kept + rests, np.int64)
    place = kept
    for node in range(len(parents)):
        new = new_nodes[node]
        if new < 0:
            continue
        new_parents[new] = new_nodes[parents[node]]
        new_names[new] = names[node]
        new_values[new] += values[node]
        new_totals[new] += totals[node]
        if rest[node] == 0:
            continue
        if other_child[node] != 0:
            adopted = new_nodes[other_child[node]]
            new_values[adopted] += rest[node]
            new_totals[adopted] += rest[node]
        else:
            new_parents[place] = new
            new_names[place] = other
            new_values[place] = rest[node]
            new_totals[place] = rest[node]
            place += 1
    return new_parents[:place].copy(), new_names[:place].copy(), new_values[:place].copy(), new_totals[:place].copy()


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
    """Return the flame graph's numbers, int64[4 N], level after level, and where each level begins, int64[levels+1].

    Four numbers a node: distance from the end of the node to the left, total, value and number of the name. A node's
    own value is its left part: its children start to the right of it.
    """
    node_count = len(names)
    order = np.empty(node_count, np.uint32)
    starts = np.zeros(node_count, np.int64)
    level_starts = np.zeros(node_count + 1, np.int64)
    numbers = np.empty(4 * node_count, np.int64)
    order[0] = 0
    filled = 1
    at = 0
    levels = 0
    while at < filled:
        level_starts[levels] = 4 * at
        levels += 1
        level_end = filled
        position = 0
        while at < level_end:
            node = order[at]
            numbers[4 * at] = starts[node] - position
            numbers[4 * at + 1] = totals[node]
            numbers[4 * at + 2] = values[node]
            numbers[4 * at + 3] = name_numbers[names[node]]
            position = starts[node] + totals[node]
            child_start = starts[node] + values[node]
            for place in range(child_offsets[node], child_offsets[node + 1]):
                child = children[place]
                starts[child] = child_start
                child_start += totals[child]
                order[filled] = child
                filled += 1
            at += 1
    level_starts[levels] = 4 * node_count
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
    parents, names, values, totals = truncate_tree(parents, parents, values, values, 1, 2, False)
    child_offsets, children = children_by_rank(parents, np.zeros(2, np.int64), 1)
    order = last_child_first(child_offsets, children)
    number_names(order, names, np.full(2, -1, np.int64), 0)
    lay_out(child_offsets, children, names, np.zeros(2, np.int64), values, totals)
    folded_lines(parents, names, values, offsets, data)
    name_totals(child_offsets, children, names, values, totals, 1)
