"""Answers drawn from a stack tree by function name: flame graphs, folded stacks and top functions.

All take any profile and project it to function names first when it is not by name yet. The sum of values is never
altered: what is cut off reappears under the name ``other``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ingest.profiles.columns import I64, StackProfile
from ingest.profiles.cut_tree import cut_profile, lay_out_tree
from ingest.profiles.flamegraph_kernels import (
    children_by_rank,
    folded_lines,
    name_totals,
)
from ingest.profiles.projection import by_name, string_contents
from ingest.profiles.projection_kernels import gather_bytes, node_totals


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
    hidden_nodes: int = 0  #: nodes with a value that were cut off
    hidden: int = 0  #: sum of their values, which is what the nodes called ``other`` hold


def build_flamegraph(profile: StackProfile, max_nodes: int) -> FlameGraph:
    """Lay out ``profile``, cutting nodes that are smaller than the ``max_nodes``-th largest (under 1: no cut).

    Children cut off are summed into one child ``other`` of their parent, and so is any real function of that name. Ties
    with the smallest node kept are kept, so there may be a few more nodes than asked for.
    """
    profile = by_name(profile)
    tree = cut_profile(profile, max_nodes, keep_other=False)
    names, levels = lay_out_tree(tree)
    stand_ins = np.flatnonzero(tree.node_names[1:] == tree.other) + 1
    kept = len(tree.parents) - len(stand_ins)
    filled = np.count_nonzero(node_totals(profile.symbols.node_parent, profile.node_self))
    return FlameGraph(
        names,
        levels,
        total=int(tree.totals[0, 0]),
        max_self=int(tree.values.max()),
        hidden_nodes=max(0, int(filled) - kept),
        hidden=int(tree.values[0, stand_ins].sum()),
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
