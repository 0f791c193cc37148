"""The profiles of a request and their samples, in two passes: count what is really there, then fill."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.formats.otlp.message_kernels import (
    append_numbers,
    count_list,
    count_timestamps,
    read_list,
    read_numbers,
)
from ingest.profiles.formats.otlp.outline_kernels import OUTLINE_COLUMNS, PROFILE
from ingest.profiles.jit import checked_kernel
from ingest.profiles.pprof.varint_kernels import (
    BAD_LENGTH,
    BAD_WIRE_TYPE,
    BYTES,
    FIXED64,
    LOW,
    OK,
    VARINT,
    read_length,
    read_tag,
    read_varint,
    skip_field,
)

#: Columns of profiles; one more row closes the lists of the last.
(TYPE, UNIT, TIME, DURATION, PERIOD_TYPE, PERIOD_UNIT, PERIOD, FIRST_ATTRIBUTE, FIRST_SAMPLE) = range(9)
PROFILE_COLUMNS = 9
#: Columns of samples; one more row closes the list of the last.
(STACK, LINK, VALUE, PROBLEM, SAMPLE_ATTRIBUTE) = range(5)
SAMPLE_COLUMNS = 5
#: What can be wrong with a sample: it has neither values nor timestamps; its values add up to more than 64 bits hold.
NO_PROBLEM, NO_VALUE, OVERFLOW = range(3)

#: Numbers of the fields of a sample, which depend on the revision: a layout.
(LAYOUT_ATTRIBUTES, LAYOUT_LINK, LAYOUT_VALUES) = range(3)

_MAX = (1 << 63) - 1
_MIN = -(1 << 63)


@checked_kernel
def count_profiles(raw: U8, rows: I64, layout: I64, counts: I64) -> Any:
    """Count samples, their attributes and those of the profiles themselves into int64[3]; return a status."""
    for index in range(len(rows)):
        position, end = rows[index, PROFILE], rows[index, PROFILE + 1]
        attributes = count_list(raw, position, end, _profile_attributes_field(raw, position, end))
        if attributes < 0:
            return -attributes
        counts[2] += attributes
        while position < end:
            tag = read_tag(raw, position, end)
            if tag < 0:
                return -tag
            field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
            if field != 2:
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
            counts[0] += 1
            inside = count_list(raw, start, position, layout[LAYOUT_ATTRIBUTES])
            if inside < 0:
                return -inside
            counts[1] += inside
    return OK


@checked_kernel
def _profile_attributes_field(raw: U8, position: int, end: int) -> Any:
    """Return the number of the field with a profile's attributes: 12 until OTLP 1.8, 11 since.

    Until 1.8 the identifier of the profile is field 8, which has been a number since.
    """
    field_8_is_bytes = field_12_is_there = False
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            break
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        field_8_is_bytes |= field == 8 and wire_type == BYTES
        field_12_is_there |= field == 12
        position = skip_field(raw, position, end, wire_type)
        if position < 0:
            break
    return 12 if field_8_is_bytes or field_12_is_there else 11


@checked_kernel
def _add(total: Any, value: Any) -> Any:
    """Return (sum, whether it does not fit 64 bits)."""
    if (value > 0 and total > _MAX - value) or (value < 0 and total < _MIN - value):
        return total, True
    return total + value, False


@checked_kernel
def _sample(raw: U8, position: int, end: int, layout: I64, row: I64, attributes: I64, used: int) -> Any:
    """Read one sample into a row of zeros; return (attributes used, ``end`` or a negative status)."""
    values = timestamps = 0
    total = np.int64(0)
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return used, tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field == 1 or field == layout[LAYOUT_LINK]:
            if wire_type != VARINT:
                return used, -BAD_WIRE_TYPE
            value, position = read_varint(raw, position, end)
            if position < 0:
                return used, position
            row[STACK if field == 1 else LINK] = np.int64(value)
        elif field == layout[LAYOUT_ATTRIBUTES]:
            used, position = append_numbers(raw, position, end, wire_type, attributes, used)
            if position < 0:
                return used, position
        elif field == layout[LAYOUT_VALUES]:
            stop = end
            if wire_type == BYTES:
                span = read_length(raw, position, end)
                if span < 0:
                    return used, span
                position, stop = span & LOW, span >> 32
            elif wire_type != VARINT:
                return used, -BAD_WIRE_TYPE
            while position < stop:
                value, position = read_varint(raw, position, stop)
                if position < 0:
                    return used, position
                total, too_large = _add(total, np.int64(value))
                if too_large:
                    row[PROBLEM] = OVERFLOW
                values += 1
                if wire_type == VARINT:
                    break
        elif field == 5:
            span = count_timestamps(raw, position, end, wire_type)
            if span < 0:
                return used, span
            timestamps += span >> 32
            position = span & LOW
        else:
            position = skip_field(raw, position, end, wire_type)
            if position < 0:
                return used, position
    row[VALUE] = total if values else timestamps
    if not values and not timestamps:
        row[PROBLEM] = NO_VALUE
    return used, position


@checked_kernel
def _fixed64(raw: U8, position: int) -> Any:
    value = np.uint64(0)
    for index in range(8):
        value |= np.uint64(raw[position + index]) << np.uint64(8 * index)
    return value


@checked_kernel
def _profile_field(raw: U8, position: int, end: int, field: int, wire_type: int, row: I64) -> Any:
    """Read one field of a profile that is not a list; return the position after it or a negative status.

    Times beyond what a signed number holds become the largest that it does.
    """
    if field == 1 or field == 5:
        if wire_type != BYTES:
            return -BAD_WIRE_TYPE
        span = read_length(raw, position, end)
        if span < 0:
            return span
        start, position = span & LOW, span >> 32
        first = TYPE if field == 1 else PERIOD_TYPE
        start = read_numbers(raw, start, position, row[first : first + 2], 2)
        return start if start < 0 else position
    if field == 3:
        if wire_type != FIXED64:
            return -BAD_WIRE_TYPE
        if end - position < 8:
            return -BAD_LENGTH
        time = _fixed64(raw, position)
        row[TIME] = _MAX if time > np.uint64(_MAX) else np.int64(time)
        return position + 8
    if field == 4 or field == 6:
        if wire_type != VARINT:
            return -BAD_WIRE_TYPE
        value, position = read_varint(raw, position, end)
        if position < 0:
            return position
        if field == 6:
            row[PERIOD] = np.int64(value)
        else:
            row[DURATION] = _MAX if value > np.uint64(_MAX) else np.int64(value)
        return position
    return skip_field(raw, position, end, wire_type)


@checked_kernel
def fill_profiles(
    raw: U8, rows: I64, layout: I64, profiles: I64, samples: I64, sample_attributes: I64, profile_attributes: I64
) -> Any:
    """Fill the tables of profiles and samples, all of zeros and sized by :func:`count_profiles`; return a status."""
    sample = attribute = profile_attribute = 0
    for index in range(len(rows)):
        begin, end = rows[index, PROFILE], rows[index, PROFILE + 1]
        wanted = _profile_attributes_field(raw, begin, end)
        profile_attribute, status = read_list(raw, begin, end, wanted, profile_attributes, profile_attribute)
        if status < 0:
            return -status
        position = begin
        while position < end:
            tag = read_tag(raw, position, end)
            if tag < 0:
                return -tag
            field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
            if field != 2:
                position = _profile_field(raw, position, end, field, wire_type, profiles[index])
                if position < 0:
                    return -position
                continue
            span = read_length(raw, position, end)
            start, position = span & LOW, span >> 32
            attribute, start = _sample(raw, start, position, layout, samples[sample], sample_attributes, attribute)
            if start < 0:
                return -start
            sample += 1
            samples[sample, SAMPLE_ATTRIBUTE] = attribute
        profiles[index + 1, FIRST_ATTRIBUTE] = profile_attribute
        profiles[index + 1, FIRST_SAMPLE] = sample
    return OK


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    raw, nothing = np.frombuffer(b"\x0a", np.uint8), np.zeros((0, OUTLINE_COLUMNS), np.int64)
    table, column = np.zeros((2, PROFILE_COLUMNS), np.int64), np.zeros(3, np.int64)
    count_profiles(raw, nothing, column, column)
    fill_profiles(raw, nothing, column, table, table, column, column)
