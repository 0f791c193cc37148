"""The body of a record: columns grouped by width and transposed into byte planes, and the checks on what comes back.

All columns of 8, of 4 and of 1 bytes are laid end to end as three blocks. The two wide blocks are stored plane by
plane: first the lowest byte of every word, then the next, and so on. Counts, indexes and offsets are small, so the
upper planes are runs of zeros which compress to nothing; on recorded profiles this makes a record about a fifth
smaller and zstd about a third faster than plain words, and undoing it yields fresh, writable, aligned arrays, which
the kernels need.

Within a block, columns that hold indexes into the same table are neighbours, so that one comparison checks them all.
``docs/record.md`` lists every column.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ingest.profiles.columns import I64, U8, U32, U64, Symbols

if sys.byteorder != "little":  # pragma: no cover - columns are stored as they lie in memory
    raise ImportError("records are little-endian and this machine is not")

#: Bytes of a body: a bound checked before anything is allocated. The largest profile that the default limits let
#: through stays below 100 MiB.
MAX_BODY_BYTES = 512 << 20

# Bounds of the parts that become Python objects one by one.
MAX_GROUPS = 1 << 16
MAX_TEXTS = 1 << 20
MAX_REFS = 1 << 22


#: Counts in the header of a record.
HEADER_COUNTS = 14


class RecordError(Exception):
    """The bytes are not a record: truncated, damaged, of an unknown version, or inconsistent in themselves."""


class Counts(NamedTuple):
    """Lengths of the columns, from which the size of the body follows. Each is an unsigned 32-bit number."""

    strings: int
    string_bytes: int
    functions: int
    mappings: int
    locations: int
    lines: int
    nodes: int
    samples: int
    values: int
    spans: int
    groups: int
    texts: int
    text_bytes: int
    refs: int
    #: Halves of trace ids: two a sample in version 2, which follows from the others and is not in the header.
    traces: int = 0

    @property
    def widths_8(self) -> tuple[int, ...]:
        """Lengths of the 8-byte columns in order."""
        return (
            self.strings + 1,  # string_offsets
            self.locations + 1,  # location_line_offsets
            self.functions,  # function_start_line
            self.lines,  # line_number
            self.mappings,  # mapping_start
            self.mappings,  # mapping_limit
            self.mappings,  # mapping_offset
            self.locations,  # location_address
            self.values,
            self.spans,
            self.traces,
            3 * self.groups,  # times, durations, periods
        )

    @property
    def widths_4(self) -> tuple[int, ...]:
        """Lengths of the 4-byte columns in order; the first five hold string indexes."""
        return (
            self.functions,  # function_name
            self.functions,  # function_system_name
            self.functions,  # function_filename
            self.mappings,  # mapping_filename
            self.mappings,  # mapping_build_id
            self.mappings,  # mapping_flags
            self.locations,  # location_mapping
            self.lines,  # line_function
            self.nodes,  # node_parent
            self.nodes,  # node_location
            self.samples,  # sample_node
            4 * self.groups,  # labels, sample types, samples and spans of each group
            self.texts,  # text lengths
            self.refs,
        )

    @property
    def widths_1(self) -> tuple[int, ...]:
        """Lengths of the 1-byte columns in order."""
        return (self.string_bytes, self.locations, self.text_bytes, 16 * self.groups)

    @property
    def header(self) -> tuple[int, ...]:
        """The counts that stand in the header."""
        return self[:HEADER_COUNTS]

    @property
    def body_bytes(self) -> int:
        """Size of the body before compression."""
        return 8 * sum(self.widths_8) + 4 * sum(self.widths_4) + sum(self.widths_1)


#: How the counts stand in the header of a record.
COUNTS = struct.Struct(f"<{HEADER_COUNTS}I")


@dataclass(frozen=True, slots=True)
class Content:
    """What a body holds: the symbols, and the raw columns of the groups. See ``docs/record.md`` for the last six."""

    symbols: Symbols
    values: I64
    spans: U64
    traces: U64  #: uint64[2 n] in version 2: both halves of the trace id of each sample
    group_words: I64  #: int64[3G]: all times, all durations, all periods
    sample_node: U32
    group_counts: U32  #: uint32[4G]: labels, sample types, samples and spans of one group after the other
    text_lengths: U32
    refs: U32
    text_bytes: U8
    profile_ids: U8  #: uint8[16G]


def pack_body(content: Content, counts: Counts) -> U8:
    """Return the body as a new array of ``counts.body_bytes`` bytes.

    Raises ``ValueError`` when a column does not have the length or the width that the counts give it.
    """
    c, s = content, content.symbols
    words_8 = _joined(
        [
            s.string_offsets, s.location_line_offsets, s.function_start_line, s.line_number, s.mapping_start,
            s.mapping_limit, s.mapping_offset, s.location_address, c.values, c.spans, c.traces, c.group_words,
        ]
    )  # fmt: skip
    words_4 = _joined(
        [
            s.function_name, s.function_system_name, s.function_filename, s.mapping_filename, s.mapping_build_id,
            s.mapping_flags, s.location_mapping, s.line_function, s.node_parent, s.node_location, c.sample_node,
            c.group_counts, c.text_lengths, c.refs,
        ]
    )  # fmt: skip
    single = _joined([s.string_bytes, s.location_folded, c.text_bytes, c.profile_ids])
    n8, n4, n1 = sum(counts.widths_8), sum(counts.widths_4), sum(counts.widths_1)
    if len(words_8) != 8 * n8 or len(words_4) != 4 * n4 or len(single) != n1:
        raise ValueError("the columns do not have the types and lengths of the columnar model")
    body = np.empty(8 * n8 + 4 * n4 + n1, np.uint8)
    _transpose(np.frombuffer(words_8, np.uint8).reshape(n8, 8).T, body[: 8 * n8].reshape(8, n8))
    _transpose(np.frombuffer(words_4, np.uint8).reshape(n4, 4).T, body[8 * n8 : 8 * n8 + 4 * n4].reshape(4, n4))
    body[8 * n8 + 4 * n4 :] = np.frombuffer(single, np.uint8)
    return body


def _transpose(planes: U8, target: U8) -> None:
    """Copy ``planes`` to ``target`` of the same shape. One call per plane: numpy walks a whole transpose half as
    fast."""
    for source, plane in zip(planes, target, strict=True):
        plane[:] = source


def _joined(columns: Iterable[Any]) -> bytes:
    """Return contiguous arrays end to end as bytes. Type checkers take arrays for buffers from 3.12 on only."""
    return b"".join(columns)


def unpack_body(body: U8, counts: Counts) -> Content:
    """Return the columns of a body as writable, contiguous arrays, with every index and offset checked.

    ``body`` has exactly ``counts.body_bytes`` bytes. Raises :class:`RecordError`.
    """
    n8, n4 = sum(counts.widths_8), sum(counts.widths_4)
    words_8 = np.empty((n8, 8), np.uint8)
    _transpose(body[: 8 * n8].reshape(8, n8), words_8.T)
    words_4 = np.empty((n4, 4), np.uint8)
    _transpose(body[8 * n8 : 8 * n8 + 4 * n4].reshape(4, n4), words_4.T)
    single = body[8 * n8 + 4 * n4 :].copy()
    signed, four = words_8.reshape(-1).view(np.int64), words_4.reshape(-1).view(np.uint32)
    at_8, at_4 = _slices(counts.widths_8), _slices(counts.widths_4)
    eight = [signed[at] for at in at_8]
    unsigned = [column.view(np.uint64) for column in (*eight[4:8], *eight[9:11])]
    columns_4 = [four[at] for at in at_4]
    string_bytes, folded, text_bytes, profile_ids = [single[at] for at in _slices(counts.widths_1)]
    symbols = Symbols(
        string_offsets=eight[0],
        string_bytes=string_bytes,
        function_name=columns_4[0],
        function_system_name=columns_4[1],
        function_filename=columns_4[2],
        function_start_line=eight[2],
        mapping_start=unsigned[0],
        mapping_limit=unsigned[1],
        mapping_offset=unsigned[2],
        mapping_filename=columns_4[3],
        mapping_build_id=columns_4[4],
        mapping_flags=columns_4[5],
        location_mapping=columns_4[6],
        location_address=unsigned[3],
        location_folded=folded,
        location_line_offsets=eight[1],
        line_function=columns_4[7],
        line_number=eight[3],
        node_parent=columns_4[8],
        node_location=columns_4[9],
    )
    _check_symbols(symbols, counts, four[: at_4[4].stop])
    _check_below(columns_4[10], counts.nodes, "sample node")
    return Content(
        symbols=symbols,
        values=eight[8],
        spans=unsigned[4],
        traces=unsigned[5],
        group_words=eight[11],
        sample_node=columns_4[10],
        group_counts=columns_4[11],
        text_lengths=columns_4[12],
        refs=columns_4[13],
        text_bytes=text_bytes,
        profile_ids=profile_ids,
    )


def first_text(body: U8, counts: Counts) -> bytes:
    """Return the first text of a body of ``counts.body_bytes`` bytes and unpack nothing else of it.

    Raises :class:`RecordError`.
    """
    n8, n4 = sum(counts.widths_8), sum(counts.widths_4)
    singles = 8 * n8 + 4 * n4
    lengths, texts = _slices(counts.widths_4)[12], _slices(counts.widths_1)[2]
    if not counts.texts:
        raise RecordError("there is no text")
    length = int.from_bytes(body[8 * n8 : singles].reshape(4, n4)[:, lengths.start].tobytes(), "little")
    if length > counts.text_bytes:
        raise RecordError("text lengths do not add up")
    return body[singles + texts.start : singles + texts.start + length].tobytes()


def check_counts(counts: Counts) -> None:
    """Raise :class:`RecordError` unless a body of these counts may exist and may be allocated."""
    if not (counts.strings and counts.mappings and counts.nodes):
        raise RecordError("a sentinel is missing: string 0, mapping 0 or the root")
    if counts.groups > MAX_GROUPS or counts.texts > MAX_TEXTS or counts.refs > MAX_REFS:
        raise RecordError(f"{counts.groups} groups, {counts.texts} texts or {counts.refs} references are too many")
    if counts.body_bytes > MAX_BODY_BYTES:
        raise RecordError(f"a body of {counts.body_bytes} bytes is over {MAX_BODY_BYTES}")


def _check_symbols(symbols: Symbols, counts: Counts, string_indexes: U32) -> None:
    """Raise :class:`RecordError` unless the conventions of the columnar model hold. ``counts`` has passed its check."""
    _check_offsets(symbols.string_offsets, counts.string_bytes, "string")
    _check_offsets(symbols.location_line_offsets, counts.lines, "line")
    _check_below(string_indexes, counts.strings, "string index")
    _check_below(symbols.location_mapping, counts.mappings, "mapping index")
    _check_below(symbols.line_function, counts.functions, "function index")
    _check_below(symbols.node_location[1:], counts.locations, "location index")
    _check_below(symbols.location_folded, 2, "folded mark")
    if symbols.string_offsets[1] != 0:
        raise RecordError("string 0 is not empty")
    if (
        symbols.mapping_start[0]
        or symbols.mapping_limit[0]
        or symbols.mapping_offset[0]
        or symbols.mapping_filename[0]
        or symbols.mapping_build_id[0]
        or symbols.mapping_flags[0]
    ):
        raise RecordError("mapping 0 is not the unknown mapping")
    if symbols.node_parent[0] or symbols.node_location[0]:
        raise RecordError("node 0 is not the root")
    if (symbols.node_parent[1:] >= np.arange(1, counts.nodes, dtype=np.uint32)).any():
        raise RecordError("a node comes before its parent")


def _check_below(indexes: U32 | U8, bound: int, what: str) -> None:
    """Raise :class:`RecordError` unless all indexes are below ``bound``."""
    if len(indexes):
        highest = int(np.maximum.reduce(indexes))
        if highest >= bound:
            raise RecordError(f"{what} {highest} is not below {bound}")


def _check_offsets(offsets: I64, total: int, what: str) -> None:
    """Raise :class:`RecordError` unless offsets rise from 0 to ``total``."""
    if offsets[0] != 0 or offsets[-1] != total or (offsets[1:] < offsets[:-1]).any():
        raise RecordError(f"{what} offsets do not rise from 0 to {total}")


def _slices(widths: Sequence[int]) -> list[slice]:
    """Return the slice of each of the columns that lie end to end."""
    found = []
    start = 0
    for width in widths:
        found.append(slice(start, start + width))
        start += width
    return found


def cut(raw: bytes, lengths: Iterable[int]) -> Iterator[bytes]:
    """Yield consecutive pieces of ``raw`` of these lengths; the caller has checked that they fit."""
    start = 0
    for length in lengths:
        yield raw[start : start + length]
        start += length
