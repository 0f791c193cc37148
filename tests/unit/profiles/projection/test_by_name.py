"""A profile by name sums what differs only in file, line, address or mapping."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import StackProfile
from ingest.profiles.projection import by_name, is_by_name, project_by_name
from ingest.profiles.projection_kernels import node_totals
from ingest.profiles.symbols import merge_profiles
from tests.unit.profiles.stack_model import (
    Location,
    build_profile,
    check_conventions,
    named_sums,
    plain,
    read_profile,
    stacks,
)


def _by_name(profile: StackProfile) -> dict[tuple[str, ...], int]:
    return {tuple(frame.functions[0][0] for frame in path): value for path, value in read_profile(profile).items()}


@settings(max_examples=50, deadline=None)
@given(stacks)
def test_values_are_summed_by_the_names_on_the_stack(source: list) -> None:
    profile = build_profile(source, junk="unused")
    projected = project_by_name(profile.symbols, profile.node_self)
    check_conventions(projected.symbols)
    assert _by_name(projected) == named_sums(source)
    assert projected.node_self.sum() == profile.node_self.sum()


@settings(max_examples=50, deadline=None)
@given(stacks)
def test_only_what_carries_value_is_left_and_in_the_form_by_name(source: list) -> None:
    profile = build_profile(source)
    projected = project_by_name(profile.symbols, profile.node_self)
    symbols = projected.symbols
    assert is_by_name(symbols)
    assert by_name(projected).symbols is symbols
    assert (node_totals(symbols.node_parent, projected.node_self)[1:] > 0).all()
    assert set(symbols.strings()) == {"", *(name for names in named_sums(source) for name in names)}
    assert len(symbols.mapping_start) == 1
    pairs = list(zip(symbols.node_parent[1:].tolist(), symbols.node_location[1:].tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)


@settings(max_examples=50, deadline=None)
@given(st.lists(stacks, min_size=2, max_size=3))
def test_profiles_by_name_merge_to_a_profile_by_name(sources: list) -> None:
    parts = [build_profile(source) for source in sources]
    merged = merge_profiles(project_by_name(part.symbols, part.node_self) for part in parts)
    assert is_by_name(merged.symbols)
    assert _by_name(merged) == named_sums(stack for source in sources for stack in source)


UNKNOWN = Location((), 4711)


@pytest.mark.parametrize(
    ("stack", "names"),
    [
        pytest.param((UNKNOWN, UNKNOWN), (), id="a stack of unknown frames only goes to the root"),
        pytest.param((*plain("a"), UNKNOWN), ("a",), id="an unknown leaf gives its value to its caller"),
        pytest.param((UNKNOWN, *plain("a")), ("a",), id="an unknown frame at the root disappears"),
        pytest.param((*plain("a"), UNKNOWN, *plain("b")), ("a", "b"), id="an unknown frame in the middle disappears"),
        pytest.param((Location((("in", "", 1), ("mid", "", 2), ("out", "", 3))),), ("out", "mid", "in"),
                     id="inlined lines are spelled out from the outermost to the innermost"),
        pytest.param(plain("a", "a", "a"), ("a", "a", "a"), id="recursion is kept"),
        pytest.param(plain("", "a"), ("", "a"), id="a function without a name is a function"),
    ],
)  # fmt: skip
def test_a_stack_is_named_by_its_functions(stack: tuple, names: tuple) -> None:
    profile = build_profile([(stack, 7)])
    assert _by_name(project_by_name(profile.symbols, profile.node_self)) == {names: 7}


def test_two_strings_of_equal_content_are_one_name() -> None:
    profile = build_profile([(plain("ab"), 1), (plain("xy"), 2)])
    profile.symbols.string_bytes[:] = np.frombuffer(b"abab", np.uint8)
    projected = project_by_name(profile.symbols, profile.node_self)
    assert _by_name(projected) == {("ab",): 3}
    assert not is_by_name(profile.symbols), "equal names under two numbers would count as two functions"


def test_a_profile_with_lines_in_another_order_is_not_by_name() -> None:
    profile = build_profile([(plain("a", "b"), 1)])
    assert is_by_name(profile.symbols)
    profile.symbols.line_function[:] = [1, 0]
    assert not is_by_name(profile.symbols)


def test_a_stack_of_20_000_frames_is_projected() -> None:
    profile = build_profile([(plain(*("ab" * 10_000)), 5)])
    projected = project_by_name(profile.symbols, profile.node_self)
    assert projected.symbols.node_count == 20_001
    assert projected.node_self[-1] == 5


def test_columns_that_may_only_be_read_are_taken() -> None:
    profile = build_profile([(plain("a", "b"), 1)])
    profile.node_self.flags.writeable = False
    profile.symbols.string_bytes.flags.writeable = False
    assert _by_name(project_by_name(profile.symbols, profile.node_self)) == {("a", "b"): 1}
    assert _by_name(by_name(profile)) == {("a", "b"): 1}
