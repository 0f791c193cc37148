"""What the samples of a request show of the revision they were written in."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.formats.otlp.message_kernels import count_timestamps
from ingest.profiles.formats.otlp.outline_kernels import OUTLINE_COLUMNS, PROFILE
from ingest.profiles.jit import checked_kernel
from ingest.profiles.pprof.varint_kernels import (
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

#: What samples show of their revision.
(
    LINK_AT_3,  # field 3 is a number
    LIST_AT_3,  # field 3 is a list
    LINK_AT_4,
    LIST_AT_4,
    NUMBER_AT_2,  # a length of locations, before there were stacks
    FIELD_6,
    ALONE,  # samples whose only list but timestamps is field 2
    ALONE_UNTIMED,  # of those, samples without timestamps
    ALONE_UNEQUAL,  # of those, samples with another number of timestamps
    ALONE_FOREIGN,  # of those, samples whose numbers cannot be different attributes
) = range(10)
EVIDENCE_SIZE = 10


@checked_kernel
def _sample_evidence(raw: U8, position: int, end: int, attribute_count: int, evidence: I64) -> Any:
    """Add what one sample shows of its revision; return ``end`` or a negative status."""
    second = 0
    foreign, timed, others = np.int64(0), np.int64(0), 0
    previous = np.int64(-1)
    while position < end:
        tag = read_tag(raw, position, end)
        if tag < 0:
            return tag
        field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
        if field == 5 and wire_type in (BYTES, FIXED64):
            span = count_timestamps(raw, position, end, wire_type)
            if span < 0:
                return span
            timed += span >> 32
            position = span & LOW
            continue
        if field == 2 and wire_type == BYTES:
            span = read_length(raw, position, end)
            if span < 0:
                return span
            start, position = span & LOW, span >> 32
            while start < position:
                value, start = read_varint(raw, start, position)
                if start < 0:
                    return start
                number = np.int64(value)
                # Equal neighbours suffice: what is looked for is a list that cannot be one of different attributes.
                foreign += number <= 0 or number >= attribute_count or number == previous
                previous = number
                second += 1
            continue
        if field == 2 and wire_type == VARINT:
            evidence[NUMBER_AT_2] += 1
        elif field == 3 or field == 4:
            others += 1
            slot = LINK_AT_3 if field == 3 else LINK_AT_4
            if wire_type == VARINT:
                evidence[slot] += 1
            elif wire_type == BYTES:
                evidence[slot + 1] += 1
        elif field == 6:
            evidence[FIELD_6] += 1
        position = skip_field(raw, position, end, wire_type)
        if position < 0:
            return position
    if second and not others:
        evidence[ALONE] += 1
        evidence[ALONE_UNTIMED] += timed == 0
        evidence[ALONE_UNEQUAL] += timed != second
        evidence[ALONE_FOREIGN] += foreign > 0
    return position


@checked_kernel
def gather_evidence(raw: U8, rows: I64, attribute_count: int, evidence: I64) -> Any:
    """Add what the samples of all profiles show of their revision to int64[EVIDENCE_SIZE]; return a status."""
    for index in range(len(rows)):
        position, end = rows[index, PROFILE], rows[index, PROFILE + 1]
        while position < end:
            tag = read_tag(raw, position, end)
            if tag < 0:
                return -tag
            field, wire_type, position = (tag & LOW) >> 3, tag & 7, tag >> 32
            if field != 2 or wire_type != BYTES:
                position = skip_field(raw, position, end, wire_type)
                if position < 0:
                    return -position
                continue
            span = read_length(raw, position, end)
            if span < 0:
                return -span
            start, position = span & LOW, span >> 32
            start = _sample_evidence(raw, start, position, attribute_count, evidence)
            if start < 0:
                return -start
    return OK


def warm_up() -> None:
    """Compile the kernels for the dtypes of real use."""
    raw, nothing = np.frombuffer(b"\x0a", np.uint8), np.zeros((0, OUTLINE_COLUMNS), np.int64)
    gather_evidence(raw, nothing, 0, np.zeros(EVIDENCE_SIZE, np.int64))
