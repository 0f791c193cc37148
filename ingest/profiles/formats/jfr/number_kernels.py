"""The smallest steps of reading JFR: a number, a string, and a list of numbers.

A chunk writes its integers either compressed or plain, as bit 0 of its features says:

* compressed: 7 bits a byte, the lowest first, bit 7 set when another byte follows; the ninth byte, if it comes to that,
  has 8 bits. At most 9 bytes, always 64 bits; a negative ``int`` may come as 32 or as 64 bits.
* plain: big endian, 2 bytes for ``short`` and ``char``, 4 for ``int``, 8 for ``long``.

``boolean`` and ``byte`` are one byte, ``float`` 4 and ``double`` 8 bytes, big endian, in both. A string is one byte of
encoding and what follows from it: 0 null, 1 empty, 2 a reference (``long``) into the pool of strings, 3 UTF-8 and
5 ISO 8859-1 (a length in bytes as ``int``, then the bytes), 4 UTF-16 (a number of ``char``, then these).

A negative position that a kernel returns is a status with its sign turned.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.jit import checked_kernel

#: Statuses of reading; each is a way in which bytes can fail to be a recording.
OK, CUT_OFF, BAD_STRING, BAD_EVENT_SIZE, UNKNOWN_POOL, BAD_ARRAY = range(6)

#: Bytes of the types of integers when they are plain.
SHORT, INT, LONG = 2, 4, 8

#: Encodings of strings.
NULL, EMPTY, REFERENCE, UTF8, UTF16, LATIN1 = range(6)


@checked_kernel
def read_varint(raw: U8, position: int, end: int) -> Any:
    """Return (value as int64, position after it) of a compressed integer."""
    value = np.uint64(0)
    shift = np.uint64(0)
    while position < end:
        byte = np.uint64(raw[position])
        position += 1
        if shift == np.uint64(56):
            return np.int64(value | byte << shift), position
        value |= (byte & np.uint64(0x7F)) << shift
        if byte < np.uint64(128):
            return np.int64(value), position
        shift += np.uint64(7)
    return np.int64(0), -CUT_OFF


@checked_kernel
def read_fixed(raw: U8, position: int, end: int, size: int) -> Any:
    """Return (value as int64, position after it) of a big-endian integer of ``size`` bytes, sign extended."""
    if end - position < size:
        return np.int64(0), -CUT_OFF
    value = np.int64(np.int8(raw[position])) if size else np.int64(0)
    for index in range(1, size):
        value = value << 8 | np.int64(raw[position + index])
    return value, position + size


@checked_kernel
def read_number(raw: U8, position: int, end: int, plain: bool, size: int) -> Any:
    """Return (value as int64, position after it) of an integer that takes ``size`` bytes when plain."""
    if plain:
        return read_fixed(raw, position, end, size)
    if position < end and raw[position] < 128:
        return np.int64(raw[position]), position + 1
    value, position = read_varint(raw, position, end)
    if size == INT:
        value = np.int64(np.int32(value))
    return value, position


@checked_kernel
def skip_string(raw: U8, position: int, end: int, plain: bool) -> Any:
    """Return the position after a string."""
    if position >= end:
        return -CUT_OFF
    encoding = raw[position]
    position += 1
    if encoding <= EMPTY:
        return position
    if encoding == REFERENCE:
        _, position = read_number(raw, position, end, plain, LONG)
        return position
    if encoding > LATIN1:
        return -BAD_STRING
    size, position = read_number(raw, position, end, plain, INT)
    if position < 0:
        return position
    if size < 0 or size > end - position:
        return -BAD_STRING
    if encoding != UTF16:
        return position + size
    for _ in range(size):
        _, position = read_number(raw, position, end, plain, SHORT)
        if position < 0:
            return position
    return position


@checked_kernel
def find_strings(raw: U8, position: int, end: int, plain: bool, starts: I64) -> Any:
    """Write where each of ``len(starts)`` strings starts; return the position after the last."""
    for index in range(len(starts)):
        starts[index] = position
        position = skip_string(raw, position, end, plain)
        if position < 0:
            return position
    return position


@checked_kernel
def read_numbers(raw: U8, position: int, end: int, plain: bool, numbers: I64) -> Any:
    """Read ``int`` up to ``end`` or until ``numbers`` is full; return (how many, position after the last)."""
    count = 0
    while position < end and count < len(numbers):
        value, after = read_number(raw, position, end, plain, INT)
        if after < 0:
            return count, after
        numbers[count] = value
        count += 1
        position = after
    return count, position


def warm_up() -> None:
    """Compile every kernel for the dtypes of real use: views of messages are read-only."""
    raw = np.frombuffer(bytes(16), np.uint8)
    numbers = np.zeros(2, np.int64)
    find_strings(raw, 0, 16, False, numbers)
    read_numbers(raw, 0, 16, False, numbers)
    read_number(raw, 0, 16, False, LONG)
