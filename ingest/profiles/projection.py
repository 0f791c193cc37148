"""What is left of a profile when only part of it matters: function names instead of locations, or the nodes in use.

A profile *by name* is one whose locations stand for function names: one function a name, one location a function with
one line that has no number, all in the same order, so that a node's location is at once the number of its name. Merging
profiles by name gives a profile by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64, U32, StackProfile, Symbols, empty_symbols
from ingest.profiles.projection_kernels import (
    NONE,
    below_call_site,
    distinct_names,
    gather_bytes,
    gather_lines,
    keep_ancestors,
    new_nodes,
    node_totals,
    number_by_first_use,
    project_nodes,
    used_depth_first,
    used_in_order,
)
from ingest.profiles.symbols import writable


def project_by_name(symbols: Symbols, node_self: I64) -> StackProfile:
    """Return the profile by name: stacks that differ only in file, line, address or mapping become one.

    ``node_self`` is int64[N], not negative. Inlined lines become nodes of their own, the outermost first; a location
    without lines contributes no node: its value goes to the frame above it, at worst to the root, so that the total
    stays. Only nodes with a total other than 0 are in the result, in the order of their first occurrence.
    """
    symbols = writable(symbols)
    values = _writable_values(node_self)
    numbers, name_strings = distinct_names(symbols.string_offsets, symbols.string_bytes, symbols.function_name)
    totals = node_totals(symbols.node_parent, values)
    parents, names, sums = project_nodes(
        symbols.node_parent, symbols.node_location, values, totals,
        symbols.location_line_offsets, symbols.line_function, numbers,
    )  # fmt: skip
    name_map = np.full(len(name_strings), NONE, np.uint32)
    order: U32 = np.empty(len(name_strings), np.uint32)
    count = number_by_first_use(names[1:], name_map, order, 0)
    if len(parents) > 1:
        names = name_map[names]
        names[0] = 0
    return StackProfile(_symbols_by_name(symbols, name_strings[order[:count]], parents, names), sums)


def is_by_name(symbols: Symbols) -> bool:
    """Return whether ``symbols`` already have the form that :func:`project_by_name` makes."""
    functions = len(symbols.function_name)
    if not functions == len(symbols.location_mapping) == len(symbols.line_function):
        return False
    if not np.array_equal(symbols.line_function, np.arange(functions)):
        return False
    if not np.array_equal(symbols.location_line_offsets, np.arange(functions + 1)):
        return False
    symbols = writable(symbols)
    _, name_strings = distinct_names(symbols.string_offsets, symbols.string_bytes, symbols.function_name)
    return len(name_strings) == functions


def by_name(profile: StackProfile) -> StackProfile:
    """Return ``profile`` by name, itself if it is that already (it may then still have nodes whose total is 0)."""
    if is_by_name(profile.symbols):
        return StackProfile(writable(profile.symbols), _writable_values(profile.node_self))
    return project_by_name(profile.symbols, profile.node_self)


def subset(symbols: Symbols, node_used: NDArray[np.bool_], *, depth_first: bool = False) -> tuple[Symbols, U32]:
    """Return the symbols that the nodes marked in ``node_used`` (bool[N]) and their ancestors need, and nothing else.

    Also returns uint32[N], the new node of each old one, or :data:`NONE`. Nodes keep their order, or come depth first,
    where the parent mostly is the node before: that compresses best. Everything else is numbered by first use.
    """
    symbols = writable(symbols)
    used: NDArray[np.bool_] = np.array(node_used, np.bool_)
    keep_ancestors(symbols.node_parent, used)
    order = used_depth_first(symbols.node_parent, used) if depth_first else used_in_order(used)
    node_map, parents = new_nodes(symbols.node_parent, order)

    node_locations = symbols.node_location[order]
    locations, location_map = _first_uses([node_locations[1:]], len(symbols.location_mapping), 0)
    line_offsets, line_functions, line_numbers = gather_lines(
        symbols.location_line_offsets, symbols.line_function, symbols.line_number, locations
    )
    functions, function_map = _first_uses([line_functions], len(symbols.function_name), 0)
    mappings, mapping_map = _first_uses([symbols.location_mapping[locations]], len(symbols.mapping_start), 1)
    references = [
        symbols.function_name[functions],
        symbols.function_system_name[functions],
        symbols.function_filename[functions],
        symbols.mapping_filename[mappings],
        symbols.mapping_build_id[mappings],
    ]
    strings, string_map = _first_uses(references, symbols.string_count, 1)
    names, system_names, filenames, mapping_files, build_ids = (string_map[column] for column in references)
    string_offsets, string_bytes = gather_bytes(symbols.string_offsets, symbols.string_bytes, strings)
    new_locations = np.zeros(len(order), np.uint32)
    new_locations[1:] = location_map[node_locations[1:]]
    kept = Symbols(
        string_offsets=string_offsets,
        string_bytes=string_bytes,
        function_name=names,
        function_system_name=system_names,
        function_filename=filenames,
        function_start_line=symbols.function_start_line[functions],
        mapping_start=symbols.mapping_start[mappings],
        mapping_limit=symbols.mapping_limit[mappings],
        mapping_offset=symbols.mapping_offset[mappings],
        mapping_filename=mapping_files,
        mapping_build_id=build_ids,
        mapping_flags=symbols.mapping_flags[mappings],
        location_mapping=mapping_map[symbols.location_mapping[locations]],
        location_address=symbols.location_address[locations],
        location_folded=symbols.location_folded[locations],
        location_line_offsets=line_offsets,
        line_function=function_map[line_functions],
        line_number=line_numbers,
        node_parent=parents,
        node_location=new_locations,
    )
    return kept, node_map


def prune(symbols: Symbols, node_self: I64, *, depth_first: bool = False) -> StackProfile:
    """Return the profile with only the nodes that have a value, their ancestors, and the symbols these need."""
    kept, node_map = subset(symbols, node_self != 0, depth_first=depth_first)
    values = np.zeros(kept.node_count, np.int64)
    present = node_map != NONE
    values[node_map[present]] = node_self[present]
    return StackProfile(kept, values)


def below_call_site_nodes(symbols: Symbols, names: Sequence[str]) -> NDArray[np.bool_]:
    """Return bool[N]: whether the first frames of a node's stack, from the root, are exactly ``names``.

    Inlined lines are frames, the outermost first; a location without lines is none.
    """
    symbols = writable(symbols)
    numbers, strings = distinct_names(symbols.string_offsets, symbols.string_bytes, symbols.function_name)
    known = {name: number for number, name in enumerate(string_contents(symbols, strings))}
    wanted = np.array([known.get(name.encode(), -1) for name in names], np.int64)
    selected: NDArray[np.bool_] = below_call_site(
        symbols.node_parent, symbols.node_location, symbols.location_line_offsets, symbols.line_function, numbers,
        wanted,
    )  # fmt: skip
    return selected


def function_names(symbols: Symbols) -> list[str]:
    """Return the name of each function, decoded; damaged UTF-8 becomes U+FFFD."""
    return [name.decode("utf-8", "replace") for name in string_contents(symbols, symbols.function_name)]


def string_contents(symbols: Symbols, strings: U32) -> list[bytes]:
    """Return the content of the given ``strings``, uint32[n], in their order."""
    offsets, data = gather_bytes(symbols.string_offsets, symbols.string_bytes, strings)
    whole = data.tobytes()
    bounds = offsets.tolist()
    return [whole[start:end] for start, end in pairwise(bounds)]


def _first_uses(references: Sequence[U32], rows: int, sentinels: int) -> tuple[U32, U32]:
    """Number rows by first use: returns the old row of each new one, and the new row of each old one (or NONE).

    The first ``sentinels`` rows are kept whether used or not.
    """
    row_map: NDArray[Any] = np.full(rows, NONE, np.uint32)
    order = np.empty(rows, np.uint32)
    row_map[:sentinels] = order[:sentinels] = np.arange(sentinels)
    count = sentinels
    for column in references:
        count = number_by_first_use(column, row_map, order, count)
    return order[:count], row_map


def _symbols_by_name(symbols: Symbols, name_strings: U32, parents: U32, names: U32) -> Symbols:
    """Build the symbols of a profile by name whose name n is string ``name_strings[n]`` of ``symbols``."""
    blank = empty_symbols()
    count = len(name_strings)
    wanted = np.zeros(count + 1, np.uint32)
    wanted[1:] = name_strings
    empty_name = np.flatnonzero(symbols.string_offsets[name_strings + 1] == symbols.string_offsets[name_strings])
    if len(empty_name):  # the empty string is string 0 and must not be there twice
        wanted = np.delete(wanted, 1 + empty_name[0])
    offsets, data = gather_bytes(symbols.string_offsets, symbols.string_bytes, wanted)
    string_of_name = np.arange(1, count + 1, dtype=np.uint32)
    if len(empty_name):
        string_of_name[empty_name[0] :] -= np.uint32(1)
        string_of_name[empty_name[0]] = 0
    nothing = np.zeros(count, np.uint32)
    return Symbols(
        string_offsets=offsets,
        string_bytes=data,
        function_name=string_of_name,
        function_system_name=nothing,
        function_filename=nothing.copy(),
        function_start_line=np.zeros(count, np.int64),
        mapping_start=blank.mapping_start,
        mapping_limit=blank.mapping_limit,
        mapping_offset=blank.mapping_offset,
        mapping_filename=blank.mapping_filename,
        mapping_build_id=blank.mapping_build_id,
        mapping_flags=blank.mapping_flags,
        location_mapping=nothing.copy(),
        location_address=np.zeros(count, np.uint64),
        location_folded=np.zeros(count, np.uint8),
        location_line_offsets=np.arange(count + 1, dtype=np.int64),
        line_function=np.arange(count, dtype=np.uint32),
        line_number=np.zeros(count, np.int64),
        node_parent=parents,
        node_location=names,
    )


def _writable_values(values: I64) -> I64:
    """Return ``values`` as the kernels want them: contiguous and writable."""
    return np.require(values, np.int64, ["C", "W"])
