"""Strings of a recording, decoded where they are wanted."""

from __future__ import annotations

from ingest.profiles.formats.jfr import number_kernels as number

_UTF16_UNIT_BYTES = 2


def text_at(data: bytes, position: int, plain: bool) -> str:
    """Return the string that starts at ``position``, which a kernel has gone past before.

    Damaged characters become U+FFFD. A null string and one that is a reference into a pool are empty;
    see :func:`reference_at`.
    """
    encoding = data[position]
    if encoding not in (number.UTF8, number.UTF16, number.LATIN1):
        return ""
    size, start = _number_at(data, position + 1, plain, number.INT)
    if encoding == number.UTF8:
        return data[start : start + size].decode("utf-8", "replace")
    if encoding == number.LATIN1:
        return data[start : start + size].decode("latin-1")
    content = data[start : start + size]
    if not plain and content.isascii():
        return content.decode("ascii")  # each byte is a character of its own; the JDK writes most names like this
    units = bytearray()
    for _ in range(size):
        unit, start = _number_at(data, start, plain, number.SHORT)
        units += (unit & 0xFFFF).to_bytes(_UTF16_UNIT_BYTES, "little")
    return units.decode("utf-16-le", "replace")


def reference_at(data: bytes, position: int, plain: bool) -> int | None:
    """Return the key in the pool of strings when the string at ``position`` is a reference, else None."""
    if data[position] != number.REFERENCE:
        return None
    key, _ = _number_at(data, position + 1, plain, number.LONG)
    return key


def _number_at(data: bytes, position: int, plain: bool, size: int) -> tuple[int, int]:
    """Return an integer and the position after it; plainer than the kernel, and quicker for a single call."""
    if plain:
        return int.from_bytes(data[position : position + size], "big", signed=True), position + size
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        if shift == 56:
            value |= byte << shift
            break
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return value - (1 << 64) if value >> 63 else value, position
