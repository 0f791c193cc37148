"""The steps that reading OpenTelemetry's messages is made of: numbers of a message, repeated numbers.

The rules of protobuf are those of :mod:`ingest.profiles.pprof.wire_kernels`: of a scalar that comes twice the last
value holds, repeated numbers may come packed or not, unknown fields are skipped. A negative result is a status with
its sign turned. All kernels check indices: the bytes come from outside.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.jit import checked_kernel
from ingest.profiles.pprof.varint_kernels import (
    BAD_LENGTH,
    BAD_WIRE_TYPE,
    BYTES,
    FIXED64,
    LOW,
    VARINT,
    read_length,
    read_tag,
    read_varint,
    skip_field,
)


@checked_kernel
def count_list(raw: U8, position: int, end: int, wanted: int) -> Any:
    """Return the numbers in the repeated field ``wanted`` of a message, packed or not; or a negative status."""
    count = 0
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field == wanted and wire_type == BYTES:
            span = read_length(raw, position, end)
            if span < 0:
                return span
            start, position = span & LOW, span >> 32
            for index in range(start, position):
                count += raw[index] < 128
            continue
        if field == wanted and wire_type == VARINT:
            count += 1
        position = skip_field(raw, position, end, wire_type)
        if position < 0:
            return position
    return count


@checked_kernel
def count_messages(raw: U8, position: int, end: int, wanted: int) -> Any:
    """Return how often the message field ``wanted`` is there; or a negative status."""
    count = 0
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field == wanted and wire_type == BYTES:
            count += 1
        position = skip_field(raw, position, end, wire_type)
        if position < 0:
            return position
    return count


@checked_kernel
def read_numbers(raw: U8, position: int, end: int, row: I64, fields: int) -> Any:
    """Read varint fields 1 to ``fields`` into ``row``; return ``end`` or a negative status."""
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field <= fields:
            if wire_type != VARINT:
                return -BAD_WIRE_TYPE
            value, position = read_varint(raw, position, end)
            if position < 0:
                return position
            row[field - 1] = np.int64(value)
        else:
            position = skip_field(raw, position, end, wire_type)
            if position < 0:
                return position
    return position


@checked_kernel
def read_list(raw: U8, position: int, end: int, wanted: int, column: I64, used: int) -> Any:
    """Append the repeated field ``wanted`` to ``column``; return (rows used, ``end`` or a negative status)."""
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return used, tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field != wanted:
            position = skip_field(raw, position, end, wire_type)
            if position < 0:
                return used, position
            continue
        used, position = append_numbers(raw, position, end, wire_type, column, used)
        if position < 0:
            return used, position
    return used, position


@checked_kernel
def append_numbers(raw: U8, position: int, end: int, wire_type: int, column: I64, used: int) -> Any:
    """Append one repeated varint, packed or not, to ``column``; return (rows used, position or negative status)."""
    stop = end
    if wire_type == BYTES:
        span = read_length(raw, position, end)
        if span < 0:
            return used, span
        position, stop = span & LOW, span >> 32
    elif wire_type != VARINT:
        return used, -BAD_WIRE_TYPE
    while position < stop:
        value, position = read_varint(raw, position, stop)
        if position < 0:
            return used, position
        column[used] = np.int64(value)
        used += 1
        if wire_type == VARINT:
            return used, position
    return used, position if wire_type == BYTES else -BAD_LENGTH


@checked_kernel
def count_timestamps(raw: U8, position: int, end: int, wire_type: int) -> Any:
    """Return ``number of timestamps << 32 | position after them`` of one field of fixed64, or a negative status."""
    if wire_type == BYTES:
        span = read_length(raw, position, end)
        if span < 0:
            return span
        start, stop = span & LOW, span >> 32
        if (stop - start) % 8:
            return -BAD_LENGTH
        return (stop - start) // 8 << 32 | stop
    if wire_type != FIXED64:
        return -BAD_WIRE_TYPE
    return -BAD_LENGTH if end - position < 8 else 1 << 32 | (position + 8)


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    raw, column = np.frombuffer(b"\x08\x00", np.uint8), np.zeros(2, np.int64)
    count_list(raw, 0, 2, 1)
    count_messages(raw, 0, 2, 2)
    read_numbers(raw, 0, 2, column, 1)
    read_list(raw, 0, 2, 1, column, 0)
    append_numbers(raw, 0, 2, 0, column, 0)
    count_timestamps(raw, 0, 2, 2)
