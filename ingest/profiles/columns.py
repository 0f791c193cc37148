"""The columnar model of a profile: what every part of the database passes to the next.

A decoded push, the symbols of a head, a block read from disk and the answer of a query all have the same shape, so that
one interning kernel serves appending to a head, merging the answers of several sources and compacting blocks.

Conventions, which every producer keeps and every consumer may rely on:

* string 0 is ``""``; mapping 0 is the unknown mapping, all of whose fields are 0; node 0 is the root of the stack tree
  (its parent and location are 0 and mean nothing). Functions and locations have no such sentinel.
* ``node_parent[i] < i`` for every ``i > 0``: parents come first, so one forward pass resolves and one backward pass
  sums.
* the lines of a location run from the innermost inlined callee to the outermost caller, as in pprof.
* every index column holds values inside the table it refers to. Code that takes columns from outside the process checks
  this once, where they enter (:mod:`ingest.profiles.record`), and nowhere else.
* arrays are C-contiguous with exactly the dtypes named here: kernels are compiled for these and for nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
I32 = NDArray[np.int32]
U64 = NDArray[np.uint64]
I64 = NDArray[np.int64]

#: Labels of a series: (name, value) pairs sorted by name, names unique.
Labels = tuple[tuple[str, str], ...]

#: Bits of ``Symbols.mapping_flags``, in the order of the pprof fields 7 to 10.
MAPPING_HAS_FUNCTIONS = 1
MAPPING_HAS_FILENAMES = 2
MAPPING_HAS_LINE_NUMBERS = 4
MAPPING_HAS_INLINE_FRAMES = 8


@dataclass(frozen=True, slots=True)
class Symbols:
    """Strings, functions, mappings, locations and the stack tree of one profile or one store.

    Shapes: S strings, F functions, M mappings, L locations, N nodes, K lines in all.
    """

    string_offsets: I64  #: int64[S+1], offsets into ``string_bytes``; first is 0
    string_bytes: U8  #: uint8[total], valid UTF-8 per string
    function_name: U32  #: uint32[F], string index
    function_system_name: U32  #: uint32[F], string index
    function_filename: U32  #: uint32[F], string index
    function_start_line: I64  #: int64[F]
    mapping_start: U64  #: uint64[M]
    mapping_limit: U64  #: uint64[M]
    mapping_offset: U64  #: uint64[M]
    mapping_filename: U32  #: uint32[M], string index
    mapping_build_id: U32  #: uint32[M], string index
    mapping_flags: U32  #: uint32[M], MAPPING_* bits
    location_mapping: U32  #: uint32[L], mapping index
    location_address: U64  #: uint64[L]
    location_folded: U8  #: uint8[L], 0 or 1
    location_line_offsets: I64  #: int64[L+1], offsets into the line columns; first is 0
    line_function: U32  #: uint32[K], function index
    line_number: I64  #: int64[K]
    node_parent: U32  #: uint32[N], node index
    node_location: U32  #: uint32[N], location index (0 at the root, unused)

    @property
    def string_count(self) -> int:
        """Number of strings, at least 1."""
        return len(self.string_offsets) - 1

    @property
    def node_count(self) -> int:
        """Number of tree nodes, at least 1 (the root)."""
        return len(self.node_parent)

    def string(self, index: int) -> str:
        """Return string ``index`` decoded; damaged UTF-8 becomes U+FFFD."""
        start, end = int(self.string_offsets[index]), int(self.string_offsets[index + 1])
        return self.string_bytes[start:end].tobytes().decode("utf-8", "replace")

    def strings(self) -> list[str]:
        """Return all strings decoded, in index order."""
        whole = self.string_bytes.tobytes()
        offsets = self.string_offsets.tolist()
        return [whole[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets)]


@dataclass(frozen=True, slots=True)
class SampleType:
    """Name and unit of one value column, e.g. ``cpu`` and ``nanoseconds``."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class ProfileGroup:
    """One profile of one series set: the samples of a pushed profile that share their labels.

    A group with K sample types becomes up to K rows, one per sample type, in K series.
    """

    labels: Labels  #: series labels, with ``__name__`` and ``service_name``, without ``__type__`` and its kin
    profile_id: bytes  #: 16 bytes, derived from the content (:mod:`ingest.profiles.identity`)
    time_ns: int
    duration_ns: int
    period: int
    sample_types: tuple[SampleType, ...]
    period_type: SampleType  #: both fields empty when the profile has none
    sample_node: U32  #: uint32[n], tree node of the leaf; ascending
    sample_values: I64  #: int64[K, n], C-contiguous; column j belongs to ``sample_types[j]``
    sample_span: U64  #: uint64[n] span ids, 0 = none; or uint64[0] when no sample has one
    #: uint64[n, 2] trace ids as two big-endian halves, zeros = none; or uint64[0, 2] when no sample has one
    sample_trace: U64 = field(default_factory=lambda: np.zeros((0, 2), np.uint64))


@dataclass(frozen=True, slots=True)
class StackProfile:
    """Symbols with one value per node: the merged answer of one or more sources."""

    symbols: Symbols
    node_self: I64  #: int64[N]


def no_traces() -> U64:
    """Return the trace ids of samples none of which has one, uint64[0, 2]."""
    return np.zeros((0, 2), np.uint64)


def empty_symbols() -> Symbols:
    """Return symbols that hold only the sentinels: the empty string, the unknown mapping and the root."""
    u32, i64, u64 = np.uint32, np.int64, np.uint64
    return Symbols(
        string_offsets=np.zeros(2, i64),
        string_bytes=np.zeros(0, np.uint8),
        function_name=np.zeros(0, u32),
        function_system_name=np.zeros(0, u32),
        function_filename=np.zeros(0, u32),
        function_start_line=np.zeros(0, i64),
        mapping_start=np.zeros(1, u64),
        mapping_limit=np.zeros(1, u64),
        mapping_offset=np.zeros(1, u64),
        mapping_filename=np.zeros(1, u32),
        mapping_build_id=np.zeros(1, u32),
        mapping_flags=np.zeros(1, u32),
        location_mapping=np.zeros(0, u32),
        location_address=np.zeros(0, u64),
        location_folded=np.zeros(0, np.uint8),
        location_line_offsets=np.zeros(1, i64),
        line_function=np.zeros(0, u32),
        line_number=np.zeros(0, i64),
        node_parent=np.zeros(1, u32),
        node_location=np.zeros(1, u32),
    )


def empty_stack_profile() -> StackProfile:
    """Return the answer that holds nothing: a root with value 0."""
    return StackProfile(empty_symbols(), np.zeros(1, np.int64))
