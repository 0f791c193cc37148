"""Rows whose hashes collide are still told apart by content.

Among 200 000 different rows about five pairs share their 32 hash bits, so a comparison that forgets a column would lose
rows here, and only here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ingest.profiles.columns import Symbols, empty_symbols
from ingest.profiles.symbols import SymbolStore

ROWS = 200_000


@pytest.fixture(scope="module")
def many_strings() -> Symbols:
    """Return symbols with ROWS different strings of eight digits after the empty one."""
    text = np.frombuffer(b"".join(b"%08d" % number for number in range(1, ROWS)), np.uint8).copy()
    offsets = np.zeros(ROWS + 1, np.int64)
    offsets[2:] = 8 * np.arange(1, ROWS)
    return replace(empty_symbols(), string_offsets=offsets, string_bytes=text)


def _interned(symbols: Symbols, counted: str) -> int:
    store = SymbolStore(like=symbols)
    store.merge(symbols)
    return int(getattr(store.counts, counted))


def test_strings_that_collide_are_kept_apart(many_strings: Symbols) -> None:
    assert _interned(many_strings, "strings") == ROWS


@pytest.mark.parametrize(
    "column", ["function_name", "function_system_name", "function_filename", "function_start_line"]
)
def test_functions_that_collide_are_kept_apart(many_strings: Symbols, column: str) -> None:
    zeros = np.zeros(ROWS, np.uint32)
    columns = dict.fromkeys(("function_name", "function_system_name", "function_filename"), zeros)
    columns["function_start_line"] = np.zeros(ROWS, np.int64)
    columns[column] = np.arange(ROWS, dtype=columns[column].dtype)
    assert _interned(replace(many_strings, **columns), "functions") == ROWS


@pytest.mark.parametrize("column", ["start", "limit", "offset", "filename", "build_id", "flags"])
def test_mappings_that_collide_are_kept_apart(many_strings: Symbols, column: str) -> None:
    columns = {f"mapping_{name}": np.zeros(ROWS, np.uint64) for name in ("start", "limit", "offset")}
    columns |= {f"mapping_{name}": np.zeros(ROWS, np.uint32) for name in ("filename", "build_id", "flags")}
    columns[f"mapping_{column}"] = np.arange(ROWS).astype(columns[f"mapping_{column}"].dtype)
    assert _interned(replace(many_strings, **columns), "mappings") == ROWS


@pytest.mark.parametrize("column", ["mapping", "address", "function", "number"])
def test_locations_that_collide_are_kept_apart(many_strings: Symbols, column: str) -> None:
    zeros, counting = np.zeros(ROWS, np.uint32), np.arange(ROWS)
    symbols = replace(
        many_strings,
        function_name=counting.astype(np.uint32),
        function_system_name=zeros,
        function_filename=zeros,
        function_start_line=np.zeros(ROWS, np.int64),
        **{f"mapping_{name}": counting.astype(np.uint64) for name in ("start", "limit", "offset")},
        **{f"mapping_{name}": zeros for name in ("filename", "build_id", "flags")},
        location_mapping=counting.astype(np.uint32) if column == "mapping" else zeros,
        location_address=counting.astype(np.uint64) if column == "address" else np.zeros(ROWS, np.uint64),
        location_folded=np.zeros(ROWS, np.uint8),
        location_line_offsets=np.arange(ROWS + 1, dtype=np.int64),
        line_function=counting.astype(np.uint32) if column == "function" else zeros,
        line_number=counting if column == "number" else np.zeros(ROWS, np.int64),
    )
    assert _interned(symbols, "locations") == ROWS


@pytest.mark.parametrize("shape", ["a chain of one location", "a fan of many locations"])
def test_nodes_that_collide_are_kept_apart(shape: str) -> None:
    rows = ROWS + 1
    counting = np.arange(rows)
    chain = shape == "a chain of one location"
    count = 1 if chain else rows
    symbols = replace(
        empty_symbols(),
        location_mapping=np.zeros(count, np.uint32),
        location_address=np.arange(count).astype(np.uint64),
        location_folded=np.zeros(count, np.uint8),
        location_line_offsets=np.zeros(count + 1, np.int64),
        node_parent=np.maximum(counting - 1, 0).astype(np.uint32) if chain else np.zeros(rows, np.uint32),
        node_location=np.zeros(rows, np.uint32) if chain else counting.astype(np.uint32),
    )
    assert _interned(symbols, "nodes") == rows
