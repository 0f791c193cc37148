"""Walking one position, walking many at once, and remembering: all come to what the naive walk finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ring.core.desc import RingDesc
from ring.core.hashring import Snapshot
from ring.core.states import READ, REPORTING, WRITE, WRITE_NO_EXTEND, Operation
from ring.core.tokens import RING_SIZE
from ring.core.walks import Walks
from tests.unit.ring.naive import naive_walk
from tests.unit.ring.rings import NOW_MS, random_ring, snapshot

KEYS = np.random.default_rng(3).integers(0, RING_SIZE, 2000).astype(np.uint32)


def walks_of(ring: Snapshot, operation: Operation, wanted: int, per_zone: int = 1) -> Walks:
    """Return walks of which none is remembered yet."""
    extends = np.array([one.state in operation.extending for one in ring.instances], np.bool_)
    return Walks(ring.topology, extends, ring.rules.zone_awareness_enabled, wanted, per_zone)


@settings(max_examples=100)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 9),
    zones=st.sampled_from([("",), ("a",), ("a", "b"), ("a", "b", "c"), ("a", "b", "c", "d"), ("", "a", "b")]),
    tokens=st.sampled_from([1, 4, 12]),
    factor=st.integers(1, 5),
    per_zone=st.sampled_from([1, 1, 2]),
    aware=st.booleans(),
    operation=st.sampled_from([WRITE, WRITE_NO_EXTEND, READ, REPORTING]),
    states=st.sampled_from(["A", "AAAL", "APJLS", "L"]),
)
def test_one_by_one_and_all_at_once_equal_the_naive_walk(
    seed: int,
    count: int,
    zones: tuple[str, ...],
    tokens: int,
    factor: int,
    per_zone: int,
    aware: bool,
    operation: Operation,
    states: str,
) -> None:
    instances = random_ring(count, zones, tokens, seed, states)
    ring = snapshot(instances, factor, aware)
    walks = walks_of(ring, operation, factor * per_zone, per_zone)
    starts = np.arange(len(ring.topology.tokens))
    at_once = walks._all_at_once(starts)
    for start, walk in zip(starts.tolist(), at_once, strict=True):
        key = (int(ring.topology.tokens[start]) - 1) % RING_SIZE  # the last key of this position
        expected = naive_walk(instances, key, operation, factor * per_zone, aware, per_zone)
        assert [ring.topology.ids[index] for index in walk] == expected
        assert walks._one(start) == walk


@pytest.mark.parametrize("few", [1, 7])
def test_what_is_remembered_is_what_is_walked(few: int) -> None:
    ring = snapshot(random_ring(12, "abc", states="AAALS"), 3, True)
    positions = ring.topology.search_all(KEYS)
    remembering, fresh = walks_of(ring, WRITE, 3), walks_of(ring, WRITE, 3)
    remembering.numbers(positions[:few])
    for _ in range(2):
        walked = [remembering.found[number] for number in remembering.numbers(positions)]
        assert walked == [fresh._one(start) for start in positions.tolist()]


def test_equal_walks_have_one_number() -> None:
    ring = snapshot(random_ring(3, "abc", tokens=128), 3, True)
    walks = walks_of(ring, WRITE, 3)
    numbers = walks.numbers(ring.topology.search_all(KEYS))
    assert len(set(walks.found)) == len(walks.found) == len(set(numbers)) == 6, "three instances have six orders"


def test_walks_live_through_heartbeats_and_end_with_a_change_of_state() -> None:
    before = snapshot(random_ring(6, "abc"), 3, True)
    before.replica_sets(KEYS, WRITE, NOW_MS)
    beaten = before.updated(
        RingDesc.of(one for one in random_ring(6, "abc", states="S"))  # the same instances with older heartbeats
    )
    assert beaten is not before
    assert beaten._walks_for(WRITE, 3, 1) is before._walks_for(WRITE, 3, 1)
    leaving = beaten.updated(RingDesc.of(random_ring(6, "abc", states="L")))
    assert leaving._walks_for(WRITE, 3, 1) is not before._walks_for(WRITE, 3, 1)
