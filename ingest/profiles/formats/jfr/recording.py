"""A whole recording: the events of all its chunks with one numbering of functions, locations and stacks.

Keys of constants hold within their chunk only, so the same key may mean another stack in the next one. What chunks have
in common is found by content: functions by name, locations by function and line, stacks by their locations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ingest.profiles.columns import I64
from ingest.profiles.formats.jfr.chunk import SETTING, ChunkColumns, read_chunk
from ingest.profiles.formats.jfr.durations import parsed_ns
from ingest.profiles.formats.jfr.event_types import EVENT_SETTING, INTERVAL_SETTINGS, STATES, WALL_SETTING, Pool, State
from ingest.profiles.formats.jfr.generated_names import may_differ, without_generated_parts
from ingest.profiles.formats.jfr.header import chunks_of
from ingest.profiles.formats.jfr.number_kernels import INT, LATIN1, REFERENCE, UTF8, UTF16
from ingest.profiles.formats.jfr.rows import Mask, distinct, offsets_of, rows_of
from ingest.profiles.formats.refused import malformed, too_large

#: A location is its function and its line in one number.
_LINE_BITS = 32
_LOCATION_BYTES = 8
#: Bytes of all names together, as a multiple of what a profile may have: a short recording can give one long name to
#: many methods. Real ones stay below their own size.
_MAX_NAMES_RATIO = 8
_MAX_NS = (1 << 63) - 1
#: Settings of a chunk that are read one by one; a profiler writes one at its start.
_MAX_SETTINGS = 10_000


@dataclass(frozen=True, slots=True)
class Events:
    """E events that profiles are made of, in the order of the recording."""

    kind: I64  #: int64[E], index into EVENT_TYPES
    stack: I64  #: int64[E], index into the stacks, -1 = not known
    value: I64  #: int64[E]
    state: I64  #: int64[E], State
    in_wall_mode: I64  #: int64[E], 0 or 1
    correlation: I64  #: int64[E], 1 + row of the correlations, 0 = none


@dataclass(frozen=True, slots=True)
class Recording:
    """What profiles are made of."""

    start_ns: int  #: Unix time, 0 = the recording says none
    duration_ns: int
    event_setting: str  #: what the profiler sampled by, ``jfr_event``; empty when it does not say
    interval_ns: int  #: between two samples of a thread; 0 when the profiler does not say
    functions: tuple[bytes, ...]  #: class, dot, method in UTF-8
    location_function: I64  #: int64[L], index into the functions
    location_line: I64  #: int64[L], 0 = not known
    stack_offsets: I64  #: int64[S+1], offsets into ``stack_locations``; first is 0
    stack_locations: I64  #: int64[R], leaf first
    events: Events
    correlations: I64  #: int64[C, CORRELATION_COLUMNS]


def read_recording(data: bytes, max_bytes: int) -> Recording:
    """Read a recording, not compressed; raises Refused. ``max_bytes`` is what a profile may have."""
    tables = _Tables(_MAX_NAMES_RATIO * max_bytes)
    chunks = list(chunks_of(data))
    parts = [tables.add(read_chunk(data, chunk)) for chunk in chunks]
    starts = offsets_of(np.array([len(part.correlations) for part in parts])).tolist()
    for part, start in zip(parts, starts, strict=False):
        part.events.correlation[part.events.correlation > 0] += start
    joined = Events(*(np.concatenate([getattr(part.events, name) for part in parts]) for name in Events.__slots__))
    locations, stack_locations = distinct(np.frombuffer(b"".join(tables.stacks), np.int64))
    start_ns = min(chunk.start_ns for chunk in chunks)
    duration_ns = max(chunk.start_ns + chunk.duration_ns for chunk in chunks) - start_ns
    return Recording(
        start_ns=max(start_ns, 0),
        duration_ns=min(max(duration_ns, 0), _MAX_NS),
        event_setting=tables.event_setting,
        interval_ns=tables.interval_ns,
        functions=tuple([name.encode("utf-8", "replace") for name in tables.functions]),
        location_function=locations >> _LINE_BITS,
        location_line=locations & ((1 << _LINE_BITS) - 1),
        stack_offsets=offsets_of(np.array([len(stack) // _LOCATION_BYTES for stack in tables.stacks], np.int64)),
        stack_locations=stack_locations,
        events=joined,
        correlations=np.concatenate([part.correlations for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    events: Events
    correlations: I64


@dataclass(slots=True)
class _Tables:
    """What was found in the chunks so far."""

    name_bytes_left: int
    event_setting: str = ""
    interval_ns: int = 0
    functions: dict[str, int] = field(default_factory=dict)
    stacks: dict[bytes, int] = field(default_factory=dict)  #: by their locations, int64 each

    def add(self, chunk: ChunkColumns) -> _Part:
        """Take over what the events of a chunk lead to."""
        rows = chunk.events
        is_setting = rows[:, 0] == SETTING
        in_wall_mode = self._follow_settings(chunk, np.flatnonzero(is_setting))
        self._find_interval(chunk, np.flatnonzero(is_setting & (rows[:, 3] == chunk.sample_type)))
        kept = rows[~is_setting]
        events = Events(
            kind=kept[:, 0],
            stack=self._stacks_of(chunk, kept[:, 1]),
            value=kept[:, 2],
            state=_states_of(chunk, kept[:, 3]),
            in_wall_mode=in_wall_mode[~is_setting],
            correlation=kept[:, 4].copy(),
        )
        return _Part(events, chunk.correlations)

    def _follow_settings(self, chunk: ChunkColumns, settings: I64) -> I64:
        """Return for each event whether the profiler sampled wall time by then, and keep the last setting.

        ``settings`` are the rows of settings. A setting holds for the events that follow it.
        """
        modes = [self.event_setting == WALL_SETTING]
        changes = settings[_are(chunk, chunk.events[settings, 1], EVENT_SETTING)]
        if len(changes) > _MAX_SETTINGS:
            raise malformed(f"the recording has more than {_MAX_SETTINGS} settings of the event of the profiler")
        for position in chunk.events[changes, 2].tolist():
            self.event_setting = chunk.text(position)
            modes.append(self.event_setting == WALL_SETTING)
        return np.array(modes, np.int64)[np.searchsorted(changes, np.arange(len(chunk.events)), side="right")]

    def _find_interval(self, chunk: ChunkColumns, settings: I64) -> None:
        """Keep how often the profiler samples, as the last of these settings of its samples says."""
        for name in INTERVAL_SETTINGS:
            rows = settings[_are(chunk, chunk.events[settings, 1], name)]
            if len(rows):
                self.interval_ns = parsed_ns(chunk.text(int(chunk.events[rows[-1], 2])))

    def _stacks_of(self, chunk: ChunkColumns, keys: I64) -> I64:
        """Return the stack of each event; frames whose method is not known are left out of it."""
        used, inverse = distinct(keys)
        pool = chunk.pools[Pool.STACK]
        rows = pool.find(used)
        starts, ends = pool.column(0, rows, 0), pool.column(1, rows, 0)
        frames = chunk.frames[rows_of(starts, ends)]
        functions = self._functions_of(chunk, frames[:, 0])
        lines = frames[:, 1]
        lines = np.where((lines < 0) | (lines >> (_LINE_BITS - 1) != 0), 0, lines)
        is_named = functions >= 0
        locations = (functions << _LINE_BITS | lines)[is_named].tobytes()
        bounds = (offsets_of(is_named.astype(np.int64))[offsets_of(ends - starts)] * _LOCATION_BYTES).tolist()
        stacks = self.stacks
        found = [
            stacks.setdefault(locations[start:end], len(stacks)) if row >= 0 else -1
            for row, (start, end) in zip(rows.tolist(), pairwise(bounds), strict=True)
        ]
        return np.array(found, np.int64)[inverse]

    def _functions_of(self, chunk: ChunkColumns, keys: I64) -> I64:
        """Return the function of each frame by the key of its method; -1 when the method or its class is not known."""
        used, inverse = distinct(keys)
        methods, classes, symbols = (chunk.pools[pool] for pool in (Pool.METHOD, Pool.CLASS, Pool.SYMBOL))
        method_rows = methods.find(used)
        class_rows = np.where(method_rows < 0, -1, classes.find(methods.column(0, method_rows, 0)))
        names = symbols.column(0, symbols.find(methods.column(1, method_rows, 0)), -1)
        class_names = symbols.column(0, symbols.find(classes.column(0, class_rows, 0)), -1)
        known = chunk.texts(names, class_names)
        known.update({position: without_generated_parts(text) for position, text in known.items() if may_differ(text)})
        owners = [known[position] for position in class_names.tolist()]
        members = [known[position] for position in names.tolist()]
        self.name_bytes_left -= sum(map(len, owners)) + sum(map(len, members))
        if self.name_bytes_left < 0:
            raise too_large("the names of the methods are too long together")
        functions = self.functions
        found = [
            functions.setdefault(f"{owner}.{member}", len(functions)) if row >= 0 else -1
            for row, owner, member in zip(class_rows.tolist(), owners, members, strict=True)
        ]
        return np.array(found, np.int64)[inverse]


def _are(chunk: ChunkColumns, positions: I64, text: str) -> Mask:
    """Return a mask of the strings that are ``text``, which is ASCII.

    Recordings have hundreds of settings, nearly all written as bytes: these are compared without a look at each.
    """
    raw = np.frombuffer(chunk.data, np.uint8)
    wanted = np.frombuffer(len(text).to_bytes(INT if chunk.is_plain else 1, "big") + text.encode(), np.uint8)
    encodings = raw[positions]
    places = np.minimum(positions[:, None] + np.arange(1, len(wanted) + 1), len(raw) - 1)
    same = ((encodings == UTF8) | (encodings == LATIN1)) & (raw[places] == wanted).all(axis=1)
    others = np.flatnonzero((encodings == UTF16) | (encodings == REFERENCE))
    if len(others) > _MAX_SETTINGS:
        raise malformed(f"the recording has more than {_MAX_SETTINGS} settings whose names are not written as bytes")
    same[others] = [chunk.text(position) == text for position in positions[others].tolist()]
    return np.asarray(same)


def _states_of(chunk: ChunkColumns, keys: I64) -> I64:
    """Return the State of each event by the key of its thread state."""
    used, inverse = distinct(keys)
    pool = chunk.pools[Pool.STATE]
    positions = pool.column(0, pool.find(used), -1).tolist()
    states = [
        State.UNKNOWN if position < 0 else STATES.get(chunk.text(position), State.OTHER) for position in positions
    ]
    return np.array(states, np.int64)[inverse]
