"""Kernels that intern symbols by content: strings, functions, mappings, locations and stack-tree nodes.

Each table of a store is a set of growing columns and an open-addressing hash table ``slots`` (uint64, a power of two
long, linear probing). A slot is 0 when empty, else ``hash32 << 32 | row + 1``: the 32 hash bits choose the slot, sort
out nearly all strangers before their content is compared, and let a table be rebuilt without reading its rows.

An ``intern_*`` kernel maps source rows from ``first`` on to store rows, adding those not known yet. It stops before the
first row for which there is no room and returns its index; the caller makes room and calls again from there. It returns
the number of source rows when all are mapped. ``counts`` (int64[7], indexed by the constants below) holds how much of
each column is in use.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8, U32, U64
from ingest.profiles.hash_kernels import equal_bytes, hash_bytes, hash_pair
from ingest.profiles.jit import kernel

STRINGS, STRING_BYTES, FUNCTIONS, MAPPINGS, LOCATIONS, LINES, NODES = range(7)

_LOW32 = np.uint64(0xFFFFFFFF)
_SHIFT32 = np.uint64(32)
_ONE = np.uint64(1)
_ZERO = np.uint64(0)


@kernel
def slot_limit(slots: U64) -> Any:
    """Return how many rows ``slots`` may hold: five eighths, so that a probe stays within a cache line or two."""
    return slots.shape[0] * 5 // 8


@kernel
def rehash(slots: U64, larger: U64) -> None:
    """Enter all of ``slots`` into ``larger``, which is zeroed."""
    mask = np.uint64(larger.shape[0] - 1)
    for entry in slots:
        if entry != _ZERO:
            slot = (entry >> _SHIFT32) & mask
            while larger[slot] != _ZERO:
                slot = (slot + _ONE) & mask
            larger[slot] = entry


@kernel
def intern_strings(
    offsets: I64, data: U8, first: int, string_map: U32, seed: np.uint64, slots: U64, counts: I64,
    known_offsets: I64, known_data: U8,
) -> int:  # fmt: skip
    """Map strings ``first`` and on; see the module for the protocol."""
    mask = np.uint64(slots.shape[0] - 1)
    count = counts[STRINGS]
    used_bytes = counts[STRING_BYTES]
    limit = min(known_offsets.shape[0] - 1, slot_limit(slots))
    done = first
    while done < string_map.shape[0]:
        start = offsets[done]
        size = offsets[done + 1] - start
        code = hash_bytes(data, start, size, seed)
        slot = code & mask
        found = np.int64(-1)
        while slots[slot] != _ZERO:
            entry = slots[slot]
            if entry >> _SHIFT32 == code:
                row = np.int64(entry & _LOW32) - 1
                known_start = known_offsets[row]
                if known_offsets[row + 1] - known_start == size and equal_bytes(
                    known_data, known_start, data, start, size
                ):
                    found = row
                    break
            slot = (slot + _ONE) & mask
        if found < 0:
            if count >= limit or used_bytes + size > known_data.shape[0]:
                break
            for at in range(size):
                known_data[used_bytes + at] = data[start + at]
            used_bytes += size
            found = np.int64(count)
            count += 1
            known_offsets[count] = used_bytes
            slots[slot] = (code << _SHIFT32) | np.uint64(count)
        string_map[done] = found
        done += 1
    counts[STRINGS] = count
    counts[STRING_BYTES] = used_bytes
    return done


@kernel
def intern_functions(
    names: U32, system_names: U32, filenames: U32, start_lines: I64, string_map: U32,
    first: int, function_map: U32, seed: np.uint64, slots: U64, counts: I64,
    known_names: U32, known_system_names: U32, known_filenames: U32, known_start_lines: I64,
) -> int:  # fmt: skip
    """Map functions ``first`` and on; see the module for the protocol."""
    mask = np.uint64(slots.shape[0] - 1)
    count = counts[FUNCTIONS]
    limit = min(known_names.shape[0], slot_limit(slots))
    done = first
    while done < function_map.shape[0]:
        name = string_map[names[done]]
        system_name = string_map[system_names[done]]
        filename = string_map[filenames[done]]
        start_line = start_lines[done]
        files = (np.uint64(filename) << _SHIFT32) ^ np.uint64(system_name)
        code = hash_pair((np.uint64(name) << _SHIFT32) ^ np.uint64(start_line), files, seed)
        slot = code & mask
        found = np.int64(-1)
        while slots[slot] != _ZERO:
            entry = slots[slot]
            if entry >> _SHIFT32 == code:
                row = np.int64(entry & _LOW32) - 1
                if (
                    known_names[row] == name
                    and known_system_names[row] == system_name
                    and known_filenames[row] == filename
                    and known_start_lines[row] == start_line
                ):
                    found = row
                    break
            slot = (slot + _ONE) & mask
        if found < 0:
            if count >= limit:
                break
            known_names[count] = name
            known_system_names[count] = system_name
            known_filenames[count] = filename
            known_start_lines[count] = start_line
            found = np.int64(count)
            count += 1
            slots[slot] = (code << _SHIFT32) | np.uint64(count)
        function_map[done] = found
        done += 1
    counts[FUNCTIONS] = count
    return done


@kernel
def intern_mappings(
    starts: U64, limits: U64, file_offsets: U64, filenames: U32, build_ids: U32, flags: U32, string_map: U32,
    first: int, mapping_map: U32, seed: np.uint64, slots: U64, counts: I64,
    known_starts: U64, known_limits: U64, known_file_offsets: U64,
    known_filenames: U32, known_build_ids: U32, known_flags: U32,
) -> int:  # fmt: skip
    """Map mappings ``first`` and on; see the module for the protocol."""
    mask = np.uint64(slots.shape[0] - 1)
    count = counts[MAPPINGS]
    limit = min(known_starts.shape[0], slot_limit(slots))
    done = first
    while done < mapping_map.shape[0]:
        filename = string_map[filenames[done]]
        build_id = string_map[build_ids[done]]
        files = (np.uint64(filename) << _SHIFT32) ^ np.uint64(build_id)
        code = hash_pair(starts[done], limits[done], seed)
        code = hash_pair(code ^ (file_offsets[done] << _SHIFT32), files, seed)
        code = hash_pair(code, np.uint64(flags[done]), seed)
        slot = code & mask
        found = np.int64(-1)
        while slots[slot] != _ZERO:
            entry = slots[slot]
            if entry >> _SHIFT32 == code:
                row = np.int64(entry & _LOW32) - 1
                if (
                    known_starts[row] == starts[done]
                    and known_limits[row] == limits[done]
                    and known_file_offsets[row] == file_offsets[done]
                    and known_filenames[row] == filename
                    and known_build_ids[row] == build_id
                    and known_flags[row] == flags[done]
                ):
                    found = row
                    break
            slot = (slot + _ONE) & mask
        if found < 0:
            if count >= limit:
                break
            known_starts[count] = starts[done]
            known_limits[count] = limits[done]
            known_file_offsets[count] = file_offsets[done]
            known_filenames[count] = filename
            known_build_ids[count] = build_id
            known_flags[count] = flags[done]
            found = np.int64(count)
            count += 1
            slots[slot] = (code << _SHIFT32) | np.uint64(count)
        mapping_map[done] = found
        done += 1
    counts[MAPPINGS] = count
    return done


@kernel
def _same_lines(
    line_functions: U32, line_numbers: I64, function_map: U32, start: Any,
    known_functions: U32, known_numbers: I64, known_start: Any, size: Any,
) -> bool:  # fmt: skip
    for at in range(size):
        if known_functions[known_start + at] != function_map[line_functions[start + at]]:
            return False
        if known_numbers[known_start + at] != line_numbers[start + at]:
            return False
    return True


@kernel
def intern_locations(
    mappings: U32, addresses: U64, folded: U8, line_offsets: I64, line_functions: U32, line_numbers: I64,
    mapping_map: U32, function_map: U32, first: int, location_map: U32, seed: np.uint64, slots: U64, counts: I64,
    known_line_offsets: I64, known_mappings: U32, known_addresses: U64, known_folded: U8,
    known_functions: U32, known_numbers: I64,
) -> int:  # fmt: skip
    """Map locations ``first`` and on, with their lines; see the module for the protocol."""
    mask = np.uint64(slots.shape[0] - 1)
    count = counts[LOCATIONS]
    used_lines = counts[LINES]
    limit = min(known_mappings.shape[0], slot_limit(slots))
    done = first
    while done < location_map.shape[0]:
        mapping = mapping_map[mappings[done]]
        address = addresses[done]
        fold = folded[done]
        start = line_offsets[done]
        size = line_offsets[done + 1] - start
        code = hash_pair(address, (np.uint64(mapping) << np.uint64(1)) ^ np.uint64(fold), seed)
        for line in range(start, start + size):
            function = np.uint64(function_map[line_functions[line]])
            code = hash_pair(code ^ (function << _SHIFT32), np.uint64(line_numbers[line]), seed)
        slot = code & mask
        found = np.int64(-1)
        while slots[slot] != _ZERO:
            entry = slots[slot]
            if entry >> _SHIFT32 == code:
                row = np.int64(entry & _LOW32) - 1
                known_start = known_line_offsets[row]
                if (
                    known_addresses[row] == address
                    and known_mappings[row] == mapping
                    and known_folded[row] == fold
                    and known_line_offsets[row + 1] - known_start == size
                    and _same_lines(
                        line_functions, line_numbers, function_map, start,
                        known_functions, known_numbers, known_start, size,
                    )
                ):  # fmt: skip
                    found = row
                    break
            slot = (slot + _ONE) & mask
        if found < 0:
            if count >= limit or used_lines + size > known_functions.shape[0]:
                break
            for line in range(start, start + size):
                known_functions[used_lines] = function_map[line_functions[line]]
                known_numbers[used_lines] = line_numbers[line]
                used_lines += 1
            known_mappings[count] = mapping
            known_addresses[count] = address
            known_folded[count] = fold
            found = np.int64(count)
            count += 1
            known_line_offsets[count] = used_lines
            slots[slot] = (code << _SHIFT32) | np.uint64(count)
        location_map[done] = found
        done += 1
    counts[LOCATIONS] = count
    counts[LINES] = used_lines
    return done


@kernel
def intern_nodes(
    parents: U32, locations: U32, location_map: U32, first: int, node_map: U32, seed: np.uint64,
    slots: U64, counts: I64, known_parents: U32, known_locations: U32,
) -> int:  # fmt: skip
    """Map tree nodes ``first`` and on (``first`` >= 1: the root is the root); see the module for the protocol."""
    mask = np.uint64(slots.shape[0] - 1)
    count = counts[NODES]
    limit = min(known_parents.shape[0], slot_limit(slots))
    done = first
    while done < node_map.shape[0]:
        parent = node_map[parents[done]]
        location = location_map[locations[done]]
        code = hash_pair(parent, location, seed)
        slot = code & mask
        found = np.int64(-1)
        while slots[slot] != _ZERO:
            entry = slots[slot]
            if entry >> _SHIFT32 == code:
                row = np.int64(entry & _LOW32) - 1
                if known_parents[row] == parent and known_locations[row] == location:
                    found = row
                    break
            slot = (slot + _ONE) & mask
        if found < 0:
            if count >= limit:
                break
            known_parents[count] = parent
            known_locations[count] = location
            found = np.int64(count)
            count += 1
            slots[slot] = (code << _SHIFT32) | np.uint64(count)
        node_map[done] = found
        done += 1
    counts[NODES] = count
    return done


@kernel
def add_values(sums: I64, node_map: U32, values: I64) -> None:
    """Add ``values[i]`` to ``sums[node_map[i]]`` for every i."""
    for node in range(values.shape[0]):
        sums[node_map[node]] += values[node]


def warm_up() -> None:
    """Compile every kernel of this file by interning one row of each kind into tables with room for two."""
    u32, i64, u64, seed = np.zeros(2, np.uint32), np.zeros(3, np.int64), np.zeros(2, np.uint64), np.uint64(0)
    data, slots, counts = np.zeros(8, np.uint8), np.zeros(16, np.uint64), np.zeros(7, np.int64)
    slot_limit(slots)
    rehash(slots, np.zeros(32, np.uint64))
    row_map = np.zeros(1, np.uint32)
    intern_strings(i64, data, 0, row_map, seed, slots.copy(), counts, i64.copy(), data)
    intern_functions(u32, u32, u32, i64, u32, 0, row_map, seed, slots.copy(), counts, u32, u32, u32, i64)
    intern_mappings(
        u64, u64, u64, u32, u32, u32, u32, 0, row_map, seed, slots.copy(), counts, u64, u64, u64, u32, u32, u32
    )
    intern_locations(
        u32, u64, data, i64, u32, i64, u32, u32, 0, row_map, seed, slots.copy(), counts, i64, u32, u64, data, u32, i64
    )
    intern_nodes(u32, u32, u32, 1, row_map, seed, slots.copy(), counts, u32, u32)
    add_values(i64, row_map, np.zeros(1, np.int64))
