"""The metadata event of a chunk: its classes and their fields.

It is an event of class 0: size (``int``), class (``long``), start, duration and id of the metadata (``long`` each), a
number of strings (``int``), the strings, and one element, the root. An element is a name, a number of attributes, a
name and a value for each, and a number of elements inside of it, which follow; all are ``int``, names and values are
indexes of strings. Below ``root`` is ``metadata``, below that a ``class`` each, and in it its ``field`` elements; what
else there is (annotations, settings, the region) is gone past.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import U8
from ingest.profiles.formats.jfr import number_kernels as number
from ingest.profiles.formats.jfr.damage import damaged
from ingest.profiles.formats.jfr.layouts import Field, JfrClass
from ingest.profiles.formats.jfr.texts import text_at
from ingest.profiles.formats.refused import malformed

_METADATA = 0

#: Bytes of one metadata event. The JDK's own takes about 100 kB compressed and 400 kB plain.
MAX_METADATA_BYTES = 2 << 20
#: Elements inside of elements; in practice root, metadata, class, field, annotation.
_MAX_DEPTH = 16
#: Below ``root`` and ``metadata``.
_CLASS_DEPTH, _FIELD_DEPTH = 3, 4
#: Decimal digits of an id; more would not be a ``long``.
_MAX_ID_DIGITS = 18


@dataclass(frozen=True, slots=True)
class _Element:
    depth: int  #: 1 is the root
    name: str
    attributes: dict[str, str]


def read_metadata(data: bytes, raw: U8, position: int, end: int, plain: bool) -> dict[int, JfrClass]:
    """Return the classes by id of the metadata event at ``position`` of a chunk up to ``end``; raises Refused."""
    size, after = number.read_number(raw, position, end, plain, number.INT)
    if after < 0 or size <= after - position or size > end - position:
        raise damaged(number.BAD_EVENT_SIZE, position, "the metadata")
    if size > MAX_METADATA_BYTES:
        raise malformed(f"the metadata at byte {position} has {size} bytes, at most {MAX_METADATA_BYTES} are read")
    end = position + size
    type_id, after = number.read_number(raw, after, end, plain, number.LONG)
    for _ in range(3):
        if after >= 0:
            _, after = number.read_number(raw, after, end, plain, number.LONG)
    count = 0
    if after >= 0:
        count, after = number.read_number(raw, after, end, plain, number.INT)
    if after < 0 or type_id != _METADATA or not 0 <= count <= end - after:
        raise malformed(f"there is no metadata event at byte {position}")
    starts = np.empty(count, np.int64)
    after = number.find_strings(raw, after, end, plain, starts)
    if after < 0:
        raise damaged(-after, position, "the metadata")
    numbers = np.empty(end - after, np.int64)
    used, _ = number.read_numbers(raw, after, end, plain, numbers)
    if (numbers[:used] < 0).any():
        raise malformed(f"the metadata at byte {position} has a negative number")
    strings = [text_at(data, start, plain) for start in starts.tolist()]
    try:
        return _classes(_elements(numbers[:used].tolist(), strings))
    except IndexError:
        raise malformed(f"the metadata at byte {position} is cut off, or names a string that is not there") from None


def _elements(numbers: list[int], strings: list[str]) -> Iterator[_Element]:
    """Yield the elements in their order, each before those inside of it; IndexError when there are too few numbers."""
    waiting = [1]
    index = 0
    while waiting:
        if not waiting[-1]:
            waiting.pop()
            continue
        waiting[-1] -= 1
        last = index + 2 + 2 * numbers[index + 1]
        waiting.append(numbers[last])
        attributes = numbers[index + 2 : last]
        pairs = zip(attributes[::2], attributes[1::2], strict=True)
        yield _Element(
            len(waiting) - 1, strings[numbers[index]], {strings[name]: strings[value] for name, value in pairs}
        )
        index = last + 1
        if len(waiting) > _MAX_DEPTH:
            raise malformed(f"the metadata is nested more than {_MAX_DEPTH} deep")


def _classes(elements: Iterator[_Element]) -> dict[int, JfrClass]:
    """Return the classes that the elements describe."""
    classes: dict[int, JfrClass] = {}
    fields: list[Field] = []
    described: dict[str, str] | None = None
    inside = ""
    for element in elements:
        if element.depth < _CLASS_DEPTH:
            inside = element.name
        if element.depth <= _CLASS_DEPTH:
            _keep(classes, described, fields)
            is_class = element.depth == _CLASS_DEPTH and element.name == "class" and inside == "metadata"
            described, fields = (element.attributes if is_class else None), []
        elif element.depth == _FIELD_DEPTH and element.name == "field" and described is not None:
            fields.append(
                Field(
                    name=element.attributes.get("name", ""),
                    type_id=_number(element.attributes.get("class", "")),
                    is_reference=element.attributes.get("constantPool") == "true",
                    is_array=_number(element.attributes.get("dimension", "0")) > 0,
                )
            )
    _keep(classes, described, fields)
    return classes


def _keep(classes: dict[int, JfrClass], described: dict[str, str] | None, fields: list[Field]) -> None:
    """Add the class whose fields are complete."""
    if described is not None:
        type_id = _number(described.get("id", ""))
        name, super_type = described.get("name", ""), described.get("superType", "")
        classes[type_id] = JfrClass(type_id, name, super_type, tuple(fields))


def _number(text: str) -> int:
    """Return the number that a string says; Refused when it says none."""
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_ID_DIGITS:
        raise malformed(f"the metadata says {text[:40]!r} where a number is due")
    return int(text)
