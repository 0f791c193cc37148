"""Answers drawn from a stack tree by function name: flame graphs, folded stacks and top functions.

All take any profile and project it to function names first when it is not by name yet. The sum of values is never
altered: what is cut off reappears under the name ``other``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ingest.profiles.columns import I64, U32, StackProfile
from ingest.profiles.flamegraph_kernels import (
    children_by_rank,
    folded_lines,
    last_child_first,
    lay_out,
    name_totals,
    number_names,
    truncate_tree,
)
from ingest.profiles.projection import by_name, string_contents
from ingest.profiles.projection_kernels import gather_bytes, node_totals

#: Name of the node at level 0, and of the nodes that stand for what was cut off; clients know both.
TOTAL = b"total"
OTHER = b"other"


@dataclass(frozen=True, slots=True)
class FlameGraph:
    """A laid-out tree: ``levels[k]`` holds four numbers for each node of depth k, from left to right.

    These are the distance from the end of the node to the left (or from 0), total, self value, and index in ``names``.
    A node's self value is its left part, its children follow by name in byte order with ``other`` last.
    """

    names: list[str]  #: ``names[0]`` is "total", the name of the one node of level 0
    levels: list[I64]  #: int64[4 n] each
    total: int
    max_self: int


def build_flamegraph(profile: StackProfile, max_nodes: int) -> FlameGraph:
    """Lay out ``profile``, cutting nodes that are smaller than the ``max_nodes``-th largest (under 1: no cut).

    Children cut off are summed into one child ``other`` of their parent, and so is any real function of that name. Ties
    with the smallest node kept are kept, so there may be a few more nodes than asked for.
    """
    tree = cut_tree(by_name(profile), max_nodes, keep_other=False)
    total_name, names = _find_or_add(tree.names, TOTAL)
    child_offsets, children = children_by_rank(tree.parents, tree.ranks(other_last=True), len(names) + 1)
    numbers = np.full(len(names), -1, np.int64)
    numbers[total_name] = 0
    node_names = tree.node_names.copy()
    node_names[0] = total_name
    named = number_names(last_child_first(child_offsets, children), node_names, numbers, 1)
    layout, level_starts = lay_out(child_offsets, children, node_names, numbers, tree.values, tree.totals)
    return FlameGraph(
        names=[name.decode("utf-8", "replace") for name in (TOTAL, *(names[at] for at in named.tolist()))],
        levels=[layout[start:end] for start, end in pairwise(level_starts.tolist())],
        total=int(tree.totals[0]),
        max_self=int(tree.values.max()),
    )


def collapsed(profile: StackProfile) -> list[tuple[str, int]]:
    """Return each stack by name with its value, as ``root;...;leaf``, sorted by the bytes of the stack.

    Value that belongs to no function at all has the stack ``""``.
    """
    profile = by_name(profile)
    symbols = profile.symbols
    name_offsets, name_bytes = gather_bytes(symbols.string_offsets, symbols.string_bytes, symbols.function_name)
    nodes, offsets, text = folded_lines(
        symbols.node_parent, symbols.node_location, profile.node_self, name_offsets, name_bytes
    )
    whole = text.tobytes()
    stacks = [whole[start:end] for start, end in pairwise(offsets.tolist())]
    lines = sorted(zip(stacks, profile.node_self[nodes].tolist(), strict=True))
    return [(stack.decode("utf-8", "replace"), value) for stack, value in lines]


def top_functions(profile: StackProfile) -> list[tuple[str, int, int]]:
    """Return (name, self, total) of each function with a value, the largest self value first, then the largest total.

    A stack adds to the total of a function once, however often the function is on it. Equals come by name.
    """
    profile = by_name(profile)
    symbols = profile.symbols
    parents, node_names = symbols.node_parent, symbols.node_location
    name_count = len(symbols.function_name)
    child_offsets, children = children_by_rank(parents, node_names.astype(np.int64), max(1, name_count))
    totals = node_totals(parents, profile.node_self)
    name_values, sums = name_totals(child_offsets, children, node_names, profile.node_self, totals, name_count)
    names = string_contents(symbols, symbols.function_name)
    rows = [row for row in zip(names, name_values.tolist(), sums.tolist(), strict=True) if row[2] != 0]
    rows.sort(key=lambda row: (-row[1], -row[2], row[0]))
    return [(name.decode("utf-8", "replace"), value, total) for name, value, total in rows]


@dataclass(frozen=True, slots=True)
class CutTree:
    """A tree by name after the cut, parents first; ``names`` are only those still in use, plus ``other``."""

    parents: U32  #: uint32[N]
    node_names: U32  #: uint32[N], index in ``names``; 0 at the root, where it means nothing
    values: I64  #: int64[N], self values
    totals: I64  #: int64[N]
    names: list[bytes]
    other: int  #: index of ``other`` in ``names``

    def ranks(self, *, other_last: bool) -> I64:
        """Return int64[N], the place of each node's name among ``names`` in byte order; ``other`` may come last."""
        rank_of_name = np.empty(len(self.names), np.int64)
        rank_of_name[sorted(range(len(self.names)), key=self.names.__getitem__)] = np.arange(len(self.names))
        if other_last:
            rank_of_name[self.other] = len(self.names)
        ranks: I64 = rank_of_name[self.node_names]
        return ranks


def cut_tree(profile: StackProfile, max_nodes: int, *, keep_other: bool) -> CutTree:
    """Cut a profile by name down to about ``max_nodes`` nodes (under 1: no cut).

    What is cut off becomes one child ``other`` of its parent. Unless ``keep_other``, all that is called so is cut off.
    """
    symbols = profile.symbols
    totals = node_totals(symbols.node_parent, profile.node_self)
    other, _ = _find_or_add(string_contents(symbols, symbols.function_name), OTHER)
    parents, locations, values, totals = truncate_tree(
        symbols.node_parent, symbols.node_location, profile.node_self, totals, _least_total(totals, max_nodes), other,
        keep_other,
    )  # fmt: skip
    used, node_names = np.unique(locations[1:], return_inverse=True)
    real = used < len(symbols.function_name)
    names = string_contents(symbols, symbols.function_name[used[real]])
    if not real.all():
        names.append(OTHER)
    other, names = _find_or_add(names, OTHER)
    name_of_node = np.zeros(len(parents), np.uint32)
    name_of_node[1:] = node_names
    return CutTree(parents, name_of_node, values, totals, names, other)


def _least_total(totals: I64, max_nodes: int) -> int:
    """Return the ``max_nodes``-th largest total of the nodes under the root, 0 when all fit or ``max_nodes`` < 1."""
    below_root = totals[1:]
    if max_nodes < 1 or len(below_root) <= max_nodes:
        return 0
    place = len(below_root) - max_nodes
    return int(np.partition(below_root, place)[place])


def _find_or_add(names: list[bytes], wanted: bytes) -> tuple[int, list[bytes]]:
    """Return the index of ``wanted`` and the names, with ``wanted`` added at the end when it was not among them."""
    try:
        return names.index(wanted), names
    except ValueError:
        return len(names), [*names, wanted]
