"""Shuffle sharding: stable, consistent, balanced over zones, and different for different tenants."""

from __future__ import annotations

import random
import sys
import tracemalloc
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ring.core.desc import Instance, RingDesc
from ring.core.hashring import SHARDS_MAX_BYTES, Snapshot
from ring.core.shuffle import draws, instances_a_zone, shard_seed
from ring.core.states import WRITE, InstanceState
from ring.core.tokens import RING_SIZE, random_tokens
from tests.unit.ring.naive import naive_shard
from tests.unit.ring.rings import NOW_MS, instance, random_ring, snapshot

TENANTS = [f"tenant-{number}" for number in range(100)]
HOUR_MS = 3_600_000


def shard_ids(ring: Snapshot, tenant: str, size: int, lookback_from_ms: int | None = None) -> set[str]:
    return set(ring.shuffle_shard(tenant, size, lookback_from_ms).ring.instances)


def by_zone(ring: Snapshot, size: int) -> list[int]:
    """Return how many instances each zone supplies to some tenant's shard."""
    counts = Counter(one.zone for one in ring.shuffle_shard("tenant-1", size).ring)
    return sorted(counts.values(), reverse=True)


def zoned(layout: list[int], read_only: set[str] = frozenset()) -> Snapshot:  # type: ignore[assignment]
    """Return a ring with so many instances in zones a, b, ...; ids are like ``b0``."""
    rng, taken, made = random.Random(5), set[int](), []
    for zone, count in zip("abcdef", layout, strict=False):
        for number in range(count):
            tokens = random_tokens(64, taken, rng)
            taken.update(tokens)
            name = f"{zone}{number}"
            made.append(instance(name, tokens, "A", zone, read_only=name in read_only))
    return snapshot(made, 3, zones=True)


@pytest.mark.parametrize(
    ("zone", "seed"), [("", -2305785636457368283), ("zone-a", -179216323567045239), ("zone-b", 8735441079517107860)]
)
def test_the_seed_of_a_tenant_is_fixed_for_all_time(zone: str, seed: int) -> None:
    assert shard_seed("tenant-1", zone) == seed


def test_the_draws_of_a_seed_are_fixed_for_all_time() -> None:
    numbers = draws(0)
    assert [next(numbers) for _ in range(3)] == [0xE220A839, 0x6E789E6A, 0x06C45D18]


@pytest.mark.parametrize(
    ("size", "zones", "each"), [(1, 1, 1), (1, 3, 1), (3, 3, 1), (4, 3, 2), (6, 3, 2), (sys.maxsize, 1, sys.maxsize)]
)
def test_each_zone_supplies_the_same_number_rounded_up(size: int, zones: int, each: int) -> None:
    assert instances_a_zone(size, zones) == each


@pytest.mark.parametrize(("size", "zones", "total"), [(1, 3, 3), (3, 3, 3), (4, 3, 6), (7, 3, 9)])
def test_rounding_up_makes_a_shard_larger_than_asked_for(size: int, zones: int, total: int) -> None:
    assert instances_a_zone(size, zones) * zones == total


def test_the_largest_number_there_is_means_everything() -> None:
    assert by_zone(zoned([3, 2, 1]), sys.maxsize) == [3, 2, 1]


@pytest.mark.parametrize(
    ("layout", "size", "expected"),
    [
        pytest.param([], 0, [], id="empty ring, everything"),
        pytest.param([], 2, [], id="empty ring, two"),
        pytest.param([2], 3, [2], id="more than there are"),
        pytest.param([3], 2, [2], id="one zone"),
        pytest.param([1, 1, 1], 2, [1, 1, 1], id="rounded up to the zones"),
        pytest.param([2, 2, 2], 3, [1, 1, 1], id="one of each zone"),
        pytest.param([2, 2, 2], 4, [2, 2, 2], id="two of each zone"),
        pytest.param([2, 2, 2], 6, [2, 2, 2], id="exactly all there are"),
        pytest.param([3, 2, 1], 6, [2, 2, 1], id="a zone supplies what it has"),
        pytest.param([3, 2, 1], 9, [3, 2, 1], id="all of uneven zones"),
        pytest.param([3, 2, 1], 0, [3, 2, 1], id="no sharding"),
        pytest.param([3, 2, 1], -1, [3, 2, 1], id="a negative size is no sharding"),
    ],
)
def test_the_zones_of_a_shard(layout: list[int], size: int, expected: list[int]) -> None:
    assert by_zone(zoned(layout), size) == expected


@pytest.mark.parametrize(
    ("layout", "read_only", "size", "expected"),
    [
        pytest.param([3], {"a0"}, 3, [2], id="one zone"),
        pytest.param([3], {"a0"}, 0, [2], id="no sharding leaves it out too"),
        pytest.param([1, 1, 1], {"b0"}, 3, [1, 1], id="its zone supplies nobody"),
        pytest.param([2, 2, 2], {"a0", "b1"}, 0, [2, 1, 1], id="two of six"),
    ],
)
def test_read_only_instances_are_in_no_shard_for_writes(
    layout: list[int], read_only: set[str], size: int, expected: list[int]
) -> None:
    ring = zoned(layout, read_only)
    assert by_zone(ring, size) == expected
    assert not shard_ids(ring, "tenant-1", size) & read_only


def test_without_zone_awareness_the_size_is_exact() -> None:
    ring = snapshot(random_ring(6, "abc"))
    assert len(ring.shuffle_shard("tenant-1", 4)) == 4


def test_two_processes_find_the_same_shard() -> None:
    for size in (3, 6, 9, 12, 15):
        one, other = snapshot(random_ring(20, "abc"), zones=True), snapshot(random_ring(20, "abc"), zones=True)
        for tenant in TENANTS:
            assert shard_ids(one, tenant, size) == shard_ids(other, tenant, size)


def test_tenants_rarely_share_a_shard() -> None:
    ring = snapshot(random_ring(50, tokens=64))
    shards = [shard_ids(ring, f"tenant-{number}", 4) for number in range(400)]
    shared = Counter(len(one & other) for index, one in enumerate(shards) for other in shards[:index])
    pairs = sum(shared.values())
    assert shared[0] / pairs == pytest.approx(0.71, abs=0.05)
    assert shared[4] / pairs < 0.001


@pytest.mark.parametrize("count", [20, 50])
def test_one_instance_more_less_or_read_only_moves_at_most_one_place(count: int) -> None:
    old = random_ring(count, "abc", tokens=64)
    newcomer = replace(random_ring(1, tokens=64, seed=77)[0], id="i999", zone="a")
    rings = {
        "added": [*old, newcomer],
        "removed": old[:5] + old[6:],
        "read-only": [*old[:5], replace(old[5], read_only=True), *old[6:]],
    }
    for size in (3, 6, 9, 15):
        for tenant in TENANTS[:40]:
            before = shard_ids(snapshot(old, zones=True), tenant, size)
            for what, instances in rings.items():
                after = shard_ids(snapshot(instances, zones=True), tenant, size)
                assert len(after - before) <= 1, what
                assert len(before - after) <= 1, what


def test_a_larger_shard_holds_the_smaller_one_and_shrinking_gives_it_back() -> None:
    ring = snapshot(random_ring(30, "abc"), zones=True)
    for tenant in TENANTS[:30]:
        three, six, nine = (shard_ids(ring, tenant, size) for size in (3, 6, 9))
        assert three < six < nine
        assert shard_ids(ring, tenant, 6) == six
        assert shard_ids(ring, tenant, 3) == three


def test_another_zone_keeps_the_instances_of_the_old_ones() -> None:
    three_zones = random_ring(9, "abc")
    two_zones = [one for one in three_zones if one.zone != "c"]
    for tenant in TENANTS[:30]:
        before = shard_ids(snapshot(two_zones, zones=True), tenant, 2)
        assert before < shard_ids(snapshot(three_zones, zones=True), tenant, 3)


def test_keys_of_a_tenant_lie_in_its_shard_only() -> None:
    ring = snapshot(random_ring(10, tokens=64))
    for size, expected in ((3, 3), (9, 9), (0, 10), (27, 10)):
        shard = ring.shuffle_shard("tenant-1", size)
        assert len(shard) == expected
        assert set(shard.topology.ids) <= set(ring.topology.ids)


class TestLookback:
    """Every instance that owned the tenant's data since the start of the lookback is in the shard for reads."""

    since = NOW_MS - HOUR_MS

    def ring(self, *names_tokens: tuple[str, int], **fields: dict[str, object]) -> Snapshot:
        """Return a ring of one-token instances, registered long ago unless ``fields`` of the id say otherwise."""
        old = {"registered_ms": self.since - 1}
        return snapshot([instance(name, (token,), **{**old, **fields.get(name, {})}) for name, token in names_tokens])

    def start(self) -> int:
        """Return where the first draw of the tenant falls without zones."""
        return next(draws(shard_seed("tenant-1")))

    def placed(self, *names: str) -> list[tuple[str, int]]:
        """Place instances one after the other behind the tenant's draw."""
        return [(name, (self.start() + 1 + index) % (1 << 32)) for index, name in enumerate(names)]

    @pytest.mark.parametrize("size", [0, 1])
    def test_a_ring_that_is_younger_than_the_lookback_is_taken_whole(self, size: int) -> None:
        young = {"registered_ms": NOW_MS - 60_000}
        ring = self.ring(*self.placed("a", "b", "c"), a=young, b=young, c=young)
        assert shard_ids(ring, "tenant-1", size, self.since) == {"a", "b", "c"}

    def test_a_newcomer_brings_the_one_it_took_from(self) -> None:
        young = {"registered_ms": NOW_MS}
        assert shard_ids(self.ring(*self.placed("1", "2")), "tenant-1", 1, self.since) == {"1"}
        one_came = self.ring(*self.placed("4", "1", "2"), **{"4": young})
        assert shard_ids(one_came, "tenant-1", 1, self.since) == {"4", "1"}
        two_came = self.ring(*self.placed("5", "4", "1", "2"), **{"4": young, "5": young})
        assert shard_ids(two_came, "tenant-1", 1, self.since) == {"5", "4", "1"}

    def test_one_that_registered_exactly_at_the_start_counts_as_new(self) -> None:
        ring = self.ring(*self.placed("a", "b", "c"), a={"registered_ms": self.since})
        assert shard_ids(ring, "tenant-1", 1, self.since) == {"a", "b"}

    def test_an_unknown_registration_is_an_old_one(self) -> None:
        ring = self.ring(*self.placed("a", "b"), a={"registered_ms": 0})
        assert shard_ids(ring, "tenant-1", 1, self.since) == {"a"}

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            pytest.param({"read_only": True, "read_only_updated_ms": NOW_MS}, {"a", "b"}, id="since lately"),
            pytest.param({"read_only": True, "read_only_updated_ms": 5}, {"b"}, id="for longer than the lookback"),
            pytest.param({"read_only": True, "read_only_updated_ms": 0}, {"a", "b"}, id="nobody knows since when"),
            pytest.param({"read_only_updated_ms": NOW_MS}, {"a", "b"}, id="no more, since lately"),
            pytest.param({"read_only_updated_ms": 5}, {"a"}, id="no more, since long"),
        ],
    )
    def test_read_only(self, fields: dict[str, object], expected: set[str]) -> None:
        ring = self.ring(*self.placed("a", "b", "c"), a=fields)
        assert shard_ids(ring, "tenant-1", 1, self.since) == expected

    def test_through_random_events_every_owner_within_the_lookback_is_read(self) -> None:
        rng = random.Random(4)
        now, owners = NOW_MS, list[tuple[int, set[str]]]()
        ring = RingDesc.of(replace(one, registered_ms=1) for one in random_ring(12, "abc"))
        for event in range(150):
            now += 10 * 60_000
            ring = self.disturbed(ring, now, event, rng)
            whole = snapshot(ring, zones=True)
            owners.append((now, shard_ids(whole, "tenant-1", 3)))
            since = now - HOUR_MS
            read = shard_ids(whole, "tenant-1", 3, since)
            expected = {name for at, names in owners if at >= since for name in names} & set(ring.instances)
            assert expected <= read

    def disturbed(self, ring: RingDesc, now: int, event: int, rng: random.Random) -> RingDesc:
        victim: Instance = rng.choice(sorted(ring, key=lambda one: one.id))
        match rng.choice(("add", "remove", "toggle")):
            case "add":
                tokens = random_tokens(32, ring.taken_tokens(), rng)
                zone = rng.choice("abc")
                return ring.with_instance(instance(f"new{event}", tokens, "A", zone, registered_ms=now))
            case "remove" if len(ring) > 6:
                return ring.without(victim.id)
            case _:
                toggled = replace(victim, read_only=not victim.read_only, read_only_updated_ms=now)
                return ring.with_instance(toggled)


class TestMemory:
    def test_the_same_question_gets_the_same_object(self) -> None:
        ring = snapshot(random_ring(10))
        assert ring.shuffle_shard("tenant-1", 3) is ring.shuffle_shard("tenant-1", 3)
        assert ring.shuffle_shard("tenant-1", 3) is not ring.shuffle_shard("tenant-1", 4)

    def test_a_shard_that_is_everything_is_the_ring_itself(self) -> None:
        ring = snapshot(random_ring(3))
        assert ring.shuffle_shard("tenant-1", 0) is ring
        assert ring.shuffle_shard("tenant-1", 7) is ring

    def test_after_a_change_of_state_the_shard_is_kept_and_shows_the_new_state(self) -> None:
        ring = snapshot(random_ring(10))
        before = ring.shuffle_shard("tenant-1", 3)
        leaving = [replace(one, state=InstanceState.LEAVING, heartbeat_ms=NOW_MS) for one in ring.instances]
        after = ring.updated(RingDesc.of(leaving)).shuffle_shard("tenant-1", 3)
        assert after.topology is before.topology
        assert {one.state for one in after.instances} == {InstanceState.LEAVING}

    def test_after_a_change_of_members_the_shard_is_found_anew(self) -> None:
        ring = snapshot(random_ring(10))
        gone = next(iter(ring.shuffle_shard("tenant-1", 3).ring.instances))
        after = ring.updated(ring.ring.without(gone)).shuffle_shard("tenant-1", 3)
        assert gone not in after.ring.instances
        assert len(after) == 3

    def test_after_a_change_of_read_only_the_shard_is_found_anew(self) -> None:
        ring = snapshot(random_ring(10))
        chosen = next(iter(ring.shuffle_shard("tenant-1", 3).instances))
        told = replace(chosen, read_only=True, read_only_updated_ms=NOW_MS)
        after = ring.updated(ring.ring.with_instance(told)).shuffle_shard("tenant-1", 3)
        assert chosen.id not in after.ring.instances
        assert len(after) == 3

    def test_another_lookback_is_another_question(self) -> None:
        instances = random_ring(10)
        ring = snapshot([replace(one, registered_ms=NOW_MS - HOUR_MS) for one in instances])
        short, long = (ring.shuffle_shard("tenant-1", 3, NOW_MS - age) for age in (HOUR_MS // 2, 2 * HOUR_MS))
        assert (len(short), len(long)) == (3, 10)
        assert ring.shuffle_shard("tenant-1", 3) is ring.shuffle_shard("tenant-1", 3)

    def test_a_shard_shows_heartbeats_without_being_found_again(self) -> None:
        ring = snapshot(random_ring(10))
        before = ring.shuffle_shard("tenant-1", 3)
        beaten = ring.updated(RingDesc.of(replace(one, heartbeat_ms=NOW_MS) for one in ring.instances))
        after = beaten.shuffle_shard("tenant-1", 3)
        assert after.topology is before.topology
        assert {one.heartbeat_ms for one in after.instances} == {NOW_MS}
        assert {one.heartbeat_ms for one in ring.shuffle_shard("tenant-1", 3).instances} == {NOW_MS - 1000}
        assert beaten.shuffle_shard("tenant-1", 3) is after

    def test_a_shard_none_of_whose_members_changed_stays_the_same_object(self) -> None:
        ring = snapshot(random_ring(10))
        before = ring.shuffle_shard("tenant-1", 3)
        another = next(one for one in ring.instances if one.id not in before.ring.instances)
        after = ring.updated(ring.ring.with_instance(replace(another, heartbeat_ms=NOW_MS)))
        assert after.shuffle_shard("tenant-1", 3) is before

    def test_a_token_claimed_twice_belongs_to_the_member_of_the_shard(self) -> None:
        first, second, third, fourth = (quarter << 30 for quarter in range(4))
        ring = snapshot([instance("a", (first, second)), instance("b", (second, third)), instance("c", (fourth,))])
        shard = next(
            shard
            for shard in (ring.shuffle_shard(tenant, 2) for tenant in TENANTS)
            if set(shard.ring.instances) == {"b", "c"}
        )
        assert shard.topology.tokens.tolist() == [second, third, fourth]

    def test_shards_count_for_at_least_what_they_take(self) -> None:
        ring = snapshot(random_ring(60, "abc", tokens=64), zones=True)
        keys = np.random.default_rng(1).integers(0, RING_SIZE, 100).astype(np.uint32)
        ring.shuffle_shard("tenant-0", 9).replica_sets(keys, WRITE, NOW_MS)
        held_before = ring._shards.bytes_held
        tracemalloc.start()
        for tenant in TENANTS[1:51]:
            ring.shuffle_shard(tenant, 9).replica_sets(keys, WRITE, NOW_MS)
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        after = ring.updated(RingDesc.of(replace(one, heartbeat_ms=NOW_MS) for one in ring.ring))
        for tenant in TENANTS[:51]:
            after.shuffle_shard(tenant, 9)
        assert taken < after._shards.bytes_held - held_before < 2 * taken
        assert ring._shards.max_bytes == SHARDS_MAX_BYTES


@settings(max_examples=100)
@given(
    seed=st.integers(0, 10_000),
    layout=st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=1, max_size=10),
    size=st.integers(-1, 9),
    aware=st.booleans(),
    lookback_from_ms=st.sampled_from([None, 5]),
    data=st.data(),
)
def test_a_shard_equals_the_naive_one(
    seed: int, layout: list[str], size: int, aware: bool, lookback_from_ms: int | None, data: st.DataObject
) -> None:
    times = st.sampled_from([0, 4, 5, 6])
    instances = [
        replace(
            one,
            zone=zone,
            registered_ms=data.draw(times),
            read_only=data.draw(st.sampled_from([False, False, True])),
            read_only_updated_ms=data.draw(times),
            tokens=one.tokens if data.draw(st.integers(0, 9)) else (),
        )
        for one, zone in zip(random_ring(len(layout), tokens=3, seed=seed), layout, strict=True)
    ]
    ring = snapshot(instances, zones=aware)
    for tenant in TENANTS[:5]:
        expected = naive_shard(instances, tenant, size, aware, lookback_from_ms)
        for _ in range(2):
            shard = ring.shuffle_shard(tenant, size, lookback_from_ms)
            assert set(shard.ring.instances) == expected
            assert shard.topology.ids == tuple(sorted(expected))
