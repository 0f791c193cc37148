"""Symbols as the four Parquet tables of a block, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ingest.profiles.columns import I64, U8, U32, Symbols
from ingest.storage.block import schema


def symbol_tables(symbols: Symbols) -> dict[str, Any]:
    """Return stacks, locations, functions and mappings by file name. The root is no row of the stacks."""
    nodes = np.arange(1, symbols.node_count, dtype=np.uint32)
    strings = pa.LargeStringArray.from_buffers(
        symbols.string_count,
        pa.py_buffer(np.ascontiguousarray(symbols.string_offsets)),
        pa.py_buffer(np.ascontiguousarray(symbols.string_bytes)),
    )

    def text(index: U32) -> Any:
        return strings.take(pa.array(index)).cast(pa.string())

    def numbers(count: int) -> U32:
        return np.arange(count, dtype=np.uint32)

    lines = pa.StructArray.from_arrays(
        [pa.array(symbols.line_function), pa.array(symbols.line_number)],
        fields=list(schema.LOCATIONS_SCHEMA.field("lines").type.value_type),
    )
    line_lists = pa.ListArray.from_arrays(
        pa.array(symbols.location_line_offsets.astype(np.int32)),
        lines,
        type=schema.LOCATIONS_SCHEMA.field("lines").type,
    )
    return {
        schema.STACKS: pa.table(
            [nodes, symbols.node_parent[1:], symbols.node_location[1:]], schema=schema.STACKS_SCHEMA
        ),
        schema.LOCATIONS: pa.table(
            [
                numbers(len(symbols.location_mapping)),
                symbols.location_mapping,
                symbols.location_address,
                symbols.location_folded.astype(np.bool_),
                line_lists,
            ],
            schema=schema.LOCATIONS_SCHEMA,
        ),
        schema.FUNCTIONS: pa.table(
            [
                numbers(len(symbols.function_name)),
                text(symbols.function_name),
                text(symbols.function_system_name),
                text(symbols.function_filename),
                symbols.function_start_line,
            ],
            schema=schema.FUNCTIONS_SCHEMA,
        ),
        schema.MAPPINGS: pa.table(
            [
                numbers(len(symbols.mapping_start)),
                symbols.mapping_start,
                symbols.mapping_limit,
                symbols.mapping_offset,
                text(symbols.mapping_filename),
                text(symbols.mapping_build_id),
                symbols.mapping_flags,
            ],
            schema=schema.MAPPINGS_SCHEMA,
        ),
    }


def symbols_of(tables: dict[str, Any]) -> Symbols:
    """Rebuild the symbols from :func:`symbol_tables`; raises ValueError when an index is outside its table."""
    stacks, locations = tables[schema.STACKS], tables[schema.LOCATIONS]
    functions, mappings = tables[schema.FUNCTIONS], tables[schema.MAPPINGS]
    texts = [
        functions["name"], functions["system_name"], functions["filename"], mappings["filename"], mappings["build_id"],
    ]  # fmt: skip
    offsets, data, indexes = _strings(texts)
    lines = locations["lines"].combine_chunks()
    symbols = Symbols(
        string_offsets=offsets,
        string_bytes=data,
        function_name=indexes[0],
        function_system_name=indexes[1],
        function_filename=indexes[2],
        function_start_line=column(functions, "start_line", np.int64),
        mapping_start=column(mappings, "start", np.uint64),
        mapping_limit=column(mappings, "limit", np.uint64),
        mapping_offset=column(mappings, "offset", np.uint64),
        mapping_filename=indexes[3],
        mapping_build_id=indexes[4],
        mapping_flags=column(mappings, "flags", np.uint32),
        location_mapping=column(locations, "mapping_id", np.uint32),
        location_address=column(locations, "address", np.uint64),
        location_folded=column(locations, "folded", np.uint8),
        location_line_offsets=_offsets(lines),
        line_function=_owned(lines.flatten().field("function_id"), np.uint32),
        line_number=_owned(lines.flatten().field("line"), np.int64),
        node_parent=np.concatenate((np.zeros(1, np.uint32), column(stacks, "parent_id", np.uint32))),
        node_location=np.concatenate((np.zeros(1, np.uint32), column(stacks, "location_id", np.uint32))),
    )
    for table, name in (
        (stacks, "stack_id"),
        (locations, "location_id"),
        (functions, "function_id"),
        (mappings, "mapping_id"),
    ):
        first = 1 if name == "stack_id" else 0
        numbers = column(table, name, np.int64)
        if not np.array_equal(numbers, np.arange(first, first + len(numbers))):
            raise ValueError(f"{name} does not count up")
    _check(symbols)
    return symbols


def column(table: Any, name: str, dtype: Any) -> NDArray[Any]:
    """Return a column without nulls as a writable array of its own."""
    return _owned(table[name], dtype)


def _owned(values: Any, dtype: Any) -> NDArray[Any]:
    if values.null_count:
        raise ValueError("a null where none may be")
    return np.array(values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy(), dtype)


def _offsets(lists: Any) -> I64:
    offsets: I64 = np.array(lists.offsets, np.int64)
    offsets -= offsets[0]
    return offsets


def _strings(columns: list[Any]) -> tuple[I64, U8, list[U32]]:
    """Number the distinct texts of these columns, the empty one 0; return offsets, bytes and each column's numbers."""
    chunks = [pa.array([""], pa.large_string())]
    for texts in columns:
        chunks += texts.cast(pa.large_string()).chunks
    encoded = pa.chunked_array(chunks).combine_chunks().dictionary_encode()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    dictionary = encoded.dictionary
    _, offset_buffer, byte_buffer = dictionary.buffers()
    offsets = np.frombuffer(offset_buffer, np.int64)[dictionary.offset : dictionary.offset + len(dictionary) + 1].copy()
    data = np.frombuffer(byte_buffer, np.uint8)[int(offsets[0]) : int(offsets[-1])] if byte_buffer else b""
    numbers = np.asarray(encoded.indices).astype(np.uint32)[1:]
    ends = np.cumsum([len(texts) for texts in columns])
    pieces = [np.ascontiguousarray(piece) for piece in np.split(numbers, ends[:-1])]
    return offsets - offsets[0], np.array(data, np.uint8) if len(data) else np.zeros(0, np.uint8), pieces


def _check(symbols: Symbols) -> None:
    """Check every index of ``symbols`` against the table it points into; raises ValueError."""
    functions, locations, mappings = (
        len(symbols.function_name),
        len(symbols.location_mapping),
        len(symbols.mapping_start),
    )
    if mappings == 0:
        raise ValueError("no unknown mapping")
    _bounded(symbols.location_mapping, mappings, "mapping_id")
    _bounded(symbols.line_function, functions, "function_id")
    _bounded(symbols.node_location[1:], locations, "location_id")
    if np.any(symbols.node_parent[1:] >= np.arange(1, symbols.node_count)):
        raise ValueError("a parent_id that is not before its stack_id")


def _bounded(index: U32, count: int, name: str) -> None:
    if len(index) and int(index.max()) >= count:
        raise ValueError(f"{name} {int(index.max())} of {count}")
