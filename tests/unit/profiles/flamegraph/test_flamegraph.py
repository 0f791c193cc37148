"""Flame graphs have the layout that Grafana and the Pyroscope clients read, and never lose value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import empty_stack_profile
from ingest.profiles.flamegraph import FlameGraph, build_flamegraph
from ingest.profiles.projection import project_by_name
from tests.unit.profiles.flamegraph import flamegraph_model as model
from tests.unit.profiles.stack_model import Location, build_profile, named_sums, plain, plain_stacks, stacks


def _plain_lists(graph: FlameGraph) -> tuple[list[str], list[list[int]], int, int]:
    return graph.names, [list(map(int, level)) for level in graph.levels], graph.total, graph.max_self


def test_the_published_example_is_laid_out_number_by_number() -> None:
    profile = build_profile([(plain("a", "b", "e"), 1), (plain("a", "c"), 2), (plain("a", "c", "d"), 1)])
    assert _plain_lists(build_flamegraph(profile, 0)) == (
        ["total", "a", "c", "d", "b", "e"],
        [[0, 4, 0, 0], [0, 4, 0, 1], [0, 1, 0, 4, 0, 3, 2, 2], [0, 1, 1, 5, 2, 1, 1, 3]],
        4,
        2,
    )


def test_an_empty_profile_has_one_node_without_width() -> None:
    assert _plain_lists(build_flamegraph(empty_stack_profile(), 8192)) == (["total"], [[0, 0, 0, 0]], 0, 0)


@settings(max_examples=50, deadline=None)
@given(plain_stacks, st.integers(-1, 12))
def test_a_graph_equals_that_of_the_naive_model(source: list, max_nodes: int) -> None:
    tree = model.tree_of(named_sums(source))
    expected = model.lay_out(model.cut(tree, model.least_total(tree, max_nodes)))
    assert _plain_lists(build_flamegraph(build_profile(source), max_nodes)) == _plain_lists(expected)


@settings(max_examples=50, deadline=None)
@given(stacks, st.integers(0, 12))
def test_nodes_lie_within_their_parents_and_add_up_to_the_total(source: list, max_nodes: int) -> None:
    graph = build_flamegraph(build_profile(source), max_nodes)
    sums = model.decode(graph)
    assert sum(sums.values()) == graph.total == sum(value for _, value in source)
    assert graph.max_self == max(sums.values(), default=0)
    assert len(set(graph.names)) == len(graph.names)
    assert {int(number) for level in graph.levels for number in level[3::4]} == set(range(len(graph.names)))


@settings(max_examples=50, deadline=None)
@given(stacks)
def test_an_uncut_graph_decodes_to_the_stacks_by_name(source: list) -> None:
    expected: dict[tuple[str, ...], int] = {}
    for names, value in named_sums(source).items():
        # All that is called `other` is one leaf, with what is below it.
        path = names[: names.index("other") + 1] if "other" in names else names
        expected[path] = expected.get(path, 0) + value
    assert model.decode(build_flamegraph(build_profile(source), 0)) == expected


@settings(max_examples=50, deadline=None)
@given(stacks, st.integers(0, 12))
def test_projecting_first_changes_nothing(source: list, max_nodes: int) -> None:
    profile = build_profile(source)
    projected = project_by_name(profile.symbols, profile.node_self)
    assert _plain_lists(build_flamegraph(projected, max_nodes)) == _plain_lists(build_flamegraph(profile, max_nodes))


@settings(max_examples=50, deadline=None)
@given(plain_stacks, st.integers(-1, 12))
def test_what_is_hidden_is_said(source: list, max_nodes: int) -> None:
    tree = model.tree_of(named_sums(source))
    kept = model.cut(tree, model.least_total(tree, max_nodes)).below()
    graph = build_flamegraph(build_profile(source), max_nodes)
    assert graph.hidden == sum(node.value for node in kept if node.name == "other")
    assert graph.hidden_nodes == len(tree.below()) - sum(node.name != "other" for node in kept)


FAN = [(plain("r", "a"), 5), (plain("r", "b"), 3), (plain("r", "c"), 3), (plain("r", "d"), 1), (plain("r"), 2)]


@pytest.mark.parametrize(
    ("source", "max_nodes", "expected"),
    [
        pytest.param(FAN, 5, {("r",): 2, ("r", "a"): 5, ("r", "b"): 3, ("r", "c"): 3, ("r", "d"): 1},
                     id="a tree that just fits is whole"),
        pytest.param(FAN, 4, {("r",): 2, ("r", "a"): 5, ("r", "b"): 3, ("r", "c"): 3, ("r", "other"): 1},
                     id="the smallest node is cut"),
        pytest.param(FAN, 3, {("r",): 2, ("r", "a"): 5, ("r", "b"): 3, ("r", "c"): 3, ("r", "other"): 1},
                     id="nodes that tie with the last one kept are kept"),
        pytest.param(FAN, 2, {("r",): 2, ("r", "a"): 5, ("r", "other"): 7}, id="siblings cut share one node"),
        pytest.param(FAN, 1, {("r",): 2, ("r", "other"): 12}, id="one node leaves the largest and its rest"),
        pytest.param([(plain("r", "other", "x"), 4), (plain("r", "a"), 1)], 0, {("r", "other"): 4, ("r", "a"): 1},
                     id="a function called other is a leaf even when nothing is cut"),
        pytest.param([(plain("other"), 9), (plain("a"), 5), (plain("b"), 1)], 2, {("other",): 10, ("a",): 5},
                     id="a large function called other takes up what is cut"),
        pytest.param([((Location((), 1),), 6), (plain("a"), 1)], 0, {(): 6, ("a",): 1},
                     id="value without any function belongs to the root"),
        pytest.param([(plain("a"), 0), (plain("b"), 1)], 0, {("b",): 1}, id="functions without value are left out"),
    ],
)  # fmt: skip
def test_a_tree_is_cut_by_the_total_of_its_largest_nodes(source: list, max_nodes: int, expected: dict) -> None:
    assert model.decode(build_flamegraph(build_profile(source), max_nodes)) == expected


def test_siblings_are_sorted_by_the_bytes_of_their_names_with_other_last() -> None:
    names = ["zebra", "é", "Z", "other", "a", "aa", "\U0001f525", "￿", ""]
    graph = build_flamegraph(build_profile([(plain(name), 1) for name in names]), 0)
    found = [graph.names[number] for number in graph.levels[1][3::4]]
    assert found == [*sorted((name for name in names if name != "other"), key=str.encode), "other"]


def test_a_function_called_total_shares_the_name_of_the_root() -> None:
    graph = build_flamegraph(build_profile([(plain("total", "a"), 1)]), 0)
    assert _plain_lists(graph)[:2] == (["total", "a"], [[0, 1, 0, 0], [0, 1, 0, 0], [0, 1, 1, 1]])


def test_zero_nodes_of_a_profile_by_name_do_not_count_as_nodes() -> None:
    source = [(plain("a"), 3), (plain("b"), 2), *((plain(f"empty {at}"), 0) for at in range(9))]
    assert model.decode(build_flamegraph(build_profile(source), 2)) == {("a",): 3, ("b",): 2}


@pytest.mark.parametrize("max_nodes", [0, 100])
def test_a_stack_of_20_000_frames_is_laid_out(max_nodes: int) -> None:
    graph = build_flamegraph(build_profile([(plain(*("ab" * 10_000)), 5)]), max_nodes)
    assert len(graph.levels) == 20_001
    assert list(graph.levels[-1]) == [0, 5, 5, graph.names.index("b")]
