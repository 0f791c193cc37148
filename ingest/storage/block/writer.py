"""Write the content of a part as a block directory that appears whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from ingest.profiles.columns import I64, U32, U64, Labels, Symbols
from ingest.profiles.labels import LABEL_PRIVATE_SERVICE_NAME, LABEL_PROFILE_TYPE, label_value
from ingest.profiles.projection import subset
from ingest.profiles.projection_kernels import NONE
from ingest.storage.block import schema
from ingest.storage.block.block_kernels import arrange_samples
from ingest.storage.block.meta import (
    FORMATS,
    META_FILE,
    META_VERSION,
    OUT_OF_ORDER_VERSION,
    TRACES_FORMATS,
    BlockFile,
    BlockMeta,
    BlockStats,
)
from ingest.storage.block.symbol_tables import symbol_tables
from ingest.storage.content import Content
from ingest.storage.fs import DISK, TMP_SUFFIX, Files, fsync_dir, fsync_file, rename_durably, write_file_durably
from ingest.storage.part import ordered_rows, series_digests

#: Samples of a row group, the unit of reading; ``docs/block.md`` has the figures.
ROW_GROUP_SAMPLES: Final = 256 * 1024
#: Rows of a row group at most: rows with few samples must not make one group of the whole file.
ROW_GROUP_ROWS: Final = 64 * 1024
_FOOTER_TAIL_BYTES: Final = 8  # length of the footer (4) and the magic "PAR1" (4)


@dataclass(frozen=True, slots=True)
class BlockIdentity:
    """What the content of a block does not tell about it."""

    ulid: str
    tenant: str
    owner: str
    created_at_ns: int
    level: int = 1
    sources: tuple[str, ...] = ()  #: empty = the block itself
    out_of_order: bool = False


def write_block(content: Content, identity: BlockIdentity, blocks: Path, files: Files = DISK) -> BlockMeta:
    """Write ``content`` as directory ``blocks / ulid`` and return its meta.

    All files are on the disk before the directory gets its name; until then it is called ``<ulid>.tmp``, and what a
    crash leaves of it is void. Raises FileExistsError when there is a block of this ULID, and OSError when the disk
    fails or is full; the temporary directory is then gone.
    """
    final = blocks / identity.ulid
    if final.exists():
        raise FileExistsError(f"block {final} is there already")
    temporary = blocks / (identity.ulid + TMP_SUFFIX)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        meta = _write_files(content, identity, temporary)
        for path in FORMATS:
            fsync_file(temporary / path, files)
        write_file_durably(temporary / META_FILE, meta.to_json(), files)
        fsync_dir(temporary, files)
        rename_durably(temporary, final, files)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return meta


def _write_files(content: Content, identity: BlockIdentity, directory: Path) -> BlockMeta:
    series_order = _series_order(content)
    new_series = np.empty(len(series_order), np.int64)
    new_series[series_order] = np.arange(len(series_order))
    row_series = new_series[content.row_series]
    row_order = np.lexsort((content.id_lo, content.id_hi, content.time_ns, row_series)).astype(np.int64)
    symbols, node_map = _used_symbols(content)

    samples = _write_profiles(directory / schema.PROFILES, content, row_series, row_order, node_map)
    tables = {schema.SERIES: _series_table(content, series_order, row_series), **symbol_tables(symbols)}
    for path, table in tables.items():
        with _parquet_writer(directory / path, table.schema) as writer:
            writer.write_table(table)
    rows = {path: table.num_rows for path, table in tables.items()} | {schema.PROFILES: len(row_order)}
    has_rows = len(row_order) > 0
    return BlockMeta(
        version=OUT_OF_ORDER_VERSION if identity.out_of_order else META_VERSION,
        ulid=identity.ulid,
        tenant=identity.tenant,
        owner=identity.owner,
        created_at_ns=identity.created_at_ns,
        min_time_ns=int(content.time_ns.min()) if has_rows else 0,
        max_time_ns=int(content.time_ns.max()) if has_rows else -1,
        level=identity.level,
        sources=identity.sources or (identity.ulid,),
        stats=BlockStats(len(series_order), len(row_order), _distinct_ids(content), samples),
        files=tuple(_file_entry(directory, path, rows[path]) for path in FORMATS),
        formats=TRACES_FORMATS if content.has_traces() else FORMATS,
        out_of_order=identity.out_of_order,
    )


def _series_order(content: Content) -> I64:
    """Order series by profile type, then service, then labels: what a query reads together lies together."""

    def key(index: int) -> tuple[str, str, Labels]:
        labels = content.series[index]
        return label_value(labels, LABEL_PROFILE_TYPE), label_value(labels, LABEL_PRIVATE_SERVICE_NAME), labels

    return np.array(sorted(range(len(content.series)), key=key), np.int64)


def _used_symbols(content: Content) -> tuple[Symbols, U32]:
    symbols, node_map = subset(content.symbols, content.used_nodes(), depth_first=True)
    node_map[node_map == NONE] = 0
    return symbols, node_map


def _write_profiles(path: Path, content: Content, row_series: I64, row_order: I64, node_map: U32) -> int:
    """Write ``profiles.parquet`` and return the number of samples in it."""
    with_spans, with_traces = content.has_spans(), content.has_traces()
    table_schema = schema.profiles_schema(with_spans, with_traces)
    samples = 0
    with _parquet_writer(path, table_schema) as writer:
        for rows in _row_groups(content.sample_counts, row_order):
            table, count = _profiles_table(content, row_series, rows, node_map, with_spans, with_traces)
            writer.write_table(pa.table(table, schema=table_schema), row_group_size=len(rows))
            samples += count
    return samples


def _row_groups(counts: I64, row_order: I64) -> Iterator[I64]:
    """Cut the rows into groups of about ROW_GROUP_SAMPLES samples."""
    ends = np.cumsum(counts[row_order])
    start = 0
    while start < len(row_order):
        before = int(ends[start - 1]) if start else 0
        end = int(np.searchsorted(ends, before + ROW_GROUP_SAMPLES, side="right"))
        end = min(max(end, start + 1), start + ROW_GROUP_ROWS, len(row_order))
        yield row_order[start:end]
        start = end


def _profiles_table(
    content: Content, row_series: I64, rows: I64, node_map: U32, with_spans: bool, with_traces: bool
) -> tuple[list[Any], int]:
    """Return the columns of one row group, and its number of samples."""
    picked = content.picked(rows)
    room = int((picked.offsets[picked.rows + 1] - picked.offsets[picked.rows]).sum())
    offsets = np.empty(len(rows) + 1, np.int64)
    node, value = np.empty(room, np.uint32), np.empty(room, np.int64)
    span, trace = np.empty(room if with_spans else 0, np.uint64), np.empty((room if with_traces else 0, 2), np.uint64)
    spans, traces = picked.span if with_spans else span, picked.trace if with_traces else trace
    used = arrange_samples(
        picked.rows, picked.offsets, picked.node, picked.value, spans, traces, node_map, offsets, node, value, span,
        trace,
    )  # fmt: skip
    bounds = pa.array(offsets.astype(np.int32))

    def lists(flat: Any) -> Any:
        return pa.ListArray.from_arrays(bounds, flat, type=pa.list_(pa.field("element", flat.type, nullable=False)))

    ids = np.stack((content.id_hi[rows], content.id_lo[rows]), axis=1)
    columns = [
        pa.array(row_series[rows].astype(np.uint32)),
        _binary16(ids),
        pa.array(content.time_ns[rows]),
        pa.array(content.duration_ns[rows]),
        pa.array(content.period[rows]),
        pa.array(content.total[rows]),
        lists(pa.array(node[:used])),
        lists(pa.array(value[:used])),
    ]
    if with_spans:
        columns.append(lists(pa.array(span[:used])))
    if with_traces:
        columns.append(lists(_binary16(trace[:used])))
    return columns, used


def _binary16(halves: U64) -> Any:
    """Return ids of 16 bytes from their halves, uint64[n, 2], as a column."""
    content = pa.py_buffer(halves.astype(">u8").tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(halves), [None, content])


def _series_table(content: Content, order: I64, row_series: I64) -> Any:
    rows = ordered_rows(
        np.arange(len(row_series), dtype=np.int64), row_series.astype(np.uint32), content.time_ns, content.id_hi,
        content.id_lo, content.total,
    )  # fmt: skip
    digest = series_digests(rows)
    labels = [content.series[index] for index in order.tolist()]

    def spread(column: Any, missing: int = 0) -> Any:
        """Give series without rows a value too."""
        full = np.full(len(order), missing, column.dtype)
        full[digest.series] = column
        return full

    return pa.table(
        {
            "series_index": np.arange(len(order), dtype=np.uint32),
            "fingerprint": content.fingerprints[order],
            "profile_type": pa.array([label_value(one, LABEL_PROFILE_TYPE) for one in labels], pa.string()),
            "service_name": pa.array([label_value(one, LABEL_PRIVATE_SERVICE_NAME) for one in labels], pa.string()),
            "labels": pa.array(labels, schema.SERIES_SCHEMA.field("labels").type),
            "rows": spread(digest.count),
            "min_time_ns": spread(digest.min_time_ns),
            "max_time_ns": spread(digest.max_time_ns, -1),
            "digest_hi": spread(digest.digest_hi),
            "digest_lo": spread(digest.digest_lo),
        },
        schema=schema.SERIES_SCHEMA,
    )


def _parquet_writer(path: Path, table_schema: Any) -> Any:
    """Open a writer with the encodings of the file named like ``path``."""
    names = set(_leaves(table_schema))
    encodings = {column: kind for column, kind in schema.ENCODINGS[path.name].items() if column in names}
    return pq.ParquetWriter(
        path,
        table_schema,
        compression="zstd",
        compression_level=schema.COMPRESSION_LEVEL,
        use_dictionary=[column for column in schema.DICTIONARIES[path.name] if column in names],
        column_encoding=encodings,
        data_page_version="1.0",
        write_page_checksum=True,
        store_schema=False,
        write_statistics=[name for name in names if "." not in name],
    )


def _leaves(table_schema: Any) -> list[str]:
    """Return the paths of the leaf columns as Parquet writes them."""
    paths: list[str] = []
    for field in table_schema:
        _add_leaves(field.name, field.type, paths)
    return paths


def _add_leaves(path: str, of: Any, paths: list[str]) -> None:
    if pa.types.is_map(of):
        paths += [f"{path}.key_value.key", f"{path}.key_value.value"]
    elif pa.types.is_list(of):
        _add_leaves(f"{path}.list.element", of.value_type, paths)
    elif pa.types.is_struct(of):
        for field in of:
            _add_leaves(f"{path}.{field.name}", field.type, paths)
    else:
        paths.append(path)


def _file_entry(directory: Path, path: str, rows: int) -> BlockFile:
    file = directory / path
    return BlockFile(path, file.stat().st_size, rows, footer_checksum(file))


def footer_checksum(path: Path) -> str:
    """Return the xxhash64 of a Parquet file's footer; raises ValueError when the file has none."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _FOOTER_TAIL_BYTES, 0))
        tail = file.read()
        length = int.from_bytes(tail[:4], "little") + _FOOTER_TAIL_BYTES
        if len(tail) != _FOOTER_TAIL_BYTES or length > size:
            raise ValueError("no Parquet footer")
        file.seek(size - length)
        return xxhash.xxh64_hexdigest(file.read(length))


def _distinct_ids(content: Content) -> int:
    ids = np.stack((content.id_hi, content.id_lo), axis=1)
    return len(np.unique(ids, axis=0))
