"""The kernel that holds a decoded profile against the rules a sender must keep.

It checks rule by rule in the order of the wire format's reference (see :mod:`ingest.profiles.validate`), so that a
profile with several faults is always refused for the same one.
"""

from __future__ import annotations

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.jit import checked_kernel

#: Statuses; ``report[0]`` is then the index of the record at fault and ``report[1]`` its offending number.
(
    OK,
    SAMPLE_LABELS,
    ZERO_LOCATION_ID,
    ZERO_FUNCTION_ID,
    VALUE_COUNT,
    FIRST_STRING,
    TYPE_STRING,
    LABEL_STRING,
    MAPPING_STRING,
    FUNCTION_STRING,
) = range(10)

#: Positions in the report.
INDEX, NUMBER, TRUNCATED_STRINGS = range(3)


@checked_kernel
def _truncate_strings(raw: U8, strings: I64, limit: int) -> int:
    """Cut long strings down to at most their last ``limit`` bytes, starting at a character; return how many."""
    cut = 0
    for index in range(len(strings)):
        excess = strings[index, 1] - limit
        if excess > 0:
            start = strings[index, 0] + excess
            end = strings[index, 0] + strings[index, 1]
            for _ in range(3):  # a character has at most three continuation bytes
                if start < end and raw[start] & 0xC0 == 0x80:
                    start += 1
            strings[index, 0] = start
            strings[index, 1] = end - start
            cut += 1
    return cut


@checked_kernel
def _first_zero_id(records: I64) -> int:
    """Return the index of the first record with id 0, or -1."""
    for index in range(len(records)):
        if records[index, 0] == 0:
            return index
    return -1


@checked_kernel
def _ids_by_position(functions: I64, locations: I64, location_count: int) -> None:
    """Give functions the ids of the locations at their positions, when all functions lack an id.

    Early .NET profilers sent function ids of 0 and numbered functions as locations.
    """
    if len(functions) != location_count:
        return
    for index in range(location_count):
        if functions[index, 0] != 0:
            return
    for index in range(location_count):
        functions[index, 0] = locations[index, 0]


@checked_kernel
def _first_string_out_of_range(records: I64, first: int, last: int, string_count: int, report: I64) -> bool:
    """Report the first record with a string index out of range in columns ``first`` to ``last``."""
    for index in range(len(records)):
        for column in range(first, last + 1):
            if records[index, column] < 0 or records[index, column] >= string_count:
                report[INDEX] = index
                report[NUMBER] = records[index, column]
                return True
    return False


@checked_kernel
def check_records(
    raw: U8,
    types: I64,
    samples: I64,
    labels: I64,
    mappings: I64,
    locations: I64,
    functions: I64,
    strings: I64,
    max_sample_labels: int,
    max_string_bytes: int,
    report: I64,
) -> int:
    """Return the first rule the tables break; shapes as in :mod:`ingest.profiles.pprof.wire_kernels`.

    Cuts long strings in place and mends the function ids of early .NET profilers. ``report``: int64[3].
    """
    for index in range(len(samples) - 1):
        report[INDEX] = index
        report[NUMBER] = samples[index + 1, 2] - samples[index, 2]
        if report[NUMBER] > max_sample_labels:
            return SAMPLE_LABELS
    report[TRUNCATED_STRINGS] = _truncate_strings(raw, strings, max_string_bytes)
    report[NUMBER] = 0
    location_count = len(locations) - 1
    report[INDEX] = _first_zero_id(locations[:location_count])
    if report[INDEX] >= 0:
        return ZERO_LOCATION_ID
    _ids_by_position(functions, locations, location_count)
    report[INDEX] = _first_zero_id(functions)
    if report[INDEX] >= 0:
        return ZERO_FUNCTION_ID
    for index in range(len(samples) - 1):
        report[INDEX] = index
        report[NUMBER] = samples[index + 1, 1] - samples[index, 1]
        if report[NUMBER] != len(types):
            return VALUE_COUNT
    if len(strings) == 0 or strings[0, 1] != 0:
        return FIRST_STRING
    if _first_string_out_of_range(types, 0, 1, len(strings), report):
        return TYPE_STRING
    if _first_string_out_of_range(labels, 0, 1, len(strings), report):
        return LABEL_STRING
    if _first_string_out_of_range(mappings, 4, 5, len(strings), report):
        return MAPPING_STRING
    if _first_string_out_of_range(functions, 1, 3, len(strings), report):
        return FUNCTION_STRING
    return OK


def warm_up() -> None:
    """Compile the kernel for the dtypes of real use."""
    raw = np.frombuffer(b"\x0a\x00", np.uint8)
    table = np.zeros((1, 7), np.int64)
    check_records(raw, table, table, table, table, table, table, table, 1, 1, np.zeros(3, np.int64))
