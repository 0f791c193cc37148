"""Fewer stacks for the same total: small subtrees become one frame ``other`` under their parent, as in flame graphs.

For profiles that keep locations, where :func:`ingest.profiles.flamegraph.build_flamegraph` truncates by name.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64, U32, StackProfile, Symbols
from ingest.profiles.projection import subset
from ingest.profiles.projection_kernels import node_totals

OTHER = "other"


def truncate_nodes(profile: StackProfile, max_nodes: int) -> StackProfile:
    """Keep the nodes whose total is at least that of the ``max_nodes``-th largest; ties are all kept, as in the field.

    What a dropped node held is added to a node ``other`` below its nearest kept ancestor, so that totals stay exact.
    ``max_nodes`` below 1 keeps everything.
    """
    count = profile.symbols.node_count
    if max_nodes < 1 or count - 1 <= max_nodes:
        return profile
    totals = node_totals(profile.symbols.node_parent, profile.node_self)
    threshold = int(np.partition(totals[1:], count - 1 - max_nodes)[count - 1 - max_nodes])
    kept: NDArray[np.bool_] = totals >= max(threshold, 1)
    kept[0] = True
    symbols, node_map = subset(profile.symbols, kept)
    values = np.zeros(symbols.node_count, np.int64)
    values[node_map[kept]] = profile.node_self[kept]
    dropped = np.flatnonzero(~kept & (profile.node_self != 0))
    if not len(dropped):
        return StackProfile(symbols, values)
    ancestors = _nearest_kept(profile.symbols.node_parent, kept)[dropped]
    parents, index = np.unique(node_map[ancestors], return_inverse=True)
    sums = np.zeros(len(parents), np.int64)
    np.add.at(sums, index, profile.node_self[dropped])
    return StackProfile(_with_other(symbols, parents.astype(np.uint32)), np.concatenate((values, sums)))


def _nearest_kept(parents: U32, kept: NDArray[np.bool_]) -> I64:
    """Return int64[N], the nearest kept node on the way to the root, by doubling the way at each step."""
    jump = np.where(kept, np.arange(len(parents)), parents).astype(np.int64)
    while True:
        further = jump[jump]
        if np.array_equal(further, jump):
            return jump
        jump = further


def _with_other(symbols: Symbols, parents: U32) -> Symbols:
    """Return the symbols with a node ``other`` below each of ``parents``, in the unknown mapping."""
    name = OTHER.encode()
    string, function = symbols.string_count, len(symbols.function_name)
    location = len(symbols.location_mapping)
    more = len(parents)
    return replace(
        symbols,
        string_offsets=np.append(symbols.string_offsets, symbols.string_offsets[-1] + len(name)),
        string_bytes=np.append(symbols.string_bytes, np.frombuffer(name, np.uint8)),
        function_name=np.append(symbols.function_name, np.uint32(string)),
        function_system_name=np.append(symbols.function_system_name, np.uint32(string)),
        function_filename=np.append(symbols.function_filename, np.uint32(0)),
        function_start_line=np.append(symbols.function_start_line, 0),
        location_mapping=np.append(symbols.location_mapping, np.uint32(0)),
        location_address=np.append(symbols.location_address, np.uint64(0)),
        location_folded=np.append(symbols.location_folded, np.uint8(0)),
        location_line_offsets=np.append(symbols.location_line_offsets, symbols.location_line_offsets[-1] + 1),
        line_function=np.append(symbols.line_function, np.uint32(function)),
        line_number=np.append(symbols.line_number, 0),
        node_parent=np.append(symbols.node_parent, parents),
        node_location=np.append(symbols.node_location, np.full(more, location, np.uint32)),
    )
