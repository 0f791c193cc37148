"""One chunk as columns: its events, and the constants they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.formats.jfr import chunk_kernels as kernels
from ingest.profiles.formats.jfr import number_kernels as number
from ingest.profiles.formats.jfr.damage import damaged
from ingest.profiles.formats.jfr.event_types import EVENT_TYPES, POOLS, SAMPLE_NAME, SETTING_NAME, SETTING_SLOTS, Pool
from ingest.profiles.formats.jfr.header import Chunk
from ingest.profiles.formats.jfr.layouts import Budget, JfrClass, LayoutError, Slot, Step, compile_class
from ingest.profiles.formats.jfr.metadata import read_metadata
from ingest.profiles.formats.jfr.texts import reference_at, text_at
from ingest.profiles.formats.refused import malformed

#: Index of settings in the first column of the events, behind those of EVENT_TYPES.
SETTING = len(EVENT_TYPES)
#: Super type of all events, which have no constants.
_EVENT_CLASS = "jdk.jfr.Event"
_NOT_READABLE = -1
#: Constants and frames are rarely smaller; when they are, the pools are read again with as much room as they need.
_BYTES_PER_CONSTANT, _BYTES_PER_FRAME = 16, 6


class Constants:
    """The constants of one pool: two columns that are found by key."""

    def __init__(self, rows: I64) -> None:
        """Take the rows of one pool, int64[n, CONSTANT_COLUMNS]; of a key that comes twice the last row counts."""
        order = np.argsort(rows[:, 1], kind="stable")
        self._keys = rows[order, 1]
        self._values = rows[order, 2:]

    def find(self, keys: I64) -> I64:
        """Return for each key the row of its constant, -1 when it is not there."""
        if not len(self._keys):
            return np.full(len(keys), -1, np.int64)
        found = np.searchsorted(self._keys, keys, side="right") - 1
        return np.where(self._keys[found] == keys, found, -1)

    def column(self, index: int, rows: I64, missing: int) -> I64:
        """Return a column of ``rows``, with ``missing`` for those that are -1."""
        if not len(self._values):
            return np.full(len(rows), missing, np.int64)
        return np.where(rows < 0, missing, self._values[rows, index])


@dataclass(frozen=True, slots=True)
class ChunkColumns:
    """What is wanted of one chunk."""

    data: bytes  #: the whole recording, which positions of strings refer to
    is_plain: bool
    events: I64  #: int64[E, EVENT_COLUMNS]; the first column is an index into EVENT_TYPES, or SETTING
    correlations: I64  #: int64[C, CORRELATION_COLUMNS]
    pools: Mapping[Pool, Constants]
    frames: I64  #: int64[F, FRAME_COLUMNS], leaf first in each stack
    sample_type: int  #: id of the class of execution samples, -1 = there is none

    def text(self, position: int) -> str:
        """Return the string at ``position``, from the pool when it is a reference."""
        key = reference_at(self.data, position, self.is_plain)
        if key is not None:
            strings = self.pools[Pool.STRING]
            (position,) = strings.column(0, strings.find(np.array([key])), -1).tolist()
        return text_at(self.data, position, self.is_plain) if position >= 0 else ""

    def texts(self, *positions: I64) -> dict[int, str]:
        """Return the string at each of the positions; -1 is an empty one."""
        data, is_compressed, texts = self.data, not self.is_plain, {-1: ""}
        for position in {one for column in positions for one in column.tolist()} - {-1}:
            # what nearly all symbols are: less than 128 bytes of UTF-8
            if is_compressed and data[position] == number.UTF8 and data[position + 1] < 128:
                start = position + 2
                texts[position] = data[start : start + data[position + 1]].decode("utf-8", "replace")
            else:
                texts[position] = self.text(position)
        return texts


def read_chunk(data: bytes, chunk: Chunk) -> ChunkColumns:
    """Read one chunk of ``data``; raises Refused."""
    raw = np.frombuffer(data, np.uint8)
    classes = read_metadata(data, raw, chunk.metadata, chunk.end, chunk.is_plain)
    events, correlations, checkpoints = _read_events(raw, chunk, classes)
    constants, frames = _read_pools(raw, chunk, classes, checkpoints)
    return ChunkColumns(
        data=data,
        is_plain=chunk.is_plain,
        events=events,
        correlations=correlations,
        pools={pool: Constants(constants[constants[:, 0] == pool]) for pool in Pool},
        frames=frames,
        sample_type=max((one.type_id for one in classes.values() if one.name == SAMPLE_NAME), default=-1),
    )


class _Layouts:
    """The classes a kernel may meet, ascending by id, with the steps of each."""

    def __init__(self, classes: Mapping[int, JfrClass]) -> None:
        self._classes = classes
        self._budget = Budget(classes)
        self._rows: list[tuple[int, int, int, int]] = []
        self._steps: list[Step] = []

    def add(self, type_id: int, slots: Mapping[str, Slot], kind: int) -> None:
        """Add a class; one that cannot be read is kept as such, and is an error once a value of it is met."""
        first = len(self._steps)
        try:
            self._steps += compile_class(self._classes, type_id, slots, first, self._budget)
        except LayoutError:
            first = _NOT_READABLE
        self._rows.append((type_id, first, len(self._steps), kind))

    def tables(self) -> tuple[I64, I64, I64]:
        """Return the ids, int64[T], the classes, int64[T, CLASS_COLUMNS], and the steps, int64[S, 3]."""
        rows = np.array(sorted(self._rows), np.int64).reshape(-1, 1 + kernels.CLASS_COLUMNS)
        steps = np.array(self._steps, np.int64).reshape(-1, 3)
        return rows[:, 0].copy(), rows[:, 1:].copy(), steps


def _read_events(raw: U8, chunk: Chunk, classes: Mapping[int, JfrClass]) -> tuple[I64, I64, I64]:
    """Return the tables of events, correlations and checkpoints."""
    layouts = _Layouts(classes)
    wanted = {one.name: (index, one.slots) for index, one in enumerate(EVENT_TYPES)}
    wanted[SETTING_NAME] = (SETTING, SETTING_SLOTS)
    for type_id, one in classes.items():
        if one.name in wanted:
            index, slots = wanted[one.name]
            layouts.add(type_id, slots, index)
    types, table, steps = layouts.tables()
    if (table[:, 0] == _NOT_READABLE).any():
        raise malformed(f"the metadata at byte {chunk.metadata} describes an event that cannot be read")
    has_labels = np.array([*(one.has_labels for one in EVENT_TYPES), False], np.uint8)[table[:, 2]]
    report = np.zeros(kernels.REPORT_SIZE, np.int64)
    place = chunk.events, chunk.end, chunk.is_plain
    _raise_for(kernels.count_events(raw, *place, types, has_labels, report), report, "an event")
    events = np.empty((int(report[kernels.EVENTS]), kernels.EVENT_COLUMNS), np.int64)
    correlations = np.empty((int(report[kernels.CORRELATIONS]), kernels.CORRELATION_COLUMNS), np.int64)
    checkpoints = np.empty((int(report[kernels.CHECKPOINTS]), 2), np.int64)
    status = kernels.read_events(raw, *place, types, table, steps, events, correlations, checkpoints, report)
    _raise_for(status, report, "an event")
    return events, correlations[: int(report[kernels.CORRELATIONS])], checkpoints


def _read_pools(raw: U8, chunk: Chunk, classes: Mapping[int, JfrClass], checkpoints: I64) -> tuple[I64, I64]:
    """Return the tables of constants and frames."""
    layouts = _Layouts(classes)
    for type_id, one in classes.items():
        if one.super_type != _EVENT_CLASS:
            pool, slots = POOLS.get(one.name, (0, {}))
            layouts.add(type_id, slots, int(pool))
    types, table, steps = layouts.tables()
    report = np.zeros(kernels.REPORT_SIZE, np.int64)
    pool_bytes = int((checkpoints[:, 1] - checkpoints[:, 0]).sum())
    constant_count, frame_count = pool_bytes // _BYTES_PER_CONSTANT, pool_bytes // _BYTES_PER_FRAME
    while True:
        constants = np.empty((constant_count, kernels.CONSTANT_COLUMNS), np.int64)
        frames = np.empty((frame_count, kernels.FRAME_COLUMNS), np.int64)
        status = kernels.read_pools(raw, checkpoints, chunk.is_plain, types, table, steps, constants, frames, report)
        _raise_for(status, report, f"the constants of class {int(report[kernels.SUBJECT])}")
        found = int(report[kernels.CONSTANTS]), int(report[kernels.FRAMES])
        if found[0] <= constant_count and found[1] <= frame_count:
            return constants[: found[0]], frames[: found[1]]
        constant_count, frame_count = found


def _raise_for(status: int, report: I64, what: str) -> None:
    """Raise the refusal of what a kernel reports."""
    if status != number.OK:
        raise damaged(status, int(report[kernels.ERROR_POSITION]), what)
