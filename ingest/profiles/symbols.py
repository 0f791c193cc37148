"""A growing store of symbols in which everything is kept once: the heart of heads, merges and compaction.

One writer merges profiles into a store; any number of readers use what :meth:`SymbolStore.columns` gave them meanwhile.
That needs no lock: a row never changes once it is counted, growth copies into new arrays and leaves the old ones alone,
and the counts readers go by are replaced as one tuple after a merge is complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ingest.profiles.columns import I64, U32, StackProfile, Symbols, empty_symbols
from ingest.profiles.symbol_kernels import (
    FUNCTIONS,
    LINES,
    LOCATIONS,
    MAPPINGS,
    NODES,
    STRING_BYTES,
    STRINGS,
    add_values,
    intern_functions,
    intern_locations,
    intern_mappings,
    intern_nodes,
    intern_strings,
    rehash,
    slot_limit,
)

#: Rows of one table: a slot holds row + 1 in 32 bits, and consumers keep the largest id for "none".
MAX_ROWS = 2**32 - 2
_LEAST_ROWS = 64


class SymbolStoreFull(Exception):
    """A table of a store has reached the number of rows its 32-bit ids can name."""


@dataclass(frozen=True, slots=True)
class SymbolCounts:
    """How many rows each table of a store holds."""

    strings: int
    string_bytes: int
    functions: int
    mappings: int
    locations: int
    lines: int
    nodes: int


class _Table:
    """Columns with one entry a row, the hash table that finds rows, and for some kinds a payload of variable length.

    ``rows`` all have room for the same number of rows. With a payload ``offsets`` is one longer and delimits each row's
    part of the ``payload`` columns.
    """

    __slots__ = ("max_rows", "offsets", "payload", "rows", "slots")

    def __init__(
        self, rows: list[DTypeLike], payload: list[DTypeLike], capacity: int, room: int, max_rows: int
    ) -> None:
        self.rows: list[NDArray[Any]] = [np.empty(capacity, dtype) for dtype in rows]
        self.offsets: I64 = np.zeros(capacity + 1, np.int64)
        self.payload: list[NDArray[Any]] = [np.empty(room, dtype) for dtype in payload]
        self.slots = np.zeros(1 << (capacity * 8 // 5).bit_length(), np.uint64)
        self.max_rows = max_rows

    def make_room(self, count: int, payload_used: int = 0, payload_wanted: int = 0) -> None:
        """Make room for a row more than ``count``, with ``payload_wanted`` entries after ``payload_used``.

        Raises SymbolStoreFull when a row more cannot have an id.
        """
        if count >= self.max_rows:
            raise SymbolStoreFull(f"a symbol table has reached its {self.max_rows} rows")
        if count >= len(self.offsets) - 1:
            capacity = min(2 * len(self.offsets), self.max_rows)
            self.rows = [_grown(column, capacity) for column in self.rows]
            self.offsets = _grown(self.offsets, capacity + 1)
        if self.payload and payload_used + payload_wanted > len(self.payload[0]):
            room = max(2 * len(self.payload[0]), payload_used + payload_wanted)
            self.payload = [_grown(column, room) for column in self.payload]
        if count >= slot_limit(self.slots):
            larger = np.zeros(2 * len(self.slots), np.uint64)
            rehash(self.slots, larger)
            self.slots = larger

    @property
    def memory_bytes(self) -> int:
        """Bytes of all arrays."""
        return sum(array.nbytes for array in (*self.rows, *self.payload, self.offsets, self.slots))


class SymbolStore:
    """Symbols interned by exact content, with the ids of rows stable for the life of the store.

    One thread merges at a time; :meth:`columns`, :attr:`counts` and :attr:`memory_bytes` may be called from any thread.
    ``hash_seed`` should be unpredictable where profiles come from strangers, who could else choose names that collide;
    it never influences a result. ``like`` sizes the tables for symbols of that extent. ``max_rows`` is for tests.
    """

    __slots__ = ("_counts", "_functions", "_locations", "_mappings", "_nodes", "_published", "_seed", "_strings")

    def __init__(self, *, like: Symbols | None = None, hash_seed: int = 0, max_rows: int = MAX_ROWS) -> None:
        like = empty_symbols() if like is None else like
        u8, u32, i64, u64 = np.uint8, np.uint32, np.int64, np.uint64

        def table(rows: list[DTypeLike], payload: list[DTypeLike], expected: int, room: int) -> _Table:
            return _Table(rows, payload, min(max(expected, _LEAST_ROWS), max_rows), max(room, _LEAST_ROWS), max_rows)

        self._strings = table([], [u8], like.string_count, len(like.string_bytes))
        self._functions = table([u32, u32, u32, i64], [], len(like.function_name), 0)
        self._mappings = table([u64, u64, u64, u32, u32, u32], [], len(like.mapping_start), 0)
        self._locations = table([u32, u64, u8], [u32, i64], len(like.location_mapping), len(like.line_function))
        self._nodes = table([u32, u32], [], like.node_count, 0)
        self._nodes.rows[0][0] = self._nodes.rows[1][0] = 0
        self._seed = np.uint64(hash_seed)
        self._counts = np.zeros(7, np.int64)
        self._counts[NODES] = 1
        self.merge(empty_symbols())  # the empty string and the unknown mapping come first

    def merge(self, symbols: Symbols) -> U32:
        """Add what is new in ``symbols``; return uint32[N], the node of the store for each node of ``symbols``.

        Raises SymbolStoreFull when a table is full. Rows added until then stay, unseen by readers and harmless.
        """
        symbols = writable(symbols)
        string_map = self._merge_strings(symbols)
        function_map = self._merge_functions(symbols, string_map)
        mapping_map = self._merge_mappings(symbols, string_map)
        location_map = self._merge_locations(symbols, mapping_map, function_map)
        node_map = self._merge_nodes(symbols, location_map)
        self._published: tuple[int, ...] = tuple(self._counts.tolist())
        return node_map

    def columns(self) -> Symbols:
        """Return the content as of the last complete merge: views that stay as they are while the store grows."""
        strings, string_bytes, functions, mappings, locations, lines, nodes = self._published
        # The counts are read first: whatever arrays are found afterwards hold at least as much.
        name, system_name, filename, start_line = (column[:functions] for column in self._functions.rows)
        start, limit, offset, mapping_file, build_id, flags = (column[:mappings] for column in self._mappings.rows)
        mapping, address, folded = (column[:locations] for column in self._locations.rows)
        line_function, line_number = (column[:lines] for column in self._locations.payload)
        parent, location = (column[:nodes] for column in self._nodes.rows)
        return Symbols(
            string_offsets=self._strings.offsets[: strings + 1],
            string_bytes=self._strings.payload[0][:string_bytes],
            function_name=name,
            function_system_name=system_name,
            function_filename=filename,
            function_start_line=start_line,
            mapping_start=start,
            mapping_limit=limit,
            mapping_offset=offset,
            mapping_filename=mapping_file,
            mapping_build_id=build_id,
            mapping_flags=flags,
            location_mapping=mapping,
            location_address=address,
            location_folded=folded,
            location_line_offsets=self._locations.offsets[: locations + 1],
            line_function=line_function,
            line_number=line_number,
            node_parent=parent,
            node_location=location,
        )

    @property
    def counts(self) -> SymbolCounts:
        """Rows per table as of the last complete merge."""
        return SymbolCounts(*self._published)

    @property
    def memory_bytes(self) -> int:
        """Bytes of all arrays of the store, spare room and hash tables included."""
        tables = (self._strings, self._functions, self._mappings, self._locations, self._nodes)
        return self._counts.nbytes + sum(table.memory_bytes for table in tables)

    def _merge_strings(self, symbols: Symbols) -> U32:
        table, counts, offsets = self._strings, self._counts, symbols.string_offsets
        string_map: U32 = np.empty(len(offsets) - 1, np.uint32)
        done = 0
        while True:
            done = intern_strings(
                offsets, symbols.string_bytes, done, string_map, self._seed, table.slots, counts,
                table.offsets, table.payload[0],
            )  # fmt: skip
            if done == len(string_map):
                return string_map
            table.make_room(
                int(counts[STRINGS]), int(counts[STRING_BYTES]), int(offsets[done + 1]) - int(offsets[done])
            )

    def _merge_functions(self, symbols: Symbols, string_map: U32) -> U32:
        table, counts = self._functions, self._counts
        function_map: U32 = np.empty(len(symbols.function_name), np.uint32)
        done = 0
        while True:
            done = intern_functions(
                symbols.function_name, symbols.function_system_name, symbols.function_filename,
                symbols.function_start_line, string_map, done, function_map, self._seed, table.slots, counts,
                *table.rows,
            )  # fmt: skip
            if done == len(function_map):
                return function_map
            table.make_room(int(counts[FUNCTIONS]))

    def _merge_mappings(self, symbols: Symbols, string_map: U32) -> U32:
        table, counts = self._mappings, self._counts
        mapping_map: U32 = np.empty(len(symbols.mapping_start), np.uint32)
        done = 0
        while True:
            done = intern_mappings(
                symbols.mapping_start, symbols.mapping_limit, symbols.mapping_offset, symbols.mapping_filename,
                symbols.mapping_build_id, symbols.mapping_flags, string_map, done, mapping_map, self._seed, table.slots,
                counts, *table.rows,
            )  # fmt: skip
            if done == len(mapping_map):
                return mapping_map
            table.make_room(int(counts[MAPPINGS]))

    def _merge_locations(self, symbols: Symbols, mapping_map: U32, function_map: U32) -> U32:
        table, counts, offsets = self._locations, self._counts, symbols.location_line_offsets
        location_map: U32 = np.empty(len(symbols.location_mapping), np.uint32)
        done = 0
        while True:
            done = intern_locations(
                symbols.location_mapping, symbols.location_address, symbols.location_folded, offsets,
                symbols.line_function, symbols.line_number, mapping_map, function_map, done, location_map, self._seed,
                table.slots, counts, table.offsets, *table.rows, *table.payload,
            )  # fmt: skip
            if done == len(location_map):
                return location_map
            table.make_room(int(counts[LOCATIONS]), int(counts[LINES]), int(offsets[done + 1]) - int(offsets[done]))

    def _merge_nodes(self, symbols: Symbols, location_map: U32) -> U32:
        table, counts = self._nodes, self._counts
        node_map: U32 = np.empty(len(symbols.node_parent), np.uint32)
        node_map[0] = 0
        done = 1
        while True:
            done = intern_nodes(
                symbols.node_parent, symbols.node_location, location_map, done, node_map, self._seed,
                table.slots, counts, *table.rows,
            )  # fmt: skip
            if done == len(node_map):
                return node_map
            table.make_room(int(counts[NODES]))


def merge_profiles(profiles: Iterable[StackProfile]) -> StackProfile:
    """Return the sum of ``profiles``: equal stacks become one node whose value is the sum of theirs.

    A lone profile is returned as it is; none at all makes the empty profile.
    """
    waiting = iter(profiles)
    first = next(waiting, None)
    if first is None:
        return StackProfile(empty_symbols(), np.zeros(1, np.int64))
    second = next(waiting, None)
    if second is None:
        return first
    store = SymbolStore(like=first.symbols)
    sums = np.zeros(first.symbols.node_count, np.int64)
    for profile in (first, second, *waiting):
        node_map = store.merge(profile.symbols)
        node_count = store.counts.nodes
        if node_count > len(sums):
            longer = np.zeros(max(node_count, 2 * len(sums)), np.int64)
            longer[: len(sums)] = sums
            sums = longer
        add_values(sums, node_map, np.require(profile.node_self, requirements="W"))
    return StackProfile(store.columns(), sums[: store.counts.nodes])


def writable(symbols: Symbols) -> Symbols:
    """Return ``symbols``, with columns that may only be read replaced by copies: kernels are compiled for one kind."""
    columns = [getattr(symbols, name) for name in Symbols.__slots__]
    if all(column.flags.writeable for column in columns):
        return symbols
    return Symbols(*[column if column.flags.writeable else column.copy() for column in columns])


def _grown(column: NDArray[Any], capacity: int) -> NDArray[Any]:
    """Return a new array of ``capacity`` entries that begins with ``column``."""
    larger = np.empty(capacity, column.dtype)
    larger[: len(column)] = column
    return larger
