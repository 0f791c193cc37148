"""Folded stacks and top functions agree with the naive model."""

from __future__ import annotations

from hypothesis import given, settings

from ingest.profiles.columns import empty_stack_profile
from ingest.profiles.flamegraph import collapsed, top_functions
from tests.unit.profiles.stack_model import Location, build_profile, named_sums, plain, stacks


@settings(max_examples=50, deadline=None)
@given(stacks)
def test_each_stack_is_folded_once_with_its_value(source: list) -> None:
    expected = [(";".join(names), value) for names, value in named_sums(source).items()]
    assert sorted(collapsed(build_profile(source))) == sorted(expected)


def test_folded_stacks_run_from_the_root_to_the_leaf_in_byte_order() -> None:
    source = [(plain("main", "b"), 2), (plain("main", "a", "x"), 1), ((Location((), 3),), 4), (plain("main"), 5)]
    assert collapsed(build_profile(source)) == [("", 4), ("main", 5), ("main;a;x", 1), ("main;b", 2)]


@settings(max_examples=50, deadline=None)
@given(stacks)
def test_a_stack_counts_once_for_each_function_on_it(source: list) -> None:
    values: dict[str, int] = {}
    totals: dict[str, int] = {}
    for names, value in named_sums(source).items():
        for name in set(names):
            totals[name] = totals.get(name, 0) + value
        if names:
            values[names[-1]] = values.get(names[-1], 0) + value
    expected = [(name, values.get(name, 0), total) for name, total in totals.items()]
    expected.sort(key=lambda row: (-row[1], -row[2], row[0].encode()))
    assert top_functions(build_profile(source)) == expected


def test_recursion_does_not_count_twice() -> None:
    source = [(plain("f", "g", "f", "f"), 3), (plain("g"), 2)]
    assert top_functions(build_profile(source)) == [("f", 3, 3), ("g", 2, 5)]


def test_an_empty_profile_lists_nothing() -> None:
    empty = empty_stack_profile()
    assert (collapsed(empty), top_functions(empty)) == ([], [])


def test_a_stack_of_20_000_frames_is_listed() -> None:
    profile = build_profile([(plain(*("ab" * 10_000)), 5)])
    assert collapsed(profile) == [(";".join("ab" * 10_000), 5)]
    assert top_functions(profile) == [("b", 5, 5), ("a", 0, 5)]
