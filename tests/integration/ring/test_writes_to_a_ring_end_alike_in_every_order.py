"""One authoritative copy instead of merged ones: writers in any order come to the same ring, and old news changes none.

What gossiping stores reach by merge rules and tombstones follows here from conditions on each write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

import pytest

from ring.core.desc import Instance, RingDesc
from ring.core.states import InstanceState
from ring.redis_store import RedisRingStore
from tests.integration.ring.conftest import Server

pytestmark = pytest.mark.integration

ACTIVE, JOINING, LEAVING = InstanceState.ACTIVE, InstanceState.JOINING, InstanceState.LEAVING


def entry(instance_id: str, state: InstanceState = ACTIVE, *tokens: int) -> Instance:
    return Instance(instance_id, f"ingester.{instance_id}", "zone-a", state, tokens, registered_ms=1)


@pytest.fixture
def store(server: Server) -> RedisRingStore:
    return RedisRingStore(server.client(), "test")


def contents(store: RedisRingStore) -> RingDesc:
    """Return the ring without its heartbeats."""
    return RingDesc.of(replace(one, heartbeat_ms=0) for one in store.load().view.ring)


def test_three_writers_come_to_the_same_ring_in_every_order_and_however_often_they_try(store: RedisRingStore) -> None:
    old = [entry("a", JOINING, 5), entry("b", ACTIVE, 6), entry("c", ACTIVE, 7)]
    new = [entry("a", ACTIVE, 5, 8), entry("b", LEAVING, 6), entry("c", ACTIVE, 7, 9)]
    for order in permutations(range(3)):
        store.client.flushall()
        for one in old:
            assert store.publish(one, None, "first")
        for number in order:
            assert store.publish(new[number], old[number], "newer")
            assert not store.publish(new[number], old[number], "the same news again")
            assert not store.publish(old[number], None, "old news")
        assert contents(store) == RingDesc.of(new)
        assert store.load().view.revision == 6


def test_what_was_removed_stays_removed_whatever_its_former_owner_still_believes(store: RedisRingStore) -> None:
    joining = entry("a", JOINING, 5, 10, 20)
    assert store.publish(joining, None, "joined")
    assert store.remove("a", "left")
    revision = store.load().view.revision
    writes: list[Callable[[], object]] = [
        lambda: store.publish(replace(joining, state=ACTIVE), joining, "late news of the dead"),
        lambda: store.publish(joining, joining, "the same entry again"),
        lambda: store.heartbeat("a")[0],
        lambda: store.set_read_only("a", True, "an operator"),
    ]
    assert [bool(write()) for write in writes] == [False] * 4
    assert len(contents(store)) == 0
    assert store.load().view.revision == revision


def test_a_removal_is_told_once_with_its_time_and_a_second_one_changes_nothing(store: RedisRingStore) -> None:
    for name in "ab":
        store.publish(entry(name, ACTIVE, ord(name)), None, "started")
    before_ms = store.load().view.ring_ms
    assert store.remove("a", "left")
    after_ms, revision = store.load().view.ring_ms, store.load().view.revision
    told = store.history()[0]
    assert (told.instance_id, told.before, told.after) == ("a", "ACTIVE", "")
    assert before_ms <= told.at_ms <= after_ms
    assert not store.remove("a", "left")
    assert store.history()[0] == told
    assert store.load().view.revision == revision
    assert contents(store) == RingDesc.of([entry("b", ACTIVE, ord("b"))])
