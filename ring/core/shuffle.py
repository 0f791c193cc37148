"""Shuffle sharding: a small, stable subset of the ring for each tenant, so that tenants rarely share their fate.

The draws come from SplitMix64 seeded by the tenant (and zone), never from a library's generator: every process, on
every version, has to find the same shard.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from ring.core.desc import Instance
from ring.core.replication import RingRules
from ring.core.topology import I32, U32, Topology

_U64 = (1 << 64) - 1


def shard_seed(tenant: str, zone: str = "") -> int:
    """Return the seed of a tenant's draws in one zone, a signed 64-bit number.

    The first 8 bytes, big endian, of MD5 over the tenant, and over a zero byte and the zone if there is one.
    """
    text = tenant.encode() if not zone else tenant.encode() + b"\0" + zone.encode()
    digest = hashlib.md5(text, usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def draws(seed: int) -> Iterator[int]:
    """Yield 32-bit numbers: the upper halves of SplitMix64."""
    state = seed & _U64
    while True:
        state = (state + 0x9E3779B97F4A7C15) & _U64
        mixed = state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _U64
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _U64
        yield (mixed ^ (mixed >> 31)) >> 32


def instances_a_zone(size: int, zones: int) -> int:
    """Return how many instances each of ``zones`` zones supplies to a shard of ``size``: rounded up."""
    return -(-size // zones) if zones else size


def is_shared(topology: Topology, rules: RingRules, size: int) -> bool:
    """Return whether the shards of this size without lookback are the same for all tenants: nobody is drawn."""
    if size <= 0:
        return True
    if not rules.zone_awareness_enabled:
        return size >= len(topology.ids)
    return instances_a_zone(size, len(topology.zones)) >= max(map(len, topology.zone_members), default=0)


def shard_indexes(
    instances: Sequence[Instance],
    topology: Topology,
    rules: RingRules,
    tenant: str,
    size: int,
    lookback_from_ms: int | None = None,
) -> list[int]:
    """Return which of ``instances``, in the order of ``topology``, are a tenant's shard: their indexes, ascending.

    ``size`` <= 0 takes the whole ring. ``lookback_from_ms`` makes it a shard for reads: it then also holds every
    instance that owned the tenant's data at any time since; it may be larger than ``size`` and uneven over zones.
    Without it, instances that are read-only are left out.
    """

    def is_usable(index: int) -> bool:
        instance = instances[index]
        if not instance.read_only:
            return True
        if lookback_from_ms is None:
            return False
        return instance.read_only_updated_ms == 0 or instance.read_only_updated_ms >= lookback_from_ms

    def extends(index: int) -> bool:
        if lookback_from_ms is None:
            return False
        instance = instances[index]
        return (
            instance.read_only
            or instance.registered_ms >= lookback_from_ms
            or instance.read_only_updated_ms >= lookback_from_ms
        )

    if size <= 0:
        return [index for index in range(len(instances)) if is_usable(index)]
    if not rules.zone_awareness_enabled:
        chosen = _choose(topology.tokens, topology.owner, range(len(instances)), tenant, "", size, is_usable, extends)
        return sorted(chosen)
    each = instances_a_zone(size, len(topology.zones))
    chosen = []
    for zone, (name, members) in enumerate(zip(topology.zones, topology.zone_members, strict=True)):
        tokens, owner = topology.of_zone(zone)
        chosen += _choose(tokens, owner, members, tenant, name, each, is_usable, extends)
    return sorted(chosen)


def _choose(
    tokens: U32,
    owner: I32,
    members: Sequence[int],
    tenant: str,
    zone: str,
    wanted: int,
    is_usable: Callable[[int], bool],
    extends: Callable[[int], bool],
) -> list[int]:
    """Return the ones of ``members`` that their zone supplies; without zone awareness the ring is one zone."""
    if wanted >= len(members):
        return [index for index in members if is_usable(index)]
    # Reading single items of an array is slow, of the memory under it is not.
    positions, owners = tokens.data, owner.data
    chosen: list[int] = []
    for draw in islice(draws(shard_seed(tenant, zone)), wanted):
        start = bisect_right(positions, draw)
        if not _take_one(owners, start, len(members), chosen, is_usable, extends):
            break  # a whole turn found nobody: the zone is exhausted
    return chosen


def _take_one(
    owners: memoryview[int],
    start: int,
    members: int,
    chosen: list[int],
    is_usable: Callable[[int], bool],
    extends: Callable[[int], bool],
) -> bool:
    """Add the first usable instance from ``start`` on, and go on while those added may lack older data.

    Returns whether an instance was added that needs nobody behind it.
    """
    visited: set[int] = set()
    for step in range(len(owners)):
        index = owners[(start + step) % len(owners)]
        if index in visited:
            continue
        visited.add(index)
        if index not in chosen and is_usable(index):
            chosen.append(index)
            if not extends(index):
                return True
        if len(visited) == members:
            break
    return False
