"""The tables that all profiles of a request share, in two passes: count what is really there, then fill.

What only names or attributes hold is left as spans of the raw bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.formats.otlp.message_kernels import count_list, count_messages, read_list, read_numbers
from ingest.profiles.jit import checked_kernel
from ingest.profiles.pprof.varint_kernels import (
    BAD_WIRE_TYPE,
    BYTES,
    LOW,
    OK,
    VARINT,
    read_length,
    read_tag,
    read_varint,
    skip_field,
)

#: Counts of the tables of the dictionary; what lies inside of their records counts separately.
(MAPPINGS, LOCATIONS, FUNCTIONS, LINKS, STRINGS, ATTRIBUTES, STACKS, MAPPING_ATTRIBUTES, LINES, STACK_REFS) = range(10)
DICTIONARY_COUNTS = 10

#: Columns of each table. Where a record has a list, one more row than records closes the last.
MAPPING_COLUMNS = 5  #: start, limit, offset, filename, first index into mapping attributes
LOCATION_COLUMNS = 3  #: mapping, address, first index into lines
LINE_COLUMNS = 2  #: function, line
FUNCTION_COLUMNS = 4  #: name, system name, filename, start line
LINK_COLUMNS = 4  #: offset and length of the trace id, of the span id
STRING_COLUMNS = 2  #: offset, length
ATTRIBUTE_COLUMNS = 3  #: key, start and end of the value


@checked_kernel
def count_dictionary(raw: U8, position: int, end: int, counts: I64) -> Any:
    """Add what one dictionary holds to ``counts``: int64[DICTIONARY_COUNTS]; return a status."""
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return -tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field > 7 or field == 0:
            position = skip_field(raw, position, end, wire_type)
            if position < 0:
                return -position
            continue
        if wire_type != BYTES:
            return BAD_WIRE_TYPE
        span = read_length(raw, position, end)
        if span < 0:
            return -span
        start, position = span & LOW, span >> 32
        counts[field - 1] += 1
        inside = 0
        if field == 1:
            inside = count_list(raw, start, position, 5)
            slot = MAPPING_ATTRIBUTES
        elif field == 2:
            inside = count_messages(raw, start, position, 3)
            slot = LINES
        elif field == 7:
            inside = count_list(raw, start, position, 1)
            slot = STACK_REFS
        else:
            continue
        if inside < 0:
            return -inside
        counts[slot] += inside
    return OK


@checked_kernel
def _spans(raw: U8, position: int, end: int, row: I64, with_number: int) -> Any:
    """Read a message of two length-delimited fields into the row (offset, length, offset, length).

    With ``with_number`` field 1 is a number instead, kept in the first column, and the span of field 2 is kept as start
    and end. Returns ``end`` or a negative status.
    """
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field == 1 and with_number:
            if wire_type != VARINT:
                return -BAD_WIRE_TYPE
            value, position = read_varint(raw, position, end)
            if position < 0:
                return position
            row[0] = np.int64(value)
        elif field <= 2:
            if wire_type != BYTES:
                return -BAD_WIRE_TYPE
            span = read_length(raw, position, end)
            if span < 0:
                return span
            start, position = span & LOW, span >> 32
            if with_number:
                row[1] = start
                row[2] = position
            else:
                row[2 * field - 2] = start
                row[2 * field - 1] = position - start
        else:
            position = skip_field(raw, position, end, wire_type)
            if position < 0:
                return position
    return position


@checked_kernel
def _location(raw: U8, position: int, end: int, row: I64, lines: I64, used: int) -> Any:
    """Read one location and its lines; return (lines used, ``end`` or a negative status)."""
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return used, tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field == 3:
            if wire_type != BYTES:
                return used, -BAD_WIRE_TYPE
            span = read_length(raw, position, end)
            if span < 0:
                return used, span
            start, position = span & LOW, span >> 32
            start = read_numbers(raw, start, position, lines[used], LINE_COLUMNS)
            if start < 0:
                return used, start
            used += 1
        elif field <= 2:
            if wire_type != VARINT:
                return used, -BAD_WIRE_TYPE
            value, position = read_varint(raw, position, end)
            if position < 0:
                return used, position
            row[field - 1] = np.int64(value)
        else:
            position = skip_field(raw, position, end, wire_type)
            if position < 0:
                return used, position
    return used, position


@checked_kernel
def fill_dictionary(
    raw: U8,
    position: int,
    end: int,
    used: I64,
    mappings: I64,
    locations: I64,
    functions: I64,
    links: I64,
    strings: I64,
    attributes: I64,
    stacks: I64,
    mapping_attributes: I64,
    lines: I64,
    stack_refs: I64,
) -> Any:
    """Append what one dictionary holds to the tables, all of zeros and with the columns above; return a status.

    used: int64[DICTIONARY_COUNTS], how far each table is filled. stacks: int64[S + 1], first index into stack_refs.
    """
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return -tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field > 7 or field == 0:
            position = skip_field(raw, position, end, wire_type)
            if position < 0:
                return -position
            continue
        span = read_length(raw, position, end)
        start, position = span & LOW, span >> 32
        row = used[field - 1]
        used[field - 1] += 1
        if field == 1:
            inside, count = start, used[MAPPING_ATTRIBUTES]
            start = read_numbers(raw, start, position, mappings[row], 4)
            if start >= 0:
                count, start = read_list(raw, inside, position, 5, mapping_attributes, count)
            used[MAPPING_ATTRIBUTES] = count
            mappings[row + 1, 4] = count
        elif field == 2:
            count, start = _location(raw, start, position, locations[row], lines, used[LINES])
            used[LINES] = count
            locations[row + 1, 2] = count
        elif field == 3:
            start = read_numbers(raw, start, position, functions[row], FUNCTION_COLUMNS)
        elif field == 4:
            start = _spans(raw, start, position, links[row], 0)
        elif field == 5:
            strings[row, 0] = start
            strings[row, 1] = position - start
        elif field == 6:
            start = _spans(raw, start, position, attributes[row], 1)
        else:
            count, start = read_list(raw, start, position, 1, stack_refs, used[STACK_REFS])
            used[STACK_REFS] = count
            stacks[row + 1] = count
        if start < 0:
            return -start
    return OK


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    raw, table, column = (
        np.frombuffer(b"\x0a", np.uint8),
        np.zeros((2, 5), np.int64),
        np.zeros(DICTIONARY_COUNTS, np.int64),
    )
    count_dictionary(raw, 0, 0, column)
    fill_dictionary(raw, 0, 0, column, table, table, table, table, table, table, column, column, table, column)
