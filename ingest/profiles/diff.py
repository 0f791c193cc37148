"""The difference of two profiles as one flame graph: both trees on the same nodes, each with the numbers of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, StackProfile
from ingest.profiles.cut_tree import cut_tree, lay_out_tree
from ingest.profiles.projection import by_name
from ingest.profiles.symbols import SymbolStore


@dataclass(frozen=True, slots=True)
class FlameGraphDiff:
    """Two laid-out trees: ``levels[k]`` holds seven numbers for each node of depth k, from left to right.

    These are distance, total and self value on the left side, the same on the right side, and the index in ``names``. A
    side that does not have the node has zeros for total and self, and its distance leads to where the node would begin;
    a distance is that from the node before in the list on the same side. Within a side the layout is that of
    :class:`ingest.profiles.flamegraph.FlameGraph`.
    """

    names: list[str]  #: ``names[0]`` is "total", the name of the one node of level 0
    levels: list[I64]  #: int64[7 n] each
    total: int  #: of both sides together
    max_self: int  #: the largest self value of either side
    left_total: int
    right_total: int


def build_diff(left: StackProfile, right: StackProfile, max_nodes: int) -> FlameGraphDiff:
    """Lay out two profiles beside each other, cutting nodes that are small on both sides (``max_nodes`` < 1: no cut).

    A node is kept when either side reaches the ``max_nodes``-th largest of the larger totals. What is cut off is summed
    under ``other`` as in a flame graph.
    """
    left, right = by_name(left), by_name(right)
    store = SymbolStore(like=left.symbols)
    left_nodes, right_nodes = store.merge(left.symbols), store.merge(right.symbols)
    symbols = store.columns()
    values = np.zeros((2, symbols.node_count), np.int64)
    values[0, left_nodes] = left.node_self
    values[1, right_nodes] = right.node_self
    tree = cut_tree(symbols, values, max_nodes, keep_other=False)
    names, levels = lay_out_tree(tree)
    left_total, right_total = tree.totals[:, 0].tolist()
    return FlameGraphDiff(names, levels, left_total + right_total, int(tree.values.max()), left_total, right_total)
