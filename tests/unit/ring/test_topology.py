"""The index of a ring: search, ownership and ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ring.core.desc import Instance, RingDesc
from ring.core.hashring import Snapshot
from ring.core.states import REPORTING
from ring.core.tokens import RING_SIZE
from ring.core.topology import build_topology
from tests.unit.ring.rings import NOW_MS, instance, random_ring, snapshot, walked

M = 1_000_000
LAST = RING_SIZE - 1


@pytest.mark.parametrize(("key", "index"), [(0, 0), (3, 1), (4, 1), (5, 0), (7, 0)])
def test_a_key_belongs_to_the_first_token_greater_than_it(key: int, index: int) -> None:
    topology = build_topology(RingDesc.of([instance("a", (3, 5))]))
    assert topology.search(key) == index
    assert topology.search_all(np.array([key], np.uint32)).tolist() == [index]


def test_nobody_owns_anything_in_an_empty_ring() -> None:
    assert build_topology(RingDesc()).owned.tolist() == []


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        pytest.param([("a", (7,), "")], [RING_SIZE], id="one instance with one token"),
        pytest.param([("a", (7, 8, 9), "")], [RING_SIZE], id="one instance with three tokens"),
        pytest.param([("a", (), "")], [0], id="one instance without tokens"),
        pytest.param(
            [("a", (M, 3 * M, 6 * M), ""), ("b", (2 * M, 4 * M, 8 * M), ""), ("c", (5 * M, 9 * M), "")],
            [3 * M + RING_SIZE - 9 * M, 4 * M, 2 * M],
            id="three instances",
        ),
        pytest.param(
            [
                ("a1", (M, 3 * M, 6 * M), "a"),
                ("a2", (2 * M, 4 * M, 8 * M), "a"),
                ("a3", (5 * M, 9 * M), "a"),
                ("b1", (M + 1, 3 * M + 1, 6 * M + 1), "b"),
                ("b2", (2 * M + 1, 4 * M + 1, 8 * M + 1), "b"),
                ("b3", (5 * M + 1, 9 * M + 1), "b"),
            ],
            [3 * M + RING_SIZE - 9 * M, 4 * M, 2 * M] * 2,
            id="each zone for itself",
        ),
        pytest.param(
            [("a", (1,), "a"), ("b", (2,), "b"), ("c", (3,), "c")],
            [RING_SIZE] * 3,
            id="one instance in each of 3 zones",
        ),
    ],
)
def test_an_instance_owns_its_part_of_the_ring_of_its_zone(
    instances: list[tuple[str, tuple[int, ...], str]], expected: list[int]
) -> None:
    ring = RingDesc.of(instance(name, tokens, "A", zone) for name, tokens, zone in instances)
    assert build_topology(ring).owned.tolist() == expected


@pytest.mark.parametrize(
    ("tokens", "ranges"),
    [
        pytest.param(
            [(25, 75), (10, 50, 100)],
            [[(10, 24), (50, 74)], [(0, 9), (25, 49), (75, LAST)]],
            id="tokens of two alternate",
        ),
        pytest.param(
            [(10, 20, 30, 40, 50), (1000, 2000, 3000, 4000)],
            [[(0, 49), (4000, LAST)], [(50, 3999)]],
            id="neighbouring ranges are one",
        ),
        pytest.param([(99,), (100,)], [[(0, 98), (100, LAST)], [(99, 99)]], id="a range of one key"),
        pytest.param([(0,), (LAST,)], [[(LAST, LAST)], [(0, LAST - 1)]], id="tokens at both ends"),
        pytest.param([(5,), ()], [[(0, LAST)], []], id="one owns everything"),
    ],
)
def test_ranges_are_inclusive_ascending_and_merged(
    tokens: list[tuple[int, ...]], ranges: list[list[tuple[int, int]]]
) -> None:
    topology = build_topology(RingDesc.of(instance(f"i{n}", held, "A", "z") for n, held in enumerate(tokens)))
    assert [topology.ranges_of(index) for index in range(len(tokens))] == ranges


@pytest.mark.parametrize(
    ("key", "inside"), [(0, False), (4, True), (6, True), (8, True), (10, False), (16, True), (17, False), (20, False)]
)
def test_a_key_in_a_range_of_an_instance_is_owned_by_it_and_no_other_key_is(key: int, inside: bool) -> None:
    topology = build_topology(RingDesc.of([instance("a", (9, 17)), instance("b", (4, 12))]))
    assert topology.ranges_of(0) == [(4, 8), (12, 16)]
    assert (int(topology.owner[topology.search(key)]) == 0) is inside
    assert any(low <= key <= high for low, high in topology.ranges_of(0)) is inside


def test_ranges_agree_with_replica_sets_when_each_zone_holds_one_copy() -> None:
    ring = snapshot(random_ring(20, "abc", tokens=512, states="APJLS"), zones=True)
    ranges = [ring.topology.ranges_of(index) for index in range(20)]
    keys = np.random.default_rng(5).integers(0, RING_SIZE, 300).astype(np.uint32)
    for key, found in zip(keys.tolist(), ring.replica_sets(keys, REPORTING, NOW_MS), strict=True):
        by_range = {f"i{n:03d}" for n in range(20) if any(low <= key <= high for low, high in ranges[n])}
        assert set(walked(ring, key, REPORTING)) == by_range
        assert found is not None


@given(seed=st.integers(0, 1000), count=st.integers(2, 8), chosen=st.sets(st.integers(0, 7), min_size=1))
def test_a_part_cut_out_of_the_index_is_the_index_of_that_part(seed: int, count: int, chosen: set[int]) -> None:
    instances = random_ring(count, ("a", "b", ""), tokens=5, seed=seed)
    instances[0] = instance("i000")  # one without tokens
    whole = build_topology(RingDesc.of(instances))
    indexes = sorted(index for index in chosen if index < count)
    part = whole.part(indexes)
    built = build_topology(RingDesc.of(instances[index] for index in indexes))
    assert (part.ids, part.zones, part.zone_of) == (built.ids, built.zones, built.zone_of)
    assert part.tokens.tolist() == built.tokens.tolist()
    assert part.owner.tolist() == built.owner.tolist()
    assert part.zone_sizes == built.zone_sizes
    assert not part.tokens.flags.writeable


@given(st.lists(st.lists(st.integers(0, LAST), max_size=5), min_size=1, max_size=6))
def test_every_position_of_a_zone_has_exactly_one_owner(tokens: list[list[int]]) -> None:
    topology = build_topology(RingDesc.of(instance(f"i{n}", set(held)) for n, held in enumerate(tokens)))
    total = RING_SIZE if any(tokens) else 0
    assert topology.owned.sum() == total
    covered = sum(high - low + 1 for index in range(len(tokens)) for low, high in topology.ranges_of(index))
    assert covered == total


def test_a_token_claimed_twice_has_one_owner_and_moves_when_that_one_leaves() -> None:
    def ring(state: str) -> list[Instance]:
        return [instance("a", (10, 20), state), instance("b", (20, 30))]

    before = snapshot(ring("A"))
    assert before.topology.has_conflicts
    assert before.topology.owner.tolist() == [0, 0, 1]
    after = before.updated(RingDesc.of(ring("L")))
    assert after.topology.owner.tolist() == [0, 1, 1], "the index is rebuilt though only a state changed"


def test_the_index_cannot_be_changed_by_those_who_share_it() -> None:
    topology = build_topology(RingDesc.of(random_ring(3)))
    with pytest.raises(ValueError, match="read-only"):
        topology.tokens[0] = 1


def test_an_instance_that_comes_back_with_other_tokens_has_only_these() -> None:
    first = snapshot([instance("a", (1, 2)), instance("b", (5,))])
    second = first.updated(RingDesc.of([instance("a", (7,)), instance("b", (5,))]))
    assert second.topology.tokens.tolist() == [5, 7]
    assert isinstance(second, Snapshot)
