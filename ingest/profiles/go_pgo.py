"""Profiles as the Go compiler wants them for profile-guided optimisation: only the frames nearest the leaf.

The compiler decides by pairs of caller and callee, so that a handful of frames tells it all, and thousands of different
stacks become a few.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ingest.profiles.columns import StackProfile, Symbols
from ingest.profiles.pgo_kernels import cut_to_leaves
from ingest.profiles.projection import prune
from ingest.profiles.symbol_kernels import add_values
from ingest.profiles.symbols import SymbolStore, writable


def nearest_the_leaf(profile: StackProfile, keep_locations: int, aggregate_callees: bool) -> StackProfile:
    """Keep of each stack the ``keep_locations`` locations nearest its leaf (below 1: all) and sum what becomes equal.

    With ``aggregate_callees`` the line number of the leaf, of its innermost function if it has several, becomes 0, so
    that samples of one function that differ in nothing else are summed. Values are not altered.
    """
    symbols = writable(profile.symbols)
    values = np.require(profile.node_self, np.int64, ["C", "W"])
    shift = len(symbols.location_mapping) if aggregate_callees else 0
    parents, locations, sums = cut_to_leaves(symbols.node_parent, symbols.node_location, values, keep_locations, shift)
    if aggregate_callees:
        symbols = _with_leaves(symbols)
    cut = prune(replace(symbols, node_parent=parents, node_location=locations), sums)
    # Locations that differed in the line alone are still rows of their own: a store makes one of them.
    store = SymbolStore(like=cut.symbols)
    node_map = store.merge(cut.symbols)
    merged = np.zeros(store.counts.nodes, np.int64)
    add_values(merged, node_map, cut.node_self)
    return StackProfile(store.columns(), merged)


def _with_leaves(symbols: Symbols) -> Symbols:
    """Return the symbols with a second row of each location, behind all others, whose first line has no number."""
    numbers = symbols.line_number.copy()
    offsets = symbols.location_line_offsets
    numbers[offsets[:-1][np.diff(offsets) > 0]] = 0
    return replace(
        symbols,
        location_mapping=np.tile(symbols.location_mapping, 2),
        location_address=np.tile(symbols.location_address, 2),
        location_folded=np.tile(symbols.location_folded, 2),
        location_line_offsets=np.concatenate((offsets, offsets[1:] + offsets[-1])),
        line_function=np.tile(symbols.line_function, 2),
        line_number=np.concatenate((symbols.line_number, numbers)),
    )
