"""Growing columns of a head: a row table that doubles, and sample chunks that are never copied.

One writer appends. A reader that took the arrays together with the count of rows may keep using them: entries below the
count never change, growth makes a new table and leaves the old one alone, and chunks never move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, U32, U64, no_traces
from ingest.storage.head.head_kernels import COLUMNS, append_group

#: Samples of a full-sized chunk: 3 MiB of nodes and values.
CHUNK_SAMPLES = 256 * 1024
#: Samples of the first chunk, so that the head of a tenant that sends little stays little. Each chunk is as large as
#: all before it together, up to the full size.
FIRST_CHUNK_SAMPLES = 4096
_FIRST_ROWS = 64

_NO_SPANS = np.zeros(0, np.uint64)
_NO_TRACES = no_traces()


@dataclass(slots=True)
class Chunk:
    """Room for the samples of many rows; the samples of a row lie in one chunk, side by side."""

    node: U32  #: uint32[capacity]
    value: I64  #: int64[capacity]
    span: U64  #: uint64[capacity], 0 = none; or uint64[0] while no sample of the chunk has one
    trace: U64  #: uint64[capacity, 2], zeros = none; or uint64[0, 2] while no sample of the chunk has one
    used: int = 0

    @property
    def memory_bytes(self) -> int:
        """Bytes of the arrays, spare room included."""
        return self.node.nbytes + self.value.nbytes + self.span.nbytes + self.trace.nbytes


class HeadColumns:
    """The rows and samples of a head."""

    def __init__(self) -> None:
        self.table: I64 = np.zeros((COLUMNS, _FIRST_ROWS), np.int64)
        self.row_count = 0
        self.chunks: list[Chunk] = []
        self.memory_bytes = self.table.nbytes
        self._sample_room = 0
        self._filling = -1  # index of the chunk that takes what is not too large for it

    def append(
        self,
        node_map: U32,
        sample_node: U32,
        sample_values: I64,
        sample_span: U64,
        sample_trace: U64,
        series: I64,
        identity: I64,
    ) -> None:
        """Append a group as one row per sample type that has a value other than zero.

        ``node_map`` leads from the nodes of the push to those of the head; ``series`` is int64[K]; ``identity`` is
        int64[5]: id_hi, id_lo, time, duration, period.
        """
        self._make_row_room(len(series))
        index = self._chunk_for(int(np.count_nonzero(sample_values)))
        chunk = self.chunks[index]
        if len(sample_span) and not len(chunk.span):
            chunk.span = np.zeros(len(chunk.node), np.uint64)
            self.memory_bytes += chunk.span.nbytes
        if len(sample_trace) and not len(chunk.trace):
            chunk.trace = np.zeros((len(chunk.node), 2), np.uint64)
            self.memory_bytes += chunk.trace.nbytes
        self.row_count, chunk.used = append_group(
            node_map, sample_node, sample_values, sample_span, sample_trace, series, identity, self.table,
            self.row_count, index, chunk.node, chunk.value, chunk.span, chunk.trace, chunk.used,
        )  # fmt: skip

    def _make_row_room(self, wanted: int) -> None:
        capacity = self.table.shape[1]
        if self.row_count + wanted <= capacity:
            return
        larger = np.zeros((COLUMNS, max(2 * capacity, self.row_count + wanted)), np.int64)
        larger[:, : self.row_count] = self.table[:, : self.row_count]
        self.memory_bytes += larger.nbytes - self.table.nbytes
        self.table = larger

    def _chunk_for(self, wanted: int) -> int:
        """Return the index of a chunk with room for ``wanted`` samples; what is too large for one gets its own."""
        if self._filling >= 0:
            chunk = self.chunks[self._filling]
            if len(chunk.node) - chunk.used >= wanted:
                return self._filling
        capacity = min(max(self._sample_room, FIRST_CHUNK_SAMPLES), CHUNK_SAMPLES)
        own = wanted > capacity
        chunk = Chunk(
            np.empty(wanted if own else capacity, np.uint32),
            np.empty(wanted if own else capacity, np.int64),
            _NO_SPANS,
            _NO_TRACES,
        )
        self.chunks.append(chunk)
        self.memory_bytes += chunk.memory_bytes
        self._sample_room += len(chunk.node)
        index = len(self.chunks) - 1
        if not own or self._filling < 0:
            self._filling = index
        return index
