"""A large installation, placed as distributors place it: ``python -m tests.bench.bench_scale``.

1000 instances in 3 zones, three copies, 10 000 tenants, a million series. Nothing runs but the ring.

- Series of the tenant at rank r: Zipf with exponent 1, in proportion to 1 / r. Keys are drawn uniformly, as a hash is.
- Shard sizes: 90 % of the tenants have 3, 9.5 % have 6 to 60 (Pareto with exponent 1, in steps of 3), 0.5 % have 0,
  which is all instances. The larger tenant has the larger shard, as an operator would set it.

Figures are CPU time of this process.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ring.core.desc import Instance, RingDesc
from ring.core.hashring import SHARDS_MAX_BYTES, Snapshot
from ring.core.replication import Refusal, RingRules
from ring.core.spread_tokens import TOKENS_AN_INSTANCE, _add_instance, _first_instance
from ring.core.states import WRITE, InstanceState
from ring.core.tokens import RING_SIZE, random_tokens
from ring.core.topology import I32, U32
from tests.bench.bench_ring import INSTANCES, NOW_MS, TOKENS, make_ring, report

TENANTS, SERIES, ZONES = 10_000, 1_000_000, 3
COPIES = 3
WHOLE_RING_SHARE, LARGE_SHARE, SMALLEST, LARGE_MIN, LARGE_MAX = 0.005, 0.095, 3, 6, 60
RULES = RingRules(COPIES, True, 60_000)
#: Of one web process that is busy for 70 %: pushes, and those between two polls of the heartbeats.
PUSHES, PUSHES_A_POLL = 40_000, 1_000
#: A poll finds this part of the instances with a new heartbeat: every 2 s of 5.
BEATEN_A_POLL = 0.4

Placed = list[I32]  #: of each tenant int32[its series, 3]: numbers of the instances, ascending


@dataclass(frozen=True)
class Load:
    """What is placed, by tenant from the largest on."""

    asked: list[tuple[str, int]]  #: tenant and size of its shard
    keys: list[U32]  #: of its series


# -------------------------------------------------------------------------------------------------------- the load


def tenants() -> list[tuple[str, int]]:
    """Return all tenants by rank with the sizes of their shards."""
    rng = np.random.default_rng(3)
    whole, large = round(TENANTS * WHOLE_RING_SHARE), round(TENANTS * LARGE_SHARE)
    drawn = np.minimum(LARGE_MIN / (1 - rng.random(large)), LARGE_MAX).astype(int) // COPIES * COPIES
    sizes = [0] * whole + sorted(drawn.tolist(), reverse=True) + [SMALLEST] * (TENANTS - whole - large)
    return [(f"tenant-{rank}", size) for rank, size in enumerate(sizes)]


def zipf_shares() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the part of all series that each tenant has, float64[TENANTS]."""
    shares = 1 / np.arange(1, TENANTS + 1)
    return shares / shares.sum()


def keys_by_tenant() -> list[U32]:
    """Return the keys of each tenant's series."""
    rng = np.random.default_rng(4)
    counts = np.maximum(1, zipf_shares() * SERIES).round().astype(int)
    return [rng.integers(0, RING_SIZE, count).astype(np.uint32) for count in counts]


def spread_ring(tokens: int) -> RingDesc:
    """Return the ring with ``tokens`` spread-minimizing tokens an instance."""
    owned: list[list[tuple[int, int]]] = []
    shares: list[int] = []
    chosen = [_first_instance(owned, shares)]
    for newcomer in range(1, -(-INSTANCES // ZONES)):
        chosen.append(_add_instance(newcomer, owned, shares))
    return RingDesc.of(
        replace(one, tokens=tuple(sorted(token + number % ZONES for token in chosen[number // ZONES][:tokens])))
        for number, one in enumerate(make_ring())
    )


# ------------------------------------------------------------------------------------------------------- placement


def place(ring: Snapshot, load: Load) -> Placed:
    """Return where all series of all tenants go. Raises AssertionError for one that has no place."""
    number_of = {one.id: int(one.id.removeprefix("i-")) for one in ring.instances}
    placed = []
    for (tenant, size), own in zip(load.asked, load.keys, strict=True):
        sets = ring.shuffle_shard(tenant, size).replica_sets(own, WRITE, NOW_MS)
        rows = {}
        for key, found in {id(found): found for found in sets}.items():
            assert not isinstance(found, Refusal), found
            rows[key] = sorted(number_of[name] for name in found.ids)
        placed.append(np.array([rows[id(found)] for found in sets], np.int32))
    return placed


def balance(placed: Placed) -> float:
    """Return the most series on an instance over the mean."""
    held = np.bincount(np.concatenate(placed).ravel(), minlength=INSTANCES)
    return float(held.max() / held.mean())


def moved_copies(before: Placed, after: Placed) -> int:
    """Return how many copies of series went to an instance that had none of them."""
    was, now = np.concatenate(before), np.concatenate(after)
    return int((now[:, :, None] != was[:, None, :]).all(axis=2).sum())


def members(ring: Snapshot, asked: list[tuple[str, int]]) -> list[set[str]]:
    """Return the ids of each tenant's shard."""
    return [set(ring.shuffle_shard(tenant, size).topology.ids) for tenant, size in asked]


def measure_a_change(name: str, before: Snapshot, ring: RingDesc, placed: Placed, load: Load) -> None:
    """Report what moves when one instance leaves or joins."""
    after = before.updated(ring)
    moved = moved_copies(placed, place(after, load))
    report(f"{name}: copies moved, of all", moved / (COPIES * sum(map(len, placed))) * 100, "%")
    own = [one for one in load.asked if one[1]]
    pairs = list(zip(members(before, own), members(after, own), strict=True))
    report(
        f"{name}: shards changed, of those below the whole ring", sum(a != b for a, b in pairs) / len(own) * 100, "%"
    )
    report(f"{name}: instances changed in a shard, at most", max(len(b - a) for a, b in pairs), "instances", 1)


# ---------------------------------------------------------------------------------------------------------- losses


def refused_tenants(ring: Snapshot, lost: set[str], load: Load) -> int:
    """Return how many tenants have a series that cannot be written while the instances in ``lost`` are silent."""
    silent = NOW_MS - RULES.heartbeat_timeout_ms - 1
    after = ring.updated(
        RingDesc.of(replace(one, heartbeat_ms=silent) if one.id in lost else one for one in ring.instances)
    )
    refused = 0
    for (tenant, size), own in zip(load.asked, load.keys, strict=True):
        shard = after.shuffle_shard(tenant, size)
        if lost.isdisjoint(shard.ring.instances):
            continue  # all of its members are as healthy as before
        sets = shard.replica_sets(own, WRITE, NOW_MS)
        refused += any(isinstance(found, Refusal) for found in set(sets))
    return refused


def measure_losses(ring: Snapshot, load: Load) -> None:
    """Report who has a lost instance in its shard, and who can no longer write all of its series."""
    shards = members(ring, load.asked)
    touched = Counter(name for shard in shards for name in shard)
    report("tenants with an instance in their shard: mean", sum(touched.values()) / INSTANCES, "tenants")
    report("tenants with an instance in their shard: most", max(touched.values()), "tenants")
    one_zone = {one.id for one in ring.instances if one.zone == "zone-0"}
    losses = {"one instance": {"i-0"}, "one zone": one_zone, "two of a shard of three": set(sorted(shards[-1])[:2])}
    for name, lost in losses.items():
        report(f"tenants touched by the loss of {name}", sum(not shard.isdisjoint(lost) for shard in shards), "tenants")
        goal = None if name.startswith("two") else "<= 0"
        report(f"tenants refused by the loss of {name}", refused_tenants(ring, lost, load), "tenants", goal)


# ------------------------------------------------------------------------------------------------- remembered shards


def beaten(ring: RingDesc, poll: int) -> RingDesc:
    """Return the ring as a poll finds it: with new heartbeats of those whose turn it is."""
    turn = range(round(poll * BEATEN_A_POLL * INSTANCES), round((poll + 1) * BEATEN_A_POLL * INSTANCES))
    fresh = {f"i-{number % INSTANCES}" for number in turn}
    return RingDesc.of(replace(one, heartbeat_ms=NOW_MS + poll) if one.id in fresh else one for one in ring)


def measure_remembered_shards(load: Load) -> None:
    """Report how often a push finds the shard of its tenant remembered, once the process has run for a while."""
    rng = np.random.default_rng(5)
    by_series, evenly = zipf_shares(), np.full(TENANTS, 1 / TENANTS)
    for name, weights in (("in proportion to their series", by_series), ("evenly", evenly)):
        ring = Snapshot(make_ring(), RULES)
        chosen = rng.choice(TENANTS, PUSHES, p=weights).tolist()
        hits = asked = 0
        for number, rank in enumerate(chosen):
            if number % PUSHES_A_POLL == 0:
                ring = ring.updated(beaten(ring.ring, number // PUSHES_A_POLL))
            tenant, size = load.asked[rank]
            if size and number >= PUSHES // 2:
                asked += 1
                hits += ring._shards.get((tenant, size)) is not None
            own = load.keys[rank]
            ring.shuffle_shard(tenant, size).replica_sets(own[number % len(own)][None], WRITE, NOW_MS)
        report(f"shards remembered, tenants push {name}", hits / asked * 100, "% of pushes")
        report(f"shards held in {SHARDS_MAX_BYTES >> 20} MiB, tenants push {name}", len(ring._shards), "shards")


def main() -> None:
    """Measure and print."""
    load = Load(tenants(), keys_by_tenant())
    ring = Snapshot(make_ring(), RULES)
    began = time.process_time()
    placed = place(ring, load)
    report("all series placed in", time.process_time() - began, "s")
    report("most series of an instance over the mean: random tokens", balance(placed), "ratio")
    for tokens in (TOKENS, TOKENS_AN_INSTANCE):
        spread = Snapshot(spread_ring(tokens), RULES)
        name = f"most series of an instance over the mean: {tokens} spread-minimizing tokens"
        report(name, balance(place(spread, load)), "ratio")
    taken = ring.ring.taken_tokens()
    tokens_of_new = random_tokens(TOKENS, taken, random.Random(6))
    new = Instance(f"i-{INSTANCES}", "q", "zone-0", InstanceState.ACTIVE, tokens_of_new, NOW_MS, 1)
    measure_a_change("one instance leaves", ring, ring.ring.without("i-0"), placed, load)
    measure_a_change("one instance joins", ring, ring.ring.with_instance(new), placed, load)
    measure_losses(ring, load)
    measure_remembered_shards(load)
    report("all of this", time.process_time(), "s")


if __name__ == "__main__":
    main()
