"""Read a block directory: the part that answers for what is no longer in a head."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.profiles.columns import I64, U32, U64, StackProfile, Symbols, no_traces
from ingest.profiles.sample_choice import EVERY_SAMPLE, SampleChoice
from ingest.profiles.selector import Matcher
from ingest.storage.block import schema
from ingest.storage.block.errors import BlockDamaged
from ingest.storage.block.meta import META_FILE, BlockMeta
from ingest.storage.block.symbol_tables import column, symbols_of
from ingest.storage.block.writer import footer_checksum
from ingest.storage.content import PartContent
from ingest.storage.part import Rows, empty_rows
from ingest.storage.sampling import SampleRun, SpanTotals, merge_samples, totals_of_rows, totals_of_spans
from ingest.storage.series_table import SeriesIndex, SeriesTable

_SYMBOL_FILES: Final = (schema.STACKS, schema.LOCATIONS, schema.FUNCTIONS, schema.MAPPINGS)
#: meta.json is a few KiB; what is much larger is not one.
_MAX_META_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _RowColumns:
    """Row metadata of a block: everything but the samples."""

    series: U32
    time_ns: I64
    id_hi: U64
    id_lo: U64
    total: I64
    group_starts: I64  #: int64[groups+1], first row of each row group, then the number of rows

    @property
    def memory_bytes(self) -> int:
        return len(self.series) * 36 + self.group_starts.nbytes


@dataclass(frozen=True, slots=True)
class _Samples:
    """The samples of one row group."""

    offsets: I64  #: int64[rows+1]
    node: U32
    value: I64
    span: U64  #: empty when not asked for or not in the file
    trace: U64  #: uint64[n, 2]; uint64[0, 2] when not asked for or not in the file


class Block:
    """A block on the local disk. A :class:`~ingest.storage.part.Part`; any thread may read.

    Series, row metadata and symbols are read on first use and kept until :meth:`forget`; samples are read per row
    group and never kept. Every method that reads raises BlockDamaged, naming the file, when what it finds cannot be
    right.
    """

    def __init__(self, directory: Path, meta: BlockMeta) -> None:
        self.directory = directory
        self.meta = meta
        self._lock = threading.RLock()
        self._series: SeriesTable | None = None
        self._rows: _RowColumns | None = None
        self._symbols: Symbols | None = None
        self._series_bytes = 0

    @classmethod
    def open(cls, directory: Path) -> Block:
        """Open a block by its directory, whose name is its ULID; checks the meta and the size of every file."""
        return cls(directory, read_meta(directory))

    @property
    def part_id(self) -> str:
        """The block's ULID."""
        return self.meta.ulid

    @property
    def tenant(self) -> str:
        """Tenant that owns every row."""
        return self.meta.tenant

    @property
    def owner(self) -> str:
        """Id of the instance that wrote the block."""
        return self.meta.owner

    @property
    def min_time_ns(self) -> int:
        """Time of the earliest row; 0 without rows."""
        return self.meta.min_time_ns

    @property
    def max_time_ns(self) -> int:
        """Time of the latest row, inclusive; -1 without rows."""
        return self.meta.max_time_ns

    @property
    def sample_count(self) -> int:
        """Samples of all rows."""
        return self.meta.stats.samples

    @property
    def size_bytes(self) -> int:
        """Bytes of its files."""
        return self.meta.size_bytes

    @property
    def series(self) -> SeriesTable:
        """Labels and fingerprint of each series."""
        with self._lock:
            if self._series is None:
                self._series = self._load_series()
            return self._series

    @property
    def memory_bytes(self) -> int:
        """Bytes kept between reads."""
        kept = self._series_bytes
        if self._rows is not None:
            kept += self._rows.memory_bytes
        if self._symbols is not None:
            kept += sum(getattr(self._symbols, name).nbytes for name in Symbols.__slots__)
        return kept

    def forget(self) -> None:
        """Give back what is kept between reads; the next read loads it again."""
        with self._lock:
            self._series, self._rows, self._symbols, self._series_bytes = None, None, None, 0

    def select_series(self, matchers: Sequence[Matcher]) -> I64:
        """Return the indexes of the series that satisfy all matchers, ascending."""
        return self.series.select(matchers)

    def rows(self, series: I64, start_ns: int, end_ns: int) -> Rows:
        """Return the rows of these series with ``start_ns <= time < end_ns``, ordered by (series, time, id)."""
        if len(series) == 0 or start_ns > self.max_time_ns or end_ns <= self.min_time_ns:
            return empty_rows()
        columns = self._row_columns()
        wanted = np.zeros(self.meta.stats.series, np.bool_)
        wanted[series] = True
        keep = wanted[columns.series]
        if start_ns > self.min_time_ns:
            keep &= columns.time_ns >= start_ns
        if end_ns <= self.max_time_ns:
            keep &= columns.time_ns < end_ns
        index = np.flatnonzero(keep).astype(np.int64)
        return Rows(
            index,
            columns.series[index],
            columns.time_ns[index],
            columns.id_hi[index],
            columns.id_lo[index],
            columns.total[index],
        )

    def merge(self, row_index: I64, by_name: bool, choice: SampleChoice = EVERY_SAMPLE) -> StackProfile:
        """Sum the values of these rows per stack, as :meth:`ingest.storage.part.Part.merge` says."""
        return merge_samples(self, row_index, by_name, choice)

    def row_totals(self, row_index: I64, choice: SampleChoice) -> I64:
        """Sum the values of each row, as :meth:`ingest.storage.part.Part.row_totals` says."""
        return totals_of_rows(self, row_index, choice)

    def span_totals(self, row_index: I64, choice: SampleChoice) -> Iterator[SpanTotals]:
        """Sum the values of each span, as :meth:`ingest.storage.part.Part.span_totals` says."""
        return totals_of_spans(self, row_index, choice)

    def runs(self, row_index: I64, with_spans: bool, with_traces: bool) -> Iterator[SampleRun]:
        """Return the samples of these rows, a run a row group; see :class:`~ingest.storage.sampling.Sampled`."""
        starts = self._row_columns().group_starts
        order = np.argsort(row_index, kind="stable")
        index = row_index[order]
        bounds = np.searchsorted(index, starts)
        file = self._open(schema.PROFILES)
        for group in np.flatnonzero(np.diff(bounds)).tolist():
            picked = index[bounds[group] : bounds[group + 1]] - starts[group]
            samples = self._samples(file, group, with_spans, with_traces)
            offset = samples.offsets[picked]
            count = samples.offsets[picked + 1] - offset
            at = order[bounds[group] : bounds[group + 1]]
            yield SampleRun(at, offset, count, samples.node, samples.value, samples.span, samples.trace)

    def content(self) -> PartContent:
        """Return everything in the block, rows in (series, time, id) order: what compaction reads."""
        columns, symbols = self._row_columns(), self.symbols()
        file = self._open(schema.PROFILES)
        groups = [self._samples(file, group, True, True) for group in range(len(columns.group_starts) - 1)]
        with self._reading(schema.PROFILES):
            rest = file.read(columns=["duration_ns", "period"])
            duration_ns, period = column(rest, "duration_ns", np.int64), column(rest, "period", np.int64)
        counts = np.concatenate([np.zeros(1, np.int64), *(np.diff(group.offsets) for group in groups)])
        nothing = np.zeros(0, np.uint32)
        return PartContent(
            series=tuple(self.series.all_labels()),
            fingerprints=self.series.fingerprints(),
            symbols=symbols,
            row_series=columns.series.astype(np.int64),
            time_ns=columns.time_ns,
            id_hi=columns.id_hi,
            id_lo=columns.id_lo,
            duration_ns=duration_ns,
            period=period,
            total=columns.total,
            sample_offsets=np.cumsum(counts),
            sample_node=np.concatenate([nothing, *(group.node for group in groups)]),
            sample_value=np.concatenate([nothing.astype(np.int64), *(group.value for group in groups)]),
            sample_span=np.concatenate([nothing.astype(np.uint64), *(group.span for group in groups)]),
            sample_trace=np.concatenate([no_traces(), *(group.trace for group in groups)]),
        )

    def symbols(self) -> Symbols:
        """Return the symbols of the block, node numbers being its stack ids."""
        with self._lock:
            if self._symbols is None:
                tables = {}
                for path in _SYMBOL_FILES:
                    file = self._open(path)
                    with self._reading(path):
                        tables[path] = file.read()
                with self._reading(schema.STACKS):
                    self._symbols = symbols_of(tables)
            return self._symbols

    def _row_columns(self) -> _RowColumns:
        with self._lock:
            if self._rows is None:
                file = self._open(schema.PROFILES)
                with self._reading(schema.PROFILES):
                    self._rows = self._load_rows(file)
            return self._rows

    def _load_rows(self, file: Any) -> _RowColumns:
        table = file.read(columns=["series_index", "time_ns", "profile_id", "total_value"])
        halves = [np.frombuffer(chunk.buffers()[1], ">u8")[2 * chunk.offset :][: 2 * len(chunk)]
                  for chunk in table["profile_id"].chunks]  # fmt: skip
        ids = np.concatenate([np.zeros(0, np.uint64), *halves]).astype(np.uint64).reshape(-1, 2)
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
        rows = _RowColumns(
            series=column(table, "series_index", np.uint32),
            time_ns=column(table, "time_ns", np.int64),
            id_hi=np.ascontiguousarray(ids[:, 0]),
            id_lo=np.ascontiguousarray(ids[:, 1]),
            total=column(table, "total_value", np.int64),
            group_starts=np.cumsum([0, *sizes]).astype(np.int64),
        )
        if not len(ids) == len(rows.series) == int(rows.group_starts[-1]) == self.meta.stats.rows:
            raise ValueError(f"{len(rows.series)} rows, meta.json says {self.meta.stats.rows}")
        if len(ids) and int(rows.series.max()) >= self.meta.stats.series:
            raise ValueError(f"series_index {int(rows.series.max())} of {self.meta.stats.series}")
        if np.any(rows.series[1:] < rows.series[:-1]):
            raise ValueError("rows are not ordered by series_index")
        return rows

    def _load_series(self) -> SeriesTable:
        file = self._open(schema.SERIES)
        with self._reading(schema.SERIES):
            table = file.read(columns=["series_index", "fingerprint", "labels"])
            fingerprints = column(table, "fingerprint", np.uint64).tolist()
            index = SeriesIndex()
            for number, labels in enumerate(table["labels"].to_pylist()):
                if index.add(tuple(labels), fingerprints[number]) != number:
                    raise ValueError(f"series {number} is there twice")
            if len(index) != self.meta.stats.series:
                raise ValueError(f"{len(index)} series, meta.json says {self.meta.stats.series}")
            self._series_bytes = index.memory_bytes
            return index.table()

    def _samples(self, file: Any, group: int, with_spans: bool, with_traces: bool) -> _Samples:
        """Read the samples of one row group and check them: node numbers, and each row's sum against its total."""
        columns = self._row_columns()
        first, end = columns.group_starts[group : group + 2].tolist()
        with self._reading(schema.PROFILES):
            names = ["stack_ids", "values"]
            if with_spans and "span_ids" in file.schema_arrow.names:
                names.append("span_ids")
            if with_traces and self.meta.has_traces:
                names.append("trace_ids")
            table = file.read_row_group(group, columns=[f"{name}.list.element" for name in names])
            flat = {name: _flat_lists(table[name]) for name in names}
            offsets, node = flat["stack_ids"]
            value = flat["values"][1]
            if len(offsets) != end - first + 1 or any(not np.array_equal(offsets, other) for other, _ in flat.values()):
                raise ValueError(f"row group {group}: lists of unequal length")
            if len(node) and int(node.max()) >= self.symbols().node_count:
                raise ValueError(f"stack_id {int(node.max())} of {self.symbols().node_count}")
            sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(value)))[offsets]
            if not np.array_equal(np.diff(sums), columns.total[first:end]):
                raise ValueError(f"row group {group}: values do not sum to total_value")
            span = flat["span_ids"][1] if "span_ids" in flat else np.zeros(0, np.uint64)
            return _Samples(offsets, node, value, span, flat["trace_ids"][1] if "trace_ids" in flat else no_traces())

    def _open(self, path: str) -> Any:
        """Open one Parquet file, its footer checked against meta.json."""
        entry = self.meta.file(path)
        with self._reading(path):
            full = self.directory / path
            if footer_checksum(full) != entry.footer_xxh64:
                raise ValueError("footer differs from the one meta.json knows")
            file = pq.ParquetFile(full, memory_map=True, page_checksum_verification=True)
            if file.metadata.num_rows != entry.rows:
                raise ValueError(f"{file.metadata.num_rows} rows, meta.json says {entry.rows}")
            return file

    @contextmanager
    def _reading(self, path: str) -> Iterator[None]:
        """Turn whatever goes wrong while a file is read into BlockDamaged."""
        try:
            yield
        except (pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError) as error:
            raise BlockDamaged(self.meta.ulid, path, str(error) or type(error).__name__) from error


def read_meta(directory: Path) -> BlockMeta:
    """Read and check the meta of the block in ``directory``; raises BlockDamaged. Opens no data file."""
    block = directory.name
    try:
        with (directory / META_FILE).open("rb") as file:
            meta = BlockMeta.from_json(file.read(_MAX_META_BYTES), block)
    except OSError as error:
        raise BlockDamaged(block, META_FILE, error.strerror or str(error)) from error
    for entry in meta.files:
        try:
            size = (directory / entry.path).stat().st_size
        except OSError as error:
            raise BlockDamaged(block, entry.path, error.strerror or str(error)) from error
        if size != entry.size_bytes:
            raise BlockDamaged(block, entry.path, f"{size} bytes, meta.json says {entry.size_bytes}")
    return meta


def _flat_lists(lists: Any) -> tuple[I64, Any]:
    """Return offsets and values of a list column as arrays that kernels take."""
    whole = lists.combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    offsets = np.array(whole.offsets, np.int64)
    flat = whole.flatten()
    if pa.types.is_fixed_size_binary(flat.type):
        halves = np.frombuffer(flat.buffers()[1], ">u8")[2 * flat.offset :][: 2 * len(flat)]
        return offsets - offsets[0], halves.astype(np.uint64).reshape(-1, 2)
    values = np.require(np.asarray(flat), requirements=["C", "W"])
    return offsets - offsets[0], values
