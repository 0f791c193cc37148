"""A store keeps equal content once and says where each node of a source went."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import Symbols, empty_symbols
from ingest.profiles.symbols import SymbolStore, SymbolStoreFull
from tests.bench.synthetic import synthetic_profile
from tests.unit.profiles.stack_model import Location, build_profile, check_conventions, node_path, plain, stacks


@settings(max_examples=50, deadline=None)
@given(st.lists(stacks, max_size=4), st.sampled_from([0, 2**64 - 1]))
def test_every_node_of_a_source_becomes_the_node_of_its_stack(sources: list, seed: int) -> None:
    store = SymbolStore(hash_seed=seed)
    seen: set[tuple[Location, ...]] = {()}
    for number, source in enumerate(sources):
        symbols = build_profile(source, junk=f"unused {number}").symbols
        node_map = store.merge(symbols)
        merged = store.columns()
        check_conventions(merged)
        for node, target in enumerate(node_map.tolist()):
            assert node_path(merged, target) == node_path(symbols, node)
        seen |= {node_path(symbols, node) for node in range(symbols.node_count)}
        assert store.counts.nodes == len(seen)


@given(stacks)
@settings(max_examples=50, deadline=None)
def test_merging_the_same_symbols_again_adds_nothing(source: list) -> None:
    store = SymbolStore()
    symbols = build_profile(source).symbols
    first = store.merge(symbols)
    counts, memory = store.counts, store.memory_bytes
    assert np.array_equal(store.merge(symbols), first)
    assert (store.counts, store.memory_bytes) == (counts, memory)


def test_a_new_store_holds_the_sentinels_only() -> None:
    fresh, blank = SymbolStore().columns(), empty_symbols()
    for name in Symbols.__slots__:
        assert np.array_equal(getattr(fresh, name), getattr(blank, name)), name


BASE = Location((("f", "f.go", 1),), 16, (4096, "bin"), False)


@pytest.mark.parametrize(
    "different",
    [
        pytest.param(Location((("g", "f.go", 1),), 16, (4096, "bin"), False), id="by the name of the function"),
        pytest.param(Location((("f", "g.go", 1),), 16, (4096, "bin"), False), id="by the file of the function"),
        pytest.param(Location((("f", "f.go", 2),), 16, (4096, "bin"), False), id="by the line"),
        pytest.param(Location((("f", "f.go", 1),), 17, (4096, "bin"), False), id="by the address"),
        pytest.param(Location((("f", "f.go", 1),), 16, (8192, "bin"), False), id="by the address of the mapping"),
        pytest.param(Location((("f", "f.go", 1),), 16, (4096, "lib"), False), id="by the file of the mapping"),
        pytest.param(Location((("f", "f.go", 1),), 16, (4096, "bin"), True), id="by being folded"),
        pytest.param(Location((("f", "f.go", 1),) * 2, 16, (4096, "bin"), False), id="by the number of lines"),
        pytest.param(Location((), 16, (4096, "bin"), False), id="by having no lines"),
    ],
)
def test_locations_that_differ_are_kept_apart(different: Location) -> None:
    store = SymbolStore()
    (_, one) = store.merge(build_profile([((BASE,), 1)]).symbols).tolist()
    (_, two) = store.merge(build_profile([((different,), 1)]).symbols).tolist()
    assert one != two
    assert store.counts.locations == 2


@pytest.mark.parametrize(
    ("column", "counted"),
    [
        ("function_start_line", "functions"),
        ("function_system_name", "functions"),
        ("mapping_limit", "mappings"),
        ("mapping_offset", "mappings"),
        ("mapping_build_id", "mappings"),
        ("mapping_flags", "mappings"),
    ],
)
def test_rows_that_differ_in_one_column_are_kept_apart(column: str, counted: str) -> None:
    symbols = build_profile([((BASE,), 1)]).symbols
    store = SymbolStore()
    store.merge(symbols)
    before = getattr(store.counts, counted)
    getattr(symbols, column)[-1] ^= 1
    store.merge(symbols)
    assert getattr(store.counts, counted) == before + 1


def test_equal_rows_of_one_source_become_one() -> None:
    symbols = build_profile([(plain("a"), 1), (plain("b"), 1)]).symbols
    symbols.function_name[1] = symbols.function_name[0]
    symbols.function_system_name[1] = symbols.function_system_name[0]
    store = SymbolStore()
    assert store.merge(symbols).tolist() == [0, 1, 1]
    assert (store.counts.functions, store.counts.locations, store.counts.nodes) == (1, 1, 2)


def test_strings_that_share_a_prefix_or_hold_zero_bytes_are_kept_apart() -> None:
    names = ["a" * length for length in range(1, 40)] + ["\0" * length for length in range(1, 20)]
    names += ["12345678x", "12345678y", "x12345678", "y12345678"]
    store = SymbolStore()
    store.merge(build_profile([(plain(*names), 1)]).symbols)
    assert store.columns().strings() == ["", *names]


@pytest.mark.parametrize("rows", [63, 64, 65, 128, 129, 5000])
def test_a_store_grows_as_far_as_its_content(rows: int) -> None:
    made = [((Location(((f"function {at}", "x" * at, at),), at, (at, f"library {at}")),), 1) for at in range(rows)]
    symbols = build_profile(made).symbols
    store = SymbolStore()
    for _ in range(2):
        node_map = store.merge(symbols)
        assert np.array_equal(node_map, np.arange(rows + 1))
    grown = store.columns()
    for name in Symbols.__slots__:
        assert np.array_equal(getattr(grown, name), getattr(symbols, name)), name


def test_a_string_longer_than_the_store_is_taken() -> None:
    store = SymbolStore()
    store.merge(build_profile([(plain("x" * 100_000, "y" * 300_000), 1)]).symbols)
    assert [len(string) for string in store.columns().strings()] == [0, 100_000, 300_000]


def test_a_location_with_more_lines_than_the_store_has_is_taken() -> None:
    stack = (Location(tuple(("f", "", number) for number in range(1000))),)
    store = SymbolStore()
    store.merge(build_profile([(stack, 1)]).symbols)
    assert node_path(store.columns(), 1) == stack


def test_columns_that_may_only_be_read_are_taken() -> None:
    source = build_profile([((BASE,), 1)]).symbols
    for name in Symbols.__slots__:
        getattr(source, name).flags.writeable = False
    store = SymbolStore()
    assert store.merge(source).tolist() == [0, 1]
    assert node_path(store.columns(), 1) == (BASE,)


def test_a_full_table_is_refused_and_what_was_there_stays_readable() -> None:
    store = SymbolStore(max_rows=100)
    store.merge(build_profile([(plain(*(f"f{at}" for at in range(60))), 1)]).symbols)
    before, counts = store.columns(), store.counts
    with pytest.raises(SymbolStoreFull, match="100 rows"):
        store.merge(build_profile([(plain(*(f"g{at}" for at in range(60))), 1)]).symbols)
    assert store.counts == counts
    assert store.columns().strings() == before.strings()
    node_map = store.merge(build_profile([(plain("f0", "f1"), 1)]).symbols)
    assert node_map.tolist() == [0, 1, 2]


def test_exactly_as_many_rows_as_allowed_fit() -> None:
    store = SymbolStore(max_rows=100)
    store.merge(build_profile([(plain(*(f"f{at}" for at in range(99))), 1)]).symbols)
    assert store.counts.strings == store.counts.nodes == 100


def test_memory_counts_every_array() -> None:
    profile = synthetic_profile(nodes=3000, locations=900, functions=500, strings=800, depth=20, seed=5)
    store = SymbolStore()
    empty = store.memory_bytes
    store.merge(profile.symbols)
    held = sum(getattr(store.columns(), name).nbytes for name in Symbols.__slots__)
    assert held < store.memory_bytes < empty + 5 * held
