"""The smallest steps of reading protobuf: a varint, a tag, a length, and going past a field.

Each checks its own bounds and returns one number where it can: calls with several results are not inlined, and these
run for every field. A negative result is a status with its sign turned.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import U8
from ingest.profiles.jit import checked_kernel, inlined_kernel

#: Statuses of reading; each is a way in which bytes can fail to be a message.
OK, BAD_VARINT, BAD_LENGTH, BAD_WIRE_TYPE, BAD_FIELD = range(5)

#: Wire types. Groups (3 and 4) are refused.
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

#: Takes the lower of the two numbers that :func:`read_tag` and :func:`read_length` pack into one.
LOW = 0xFFFFFFFF


@checked_kernel
def read_varint(raw: U8, position: int, end: int) -> Any:
    """Return (value as uint64, position after it); the position is negative when the varint is damaged."""
    value = np.uint64(0)
    shift = np.uint64(0)
    while position < end and shift <= np.uint64(63):
        byte = raw[position]
        position += 1
        value |= np.uint64(byte & np.uint8(0x7F)) << shift
        if byte < 128:
            if shift == np.uint64(63) and byte > 1:
                return value, -BAD_VARINT
            return value, position
        shift += np.uint64(7)
    return value, -BAD_VARINT


@checked_kernel
def _long_tag(raw: U8, position: int, end: int) -> Any:
    """Read a tag of any length as :func:`read_tag` does."""
    tag, after = read_varint(raw, position, end)
    if after < 0:
        return after
    if tag > np.uint64(0xFFFFFFFF) or tag < np.uint64(8):
        return -BAD_FIELD
    return after << 32 | np.int64(tag)


@inlined_kernel
def read_tag(raw: U8, position: int, end: int) -> Any:
    """Return ``position after the tag << 32 | field number << 3 | wire type``, or a negative status.

    One number and not three, because calls with several results are not inlined and this is called for every field.
    """
    byte = np.int64(raw[position])
    if 8 <= byte < 128:
        return (position + 1) << 32 | byte
    return _long_tag(raw, position, end)


@checked_kernel
def _long_length(raw: U8, position: int, end: int) -> Any:
    """Read a length of any length as :func:`read_length` does."""
    size, start = read_varint(raw, position, end)
    if start < 0:
        return start
    if size > np.uint64(end - start):
        return -BAD_LENGTH
    return (start + np.int64(size)) << 32 | start


@inlined_kernel
def read_length(raw: U8, position: int, end: int) -> Any:
    """Return ``end << 32 | start`` of the length-delimited content at ``position``, or a negative status."""
    if position < end:
        size = np.int64(raw[position])
        if size < 128 and size < end - position:
            return (position + 1 + size) << 32 | (position + 1)
    return _long_length(raw, position, end)


@checked_kernel
def skip_field(raw: U8, position: int, end: int, wire_type: Any) -> Any:
    """Return the position after a field that is not wanted, negative when it is damaged or a group."""
    if wire_type == VARINT:
        _, after = read_varint(raw, position, end)
        return after
    if wire_type == BYTES:
        span = read_length(raw, position, end)
        return span >> 32 if span >= 0 else span
    if wire_type == FIXED64:
        return position + 8 if end - position >= 8 else -BAD_LENGTH
    if wire_type == FIXED32:
        return position + 4 if end - position >= 4 else -BAD_LENGTH
    return -BAD_WIRE_TYPE
