"""Attributes of OpenTelemetry as labels.

A label is a text, so what becomes one is a text, a number without fraction, a truth value, or a list of one of these.
Everything else (fractions, bytes, longer lists, maps) would be different for every sample or unreadable, and is left
out. Names in double underscores belong to the server and are left out as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ingest.profiles.reasons import Reason, Rejection

#: Most bytes of a resource or a scope: its attributes are read one by one.
MAX_ATTRIBUTES_BYTES = 1 << 16

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10

TextOf = Callable[[int], str]  #: a string of the dictionary by its index


class _Damaged(Exception):
    """The bytes are no message."""


def read_attributes(
    data: bytes, start: int, end: int, attributes_field: int, text_of: TextOf
) -> dict[str, str] | Rejection:
    """Return the labels of the repeated ``KeyValue`` at ``attributes_field`` of the message in ``data[start:end]``."""
    if end - start > MAX_ATTRIBUTES_BYTES:
        return Rejection(
            Reason.MALFORMED_PROFILE,
            f"A resource or scope has {end - start} bytes, at most {MAX_ATTRIBUTES_BYTES} are read.",
        )
    labels: dict[str, str] = {}
    try:
        for field, kind, first, last in _fields(data, start, end):
            if field == attributes_field and kind == _BYTES:
                key, value = _key_value(data, first, last, text_of)
                if is_label_name(key) and value:
                    labels.setdefault(key, value)
    except _Damaged:
        return Rejection(Reason.MALFORMED_PROFILE, "The attributes of a resource or scope cannot be read.")
    return labels


def value_text(data: bytes, start: int, end: int, text_of: TextOf) -> str | None:
    """Return the ``AnyValue`` in ``data[start:end]`` as the value of a label; None when it cannot be one."""
    try:
        return _value(data, start, end, text_of)
    except _Damaged:
        return None


def is_label_name(key: str) -> bool:
    """Whether an attribute's key is the name of a label that a sender may set."""
    return bool(key) and not key.startswith("__")


def _key_value(data: bytes, start: int, end: int, text_of: TextOf) -> tuple[str, str | None]:
    key, value = "", None
    for field, kind, first, last in _fields(data, start, end):
        if field == 1 and kind == _BYTES:
            key = data[first:last].decode("utf-8", "replace")
        elif field == 2 and kind == _BYTES:
            value = _value(data, first, last, text_of)
        elif field == 3 and kind == _VARINT and first:
            key = text_of(first)
    return key, value


def _value(data: bytes, start: int, end: int, text_of: TextOf, is_element: bool = False) -> str | None:
    text: str | None = None
    for field, kind, first, last in _fields(data, start, end):
        if field == 1 and kind == _BYTES:
            text = data[first:last].decode("utf-8", "replace")
        elif field == 2 and kind == _VARINT:
            text = "true" if first else "false"
        elif field == 3 and kind == _VARINT:
            text = str(first - (1 << 64) if first >> 63 else first)
        elif field == 5 and kind == _BYTES and not is_element:
            text = _only_element(data, first, last, text_of)
        elif field == 8 and kind == _VARINT:
            text = text_of(first)
        else:
            text = None
    return text


def _only_element(data: bytes, start: int, end: int, text_of: TextOf) -> str | None:
    elements = [(first, last) for field, kind, first, last in _fields(data, start, end) if (field, kind) == (1, _BYTES)]
    if len(elements) != 1:
        return None
    return _value(data, *elements[0], text_of, is_element=True)


def _fields(data: bytes, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field, wire type, start, end) of each field; of a number its value in place of the start."""
    while position < end:
        tag, position = _varint(data, position, end)
        field, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = _varint(data, position, end)
            yield field, kind, value, 0
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind, -1)
        if kind == _BYTES:
            size, position = _varint(data, position, end)
        if size < 0 or size > end - position:
            raise _Damaged
        yield field, kind, position, position + size
        position += size


def _varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """Return (value, position after it)."""
    value = shift = 0
    for index in range(position, min(end, position + _MAX_VARINT_BYTES)):
        byte = data[index]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                raise _Damaged
            return value, index + 1
        shift += 7
    raise _Damaged
