"""The ring as distributor and querier see it: a tenant's shard, who is away, and how far back queries look."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import pytest

from ingest.adapters.ring_membership import RingPlacement, RingReaders
from ingest.distributor.ports import NoReplicaSet, ReplicaSet
from ingest.querier.types import Unavailable
from ring.core.desc import Instance
from ring.core.hashring import Snapshot
from ring.core.tenant_shards import write_shard
from tests.unit.ring.rings import NOW_MS, instance, random_ring, snapshot, spaced

HOUR_MS = 3_600_000
LOOKBACK_SECONDS = 3_600.0
TENANT = "team-a"
PLACEMENTS = [f'{{service_name="{number}"}}' for number in range(50)]


@dataclass
class FixedRing:
    """A ring that stands still."""

    snapshot: Snapshot

    def now_ms(self) -> int:
        return NOW_MS


@dataclass
class Sizes:
    """A tenant's shard size; notes how far back was asked."""

    size: int
    asked_ms: int = 0

    def read_size(self, tenant: str, lookback_ms: int) -> int:
        self.asked_ms = lookback_ms
        return self.size


@dataclass
class Oldest:
    """Since when an ingester has data that is not in the bucket."""

    at_ms: int | None = None

    def oldest_ms(self, instances: Collection[str]) -> int | None:
        return self.at_ms


def readers(members: list[Instance], size: int = 0, oldest_ms: int | None = None, zones: bool = False) -> RingReaders:
    return RingReaders(FixedRing(snapshot(members, zones=zones)), Sizes(size), Oldest(oldest_ms), LOOKBACK_SECONDS)


def old_ring(count: int, zones: str = "abc") -> list[Instance]:
    return [replace(one, registered_ms=1) for one in random_ring(count, zones)]


# ------------------------------------------------------------------------------------------------------------- writes


def test_every_set_lies_in_the_shard_of_the_tenant() -> None:
    ring = snapshot(old_ring(12), zones=True)
    found = RingPlacement(FixedRing(ring), lambda tenant: 6).replica_sets(TENANT, PLACEMENTS)
    members = set(write_shard(ring, TENANT, 6).ring.instances)
    assert len(members) == 6
    assert {name for one in found if isinstance(one, ReplicaSet) for name in one.instances} == members


@pytest.mark.parametrize("size", [0, 6])
def test_a_read_only_instance_gets_no_writes_whatever_the_size(size: int) -> None:
    members = old_ring(12)
    chosen = next(iter(write_shard(snapshot(members, zones=True), TENANT, 6).instances))
    ring = snapshot(
        [replace(one, read_only=one.id == chosen.id, read_only_updated_ms=NOW_MS) for one in members], zones=True
    )
    found = RingPlacement(FixedRing(ring), lambda tenant: size).replica_sets(TENANT, PLACEMENTS)
    assert all(isinstance(one, ReplicaSet) and chosen.id not in one.instances for one in found)


def test_who_is_away_is_named_beside_the_set_and_not_counted() -> None:
    (found,) = RingPlacement(FixedRing(snapshot(spaced("ASA"))), lambda tenant: 0).replica_sets(TENANT, PLACEMENTS[:1])
    assert isinstance(found, ReplicaSet)
    assert (sorted(found.instances), found.max_errors, found.absent) == (["i0", "i2"], 0, ("i1",))


def test_before_the_settings_were_read_nothing_is_placed_and_the_sender_is_told_why() -> None:
    found = RingPlacement(FixedRing(snapshot(spaced("AAA"))), lambda tenant: None).replica_sets(TENANT, PLACEMENTS[:2])
    assert [type(one) for one in found] == [NoReplicaSet, NoReplicaSet]
    assert "settings have not been read yet" in found[0].message  # type: ignore[union-attr]


# -------------------------------------------------------------------------------------------------------------- reads


@pytest.mark.parametrize(
    ("states", "asked", "missing"),
    [
        pytest.param("AAA", ["i0", "i1", "i2"], [], id="all are well"),
        pytest.param("ASA", ["i0", "i2"], ["i1"], id="one is silent"),
        pytest.param("AJA", ["i0", "i2"], [], id="one is joining and has nothing yet"),
        pytest.param("ALA", ["i0", "i1", "i2"], [], id="one is leaving and has its data still"),
        pytest.param("APA", ["i0", "i1", "i2"], [], id="one is pending after a restart"),
    ],
)
def test_who_is_asked_and_who_is_missing(states: str, asked: list[str], missing: list[str]) -> None:
    found = readers(spaced(states)).read_set(TENANT)
    assert list(found.instances) == asked
    assert [one.name for one in found.missing] == missing


def test_an_empty_ring_cannot_be_asked() -> None:
    with pytest.raises(Unavailable, match="no ingester"):
        readers([]).read_set(TENANT)


def test_a_sharded_tenant_is_asked_of_its_shard_alone() -> None:
    members = old_ring(12)
    found = readers(members, size=3, zones=True).read_set(TENANT)
    assert set(found.instances) == set(write_shard(snapshot(members, zones=True), TENANT, 3).ring.instances)
    assert len(found.instances) == 3


def test_size_0_which_stands_for_not_sure_asks_everybody() -> None:
    assert len(readers(old_ring(12), size=0, zones=True).read_set(TENANT).instances) == 12


@pytest.mark.parametrize(
    ("waiting_ms", "expected_ms"),
    [
        pytest.param(None, HOUR_MS, id="all is in the bucket"),
        pytest.param(HOUR_MS // 2, HOUR_MS, id="it waits for less than the look-back"),
        pytest.param(5 * HOUR_MS, 5 * HOUR_MS + 300_000, id="the bucket was away: as long as it waits, and for clocks"),
    ],
)
def test_the_look_back_reaches_as_far_as_data_waits_for_the_bucket(waiting_ms: int | None, expected_ms: int) -> None:
    sizes, oldest = Sizes(3), Oldest(None if waiting_ms is None else NOW_MS - waiting_ms)
    RingReaders(FixedRing(snapshot(old_ring(6), zones=True)), sizes, oldest, LOOKBACK_SECONDS).read_set(TENANT)
    assert sizes.asked_ms == expected_ms


def test_who_owned_the_data_before_a_newcomer_is_asked_until_the_bucket_has_it() -> None:
    ring = [
        instance(name, (place,), registered_ms=1) for name, place in (("a", 1 << 30), ("b", 2 << 30), ("c", 3 << 30))
    ]
    members = [replace(one, registered_ms=NOW_MS - 3 * HOUR_MS if one.id == "b" else 1) for one in ring]

    def asked(oldest_ms: int | None) -> set[str]:
        source = FixedRing(snapshot(members, factor=1))
        return set(RingReaders(source, Sizes(1), Oldest(oldest_ms), LOOKBACK_SECONDS).read_set(tenant).instances)

    tenant = next(
        name
        for name in (f"tenant-{number}" for number in range(100))
        if set(write_shard(snapshot(members, factor=1), name, 1).ring.instances) == {"b"}
    )
    assert asked(None) == {"b"}
    assert asked(NOW_MS - 4 * HOUR_MS) == {"b", "c"}
