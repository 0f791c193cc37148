"""Trees by function name, cut down to what a person can look at, and laid out: one tree, or two on the same nodes.

A tree has K *sides*, one row of values each: a flame graph has one, the difference of two flame graphs has two. The sum
of values of a side is never altered: what is cut off reappears under the name ``other``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ingest.profiles.columns import I64, U32, StackProfile, Symbols
from ingest.profiles.flamegraph_kernels import (
    children_by_rank,
    cut_nodes,
    last_child_first,
    lay_out,
    moved_values,
    number_names,
    side_totals,
)
from ingest.profiles.projection import by_name, string_contents

#: Name of the node at level 0, and of the nodes that stand for what was cut off; clients know both.
TOTAL = b"total"
OTHER = b"other"


@dataclass(frozen=True, slots=True)
class CutTree:
    """A tree by name after the cut, parents first; ``names`` are only those still in use, plus ``other``."""

    parents: U32  #: uint32[N]
    node_names: U32  #: uint32[N], index in ``names``; 0 at the root, where it means nothing
    values: I64  #: int64[K, N], self values
    totals: I64  #: int64[K, N]
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


def cut_profile(profile: StackProfile, max_nodes: int, *, keep_other: bool) -> CutTree:
    """Cut one profile, by name or not, as :func:`cut_tree` does; the tree has one side."""
    profile = by_name(profile)
    return cut_tree(profile.symbols, profile.node_self[np.newaxis, :], max_nodes, keep_other=keep_other)


def cut_tree(symbols: Symbols, values: I64, max_nodes: int, *, keep_other: bool) -> CutTree:
    """Cut a tree by name down to about ``max_nodes`` nodes (under 1: no cut).

    ``symbols`` are by name, ``values`` is int64[K, N] and not negative. A node counts for as much as its total on the
    side where that is largest; those that count for less than the ``max_nodes``-th are cut, ties are kept. What is cut
    off becomes one child ``other`` of its parent. Unless ``keep_other``, all that is called so is cut off.
    """
    weights = side_totals(symbols.node_parent, values).max(axis=0)
    other, _ = _find_or_add(string_contents(symbols, symbols.function_name), OTHER)
    node_map, parents, locations = cut_nodes(
        symbols.node_parent, symbols.node_location, weights, _least_weight(weights, max_nodes), other, keep_other
    )
    kept_values = moved_values(values, node_map, len(parents))
    used, node_names = np.unique(locations[1:], return_inverse=True)
    real = used < len(symbols.function_name)
    names = string_contents(symbols, symbols.function_name[used[real]])
    if not real.all():
        names.append(OTHER)
    other, names = _find_or_add(names, OTHER)
    name_of_node = np.zeros(len(parents), np.uint32)
    name_of_node[1:] = node_names
    return CutTree(parents, name_of_node, kept_values, side_totals(parents, kept_values), names, other)


def lay_out_tree(tree: CutTree) -> tuple[list[str], list[I64]]:
    """Return the names of a flame graph, "total" first, and its levels: 3 K + 1 numbers a node, from left to right."""
    total_name, names = _find_or_add(tree.names, TOTAL)
    child_offsets, children = children_by_rank(tree.parents, tree.ranks(other_last=True), len(names) + 1)
    numbers = np.full(len(names), -1, np.int64)
    numbers[total_name] = 0
    node_names = tree.node_names.copy()
    node_names[0] = total_name
    named = number_names(last_child_first(child_offsets, children), node_names, numbers, 1)
    layout, level_starts = lay_out(child_offsets, children, node_names, numbers, tree.values, tree.totals)
    return (
        [name.decode("utf-8", "replace") for name in (TOTAL, *(names[at] for at in named.tolist()))],
        [layout[start:end] for start, end in pairwise(level_starts.tolist())],
    )


def _least_weight(weights: I64, max_nodes: int) -> int:
    """Return the ``max_nodes``-th largest weight of the nodes under the root, 0 when all fit or ``max_nodes`` < 1."""
    below_root = weights[1:]
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
