"""Kernels over stack trees: totals, the projection to function names, and the choice and order of what is kept.

All trees have their parents first (``parent[i] < i``), so sums go up in one backward pass and paths down in one forward
pass; nothing recurses, whatever the depth.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8, U32
from ingest.profiles.hash_kernels import equal_bytes, hash_bytes, hash_pair
from ingest.profiles.jit import kernel

#: Marks a row that is not kept, in the maps from old rows to new ones.
NONE = 0xFFFFFFFF

_NONE = np.uint32(NONE)
_LOW32 = np.uint64(0xFFFFFFFF)
_SHIFT32 = np.uint64(32)
_ONE = np.uint64(1)
_ZERO = np.uint64(0)
_SEED = np.uint64(0x5BE0CD19137E2179)


@kernel
def node_totals(parents: U32, values: I64) -> I64:
    """Return int64[N], the sum of ``values`` over the subtree of each node."""
    totals = values.copy()
    for node in range(len(parents) - 1, 0, -1):
        totals[parents[node]] += totals[node]
    return totals


@kernel
def _table_for(rows: Any) -> Any:
    """Return an empty hash table that ``rows`` entries fill to at most one half."""
    size = 16
    while size < 2 * rows:
        size *= 2
    return np.zeros(size, np.uint64)


@kernel
def distinct_names(string_offsets: I64, string_bytes: U8, function_names: U32) -> tuple[U32, U32]:
    """Number the different names of functions in order of first use, comparing their bytes.

    Returns uint32[F], the number of each function's name, and uint32[n], the string of each number.
    """
    slots = _table_for(len(function_names))
    mask = np.uint64(len(slots) - 1)
    numbers = np.empty(len(function_names), np.uint32)
    strings = np.empty(len(function_names), np.uint32)
    count = 0
    for function in range(len(function_names)):
        string = function_names[function]
        start = string_offsets[string]
        size = string_offsets[string + 1] - start
        code = hash_bytes(string_bytes, start, size, _SEED)
        slot = code & mask
        found = np.int64(-1)
        while slots[slot] != _ZERO:
            entry = slots[slot]
            if entry >> _SHIFT32 == code:
                number = np.int64(entry & _LOW32) - 1
                other = string_offsets[strings[number]]
                if string_offsets[strings[number] + 1] - other == size and equal_bytes(
                    string_bytes, other, string_bytes, start, size
                ):
                    found = number
                    break
            slot = (slot + _ONE) & mask
        if found < 0:
            strings[count] = string
            found = np.int64(count)
            count += 1
            slots[slot] = (code << _SHIFT32) | np.uint64(count)
        numbers[function] = found
    return numbers, strings[:count].copy()


@kernel
def project_nodes(
    parents: U32, locations: U32, values: I64, totals: I64, line_offsets: I64, line_functions: U32, name_numbers: U32
) -> tuple[U32, U32, I64]:
    """Return parent, name number and value of each node of the tree by name, the root first.

    Subtrees whose total is 0 are left out. A location adds a node for each of its lines, the outermost caller first;
    one without lines adds none, so what it holds goes to the frame above it.
    """
    most = 1
    for node in range(1, len(parents)):
        if totals[node] != 0:
            most += line_offsets[locations[node] + 1] - line_offsets[locations[node]]
    slots = _table_for(most)
    mask = np.uint64(len(slots) - 1)
    new_parents = np.zeros(most, np.uint32)
    new_names = np.zeros(most, np.uint32)
    new_values = np.zeros(most, np.int64)
    new_nodes = np.zeros(len(parents), np.uint32)
    new_values[0] = values[0]
    count = 1
    for node in range(1, len(parents)):
        if totals[node] == 0:
            continue
        current = new_nodes[parents[node]]
        location = locations[node]
        for line in range(line_offsets[location + 1] - 1, line_offsets[location] - 1, -1):
            name = name_numbers[line_functions[line]]
            code = hash_pair(current, name, _SEED)
            slot = code & mask
            found = np.int64(-1)
            while slots[slot] != _ZERO:
                entry = slots[slot]
                if entry >> _SHIFT32 == code:
                    row = np.int64(entry & _LOW32) - 1
                    if new_parents[row] == current and new_names[row] == name:
                        found = row
                        break
                slot = (slot + _ONE) & mask
            if found < 0:
                new_parents[count] = current
                new_names[count] = name
                found = np.int64(count)
                count += 1
                slots[slot] = (code << _SHIFT32) | np.uint64(count)
            current = np.uint32(found)
        new_nodes[node] = current
        new_values[current] += values[node]
    return new_parents[:count].copy(), new_names[:count].copy(), new_values[:count].copy()


@kernel
def keep_ancestors(parents: U32, used: Any) -> None:
    """Mark in ``used`` (bool[N]) the ancestors of every marked node, and the root."""
    used[0] = True
    for node in range(len(parents) - 1, 0, -1):
        if used[node]:
            used[parents[node]] = True


@kernel
def used_in_order(used: Any) -> U32:
    """Return the marked nodes in ascending order."""
    order = np.empty(len(used), np.uint32)
    count = 0
    for node in range(len(used)):
        if used[node]:
            order[count] = node
            count += 1
    return order[:count].copy()


@kernel
def used_depth_first(parents: U32, used: Any) -> U32:
    """Return the marked nodes so that each subtree is one run; siblings keep their order. Ancestors must be marked."""
    first_child = np.zeros(len(parents), np.uint32)
    next_sibling = np.zeros(len(parents), np.uint32)
    for node in range(len(parents) - 1, 0, -1):
        if used[node]:
            next_sibling[node] = first_child[parents[node]]
            first_child[parents[node]] = node
    order = np.empty(len(parents), np.uint32)
    order[0] = 0
    count = 1
    step: Any = np.int64(first_child[0])
    while step != 0:
        order[count] = step
        count += 1
        if first_child[step] != 0:
            step = np.int64(first_child[step])
            continue
        while step != 0 and next_sibling[step] == 0:
            step = np.int64(parents[step])
        step = np.int64(next_sibling[step])
    return order[:count].copy()


@kernel
def new_nodes(parents: U32, order: U32) -> tuple[U32, U32]:
    """Return uint32[N], the place of each old node in ``order`` or NONE, and uint32[n], the new parents."""
    node_map = np.full(len(parents), _NONE, np.uint32)
    new_parents = np.empty(len(order), np.uint32)
    for place in range(len(order)):
        node_map[order[place]] = place
        new_parents[place] = node_map[parents[order[place]]]
    return node_map, new_parents


@kernel
def number_by_first_use(references: U32, row_map: U32, order: U32, count: int) -> int:
    """Number the rows that ``references`` name and ``row_map`` (old row to new, NONE at first) does not yet.

    New numbers go on from ``count``; ``order`` receives the old row of each. Returns the new count.
    """
    for reference in references:
        if row_map[reference] == _NONE:
            row_map[reference] = count
            order[count] = reference
            count += 1
    return count


@kernel
def gather_bytes(offsets: I64, data: U8, order: U32) -> tuple[I64, U8]:
    """Return offsets and bytes of the strings ``order`` names, in that order."""
    new_offsets = np.zeros(len(order) + 1, np.int64)
    for place in range(len(order)):
        new_offsets[place + 1] = new_offsets[place] + offsets[order[place] + 1] - offsets[order[place]]
    gathered = np.empty(new_offsets[-1], np.uint8)
    for place in range(len(order)):
        start = offsets[order[place]]
        target = new_offsets[place]
        for at in range(new_offsets[place + 1] - target):
            gathered[target + at] = data[start + at]
    return new_offsets, gathered


@kernel
def gather_lines(offsets: I64, functions: U32, numbers: I64, order: U32) -> tuple[I64, U32, I64]:
    """Return offsets, functions and numbers of the lines of the locations ``order`` names, in that order."""
    new_offsets = np.zeros(len(order) + 1, np.int64)
    for place in range(len(order)):
        new_offsets[place + 1] = new_offsets[place] + offsets[order[place] + 1] - offsets[order[place]]
    new_functions = np.empty(new_offsets[-1], np.uint32)
    new_numbers = np.empty(new_offsets[-1], np.int64)
    for place in range(len(order)):
        start = offsets[order[place]]
        for at in range(new_offsets[place + 1] - new_offsets[place]):
            new_functions[new_offsets[place] + at] = functions[start + at]
            new_numbers[new_offsets[place] + at] = numbers[start + at]
    return new_offsets, new_functions, new_numbers


@kernel
def below_call_site(
    parents: U32, locations: U32, line_offsets: I64, line_functions: U32, name_numbers: U32, wanted: I64
) -> Any:
    """Return bool[N]: whether a node lies at or below the end of the path that ``wanted`` (int64[k] names) spells.

    A location has a frame for each of its lines, and the path may end among them. ``name_numbers`` (uint32[F]) number
    the functions' names as ``wanted`` does.
    """
    matched = np.full(len(parents), -1, np.int64)
    matched[0] = 0
    for node in range(1, len(parents)):
        depth = matched[parents[node]]
        location = locations[node]
        for line in range(line_offsets[location + 1] - 1, line_offsets[location] - 1, -1):
            if depth < 0 or depth == len(wanted):
                break
            depth = depth + 1 if wanted[depth] == name_numbers[line_functions[line]] else -1
        matched[node] = depth
    return matched == len(wanted)


def warm_up() -> None:
    """Compile every kernel of this file on a tree of two nodes."""
    u32, i64, data = np.zeros(2, np.uint32), np.array([0, 0, 0], np.int64), np.zeros(8, np.uint8)
    parents, offsets, used = np.zeros(2, np.uint32), np.array([0, 1, 1], np.int64), np.ones(2, np.bool_)
    totals = node_totals(parents, np.ones(2, np.int64))
    numbers, _ = distinct_names(offsets, data, u32)
    project_nodes(parents, u32, np.ones(2, np.int64), totals, offsets, u32, numbers)
    keep_ancestors(parents, used)
    used_depth_first(parents, used)
    new_nodes(parents, used_in_order(used))
    number_by_first_use(u32, np.full(2, NONE, np.uint32), u32.copy(), 0)
    gather_bytes(offsets, data, u32)
    gather_lines(offsets, u32, i64, u32)
    below_call_site(parents, u32, offsets, u32, numbers, i64)
