"""Speed of the ring at 1000 instances x 128 tokens. Run as a script: one JSON line a figure.

Figures are CPU time of this process, so that other work on the machine distorts them less.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ring.core.desc import Instance, RingDesc
from ring.core.hashring import Snapshot
from ring.core.replication import RingRules
from ring.core.states import WRITE, InstanceState
from ring.core.tokens import RING_SIZE, random_tokens, token_for

INSTANCES, TOKENS, KEYS, NOW_MS = 1000, 128, 10_000, 1_000_000
TENANTS, SHARD_SIZE = 10_000, 6
SERIES = 1_000_000
#: Bounds of the ring's part in a push and in a change of its members.
LOOKUP_GOAL_US, SHARDS_GOAL_SECONDS = 5, 2


def best_seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the shortest of several runs: the others measure what else the machine did."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def report(name: str, value: float, unit: str, goal: float | str | None = None) -> None:
    """Print one figure; a ``goal`` that is a number is a bound from above."""
    figure: dict[str, object] = {"name": name, "value": round(value, 3), "unit": unit}
    print(json.dumps(figure if goal is None else {**figure, "goal": goal}), flush=True)


def make_ring() -> RingDesc:
    """Return the ring that is measured, in three zones."""
    rng, taken, made = random.Random(1), set[int](), []
    for number in range(INSTANCES):
        tokens = random_tokens(TOKENS, taken, rng)
        taken.update(tokens)
        zone = f"zone-{number % 3}"
        made.append(Instance(f"i-{number}", f"q-{number}", zone, InstanceState.ACTIVE, tokens, NOW_MS, 1))
    return RingDesc.of(made)


def measure_a_change_of_members(ring: RingDesc, rules: RingRules) -> None:
    """Measure the shards of all tenants after an instance left, and what moves with it."""
    before = Snapshot(ring, rules)
    after = before.updated(ring.without("i-0"))
    tenants = [f"tenant-{number}" for number in range(TENANTS)]

    def find_all() -> list[Snapshot]:
        changed = Snapshot(after.ring, rules)
        return [changed.shuffle_shard(tenant, SHARD_SIZE) for tenant in tenants]

    report("shards_of_10000_tenants", best_seconds(find_all, 2), "s", SHARDS_GOAL_SECONDS)
    was = [set(before.shuffle_shard(tenant, SHARD_SIZE).topology.ids) for tenant in tenants]
    now = [set(shard.topology.ids) for shard in find_all()]
    replaced = [len(old - new) for old, new in zip(was, now, strict=True)]
    report("instances_changed_in_a_shard_at_most", max(replaced), "instances", 1)
    report("shards_changed_by_one_instance", sum(map(bool, replaced)) / TENANTS, "of 1")
    series = np.random.default_rng(2).integers(0, RING_SIZE, SERIES).astype(np.uint32)
    ids = np.array(before.topology.ids), np.array(after.topology.ids)
    owners = [
        names[topology.owner[topology.search_all(series)]]
        for names, topology in zip(ids, (before.topology, after.topology), strict=True)
    ]
    report("series_moved_by_one_instance", float((owners[0] != owners[1]).mean()), "of 1")
    held = np.bincount(before.topology.owner[before.topology.search_all(series)], minlength=INSTANCES)
    report("most_series_of_an_instance_over_mean", float(held.max() / held.mean()), "ratio")


def main() -> None:
    """Measure and print."""
    ring, rules = make_ring(), RingRules(3, True, 60_000)
    keys = np.random.default_rng(1).integers(0, RING_SIZE, KEYS).astype(np.uint32)
    report("snapshot_rebuild", best_seconds(lambda: Snapshot(ring, rules)) * 1e3, "ms")
    beaten = RingDesc.of(replace(one, heartbeat_ms=NOW_MS + 1) for one in ring)
    current = Snapshot(ring, rules)
    report("snapshot_after_heartbeats", best_seconds(lambda: current.updated(beaten)) * 1e3, "ms")
    cold = best_seconds(lambda: Snapshot(ring, rules, current.topology).replica_sets(keys, WRITE, NOW_MS))
    report("replica_set_cold_batched", cold / KEYS * 1e6, "us/key", LOOKUP_GOAL_US)
    warm = best_seconds(lambda: current.replica_sets(keys, WRITE, NOW_MS))
    report("replica_set_warm_batched", warm / KEYS * 1e6, "us/key", LOOKUP_GOAL_US)
    few = keys[:8]
    report("replica_sets_of_8_keys", best_seconds(lambda: current.replica_sets(few, WRITE, NOW_MS), 50) * 1e6, "us")
    report("shuffle_shard_of_6_cold", best_seconds(lambda: Snapshot(ring, rules).shuffle_shard("t", 6)) * 1e3, "ms")
    measure_a_change_of_members(ring, rules)
    placement = '{__name__="process_cpu", service_name="web", namespace="shop", pod="web-7f9c5d-x2x4q"}' * 2
    token_for.cache_clear()
    report("token_for_170_bytes_cold", best_seconds(lambda: token_for("tenant", placement), 1) * 1e6, "us")
    report("token_for_again", best_seconds(lambda: token_for("tenant", placement), 50) * 1e6, "us")


if __name__ == "__main__":
    main()
