"""The labels that go with a recording: what the numbers in its events stand for.

Agents send them beside the recording as a protobuf message ``LabelsSnapshot``::

    map<int64, Context> contexts = 1;    // by the context id of an event
    map<int64, string> strings = 2;
    message Context { map<int64, int64> labels = 1; }    // key and value of a label, both in strings

A map is a repeated message of a key (field 1) and a value (field 2), of which the last one with a key counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.profiles.formats.refused import Refused, malformed

#: Contexts, labels of contexts and strings together. Agents have a handful; the reader is plain Python.
MAX_ENTRIES = 100_000

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES = 10

#: A field: its number, and a number or the range of its content.
_Value = int | tuple[int, int]


@dataclass(frozen=True, slots=True)
class LabelsSnapshot:
    """Labels by context id, and strings by number."""

    contexts: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)  #: sorted by name
    strings: dict[int, str] = field(default_factory=dict)


def read_labels(data: bytes) -> LabelsSnapshot:
    """Read a message, not compressed; raises Refused. Labels whose name or value is missing or empty are left out."""
    reader = _Reader(data)
    strings: dict[int, str] = {}
    contexts: dict[int, dict[int, int]] = {}
    for number, value in reader.fields((0, len(data))):
        if number == 1:
            key, content = reader.entry(value)
            contexts[key] = {}
            for inner, label in reader.fields(content if isinstance(content, tuple) else (0, 0)):
                if inner == 1:
                    name, text = reader.entry(label)
                    contexts[key][name] = text if isinstance(text, int) else 0
        elif number == 2:
            key, content = reader.entry(value)
            start, end = content if isinstance(content, tuple) else (0, 0)
            strings[key] = data[start:end].decode("utf-8", "replace")
    named = {
        context: tuple(sorted((strings.get(name, ""), strings.get(text, "")) for name, text in labels.items()))
        for context, labels in contexts.items()
    }
    complete = {context: tuple(pair for pair in labels if all(pair)) for context, labels in named.items()}
    return LabelsSnapshot(complete, strings)


class _Reader:
    """Reads one message; raises Refused."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._entries_left = MAX_ENTRIES

    def fields(self, place: tuple[int, int]) -> Iterator[tuple[int, _Value]]:
        """Yield the fields between two positions; those of fixed size are gone past."""
        position, end = place
        while position < end:
            tag, position = self._varint(position, end)
            number, wire_type = tag >> 3, tag & 7
            if wire_type == _VARINT:
                value, position = self._varint(position, end)
                yield number, value
            elif wire_type == _BYTES:
                size, start = self._varint(position, end)
                position = start + size
                if position > end:
                    raise _damage(start)
                yield number, (start, position)
            elif wire_type in _FIXED_BYTES:
                position += _FIXED_BYTES[wire_type]
            else:
                raise _damage(position)

    def entry(self, value: _Value) -> tuple[int, _Value]:
        """Return key and value of an entry of a map; what is not there is 0."""
        self._entries_left -= 1
        if self._entries_left < 0:
            raise malformed(f"the labels have more than {MAX_ENTRIES} entries")
        if isinstance(value, int):
            raise malformed("the labels of the recording are not a LabelsSnapshot message")
        found = dict(self.fields(value))
        key = found.get(1, 0)
        return (key if isinstance(key, int) else 0), found.get(2, 0)

    def _varint(self, position: int, end: int) -> tuple[int, int]:
        value = 0
        for index, byte in enumerate(self._data[position : min(end, position + _MAX_VARINT_BYTES)]):
            value |= (byte & 0x7F) << 7 * index
            if byte < 0x80:
                value &= (1 << 64) - 1
                return (value - (1 << 64) if value >> 63 else value), position + index + 1
        raise _damage(position)


def _damage(position: int) -> Refused:
    return malformed(f"the labels of the recording are not a LabelsSnapshot message (at byte {position})")
