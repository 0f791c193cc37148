"""Rings for tests, in as few words as a table row has room for."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import numpy as np

from ring.core.desc import Instance, RingDesc
from ring.core.hashring import Snapshot
from ring.core.replication import RingRules
from ring.core.states import InstanceState, Operation
from ring.core.tokens import random_tokens

NOW_MS = 1_000_000_000
TIMEOUT_MS = 60_000
LETTERS = {"A": "ACTIVE", "P": "PENDING", "J": "JOINING", "L": "LEAVING", "S": "ACTIVE"}


def instance(
    instance_id: str, tokens: Iterable[int] = (), state: str = "A", zone: str = "", **fields: object
) -> Instance:
    """Return an instance; ``state`` is a first letter, S for active with an old heartbeat."""
    values: dict[str, object] = {
        "heartbeat_ms": NOW_MS - (2 * TIMEOUT_MS if state == "S" else 1000),
        "registered_ms": 1,
        **fields,
    }
    tokens = tuple(sorted(tokens))
    return Instance(instance_id, f"queue.{instance_id}", zone, InstanceState(LETTERS[state]), tokens, **values)  # type: ignore[arg-type]


def snapshot(
    instances: Iterable[Instance], factor: int = 3, zones: bool = False, timeout_ms: int = TIMEOUT_MS
) -> Snapshot:
    """Return the snapshot of these instances."""
    return Snapshot(RingDesc.of(instances), RingRules(factor, zones, timeout_ms))


def walked(ring: Snapshot, key: int, operation: Operation, wanted: int = 3) -> list[str]:
    """Return the ids of the instances that the walk from ``key`` on meets, whatever their health."""
    walks = ring._walks_for(operation, wanted, 1)
    (number,) = walks.numbers(ring.topology.search_all(np.array([key], np.uint32)))
    return [ring.topology.ids[index] for index in walks.found[number]]


def spaced(states: str, zones: Sequence[str] = ("",), gap: int = 100) -> list[Instance]:
    """Return one instance a letter, with one token each at 100, 200, ...; zones take turns."""
    return [
        instance(f"i{number}", (gap * (number + 1),), state, zones[number % len(zones)])
        for number, state in enumerate(states)
    ]


def random_ring(
    count: int, zones: Sequence[str] = ("",), tokens: int = 32, seed: int = 1, states: str = "A", first: int = 0
) -> list[Instance]:
    """Return ``count`` instances with random tokens; zones take turns, states are drawn from ``states``."""
    rng = random.Random(seed)
    taken: set[int] = set()
    made = []
    for number in range(first, first + count):
        drawn = random_tokens(tokens, taken, rng)
        taken.update(drawn)
        made.append(instance(f"i{number:03d}", drawn, rng.choice(states), zones[number % len(zones)]))
    return made
