"""A call site selects the stacks whose first frames from the root are exactly its names, inlined frames included."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.projection import below_call_site_nodes
from tests.unit.profiles.stack_model import Location, Stack, build_profile, named_sums, node_path, plain, stacks


def _value(source: list[Stack], names: list[str]) -> int:
    profile = build_profile(source)
    return int(profile.node_self[below_call_site_nodes(profile.symbols, names)].sum())


@settings(max_examples=100, deadline=None)
@given(stacks, st.lists(st.sampled_from(["a", "b", "other", "", "absent"]), max_size=3))
def test_a_call_site_selects_the_stacks_that_begin_with_it(source: list[Stack], names: list[str]) -> None:
    profile = build_profile(source, junk="unused")
    selected = below_call_site_nodes(profile.symbols, names)
    for node in range(profile.symbols.node_count):
        frames = next(iter(named_sums([(node_path(profile.symbols, node), 1)])))
        assert selected[node] == (list(frames[: len(names)]) == names)


@pytest.mark.parametrize(
    ("names", "total"),
    [(["a"], 7), (["a", "b"], 3), (["b"], 0), (["a", "b", "c", "d"], 0), ([], 12)],
)
def test_it_does_not_look_further_down(names: list[str], total: int) -> None:
    assert _value([(plain("a"), 4), (plain("a", "b", "c"), 3), (plain("c", "a", "b"), 5)], names) == total


def test_it_may_end_among_the_inlined_frames_of_a_location() -> None:
    inlined = Location((("inner", "f", 1), ("middle", "f", 2), ("outer", "f", 3)))
    source = [((inlined, *plain("leaf")), 2), (plain("outer", "x"), 5), ((Location(()), inlined), 1)]
    assert _value(source, ["outer", "middle"]) == 3
    assert _value(source, ["outer"]) == 8
    assert _value(source, ["outer", "inner"]) == 0
