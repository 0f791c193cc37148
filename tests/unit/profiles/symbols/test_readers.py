"""Readers keep what they were given while the writer goes on."""

from __future__ import annotations

from threading import Event, Thread

import numpy as np

from ingest.profiles.columns import Symbols
from ingest.profiles.symbols import SymbolStore
from tests.bench.synthetic import synthetic_profile
from tests.unit.profiles.stack_model import build_profile, plain


def _copies(symbols: Symbols) -> dict[str, np.ndarray]:
    return {name: getattr(symbols, name).copy() for name in Symbols.__slots__}


def test_columns_given_out_never_change_while_the_store_grows() -> None:
    store = SymbolStore()
    given = []
    for number in range(40):
        store.merge(build_profile([(plain(*(f"f{number}.{at}" for at in range(number))), 1)]).symbols)
        given.append((store.columns(), _copies(store.columns())))
    for columns, copies in given:
        for name, copy in copies.items():
            assert np.array_equal(getattr(columns, name), copy), name


def _is_whole(symbols: Symbols) -> bool:
    """Whether every index is inside its table and all offsets end with their payload."""
    return bool(
        symbols.string_offsets[-1] == len(symbols.string_bytes)
        and symbols.location_line_offsets[-1] == len(symbols.line_function)
        and symbols.node_location.max(initial=0) < max(1, len(symbols.location_mapping))
        and symbols.line_function.max(initial=0) < max(1, len(symbols.function_name))
        and symbols.function_name.max(initial=0) < symbols.string_count
        and (symbols.node_parent[1:] < np.arange(1, symbols.node_count)).all()
    )


def test_a_reader_beside_the_writer_always_finds_whole_columns() -> None:
    store = SymbolStore()
    done = Event()
    found: list[bool] = []

    def read() -> None:
        while not done.is_set():
            found.append(_is_whole(store.columns()))

    reader = Thread(target=read)
    reader.start()
    try:
        for seed in range(30):
            store.merge(
                synthetic_profile(nodes=2000, locations=700, functions=400 + seed, strings=500 + 100 * seed, depth=30,
                                  seed=seed).symbols
            )  # fmt: skip
    finally:
        done.set()
        reader.join()
    assert len(found) > 1
    assert all(found)
