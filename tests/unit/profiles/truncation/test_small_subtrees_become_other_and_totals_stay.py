"""Truncation of profiles with locations: what is kept, what becomes ``other``, and that nothing is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.columns import StackProfile, empty_stack_profile
from ingest.profiles.truncation import OTHER, truncate_nodes
from tests.unit.profiles.stack_model import build_profile, check_conventions, named_sums, plain, read_profile

Stacks = dict[tuple[str, ...], int]


def profile(stacks: Stacks) -> StackProfile:
    return build_profile([(plain(*path), value) for path, value in stacks.items()])


def stacks_of(made: StackProfile) -> Stacks:
    return {path: value for path, value in named_sums(read_profile(made).items()).items() if value}


def naive(stacks: Stacks, max_nodes: int) -> Stacks:
    totals: Stacks = {}
    for path, value in stacks.items():
        for depth in range(1, len(path) + 1):
            totals[path[:depth]] = totals.get(path[:depth], 0) + value
    if max_nodes < 1 or len(totals) <= max_nodes:
        return stacks
    threshold = max(sorted(totals.values(), reverse=True)[max_nodes - 1], 1)
    kept = {path for path, total in totals.items() if total >= threshold}
    result: Stacks = {}
    for path, value in stacks.items():
        where = path
        while where and where not in kept:
            where = where[:-1]
        target = path if where == path else (*where, OTHER)
        result[target] = result.get(target, 0) + value
    return result


def test_the_largest_nodes_stay_and_the_rest_is_other_below_its_parent() -> None:
    stacks = {("main", "hot"): 90, ("main", "warm", "deep"): 6, ("main", "cold"): 4, ("idle",): 1}
    assert stacks_of(truncate_nodes(profile(stacks), 2)) == {
        ("main", "hot"): 90,
        ("main", OTHER): 10,
        (OTHER,): 1,
    }


def test_ties_with_the_last_node_kept_are_kept_too() -> None:
    stacks = {("a",): 5, ("b",): 5, ("c",): 5}
    assert stacks_of(truncate_nodes(profile(stacks), 1)) == stacks


def test_zero_nodes_mean_no_bound() -> None:
    whole = profile({("a",): 1, ("b",): 2})
    assert truncate_nodes(whole, 0) is whole
    assert truncate_nodes(empty_stack_profile(), 5).node_self.tolist() == [0]


paths = st.lists(st.sampled_from("abcd"), min_size=1, max_size=5).map(tuple)


@given(st.dictionaries(paths, st.integers(1, 9), max_size=20), st.integers(0, 15))
def test_any_tree_gives_what_a_naive_model_says_and_keeps_its_total(stacks: Stacks, max_nodes: int) -> None:
    made = truncate_nodes(profile(stacks), max_nodes)
    check_conventions(made.symbols)
    assert stacks_of(made) == naive(stacks, max_nodes)
    assert int(made.node_self.sum()) == sum(stacks.values())
