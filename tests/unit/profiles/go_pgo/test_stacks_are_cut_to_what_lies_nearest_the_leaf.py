"""Profiles for the Go compiler: a few frames from the leaf up, values whole, equal stacks one."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import empty_stack_profile
from ingest.profiles.go_pgo import nearest_the_leaf
from tests.unit.profiles.stack_model import (
    Location,
    Stack,
    build_profile,
    check_conventions,
    plain,
    read_profile,
    stack_sums,
    stacks,
)


def _cut(stack: tuple[Location, ...], keep: int, aggregate: bool) -> tuple[Location, ...]:
    stack = stack[-keep:] if keep else stack
    if aggregate and stack and stack[-1].functions:
        (name, file, _), *rest = stack[-1].functions
        stack = (*stack[:-1], replace(stack[-1], functions=((name, file, 0), *rest)))
    return stack


@settings(max_examples=100, deadline=None)
@given(stacks, st.integers(0, 4), st.booleans())
def test_stacks_are_cut_as_by_the_naive_model(source: list[Stack], keep: int, aggregate: bool) -> None:
    cut = nearest_the_leaf(build_profile(source, junk="unused"), keep, aggregate)
    check_conventions(cut.symbols)
    assert read_profile(cut) == stack_sums([(_cut(stack, keep, aggregate), value) for stack, value in source])
    assert int(cut.node_self.sum()) == sum(value for _, value in source)
    again = nearest_the_leaf(cut, keep, aggregate)
    assert read_profile(again) == read_profile(cut)


def test_samples_of_one_function_become_one_when_the_line_of_the_leaf_does_not_matter() -> None:
    lines = [((*plain("main"), Location((("work", "w.go", line),))), line) for line in (1, 2, 3)]
    assert len(read_profile(nearest_the_leaf(build_profile(lines), 5, aggregate_callees=False))) == 3
    merged = read_profile(nearest_the_leaf(build_profile(lines), 5, aggregate_callees=True))
    assert merged == {(*plain("main"), Location((("work", "w.go", 0),))): 6}


def test_the_line_of_a_caller_stays_though_the_same_location_is_a_leaf_elsewhere() -> None:
    work = Location((("work", "w.go", 7),))
    cut = nearest_the_leaf(build_profile([((work,), 1), ((work, *plain("leaf")), 2)]), 0, aggregate_callees=True)
    assert read_profile(cut) == {(Location((("work", "w.go", 0),)),): 1, (work, *plain("leaf")): 2}


def test_nothing_and_a_very_deep_stack_are_cut_too() -> None:
    assert nearest_the_leaf(empty_stack_profile(), 5, aggregate_callees=True).node_self.tolist() == [0]
    deep = build_profile([(plain(*("ab" * 10_000)), 5)])
    assert read_profile(nearest_the_leaf(deep, 3, aggregate_callees=False)) == {plain("b", "a", "b"): 5}
