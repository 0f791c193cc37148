"""A kernel that finds the classes and their fields among the elements of a metadata event.

A JVM describes some two hundred classes with thousands of annotations, in every chunk: all but the classes and fields
are gone past here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64
from ingest.profiles.jit import checked_kernel

#: Statuses.
CUT_OFF, UNKNOWN_STRING, TOO_DEEP = -1, -2, -3

#: Elements inside of elements; in practice root, metadata, class, field, annotation.
MAX_DEPTH = 16

#: Names of elements that matter, and of their attributes that do, as positions in the arrays of their strings.
NAMES = ("metadata", "class", "field")
KEYS = ("id", "name", "superType", "class", "constantPool", "dimension")

#: Columns of a row: 0 for a class and 1 for a field, then the string of each attribute of KEYS, -1 when it is missing.
COLUMNS = 1 + len(KEYS)

_METADATA, _CLASS, _FIELD = range(len(NAMES))
_CLASS_DEPTH, _FIELD_DEPTH = 3, 4


@checked_kernel
def find_classes(numbers: I64, strings: int, names: I64, keys: I64, rows: I64) -> Any:
    """Write a row for each class and each field; return how many, or a status.

    numbers: int64[n], the elements. strings: how many there are. names, keys: the strings of NAMES and KEYS, -1 when
    there is none. rows: int64[m, COLUMNS], m at least n // 3, the elements there can be.
    """
    waiting = np.zeros(MAX_DEPTH + 1, np.int64)
    depth = waiting[1] = 1
    position = count = 0
    in_metadata = in_class = False
    while depth > 0:
        if waiting[depth] == 0:
            depth -= 1
            continue
        waiting[depth] -= 1
        room = len(numbers) - position - 3
        if room < 0 or numbers[position + 1] < 0 or numbers[position + 1] > room // 2:
            return CUT_OFF
        name, first = numbers[position], position + 2
        last = first + 2 * numbers[position + 1]
        for index in range(position, last):
            if index != position + 1 and (numbers[index] < 0 or numbers[index] >= strings):
                return UNKNOWN_STRING
        if depth == _CLASS_DEPTH - 1:
            in_metadata = name == names[_METADATA]
        if depth <= _CLASS_DEPTH:
            in_class = depth == _CLASS_DEPTH and in_metadata and name == names[_CLASS]
        is_field = depth == _FIELD_DEPTH and in_class and name == names[_FIELD]
        if is_field or (depth == _CLASS_DEPTH and in_class):
            rows[count] = -1
            rows[count, 0] = is_field
            for index in range(first, last, 2):
                for key in range(len(keys)):
                    if numbers[index] == keys[key]:
                        rows[count, 1 + key] = numbers[index + 1]
            count += 1
        position = last + 1
        if numbers[last] < 0:
            return CUT_OFF
        if numbers[last] > 0:
            depth += 1
            if depth > MAX_DEPTH:
                return TOO_DEEP
            waiting[depth] = numbers[last]
    return count


def warm_up() -> None:
    """Compile the kernel for the dtypes of real use."""
    names, keys = np.zeros(len(NAMES), np.int64), np.zeros(len(KEYS), np.int64)
    find_classes(np.zeros(3, np.int64), 1, names, keys, np.zeros((1, COLUMNS), np.int64))
