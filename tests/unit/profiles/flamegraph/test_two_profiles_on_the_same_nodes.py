"""The difference of two profiles has both on the same nodes, and neither side loses anything."""

from __future__ import annotations

import heapq

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import empty_stack_profile
from ingest.profiles.diff import FlameGraphDiff, build_diff
from ingest.profiles.flamegraph import build_flamegraph
from tests.unit.profiles.flamegraph import flamegraph_model as model
from tests.unit.profiles.stack_model import build_profile, named_sums, plain, plain_stacks, stacks

#: Offset, total, self value and name of a node, on the left and on the right side.
SIDES = ([0, 1, 2, 6], [3, 4, 5, 6])


def _levels(diff: FlameGraphDiff) -> list[list[int]]:
    return [list(map(int, level)) for level in diff.levels]


def _by_name(names: list[str], levels: list[list[int]]) -> list[list[object]]:
    """Replace the numbers of names, which depend on the order in which nodes are named, by the names."""
    return [[names[n] if at % 7 == 6 else n for at, n in enumerate(level)] for level in levels]


def test_the_published_example_is_laid_out_number_by_number() -> None:
    left = build_profile([(plain("a", "b"), 1), (plain("a", "c"), 2)])
    right = build_profile([(plain("a", "b"), 4), (plain("a", "c"), 8)], junk="x")
    diff = build_diff(left, right, 8192)
    assert diff.names == ["total", "a", "c", "b"]
    assert _levels(diff) == [
        [0, 3, 0, 0, 12, 0, 0],
        [0, 3, 0, 0, 12, 0, 1],
        [0, 1, 1, 0, 4, 4, 3, 0, 2, 2, 0, 8, 8, 2],
    ]
    assert (diff.total, diff.max_self, diff.left_total, diff.right_total) == (15, 8, 3, 12)


def test_two_empty_profiles_have_one_node_without_width() -> None:
    diff = build_diff(empty_stack_profile(), empty_stack_profile(), 8192)
    assert (diff.names, _levels(diff), diff.total, diff.max_self) == (["total"], [[0] * 7], 0, 0)


def test_a_side_without_a_node_has_zeros_there() -> None:
    diff = build_diff(build_profile([(plain("a"), 3)]), build_profile([(plain("b"), 5)]), 0)
    named = _by_name(diff.names, _levels(diff))
    assert named[1] == [0, 3, 3, 0, 0, 0, "a", 0, 0, 0, 0, 5, 5, "b"]


def test_a_node_that_is_large_on_one_side_is_kept_on_both() -> None:
    left = build_profile([(plain("a"), 1), (plain("b"), 9), (plain("c"), 2)])
    right = build_profile([(plain("a"), 8), (plain("c"), 1)])
    named = _by_name((diff := build_diff(left, right, 2)).names, _levels(diff))
    assert named[1] == [0, 1, 1, 0, 8, 8, "a", 0, 9, 9, 0, 0, 0, "b", 0, 2, 2, 0, 1, 1, "other"]


@settings(max_examples=60, deadline=None)
@given(plain_stacks, plain_stacks, st.integers(-1, 12))
def test_a_difference_equals_that_of_the_naive_model(left: list, right: list, max_nodes: int) -> None:
    trees = [model.tree_of(named_sums(source)) for source in (left, right)]
    totals = [model.paths(tree) for tree in trees]
    larger = {path: max(t.get(path, 0) for t in totals) for path in {*totals[0], *totals[1]}}
    least = 0
    if 0 < max_nodes < len(larger):
        least = heapq.nlargest(max_nodes, larger.values())[-1]
    keep = {path for path, total in larger.items() if total >= least}
    expected = model.lay_out_two(*(model.cut_to(tree, keep) for tree in trees))
    diff = build_diff(build_profile(left), build_profile(right, junk="x"), max_nodes)
    assert _by_name(diff.names, _levels(diff)) == _by_name(*expected)
    assert sorted(diff.names) == sorted(expected[0])


@settings(max_examples=60, deadline=None)
@given(stacks, stacks)
def test_each_side_alone_is_its_own_flame_graph(left: list, right: list) -> None:
    profiles = [build_profile(left), build_profile(right)]
    diff = build_diff(*profiles, 0)
    for columns, profile in zip(SIDES, profiles, strict=True):
        graph = build_flamegraph(profile, 0)
        decoded = []
        for level in diff.levels:
            nodes = level.reshape(-1, 7)[:, columns]
            decoded.append([[total, value, diff.names[name]] for _, total, value, name in nodes.tolist() if total])
        expected = [
            [[total, value, graph.names[name]] for _, total, value, name in level.reshape(-1, 4).tolist() if total]
            for level in graph.levels
        ]
        assert [level for level in decoded if level] == [level for level in expected if level]
    assert diff.left_total + diff.right_total == diff.total == sum(value for _, value in (*left, *right))


def test_a_deep_tree_needs_no_recursion() -> None:
    deep = build_profile([(plain(*("ab" * 10_000)), 5)])
    assert len(build_diff(deep, deep, 0).levels) == 20_001
