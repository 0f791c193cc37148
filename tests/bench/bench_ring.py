"""Speed of the ring at 1000 instances x 128 tokens. Run as a script: one JSON line a figure."""

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


def best_seconds(work: Callable[[], object], rounds: int = 5) -> float:
    """Return the shortest of several runs: the others measure what else the machine did."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def report(name: str, value: float, unit: str) -> None:
    """Print one figure."""
    print(json.dumps({"bench": "ring", "name": name, "value": round(value, 3), "unit": unit}))


def make_ring() -> RingDesc:
    """Return the ring that is measured, in three zones."""
    rng, taken, made = random.Random(1), set[int](), []
    for number in range(INSTANCES):
        tokens = random_tokens(TOKENS, taken, rng)
        taken.update(tokens)
        zone = f"zone-{number % 3}"
        made.append(Instance(f"i-{number}", f"q-{number}", zone, InstanceState.ACTIVE, tokens, NOW_MS, 1))
    return RingDesc.of(made)


def main() -> None:
    """Measure and print."""
    ring, rules = make_ring(), RingRules(3, True, 60_000)
    keys = np.random.default_rng(1).integers(0, RING_SIZE, KEYS).astype(np.uint32)
    report("snapshot_rebuild", best_seconds(lambda: Snapshot(ring, rules)) * 1e3, "ms")
    beaten = RingDesc.of(replace(one, heartbeat_ms=NOW_MS + 1) for one in ring)
    current = Snapshot(ring, rules)
    report("snapshot_after_heartbeats", best_seconds(lambda: current.updated(beaten)) * 1e3, "ms")
    cold = best_seconds(lambda: Snapshot(ring, rules, current.topology).replica_sets(keys, WRITE, NOW_MS))
    report("replica_set_cold_batched", cold / KEYS * 1e6, "us/key")
    warm = best_seconds(lambda: current.replica_sets(keys, WRITE, NOW_MS))
    report("replica_set_warm_batched", warm / KEYS * 1e6, "us/key")
    few = keys[:8]
    report("replica_sets_of_8_keys", best_seconds(lambda: current.replica_sets(few, WRITE, NOW_MS), 50) * 1e6, "us")
    report("shuffle_shard_of_6_cold", best_seconds(lambda: Snapshot(ring, rules).shuffle_shard("t", 6)) * 1e3, "ms")
    placement = '{__name__="process_cpu", service_name="web", namespace="shop", pod="web-7f9c5d-x2x4q"}' * 2
    token_for.cache_clear()
    report("token_for_170_bytes_cold", best_seconds(lambda: token_for("tenant", placement), 1) * 1e6, "us")
    report("token_for_again", best_seconds(lambda: token_for("tenant", placement), 50) * 1e6, "us")


if __name__ == "__main__":
    main()
