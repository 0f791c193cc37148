"""The kernel that writes columns as the protobuf bytes of a pprof profile.

A message is written after its length, so every length is computed before: by :func:`_size` of its numbers. The buffer
is allocated by the caller for the longest the numbers can get; nothing here checks an index.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8, U32, U64
from ingest.profiles.jit import kernel


@kernel
def _size(value: Any) -> int:
    """Return the bytes of a varint of a uint64."""
    size = 1
    while value >= np.uint64(128):
        value >>= np.uint64(7)
        size += 1
    return size


@kernel
def _put(out: U8, position: int, value: Any) -> int:
    """Write a varint of a uint64; return the position after it."""
    while value >= np.uint64(128):
        out[position] = np.uint8(value & np.uint64(127)) | np.uint8(128)
        value >>= np.uint64(7)
        position += 1
    out[position] = np.uint8(value)
    return position + 1


@kernel
def _put_message(out: U8, position: int, tag: int, fields: U64, count: int) -> int:
    """Write a message of the varint fields 1 to ``count`` behind its tag and length; zeros are left out."""
    size = 0
    for index in range(count):
        if fields[index] != 0:
            size += 1 + _size(fields[index])
    position = _put(out, position, np.uint64(tag))
    position = _put(out, position, np.uint64(size))
    for index in range(count):
        if fields[index] != 0:
            out[position] = (index + 1) << 3
            position = _put(out, position + 1, fields[index])
    return position


@kernel
def write_samples(out: U8, position: int, nodes: U32, values: I64, node_parent: U32, node_location: U32) -> int:
    """Write a sample for each row; return the position after the last.

    nodes: uint32[n]. values: int64[K, n]. Location ids are 1 + location index, leaf first.
    """
    types = values.shape[0]
    for row in range(len(nodes)):
        refs_size = 0
        node = np.int64(nodes[row])
        while node != 0:
            refs_size += _size(np.uint64(node_location[node]) + np.uint64(1))
            node = np.int64(node_parent[node])
        values_size = 0
        for column in range(types):
            values_size += _size(np.uint64(values[column, row]))
        size = 1 + _size(np.uint64(values_size)) + values_size
        if refs_size:
            size += 1 + _size(np.uint64(refs_size)) + refs_size
        position = _put(out, position, np.uint64(0x12))
        position = _put(out, position, np.uint64(size))
        if refs_size:
            position = _put(out, position, np.uint64(0x0A))
            position = _put(out, position, np.uint64(refs_size))
            node = np.int64(nodes[row])
            while node != 0:
                position = _put(out, position, np.uint64(node_location[node]) + np.uint64(1))
                node = np.int64(node_parent[node])
        position = _put(out, position, np.uint64(0x12))
        position = _put(out, position, np.uint64(values_size))
        for column in range(types):
            position = _put(out, position, np.uint64(values[column, row]))
    return position


@kernel
def write_message_samples(
    out: U8,
    position: int,
    location_offsets: I64,
    location: U32,
    values: I64,
    label_offsets: I64,
    label_key: U32,
    label_str: U32,
) -> int:
    """Write a sample for each row from its own locations and labels; return the position after the last.

    location_offsets, label_offsets: int64[n + 1]. values: int64[K, n]. Location ids are 1 + location index.
    """
    types = values.shape[0]
    label = np.zeros(2, np.uint64)
    scratch = np.zeros(32, np.uint8)
    for row in range(values.shape[1]):
        refs_size = 0
        for index in range(location_offsets[row], location_offsets[row + 1]):
            refs_size += _size(np.uint64(location[index]) + np.uint64(1))
        values_size = 0
        for column in range(types):
            values_size += _size(np.uint64(values[column, row]))
        size = 0
        if refs_size:
            size += 1 + _size(np.uint64(refs_size)) + refs_size
        if values_size:
            size += 1 + _size(np.uint64(values_size)) + values_size
        for index in range(label_offsets[row], label_offsets[row + 1]):
            label[0] = np.uint64(label_key[index])
            label[1] = np.uint64(label_str[index])
            size += _put_message(scratch, 0, 0x1A, label, 2)
        position = _put(out, position, np.uint64(0x12))
        position = _put(out, position, np.uint64(size))
        if refs_size:
            position = _put(out, position, np.uint64(0x0A))
            position = _put(out, position, np.uint64(refs_size))
            for index in range(location_offsets[row], location_offsets[row + 1]):
                position = _put(out, position, np.uint64(location[index]) + np.uint64(1))
        if values_size:
            position = _put(out, position, np.uint64(0x12))
            position = _put(out, position, np.uint64(values_size))
            for column in range(types):
                position = _put(out, position, np.uint64(values[column, row]))
        for index in range(label_offsets[row], label_offsets[row + 1]):
            label[0] = np.uint64(label_key[index])
            label[1] = np.uint64(label_str[index])
            position = _put_message(out, position, 0x1A, label, 2)
    return position


@kernel
def write_locations(
    out: U8,
    position: int,
    mapping: U32,
    address: U64,
    folded: U8,
    line_offsets: I64,
    line_function: U32,
    line_number: I64,
) -> int:
    """Write all locations with ids 1 + index; a mapping index of 0 is no mapping. Returns the position after them."""
    line = np.zeros(2, np.uint64)
    scratch = np.zeros(32, np.uint8)
    head = np.zeros(5, np.uint64)
    for row in range(len(mapping)):
        head[0] = np.uint64(row + 1)
        head[1] = mapping[row]
        head[2] = address[row]
        size = 2 if folded[row] else 0
        for index in range(3):
            if head[index] != 0:
                size += 1 + _size(head[index])
        for index in range(line_offsets[row], line_offsets[row + 1]):
            line[0] = np.uint64(line_function[index]) + np.uint64(1)
            line[1] = np.uint64(line_number[index])
            size += _put_message(scratch, 0, 0x22, line, 2)
        position = _put(out, position, np.uint64(0x22))
        position = _put(out, position, np.uint64(size))
        for index in range(3):
            if head[index] != 0:
                out[position] = (index + 1) << 3
                position = _put(out, position + 1, head[index])
        for index in range(line_offsets[row], line_offsets[row + 1]):
            line[0] = np.uint64(line_function[index]) + np.uint64(1)
            line[1] = np.uint64(line_number[index])
            position = _put_message(out, position, 0x22, line, 2)
        if folded[row]:
            out[position] = 0x28
            out[position + 1] = 1
            position += 2
    return position


@kernel
def write_records(out: U8, position: int, tag: int, records: U64) -> int:
    """Write each row of uint64[n, k] as a message of the varint fields 1 to k; return the position after them."""
    for row in range(records.shape[0]):
        position = _put_message(out, position, tag, records[row], records.shape[1])
    return position


@kernel
def write_strings(out: U8, position: int, offsets: I64, data: U8) -> int:
    """Write the string table; return the position after it."""
    for row in range(len(offsets) - 1):
        size = offsets[row + 1] - offsets[row]
        position = _put(out, position, np.uint64(0x32))
        position = _put(out, position, np.uint64(size))
        for index in range(size):
            out[position + index] = data[offsets[row] + index]
        position += size
    return position


@kernel
def reference_count(nodes: U32, node_parent: U32) -> int:
    """Return how many locations the stacks of these nodes have together."""
    count = 0
    for row in range(len(nodes)):
        node = np.int64(nodes[row])
        while node != 0:
            count += 1
            node = np.int64(node_parent[node])
    return count


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    out = np.zeros(64, np.uint8)
    u32, i64 = np.zeros(1, np.uint32), np.zeros(1, np.int64)
    reference_count(u32, u32)
    write_samples(out, 0, u32, np.zeros((1, 1), np.int64), u32, u32)
    write_message_samples(
        out, 0, np.zeros(2, np.int64), u32, np.zeros((1, 1), np.int64), np.zeros(2, np.int64), u32, u32
    )
    write_locations(out, 0, u32, np.zeros(1, np.uint64), np.zeros(1, np.uint8), np.zeros(2, np.int64), u32, i64)
    write_records(out, 0, 0x0A, np.zeros((1, 2), np.uint64))
    write_strings(out, 0, np.zeros(2, np.int64), out)
