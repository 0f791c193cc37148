"""A subset keeps the marked nodes with all that they need, and nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.projection import prune, subset
from ingest.profiles.projection_kernels import NONE
from tests.unit.profiles.stack_model import (
    build_profile,
    check_conventions,
    node_path,
    plain,
    read_profile,
    stack_sums,
    stacks,
)


@settings(max_examples=50, deadline=None)
@given(stacks, st.booleans(), st.randoms(use_true_random=False))
def test_a_subset_holds_the_marked_nodes_and_their_ancestors(source: list, depth_first: bool, random) -> None:
    symbols = build_profile(source, junk="unused").symbols
    used = np.array([random.random() < 0.3 for _ in range(symbols.node_count)])
    kept, node_map = subset(symbols, used, depth_first=depth_first)
    check_conventions(kept)
    wanted = {node_path(symbols, node)[:depth] for node in np.flatnonzero(used).tolist() for depth in range(9)} | {()}
    assert {node_path(kept, node) for node in range(kept.node_count)} == wanted
    assert kept.node_count == len(wanted)
    for node, target in enumerate(node_map.tolist()):
        assert (target == NONE) == (node_path(symbols, node) not in wanted)
        assert target == NONE or node_path(kept, target) == node_path(symbols, node)


@settings(max_examples=50, deadline=None)
@given(stacks)
def test_nothing_unused_stays_in_a_subset(source: list) -> None:
    profile = build_profile([*source, (plain("only here"), 0)], junk="unused")
    kept = prune(profile.symbols, profile.node_self).symbols
    assert set(kept.node_location[1:].tolist()) == set(range(len(kept.location_mapping)))
    assert set(kept.line_function.tolist()) == set(range(len(kept.function_name)))
    assert {0, *kept.location_mapping.tolist()} == set(range(len(kept.mapping_start)))
    named = (kept.function_name, kept.function_system_name, kept.function_filename, kept.mapping_filename)
    assert {0, *np.concatenate(named).tolist()} == set(range(kept.string_count))


@settings(max_examples=50, deadline=None)
@given(stacks, st.booleans())
def test_pruning_keeps_every_stack_that_has_a_value(source: list, depth_first: bool) -> None:
    profile = build_profile(source)
    pruned = prune(profile.symbols, profile.node_self, depth_first=depth_first)
    assert read_profile(pruned) == stack_sums(source)


@settings(max_examples=50, deadline=None)
@given(stacks)
def test_depth_first_every_subtree_is_one_run(source: list) -> None:
    symbols = build_profile(source).symbols
    kept, _ = subset(symbols, np.ones(symbols.node_count, bool), depth_first=True)
    paths = [node_path(kept, node) for node in range(kept.node_count)]
    for node, path in enumerate(paths):
        below = [at for at, other in enumerate(paths) if other[: len(path)] == path]
        assert below == list(range(node, node + len(below)))


def test_without_depth_first_nodes_keep_their_order() -> None:
    symbols = build_profile([(plain("a", "b"), 1), (plain("c"), 1), (plain("a", "d"), 1)]).symbols
    _, node_map = subset(symbols, np.array([False, False, False, True, True]))
    assert node_map.tolist() == [0, 1, NONE, 2, 3]


def test_the_marks_of_the_caller_are_left_alone() -> None:
    symbols = build_profile([(plain("a", "b"), 1)]).symbols
    used = np.array([False, False, True])
    subset(symbols, used)
    assert used.tolist() == [False, False, True]


def test_a_chain_of_20_000_nodes_is_pruned_depth_first() -> None:
    profile = build_profile([(plain(*("ab" * 10_000)), 5), (plain("c"), 0)])
    assert prune(profile.symbols, profile.node_self, depth_first=True).symbols.node_count == 20_001
