"""The sum of profiles is the sum of their stacks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.symbols import merge_profiles
from tests.unit.profiles.stack_model import build_profile, check_conventions, plain, read_profile, stack_sums, stacks


@settings(max_examples=50, deadline=None)
@given(st.lists(stacks, max_size=4))
def test_merging_adds_the_values_of_equal_stacks(sources: list) -> None:
    merged = merge_profiles(build_profile(source, junk=f"unused {at}") for at, source in enumerate(sources))
    check_conventions(merged.symbols)
    assert read_profile(merged) == stack_sums(stack for source in sources for stack in source)


def test_nothing_merges_to_the_empty_profile() -> None:
    merged = merge_profiles([])
    assert merged.symbols.node_count == 1
    assert merged.node_self.tolist() == [0]


def test_a_lone_profile_is_returned_as_it_is() -> None:
    profile = build_profile([(plain("a"), 1)])
    assert merge_profiles(iter([profile])) is profile


def test_values_that_may_only_be_read_are_summed_and_left_alone() -> None:
    profile = build_profile([(plain("a"), 3), ((), 2)])
    profile.node_self.flags.writeable = False
    merged = merge_profiles([profile, profile])
    assert merged.node_self.tolist() == [4, 6]
    assert profile.node_self.tolist() == [2, 3]


def test_values_beyond_32_bits_stay_exact() -> None:
    big = 2**61 + 1
    merged = merge_profiles([build_profile([(plain("a"), big)]), build_profile([(plain("a"), big)])])
    assert merged.node_self.tolist() == [0, 2 * big]
    assert merged.node_self.dtype == np.int64
