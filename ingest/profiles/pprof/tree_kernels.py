"""The kernel that interns by content what the samples of a profile use, and makes the stack tree of them.

Everything is keyed by its digest (:mod:`ingest.profiles.pprof.digest_kernels`): two functions are one when their names,
file and start line are equal, two locations when their mappings, addresses and lines are, whatever ids they had.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8, U64
from ingest.profiles.jit import inlined_kernel, kernel
from ingest.profiles.pprof.digest_kernels import SEED_HI, SEED_LO, absorb_hi, absorb_lo, finish
from ingest.profiles.pprof.normalize_kernels import TRUNCATED_STACKS

_FIRST_TABLE_SIZE = 1024


@kernel
def _intern(digests: U64, wanted: U8, rows: I64, sources: I64, seed: Any) -> int:
    """Number the distinct contents among the wanted records as they are met; return how many there are.

    digests: uint64[n, 2]. wanted: uint8[n]. ``rows[n]`` gets the number of each wanted record, ``sources[n]`` the first
    record of each number.
    """
    count = 0
    for index in range(len(wanted)):
        count += wanted[index]
    size = 16
    while size < 2 * count:
        size *= 2
    table = np.zeros(size, np.int32)
    mask = np.uint64(size - 1)
    used = 0
    for index in range(len(wanted)):
        if not wanted[index]:
            continue
        hi, lo = digests[index, 0], digests[index, 1]
        slot = finish((hi ^ seed) * SEED_HI ^ lo) & mask
        while table[slot] != 0:
            other = sources[table[slot] - 1]
            if digests[other, 0] == hi and digests[other, 1] == lo:
                break
            slot = (slot + np.uint64(1)) & mask
        if table[slot] == 0:
            sources[used] = index
            used += 1
            table[slot] = used
        rows[index] = table[slot] - 1
    return used


@kernel
def _digest_records(records: I64, count: int, first_text: int, last_text: int, strings: U64) -> U64:
    """Digest each record over its columns from 1 on; those from ``first_text`` to ``last_text`` count as strings."""
    digests = np.empty((count, 2), np.uint64)
    for row in range(count):
        hi, lo = SEED_HI, SEED_LO
        for column in range(1, records.shape[1]):
            if first_text <= column <= last_text:
                hi = absorb_hi(hi, strings[records[row, column], 0])
                lo = absorb_lo(lo, strings[records[row, column], 1])
            else:
                hi = absorb_hi(hi, np.uint64(records[row, column]))
                lo = absorb_lo(lo, np.uint64(records[row, column]))
        digests[row, 0] = finish(hi)
        digests[row, 1] = finish(lo)
    return digests


@kernel
def _digest_locations(locations: I64, lines: I64, mappings: U64, functions: U64) -> U64:
    """Digest each location over its mapping, address, folded flag and lines; lines of unknown functions are void."""
    count = len(locations) - 1
    digests = np.empty((count, 2), np.uint64)
    for row in range(count):
        hi = absorb_hi(SEED_HI, np.uint64(locations[row, 2]))
        lo = absorb_lo(SEED_LO, np.uint64(locations[row, 2]))
        hi = absorb_hi(hi, np.uint64(locations[row, 3]))
        lo = absorb_lo(lo, np.uint64(locations[row, 3]))
        mapping = locations[row, 1]
        if mapping >= 0:
            hi = absorb_hi(hi, mappings[mapping, 0])
            lo = absorb_lo(lo, mappings[mapping, 1])
        for line in range(locations[row, 4], locations[row + 1, 4]):
            function = lines[line, 0]
            if function >= 0:
                hi = absorb_hi(absorb_hi(hi, functions[function, 0]), np.uint64(lines[line, 1]))
                lo = absorb_lo(absorb_lo(lo, functions[function, 1]), np.uint64(lines[line, 1]))
        digests[row, 0] = finish(hi)
        digests[row, 1] = finish(lo)
    return digests


@kernel
def location_digests(mappings: I64, locations: I64, lines: I64, functions: I64, strings: U64) -> U64:
    """Digest each location by content, uint64[L, 2]; the tables have been through ``select_samples``."""
    function_digests = _digest_records(functions, len(functions), 1, 3, strings)
    mapping_digests = _digest_records(mappings, len(mappings), 4, 5, strings)
    return _digest_locations(locations, lines, mapping_digests, function_digests)


@inlined_kernel
def _node_slot(parent: Any, location: Any, seed: Any) -> Any:
    """Return where the search for a node begins."""
    return finish((np.uint64(parent) << np.uint64(32) | np.uint64(location)) ^ seed)


@kernel
def _grown(table: Any, parents: Any, node_locations: Any, count: int, seed: Any) -> Any:
    """Return a table of twice the slots with the same nodes; the root is in none."""
    bigger = np.zeros(2 * len(table), np.int32)
    mask = np.uint64(len(bigger) - 1)
    for node in range(1, count):
        slot = _node_slot(parents[node], node_locations[node], seed) & mask
        while bigger[slot] != 0:
            slot = (slot + np.uint64(1)) & mask
        bigger[slot] = node
    return bigger


@kernel
def _stack_nodes(kept: I64, samples: I64, refs: I64, rows: I64, max_depth: int, seed: Any, counts: I64) -> Any:
    """Return (leaf node of each kept sample int64[n], parent and location of each node uint32[N]).

    Of stacks deeper than ``max_depth`` the root side is kept. Parents come first by construction.
    """
    most = 1
    for position in range(len(kept)):
        most += min(samples[kept[position] + 1, 0] - samples[kept[position], 0], max_depth)
    parents = np.empty(most, np.uint32)
    node_locations = np.empty(most, np.uint32)
    parents[0] = 0
    node_locations[0] = 0
    leaves = np.empty(len(kept), np.int64)
    table = np.zeros(_FIRST_TABLE_SIZE, np.int32)
    mask = np.uint64(len(table) - 1)
    count = 1
    for position in range(len(kept)):
        first, last = samples[kept[position], 0], samples[kept[position] + 1, 0]
        if last - first > max_depth:
            first = last - max_depth
            counts[TRUNCATED_STACKS] += 1
        parent = np.int64(0)
        for index in range(last - 1, first - 1, -1):
            location = rows[refs[index]]
            slot = _node_slot(parent, location, seed) & mask
            node = np.int64(table[slot])
            while node != 0 and (parents[node] != parent or node_locations[node] != location):
                slot = (slot + np.uint64(1)) & mask
                node = np.int64(table[slot])
            if node == 0:
                node = np.int64(count)
                parents[node] = parent
                node_locations[node] = location
                table[slot] = node
                count += 1
                if 2 * count > len(table):
                    table = _grown(table, parents, node_locations, count, seed)
                    mask = np.uint64(len(table) - 1)
            parent = node
        leaves[position] = parent
    return leaves, parents[:count].copy(), node_locations[:count].copy()


@kernel
def _digest_nodes(parents: Any, node_locations: Any, sources: Any, locations: U64) -> U64:
    """Digest each node over the stack from the root to it."""
    digests = np.empty((len(parents), 2), np.uint64)
    digests[0, 0] = SEED_HI
    digests[0, 1] = SEED_LO
    for node in range(1, len(parents)):
        location = sources[node_locations[node]]
        digests[node, 0] = finish(absorb_hi(digests[parents[node], 0], locations[location, 0]))
        digests[node, 1] = finish(absorb_lo(digests[parents[node], 1], locations[location, 1]))
    return digests


@kernel
def _copied_strings(raw: U8, strings: I64, sources: Any) -> Any:
    """Return (offsets int64[n + 1], bytes uint8) of the strings with these rows."""
    offsets = np.empty(len(sources) + 1, np.int64)
    offsets[0] = 0
    for index in range(len(sources)):
        offsets[index + 1] = offsets[index] + strings[sources[index], 1]
    data = np.empty(offsets[-1], np.uint8)
    for index in range(len(sources)):
        start, target = strings[sources[index], 0], offsets[index]
        for byte in range(offsets[index + 1] - target):
            data[target + byte] = raw[start + byte]
    return offsets, data


@kernel
def _mark_texts(records: I64, sources: I64, first: int, last: int, wanted: U8) -> None:
    """Mark the strings in columns ``first`` to ``last`` of the records with these rows as wanted."""
    for source in sources:
        for column in range(first, last + 1):
            wanted[records[source, column]] = 1


@kernel
def _numbers(records: I64, sources: Any, column: int) -> I64:
    """Return one column of the records with these rows."""
    result = np.empty(len(sources), np.int64)
    for index in range(len(sources)):
        result[index] = records[sources[index], column]
    return result


@kernel
def _texts(records: I64, sources: Any, column: int, rows: I64, sentinels: int) -> Any:
    """Return a column of string indices of the records with these rows, renumbered, behind so many zeros."""
    result = np.zeros(sentinels + len(sources), np.uint32)
    for index in range(len(sources)):
        result[sentinels + index] = rows[records[sources[index], column]]
    return result


@kernel
def _addresses(mappings: I64, sources: Any, column: int) -> U64:
    """Return one column of the mappings with these rows, behind the unknown mapping."""
    result = np.zeros(1 + len(sources), np.uint64)
    for index in range(len(sources)):
        result[1 + index] = mappings[sources[index], column]
    return result


@kernel
def _used_rows(digests: U64, wanted: U8, rows: I64, seed: Any) -> I64:
    """Number the distinct contents among the wanted records into ``rows``; return the record of each number."""
    sources = np.empty(len(wanted), np.int64)
    return sources[: _intern(digests, wanted, rows, sources, seed)]


@kernel
def build_tree(
    kept: I64,
    samples: I64,
    refs: I64,
    mappings: I64,
    locations: I64,
    lines: I64,
    functions: I64,
    strings: U64,
    max_depth: int,
    seed: Any,
    counts: I64,
) -> Any:
    """Intern locations and make the tree; the tables have been through ``select_samples``, ``strings`` are digests.

    Returns (leaf of each kept sample int64[n], parent uint32[N], location uint32[N] and digest uint64[N, 2] of each
    node, row of each location in use int64[L], digests of functions and of mappings uint64[F, 2] and uint64[M, 2]).
    """
    function_digests = _digest_records(functions, len(functions), 1, 3, strings)
    mapping_digests = _digest_records(mappings, len(mappings), 4, 5, strings)
    digests = _digest_locations(locations, lines, mapping_digests, function_digests)
    wanted = np.zeros(len(digests), np.uint8)
    for position in range(len(kept)):
        first, last = samples[kept[position], 0], samples[kept[position] + 1, 0]
        for index in range(max(first, last - max_depth), last):
            wanted[refs[index]] = 1
    rows = np.empty(len(wanted), np.int64)
    sources = _used_rows(digests, wanted, rows, seed)
    leaves, parents, node_locations = _stack_nodes(kept, samples, refs, rows, max_depth, seed, counts)
    node_digests = _digest_nodes(parents, node_locations, sources, digests)
    return leaves, parents, node_locations, node_digests, sources, function_digests, mapping_digests


@kernel
def emit_symbols(
    raw: U8,
    mappings: I64,
    locations: I64,
    lines: I64,
    functions: I64,
    strings: I64,
    string_digests: U64,
    function_digests: U64,
    mapping_digests: U64,
    sources: I64,
    seed: Any,
) -> Any:
    """Return the columns of :class:`~ingest.profiles.columns.Symbols` up to those of the nodes, in their order.

    ``sources`` are the rows of the locations in use; only what these use is in the result.
    """
    wanted_functions = np.zeros(len(functions), np.uint8)
    wanted_mappings = np.zeros(len(mappings), np.uint8)
    line_offsets = np.zeros(len(sources) + 1, np.int64)
    for index in range(len(sources)):
        first, last = locations[sources[index], 4], locations[sources[index] + 1, 4]
        line_offsets[index + 1] = line_offsets[index] + last - first
        for line in range(first, last):
            wanted_functions[lines[line, 0]] = 1
        if locations[sources[index], 1] >= 0:
            wanted_mappings[locations[sources[index], 1]] = 1
    function_rows = np.empty(len(functions), np.int64)
    function_sources = _used_rows(function_digests, wanted_functions, function_rows, seed)
    mapping_rows = np.empty(len(mappings), np.int64)
    mapping_sources = _used_rows(mapping_digests, wanted_mappings, mapping_rows, seed)
    wanted_strings = np.zeros(len(strings), np.uint8)
    wanted_strings[0] = 1  # met first, so it gets number 0
    _mark_texts(functions, function_sources, 1, 3, wanted_strings)
    _mark_texts(mappings, mapping_sources, 4, 5, wanted_strings)
    string_rows = np.empty(len(strings), np.int64)
    string_sources = _used_rows(string_digests, wanted_strings, string_rows, seed)
    string_offsets, string_bytes = _copied_strings(raw, strings, string_sources)
    location_mapping, location_address, location_folded, line_function, line_number = _location_columns(
        locations, lines, sources, line_offsets, mapping_rows, function_rows
    )
    return (
        string_offsets,
        string_bytes,
        _texts(functions, function_sources, 1, string_rows, 0),
        _texts(functions, function_sources, 2, string_rows, 0),
        _texts(functions, function_sources, 3, string_rows, 0),
        _numbers(functions, function_sources, 4),
        _addresses(mappings, mapping_sources, 1),
        _addresses(mappings, mapping_sources, 2),
        _addresses(mappings, mapping_sources, 3),
        _texts(mappings, mapping_sources, 4, string_rows, 1),
        _texts(mappings, mapping_sources, 5, string_rows, 1),
        _addresses(mappings, mapping_sources, 6).astype(np.uint32),
        location_mapping,
        location_address,
        location_folded,
        line_offsets,
        line_function,
        line_number,
    )


@kernel
def _location_columns(
    locations: I64, lines: I64, sources: I64, line_offsets: I64, mapping_rows: I64, function_rows: I64
) -> Any:
    """Return mapping, address and folded flag of the locations with these rows, then function and line of their
    lines."""
    mapping = np.zeros(len(sources), np.uint32)
    address = np.empty(len(sources), np.uint64)
    folded = np.empty(len(sources), np.uint8)
    line_function = np.empty(line_offsets[-1], np.uint32)
    line_number = np.empty(line_offsets[-1], np.int64)
    for index in range(len(sources)):
        source = sources[index]
        if locations[source, 1] >= 0:
            mapping[index] = 1 + mapping_rows[locations[source, 1]]
        address[index] = locations[source, 2]
        folded[index] = locations[source, 3]
        target = line_offsets[index]
        for line in range(locations[source, 4], locations[source + 1, 4]):
            line_function[target] = function_rows[lines[line, 0]]
            line_number[target] = lines[line, 1]
            target += 1
    return mapping, address, folded, line_function, line_number


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    kept, refs = np.zeros(1, np.int64), np.zeros(1, np.int64)
    samples = np.array([[0, 0, 0], [1, 1, 0]])
    mappings, locations, lines, functions, strings = (np.zeros((2, width), np.int64) for width in (7, 5, 2, 5, 2))
    digests, seed = np.zeros((2, 2), np.uint64), np.uint64(1)
    counts = np.zeros(8, np.int64)
    location_digests(mappings, locations, lines, functions, digests)
    tree = build_tree(kept, samples, refs, mappings, locations, lines, functions, digests, 1, seed, counts)
    raw = np.frombuffer(b"\x0a\x00", np.uint8)
    emit_symbols(raw, mappings, locations, lines, functions, strings, digests, tree[5], tree[6], tree[4], seed)
