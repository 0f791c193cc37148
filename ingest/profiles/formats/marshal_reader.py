"""Reads the part of Python's marshal format that profiler statistics use, without running or trusting anything.

The format (Python/marshal.c; version 2 to 5) is one byte of type, of which the top bit says that the value can be
referred to later, and what the type needs, numbers little-endian::

    N  None                      T F  True, False
    i  int32                     g    float64
    l  int32 count, with sign, then so many int16 of 15 bits each
    s  int32 length, bytes       z Z  uint8 length, ASCII    a A  int32 length, ASCII    u t  int32 length, UTF-8
    (  int32 count, values       )    uint8 count, values    {    key and value by turns, 0 in place of a key at the end
    r  uint32, a value read before

``marshal.loads`` itself is not safe on bytes from outside. Code objects, sets and the like are refused.
"""

from __future__ import annotations

import struct
from typing import Any

from ingest.profiles.formats.refused import malformed

_REFERABLE = 0x80
_MAX_DEPTH = 8
_MAX_LONG_DIGITS = 16
_KEY_PARTS = 3
_END = object()


class MarshalReader:
    """Reads one value. The objects made are at most as many as the bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._known: list[Any] = []

    def read(self) -> Any:
        """Return the value; refuses whatever else than the types above, and nesting deeper than statistics have."""
        value = self._value(0)
        if value is _END:
            raise self._damaged("a value is missing")
        return value

    def _value(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise self._damaged("values are nested too deep")
        code = self._take(1)[0]
        kind = chr(code & ~_REFERABLE)
        if kind == "r":
            return self._reference()
        # A container takes its number before what is in it.
        place = len(self._known)
        if code & _REFERABLE:
            self._known.append(_END)
        value = self._simple(kind)
        if value is _END and kind != "0":
            value = self._container(kind, depth)
        if code & _REFERABLE:
            self._known[place] = value
        return value

    def _reference(self) -> Any:
        index = self._number("<I")
        if index >= len(self._known) or self._known[index] is _END:
            raise self._damaged("a value is referred to that was not read")
        return self._known[index]

    def _simple(self, kind: str) -> Any:
        """Return a value that holds no others, or ``_END`` for any other kind."""
        match kind:
            case "N":
                return None
            case "T" | "F":
                return kind == "T"
            case "i":
                return self._number("<i")
            case "l":
                return self._long()
            case "g":
                return self._number("<d")
            case "s":
                return self._take(self._number("<i"))
            case "z" | "Z":
                return self._text(self._number("<B"))
            case "a" | "A" | "u" | "t":
                return self._text(self._number("<i"))
        return _END

    def _container(self, kind: str, depth: int) -> Any:
        match kind:
            case "(":
                return self._tuple(self._number("<i"), depth)
            case ")":
                return self._tuple(self._number("<B"), depth)
            case "{":
                return self._dict(depth)
        raise self._damaged(f"a value has the type {kind!r}, which statistics do not have")

    def _tuple(self, count: int, depth: int) -> tuple[Any, ...]:
        if not 0 <= count <= len(self._data) - self._position:
            raise self._damaged("a tuple is longer than the file")
        values = tuple([self._value(depth + 1) for _ in range(count)])
        if any(value is _END for value in values):
            raise self._damaged("a value is missing")
        return values

    def _dict(self, depth: int) -> dict[Any, Any]:
        pairs: dict[Any, Any] = {}
        while (key := self._value(depth + 1)) is not _END:
            value = self._value(depth + 1)
            if value is _END:
                raise self._damaged("a value is missing")
            # Hashing anything that is nested could take for ever: values may refer to each other.
            if (
                not isinstance(key, tuple)
                or len(key) != _KEY_PARTS
                or not all(isinstance(one, str | int) for one in key)
            ):
                raise self._damaged("a key is not (file, line, name)")
            pairs[key] = value
        return pairs

    def _long(self) -> int:
        count = self._number("<i")
        if abs(count) > _MAX_LONG_DIGITS:
            raise self._damaged("a number is too long")
        value: int = sum((self._number("<H") & 0x7FFF) << 15 * index for index in range(abs(count)))
        return -value if count < 0 else value

    def _text(self, length: int) -> str:
        return self._take(length).decode("utf-8", "replace")

    def _number(self, layout: str) -> Any:
        (value,) = struct.unpack(layout, self._take(struct.calcsize(layout)))
        return value

    def _take(self, count: int) -> bytes:
        end = self._position + count
        if count < 0 or end > len(self._data):
            raise self._damaged("the file is cut off")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def _damaged(self, why: str) -> Exception:
        return malformed(f"not the statistics of a Python profiler: {why} (at byte {self._position})")
