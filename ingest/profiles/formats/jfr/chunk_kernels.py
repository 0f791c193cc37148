"""Kernels that read the events and the constant pools of a chunk into columns, by the layouts of its metadata.

Events are walked twice: counted first, then, once Python has made arrays of exactly those sizes, filled in. Pools are
walked once into arrays of a likely size, and again when there was more. All counts come from records that are really in
the bytes, so what is allocated stays proportional to the chunk: the dearest record is a constant, at least a byte long,
which takes 32 bytes.

An event is its size in bytes as ``int``, all of it included, the id of its class as ``long``, and its fields. A
checkpoint is an event of class 1:

=========  ====  ===================================================================
start      long  ticks
duration   long  ticks
delta      long  to the checkpoint before, in bytes; not needed here, all are found
mask       byte
pools      int   how many follow
=========  ====  ===================================================================

and each pool is the id of its class as ``long``, a number of constants as ``int``, and for each its key as ``long`` and
its value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.formats.jfr.layouts import ARRAY, BYTES, INTEGER, MAX_ARRAYS, STRING
from ingest.profiles.formats.jfr.number_kernels import (
    BAD_ARRAY,
    BAD_EVENT_SIZE,
    CUT_OFF,
    INT,
    LONG,
    OK,
    UNKNOWN_POOL,
    read_fixed,
    read_number,
    skip_string,
)
from ingest.profiles.jit import checked_kernel, inlined_kernel, kernel

CHECKPOINT = 1

#: Slots of a row that the steps fill.
SLOTS = 8
FIRST, SECOND, THIRD, CONTEXT, SPAN, SPAN_NAME, TRACE_HIGH, TRACE_LOW = range(SLOTS)

#: Columns of the event table: kind of the class, three slots, 1 + row of the correlations or 0.
EVENT_COLUMNS = 5
#: Columns of the correlations: context, span, span name, and the two halves of the trace id.
CORRELATION_COLUMNS = 5
#: Columns of the constants: kind of pool, key, and two slots; of a stack the range of its frames.
CONSTANT_COLUMNS = 4
#: Columns of the frames: key of the method, line.
FRAME_COLUMNS = 2

#: Columns of the table of classes: first step, step after the last, kind (0: not wanted).
CLASS_COLUMNS = 3
#: A constant of this kind gets the range of its frames.
STACK_KIND = 1

#: Layout of the report: where something is wrong, what it is about, and what was counted.
ERROR_POSITION, SUBJECT, EVENTS, CORRELATIONS, CHECKPOINTS, CONSTANTS, FRAMES = range(7)
REPORT_SIZE = 7


@kernel
def _index_of(types: I64, wanted: Any) -> Any:
    """Return the position of ``wanted`` in ascending ``types``, -1 when it is not there."""
    low, high = 0, len(types)
    while low < high:
        middle = (low + high) >> 1
        if types[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < len(types) and types[low] == wanted else -1


@checked_kernel
def _follow(
    raw: U8,
    position: int,
    end: int,
    plain: bool,
    steps: I64,
    step: int,
    last: int,
    slots: I64,
    turns: I64,
    frames: I64,
    used: int,
) -> Any:
    """Read one value by ``steps[step:last]`` into ``slots``; return (position after it, frames used).

    ``turns`` is scratch. A frame is written while ``frames`` has room and counted in any case.
    """  # fmt: skip
    depth = 0
    while step < last:
        operation, slot, argument = steps[step, 0], steps[step, 1], steps[step, 2]
        step += 1
        if operation == INTEGER:
            if plain:
                value, position = read_fixed(raw, position, end, argument)
                if position < 0:
                    return position, used
            else:  # read_varint in place: a call counts references to its array, which takes longer than the loop
                wide = np.uint64(0)
                shift = np.uint64(0)
                while True:
                    if position >= end:
                        return -CUT_OFF, used
                    byte = np.uint64(raw[position])
                    position += 1
                    if byte < np.uint64(128) or shift == np.uint64(56):
                        break
                    wide |= (byte & np.uint64(127)) << shift
                    shift += np.uint64(7)
                value = np.int64(wide | byte << shift)
                if argument == INT:
                    value = np.int64(np.int32(value))
            if slot >= 0:
                slots[slot] = value
        elif operation == BYTES:
            if end - position < argument:
                return -BAD_EVENT_SIZE, used
            position += argument
        elif operation == STRING:
            if slot >= 0:
                slots[slot] = position
            position = skip_string(raw, position, end, plain)
            if position < 0:
                return position, used
        elif operation == ARRAY:
            length, position = read_number(raw, position, end, plain, INT)
            if position < 0:
                return position, used
            # each element takes a byte at least, unless it has no fields: then there is nothing to go past
            if length < 0 or length > end - position:
                return -BAD_ARRAY, used
            if length == 0 or argument == step:
                step = argument + 1
            else:
                turns[depth] = length
                depth += 1
        else:
            if slot >= 0:
                if used < len(frames):
                    frames[used, 0] = slots[FIRST]
                    frames[used, 1] = slots[SECOND]
                used += 1
            turns[depth - 1] -= 1
            if turns[depth - 1] > 0:
                step = argument + 1
            else:
                depth -= 1
    return position, used


@inlined_kernel
def _small(raw: U8, position: int, end: int, plain: bool) -> Any:
    """Return the compressed integer at ``position`` when it is one byte, as most sizes and ids are, else -1.

    Pasted in, because a call of :func:`read_number` for each event takes longer than all the rest of counting it.
    """
    return np.int64(raw[position]) if not plain and position < end and raw[position] < 128 else np.int64(-1)


@checked_kernel
def count_events(raw: U8, position: int, end: int, plain: bool, types: I64, correlated: U8, report: I64) -> Any:
    """Count events of wanted classes and checkpoints between ``position`` and ``end`` into the report.

    types: int64[T], ids of the wanted classes, ascending. correlated: uint8[T], 1 where the class has a correlation.
    """
    while position < end:
        report[ERROR_POSITION] = position
        size, after = _small(raw, position, end, plain), position + 1
        if size < 0:
            size, after = read_number(raw, position, end, plain, INT)
        if after < 0 or size <= after - position or size > end - position:
            return BAD_EVENT_SIZE
        type_id, start = _small(raw, after, position + size, plain), after
        if type_id < 0:
            type_id, start = read_number(raw, after, position + size, plain, LONG)
        if start < 0:
            return BAD_EVENT_SIZE
        if type_id == CHECKPOINT:
            report[CHECKPOINTS] += 1
        else:
            index = _index_of(types, type_id)
            if index >= 0:
                report[EVENTS] += 1
                report[CORRELATIONS] += correlated[index]
        position += size
    return OK


@checked_kernel
def read_events(
    raw: U8,
    position: int,
    end: int,
    plain: bool,
    types: I64,
    classes: I64,
    steps: I64,
    events: I64,
    correlations: I64,
    checkpoints: I64,
    report: I64,
) -> Any:
    """Fill the tables with what :func:`count_events` counted; return a status.

    events: int64[E, EVENT_COLUMNS]. correlations: int64[C, CORRELATION_COLUMNS], rows only for events that have one.
    checkpoints: int64[K, 2], where the content of each starts and ends. The report counts again, from 0.
    """  # fmt: skip
    slots = np.zeros(SLOTS, np.int64)
    turns = np.zeros(MAX_ARRAYS, np.int64)
    frames = np.zeros((0, FRAME_COLUMNS), np.int64)
    event = correlation = checkpoint = 0
    while position < end:
        report[ERROR_POSITION] = position
        size, after = _small(raw, position, end, plain), position + 1
        if size < 0:
            size, after = read_number(raw, position, end, plain, INT)
        if after < 0 or size <= after - position or size > end - position:
            return BAD_EVENT_SIZE
        stop = position + size
        position, type_id = stop, _small(raw, after, stop, plain)
        if type_id < 0:
            type_id, after = read_number(raw, after, stop, plain, LONG)
        else:
            after += 1
        if after < 0:
            return BAD_EVENT_SIZE
        if type_id == CHECKPOINT:
            checkpoints[checkpoint, 0] = after
            checkpoints[checkpoint, 1] = stop
            checkpoint += 1
            continue
        index = _index_of(types, type_id)
        if index < 0:
            continue
        slots[:] = 0
        after, _ = _follow(
            raw, after, stop, plain, steps, classes[index, 0], classes[index, 1], slots, turns, frames, 0
        )
        if after < 0:
            report[SUBJECT] = type_id
            return -after
        events[event, 0] = classes[index, 2]
        events[event, 1] = slots[FIRST]
        events[event, 2] = slots[SECOND]
        events[event, 3] = slots[THIRD]
        events[event, 4] = 0
        if slots[CONTEXT] | slots[SPAN] | slots[SPAN_NAME] | slots[TRACE_HIGH] | slots[TRACE_LOW]:
            correlations[correlation] = slots[CONTEXT:]
            correlation += 1
            events[event, 4] = correlation
        event += 1
    report[CORRELATIONS] = correlation
    return OK


@checked_kernel
def read_pools(
    raw: U8,
    checkpoints: I64,
    plain: bool,
    types: I64,
    classes: I64,
    steps: I64,
    constants: I64,
    frames: I64,
    report: I64,
) -> Any:
    """Read the constant pools of all checkpoints; return a status.

    Counts constants of wanted pools and frames into the report, from 0, and writes as many as the tables have room for.
    """  # fmt: skip
    slots = np.zeros(SLOTS, np.int64)
    turns = np.zeros(MAX_ARRAYS, np.int64)
    used = constant = 0
    for row in range(len(checkpoints)):
        position, end = checkpoints[row, 0], checkpoints[row, 1]
        for _ in range(3):
            _, position = read_number(raw, position, end, plain, LONG)
            if position < 0:
                return _at(report, checkpoints[row, 0], -position)
        pools, position = read_number(raw, position + 1, end, plain, INT)
        if position < 0:
            return _at(report, checkpoints[row, 0], -position)
        for _ in range(pools):
            start = position
            type_id, position = read_number(raw, position, end, plain, LONG)
            if position < 0:
                return _at(report, start, -position)
            report[SUBJECT] = type_id
            count, position = read_number(raw, position, end, plain, INT)
            if position < 0:
                return _at(report, start, -position)
            index = _index_of(types, type_id)
            if index < 0 or classes[index, 0] < 0:
                return _at(report, start, UNKNOWN_POOL)
            first, last, kind = classes[index, 0], classes[index, 1], classes[index, 2]
            for _ in range(count):
                start = position
                key, position = read_number(raw, position, end, plain, LONG)
                if position < 0:
                    return _at(report, start, -position)
                slots[:] = 0
                first_frame = used
                position, used = _follow(raw, position, end, plain, steps, first, last, slots, turns, frames, used)
                if position < 0:
                    return _at(report, start, -position)
                if kind == 0:
                    continue
                if constant < len(constants):
                    constants[constant, 0] = kind
                    constants[constant, 1] = key
                    constants[constant, 2] = first_frame if kind == STACK_KIND else slots[FIRST]
                    constants[constant, 3] = used if kind == STACK_KIND else slots[SECOND]
                constant += 1
    report[CONSTANTS] = constant
    report[FRAMES] = used
    return OK


@kernel
def _at(report: I64, position: int, status: int) -> Any:
    """Note where ``status`` was met and return it."""
    report[ERROR_POSITION] = position
    return status


def warm_up() -> None:
    """Compile every kernel for the dtypes of real use: views of messages are read-only."""
    raw = np.frombuffer(bytes(16), np.uint8)
    report = np.zeros(REPORT_SIZE, np.int64)
    types = np.zeros(1, np.int64)
    classes = np.zeros((1, CLASS_COLUMNS), np.int64)
    steps = np.zeros((1, 3), np.int64)
    table = np.zeros((1, 5), np.int64)
    count_events(raw, 0, 16, False, types, np.zeros(1, np.uint8), report)
    read_events(raw, 0, 16, False, types, classes, steps, table, table, table, report)
    read_pools(raw, np.zeros((0, 2), np.int64), False, types, classes, steps, table, table, report)
