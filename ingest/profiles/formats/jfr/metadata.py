"""The metadata event of a chunk: its classes and their fields.

It is an event of class 0: size (``int``), class (``long``), start, duration and id of the metadata (``long`` each), a
number of strings (``int``), the strings, and one element, the root. An element is a name, a number of attributes, a
name and a value for each, and a number of elements inside of it, which follow; all are ``int``, names and values are
indexes of strings. Below ``root`` is ``metadata``, below that a ``class`` each, and in it its ``field`` elements; what
else there is (annotations, settings, the region) is gone past.
"""

from __future__ import annotations

import numpy as np

from ingest.profiles.columns import U8
from ingest.profiles.formats.jfr import metadata_kernels as kernels
from ingest.profiles.formats.jfr import number_kernels as number
from ingest.profiles.formats.jfr.damage import damaged
from ingest.profiles.formats.jfr.layouts import Field, JfrClass
from ingest.profiles.formats.jfr.texts import text_at
from ingest.profiles.formats.refused import malformed

_METADATA = 0

#: Bytes of one metadata event. The JDK's own takes about 100 kB compressed and 400 kB plain.
MAX_METADATA_BYTES = 2 << 20
#: Decimal digits of an id; more would not be a ``long``.
_MAX_ID_DIGITS = 18

_MESSAGES = {
    kernels.CUT_OFF: "is cut off",
    kernels.UNKNOWN_STRING: "names a string that is not there",
    kernels.TOO_DEEP: f"is nested more than {kernels.MAX_DEPTH} deep",
}


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
    texts = [text_at(data, start, plain) for start in starts.tolist()]
    index_of = {text: index for index, text in enumerate(texts)}
    names, keys = (
        np.array([index_of.get(text, -1) for text in wanted], np.int64) for wanted in (kernels.NAMES, kernels.KEYS)
    )
    rows = np.empty((used // 3 + 1, kernels.COLUMNS), np.int64)
    found = kernels.find_classes(numbers[:used], count, names, keys, rows)
    if found < 0:
        raise malformed(f"the metadata at byte {position} {_MESSAGES[found]}")
    return _classes(rows[:found].tolist(), [*texts, ""])


def _classes(rows: list[list[int]], texts: list[str]) -> dict[int, JfrClass]:
    """Return the classes of the rows, each of which is followed by its fields. The last text is for what is missing."""
    classes: dict[int, JfrClass] = {}
    fields: list[Field] = []
    for is_field, type_id, name, super_type, field_type, is_reference, dimension in rows:
        if is_field:
            array_depth = _number(texts[dimension]) if dimension >= 0 else 0
            fields.append(
                Field(texts[name], _number(texts[field_type]), texts[is_reference] == "true", array_depth > 0)
            )
        else:
            fields = []
            number_of_class = _number(texts[type_id])
            classes[number_of_class] = JfrClass(number_of_class, texts[name], texts[super_type], fields)
    return classes


def _number(text: str) -> int:
    """Return the number that a string says; Refused when it says none."""
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_ID_DIGITS:
        raise malformed(f"the metadata says {text[:40]!r} where a number is due")
    return int(text)
