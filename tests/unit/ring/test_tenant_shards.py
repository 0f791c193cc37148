"""A tenant's shard for writes and for reads while sizes and members change: no reader lags behind a writer."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ring.core.desc import RingDesc
from ring.core.shard_sizes import SizeChange, covering_size, in_order, size_at
from ring.core.tenant_shards import lifted, read_shard, write_shard
from ring.core.tokens import random_tokens
from tests.unit.ring.rings import NOW_MS, instance, random_ring, snapshot

HOUR_MS = 3_600_000
DELAY_MS = 30_000
WRITER_LAG_MS = 5_000


def changes(*pairs: tuple[int, int | None]) -> tuple[SizeChange, ...]:
    return tuple(SizeChange(at, size) for at, size in pairs)


@pytest.mark.parametrize(
    ("own", "defaults", "at_ms", "expected"),
    [
        pytest.param((), (), 50, 0, id="nobody set anything: all"),
        pytest.param(changes((10, 6)), (), 9, 0, id="before the first change"),
        pytest.param(changes((10, 6)), (), 10, 6, id="exactly at the change"),
        pytest.param(changes((10, 6), (20, 9)), (), 50, 9, id="the newest one"),
        pytest.param((), changes((10, 6)), 50, 6, id="the default"),
        pytest.param(changes((10, 9)), changes((10, 6)), 50, 9, id="its own"),
        pytest.param(changes((10, 9), (20, None)), changes((10, 6)), 50, 6, id="the default again"),
        pytest.param(changes((10, 0)), changes((10, 6)), 50, 0, id="all, though the default is not"),
    ],
)
def test_the_size_in_force(
    own: tuple[SizeChange, ...], defaults: tuple[SizeChange, ...], at_ms: int, expected: int
) -> None:
    assert size_at(own, defaults, at_ms) == expected


@pytest.mark.parametrize(
    ("own", "defaults", "since_ms", "expected"),
    [
        pytest.param(changes((10, 6), (20, 3)), (), 15, 6, id="the larger one was in force at the start"),
        pytest.param(changes((10, 6), (20, 3)), (), 20, 3, id="and no more"),
        pytest.param(changes((10, 3), (99, 6)), (), 50, 6, id="one that is still to come"),
        pytest.param(changes((10, 3), (20, 0), (30, 3)), (), 15, 0, id="all for a while"),
        pytest.param(changes((10, 3)), (), 5, 0, id="all before the first change"),
        pytest.param(changes((10, 3), (20, None), (40, 3)), changes((5, 6), (30, 9)), 15, 9, id="through the default"),
    ],
)
def test_the_size_that_covers_all_since(
    own: tuple[SizeChange, ...], defaults: tuple[SizeChange, ...], since_ms: int, expected: int
) -> None:
    assert covering_size(own, defaults, since_ms) == expected


def test_a_clock_that_was_set_back_does_not_let_an_older_change_win() -> None:
    own = in_order(changes((100, 3), (40, 9)))
    assert size_at(own, (), 100) == 9


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (-1, 0), (1, 3), (3, 3), (4, 4)])
def test_a_shard_holds_every_copy_so_its_size_is_at_least_the_replication_factor(size: int, expected: int) -> None:
    assert lifted(size, 3) == expected
    ring = snapshot(random_ring(10))
    assert len(write_shard(ring, "tenant-1", size)) == (expected or 10)


def test_another_zone_makes_the_part_of_each_smaller_and_readers_remember_the_larger_part() -> None:
    since_ms = NOW_MS - HOUR_MS
    two_zones = [replace(one, registered_ms=1) for one in random_ring(12, "ab")]
    newcomers = [replace(one, registered_ms=NOW_MS, zone="c") for one in random_ring(6, seed=9, first=20)]
    before = write_shard(snapshot(two_zones, zones=True), "tenant-1", 6)
    ring = snapshot([*two_zones, *newcomers], zones=True)
    assert not set(before.ring.instances) <= set(write_shard(ring, "tenant-1", 6).ring.instances)
    assert set(before.ring.instances) <= set(read_shard(ring, "tenant-1", 6, since_ms).ring.instances)


@dataclass
class Life:
    """A ring and a tenant's sizes over simulated time; notes who took writes when."""

    rng: random.Random
    now_ms: int = NOW_MS
    ring: RingDesc = field(default_factory=RingDesc)
    own: tuple[SizeChange, ...] = ()
    defaults: tuple[SizeChange, ...] = ()
    owners: list[tuple[int, set[str]]] = field(default_factory=list)
    born: int = 0

    def step(self) -> None:
        self.now_ms += self.rng.randrange(1_000, 15 * 60_000)
        getattr(self, self.rng.choice(("add", "add_zone", "remove", "toggle", "set_size", "set_default")))()
        lag_ms = self.rng.randrange(WRITER_LAG_MS)  # a writer looks at the sizes every few seconds
        size = size_at(self.own, self.defaults, self.now_ms - lag_ms)
        shard = write_shard(snapshot(self.ring, zones=True), "tenant-1", size)
        self.owners.append((self.now_ms, set(shard.ring.instances)))

    def add(self, zones: str = "abc") -> None:
        self.born += 1
        tokens = random_tokens(16, self.ring.taken_tokens(), self.rng)
        newcomer = instance(f"new{self.born}", tokens, "A", self.rng.choice(zones), registered_ms=self.now_ms)
        self.ring = self.ring.with_instance(newcomer)

    def add_zone(self) -> None:
        self.add("d")

    def remove(self) -> None:
        if len(self.ring) > 6:
            self.ring = self.ring.without(self.anybody())

    def toggle(self) -> None:
        victim = self.ring.instances[self.anybody()]
        self.ring = self.ring.with_instance(
            replace(victim, read_only=not victim.read_only, read_only_updated_ms=self.now_ms)
        )

    def set_size(self) -> None:
        size = self.rng.choice((None, 0, 1, 3, 5, 6, 9, 12))
        self.own = in_order((*self.own, SizeChange(self.now_ms + DELAY_MS, size)))

    def set_default(self) -> None:
        size = self.rng.choice((0, 3, 6))
        self.defaults = in_order((*self.defaults, SizeChange(self.now_ms + DELAY_MS, size)))

    def anybody(self) -> str:
        return self.rng.choice(sorted(self.ring.instances))


@settings(max_examples=40)
@given(seed=st.integers(0, 1 << 32))
def test_whoever_took_a_write_within_the_look_back_is_read(seed: int) -> None:
    life = Life(random.Random(seed))
    life.ring = RingDesc.of(replace(one, registered_ms=1) for one in random_ring(12, "abc", tokens=16, seed=seed))
    life.own = changes((1, 3))
    for _ in range(40):
        life.step()
        since_ms = life.now_ms - HOUR_MS
        size = covering_size(life.own, life.defaults, since_ms - WRITER_LAG_MS)
        read = set(read_shard(snapshot(life.ring, zones=True), "tenant-1", size, since_ms).ring.instances)
        took = {name for at_ms, names in life.owners if at_ms >= since_ms for name in names}
        assert took & life.ring.instances.keys() <= read


def test_a_small_tenant_is_read_from_few_once_nothing_changed_for_the_look_back() -> None:
    ring = snapshot([replace(one, registered_ms=1) for one in random_ring(30, "abc")], zones=True)
    own = changes((1, 3))
    size = covering_size(own, (), NOW_MS - HOUR_MS)
    assert len(read_shard(ring, "tenant-1", size, NOW_MS - HOUR_MS)) == 3
