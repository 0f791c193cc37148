"""Kernels that read the protobuf bytes of a pprof profile into columns.

Two passes: :func:`count_records` walks the message and counts what it holds, then Python allocates columns of exactly
those sizes and :func:`fill_records` walks again and fills them. All counts come from records that are really in the
bytes, never from a number a sender wrote, so the columns stay proportional to the message: the dearest record is an
empty mapping, which takes 2 bytes on the wire and ``8 * MAPPING_COLUMNS`` here (see ``decode.MAX_BYTES_PER_RAW_BYTE``).

Protobuf rules kept: repeated scalars may come packed, unpacked or both; of a scalar that comes twice the last value
holds; a sub-message that comes twice is merged (``period_type``); unknown fields are skipped. Refused: groups, known
fields of another wire type, varints above 64 bits, and lengths that run out of the enclosing message.

All kernels here check indices: the bytes come from outside.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.jit import checked_kernel, kernel
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

#: Layout of the header: first the counts of records, then the scalar fields of the profile.
TYPES, SAMPLES, REFS, VALUES, LABELS, MAPPINGS, LOCATIONS, LINES, FUNCTIONS, STRINGS = range(10)
TIME_NANOS, DURATION_NANOS, PERIOD, PERIOD_TYPE, PERIOD_UNIT, ERROR_POSITION = range(10, 16)
HEADER_SIZE = 16

#: Columns of each table of records.
TYPE_COLUMNS = 2  #: type, unit
SAMPLE_COLUMNS = 3  #: first index into refs, values and labels; one more row than samples closes the last
LABEL_COLUMNS = 2  #: key, str
MAPPING_COLUMNS = 7  #: id, start, limit, offset, filename, build id, flags
LOCATION_COLUMNS = 5  #: id, mapping id, address, folded, first index into lines; one more row closes the last
LINE_COLUMNS = 2  #: function id, line
FUNCTION_COLUMNS = 5  #: id, name, system name, filename, start line
STRING_COLUMNS = 2  #: offset into the raw bytes, length


@kernel
def _packed_count(raw: U8, start: int, end: int) -> Any:
    """Return the number of varints in ``raw[start:end]``: each ends with the only byte of its own below 128.

    The caller knows that the range lies in the array; unchecked, the loop runs in vector registers.
    """
    count = 0
    for index in range(np.uint64(start), np.uint64(end)):
        count += raw[index] < 128
    return count


@checked_kernel
def _count_sample(raw: U8, position: int, end: int, header: I64) -> Any:
    """Add the references, values and labels of one sample to the header; return ``end`` or a negative status."""
    while position < end:
        tag = np.int64(raw[position])
        position += 1
        if tag < 8 or tag >= 128:
            tag = read_tag(raw, position - 1, end)
            if tag < 0:
                return tag
            position = tag >> 32
        field, wire_type = (tag & LOW) >> 3, tag & 7
        if field == 3 and wire_type == BYTES:
            header[LABELS] += 1
        elif field == 1 or field == 2:
            slot = REFS if field == 1 else VALUES
            if wire_type == VARINT:
                header[slot] += 1
                if position < end and raw[position] < 128:
                    position += 1
                    continue
            elif wire_type == BYTES:
                span = read_length(raw, position, end)
                if span < 0:
                    return span
                start, position = span & LOW, span >> 32
                header[slot] += _packed_count(raw, start, position)
                continue
        position = skip_field(raw, position, end, wire_type)
        if position < 0:
            return position
    return position


@checked_kernel
def _count_lines(raw: U8, position: int, end: int, header: I64) -> Any:
    """Add the lines of one location to the header; return ``end`` or a negative status."""
    while position < end:
        tag = read_tag(raw, position, end)
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if tag < 0:
            return tag
        if field == 4 and wire_type == BYTES:
            header[LINES] += 1
        position = skip_field(raw, position, end, wire_type)
        if position < 0:
            return position
    return position


@checked_kernel
def count_records(raw: U8, header: I64) -> Any:
    """Count all records of a profile into ``header[TYPES:STRINGS + 1]``; return a status.

    raw: uint8[n], read-only. header: int64[HEADER_SIZE], zeros. What lies deeper than the counting needs is left for
    :func:`fill_records` to check.
    """
    position = 0
    end = len(raw)
    while position < end:
        header[ERROR_POSITION] = position
        tag = read_tag(raw, position, end)
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if tag < 0:
            return -tag
        if field > 6 or field == 0:
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
        if field == 1:
            header[TYPES] += 1
        elif field == 2:
            header[SAMPLES] += 1
            start = _count_sample(raw, start, position, header)
        elif field == 3:
            header[MAPPINGS] += 1
        elif field == 4:
            header[LOCATIONS] += 1
            start = _count_lines(raw, start, position, header)
        elif field == 5:
            header[FUNCTIONS] += 1
        else:
            header[STRINGS] += 1
        if start < 0:
            return -start
    return OK


@checked_kernel
def _scalars(raw: U8, position: int, end: int, row: I64, fields: int) -> Any:
    """Read a message of varint fields 1 to ``fields`` into ``row``; return ``end`` or a negative status.

    Fields that are not there keep what ``row`` holds.
    """
    while position < end:
        tag = read_tag(raw, position, end)
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if tag < 0:
            return tag
        if field <= fields:
            if wire_type != VARINT:
                return -BAD_WIRE_TYPE
            value, position = read_varint(raw, position, end)
            if position < 0:
                return position
            row[field - 1] = np.int64(value)
        else:
            position = skip_field(raw, position, end, wire_type)
            if position < 0:
                return position
    return position


@checked_kernel
def _repeated(raw: U8, position: int, end: int, wire_type: int, column: I64, used: int) -> Any:
    """Append one field of a repeated varint, packed or not, to ``column``; return (rows used, position or status)."""
    if wire_type == VARINT:
        if position < end and raw[position] < 128:
            column[used] = raw[position]
            return used + 1, position + 1
        value, position = read_varint(raw, position, end)
        if position >= 0:
            column[used] = np.int64(value)
            used += 1
        return used, position
    if wire_type != BYTES:
        return used, -BAD_WIRE_TYPE
    span = read_length(raw, position, end)
    if span < 0:
        return used, span
    position, stop = span & LOW, span >> 32
    while position < stop:
        low = np.int64(raw[position])
        high = np.int64(raw[position + 1]) if stop - position > 1 else 128
        if low < 128:
            column[used] = low
            position += 1
        elif high < 128:  # most ids take two bytes
            column[used] = (low & 127) | high << 7
            position += 2
        else:
            value, position = read_varint(raw, position, stop)
            if position < 0:
                return used, position
            column[used] = np.int64(value)
        used += 1
    return used, stop


@checked_kernel
def _sample(raw: U8, position: int, end: int, used: I64, refs: I64, values: I64, labels: I64, row: I64) -> Any:
    """Read one sample behind those read before; ``used`` holds how far refs, values and labels are filled."""
    while position < end:
        tag = read_tag(raw, position, end)
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if tag < 0:
            return tag
        if field == 1:
            used[0], position = _repeated(raw, position, end, wire_type, refs, used[0])
        elif field == 2:
            used[1], position = _repeated(raw, position, end, wire_type, values, used[1])
        elif field == 3:
            if wire_type != BYTES:
                return -BAD_WIRE_TYPE
            span = read_length(raw, position, end)
            if span < 0:
                return span
            start, position = span & LOW, span >> 32
            row[:4] = 0
            start = _scalars(raw, start, position, row, 4)
            if start < 0:
                return start
            labels[used[2], 0] = row[0]
            labels[used[2], 1] = row[1]
            used[2] += 1
        else:
            position = skip_field(raw, position, end, wire_type)
        if position < 0:
            return position
    return position


@checked_kernel
def _location(raw: U8, position: int, end: int, location: I64, lines: I64, used: int) -> Any:
    """Read one location into the row ``location`` and its lines behind those read before."""
    while position < end:
        tag = read_tag(raw, position, end)
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if tag < 0:
            return used, tag
        if field == 4:
            if wire_type != BYTES:
                return used, -BAD_WIRE_TYPE
            span = read_length(raw, position, end)
            if span < 0:
                return used, span
            start, position = span & LOW, span >> 32
            lines[used, 0] = 0
            lines[used, 1] = 0
            start = _scalars(raw, start, position, lines[used], 2)
            if start < 0:
                return used, start
            used += 1
        elif field <= 3 or field == 5:
            if wire_type != VARINT:
                return used, -BAD_WIRE_TYPE
            value, position = read_varint(raw, position, end)
            if field == 5:
                location[3] = value != np.uint64(0)
            else:
                location[field - 1] = np.int64(value)
        else:
            position = skip_field(raw, position, end, wire_type)
        if position < 0:
            return used, position
    return used, position


@checked_kernel
def _mapping(raw: U8, position: int, end: int, mapping: I64, row: I64) -> Any:
    """Read one mapping; its four flags become the bits of one column."""
    row[:] = 0
    position = _scalars(raw, position, end, row, 10)
    for index in range(6):
        mapping[index] = row[index]
    mapping[6] = (row[6] != 0) | (row[7] != 0) << 1 | (row[8] != 0) << 2 | (row[9] != 0) << 3
    return position


@checked_kernel
def _profile_scalar(raw: U8, position: int, end: int, field: int, wire_type: int, header: I64) -> Any:
    """Read one field of the profile itself that is not a table; return the position after it or a negative status."""
    if field == 11:
        if wire_type != BYTES:
            return -BAD_WIRE_TYPE
        span = read_length(raw, position, end)
        if span < 0:
            return span
        start, stop = span & LOW, span >> 32
        return _scalars(raw, start, stop, header[PERIOD_TYPE : PERIOD_UNIT + 1], 2)
    if field == 9 or field == 10 or field == 12:
        if wire_type != VARINT:
            return -BAD_WIRE_TYPE
        value, position = read_varint(raw, position, end)
        slot = PERIOD if field == 12 else TIME_NANOS + field - 9
        header[slot] = np.int64(value)
        return position
    return skip_field(raw, position, end, wire_type)


@checked_kernel
def fill_records(
    raw: U8,
    header: I64,
    types: I64,
    samples: I64,
    refs: I64,
    values: I64,
    labels: I64,
    mappings: I64,
    locations: I64,
    lines: I64,
    functions: I64,
    strings: I64,
) -> Any:
    """Fill the tables, sized by the counts in ``header``, and the scalar fields of the header; return a status.

    The tables have the shapes given at ``*_COLUMNS``, are all int64 and C-contiguous; refs and values are flat.
    ``types``, ``locations`` and ``functions`` must hold zeros.
    """
    used = np.zeros(3, np.int64)  # refs, values, labels
    row = np.zeros(10, np.int64)
    type_count = sample_count = mapping_count = location_count = line_count = function_count = string_count = 0
    position = 0
    end = len(raw)
    while position < end:
        header[ERROR_POSITION] = position
        tag = read_tag(raw, position, end)
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if tag < 0:
            return -tag
        if field > 6:
            position = _profile_scalar(raw, position, end, field, wire_type, header)
            if position < 0:
                return -position
            continue
        span = read_length(raw, position, end)
        start, position = span & LOW, span >> 32
        if field == 1:
            start = _scalars(raw, start, position, types[type_count], 2)
            type_count += 1
        elif field == 2:
            start = _sample(raw, start, position, used, refs, values, labels, row)
            sample_count += 1
            samples[sample_count] = used
        elif field == 3:
            start = _mapping(raw, start, position, mappings[mapping_count], row)
            mapping_count += 1
        elif field == 4:
            line_count, start = _location(raw, start, position, locations[location_count], lines, line_count)
            location_count += 1
            locations[location_count, 4] = line_count
        elif field == 5:
            start = _scalars(raw, start, position, functions[function_count], 5)
            function_count += 1
        else:
            strings[string_count, 0] = start
            strings[string_count, 1] = position - start
            string_count += 1
        if start < 0:
            return -start
    return OK


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    raw = np.frombuffer(b"\x0a\x00", np.uint8)
    header = np.zeros(HEADER_SIZE, np.int64)
    count_records(raw, header)
    table, column = np.zeros((2, MAPPING_COLUMNS), np.int64), np.zeros(2, np.int64)
    samples = np.zeros((2, SAMPLE_COLUMNS), np.int64)
    fill_records(raw, header, table, samples, column, column, table, table, table, table, table, table)
