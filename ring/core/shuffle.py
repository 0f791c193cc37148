"""Shuffle sharding: a small, stable subset of the ring for each tenant, so that tenants rarely share their fate.

The draws come from SplitMix64 seeded by the tenant (and zone), never from a library's generator: every process, on
every version, has to find the same shard.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np

from ring.core.desc import Instance, RingDesc
from ring.core.replication import RingRules
from ring.core.topology import Topology

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


def shard_members(
    ring: RingDesc,
    topology: Topology,
    rules: RingRules,
    tenant: str,
    size: int,
    lookback_from_ms: int | None = None,
) -> RingDesc:
    """Return the instances of a tenant's shard.

    ``size`` <= 0 takes the whole ring. ``lookback_from_ms`` makes it a shard for reads: it then also holds every
    instance that owned the tenant's data at any time since; it may be larger than ``size`` and uneven over zones.
    Without it, instances that are read-only are left out.
    """

    def usable(instance: Instance) -> bool:
        if not instance.read_only:
            return True
        if lookback_from_ms is None:
            return False
        return instance.read_only_updated_ms == 0 or instance.read_only_updated_ms >= lookback_from_ms

    def extends(instance: Instance) -> bool:
        if lookback_from_ms is None:
            return False
        return (
            instance.read_only
            or instance.registered_ms >= lookback_from_ms
            or instance.read_only_updated_ms >= lookback_from_ms
        )

    if size <= 0:
        return RingDesc.of(instance for instance in ring if usable(instance))
    chosen: list[Instance] = []
    for zone, wanted in _zones_to_visit(topology, rules, size):
        chosen.extend(_choose(ring, topology, tenant, zone, wanted, usable, extends))
    return RingDesc.of(chosen)


def _zones_to_visit(topology: Topology, rules: RingRules, size: int) -> list[tuple[int | None, int]]:
    """Return (zone index, instances to choose); without zone awareness one pseudo-zone of the whole ring."""
    if not rules.zone_awareness_enabled:
        return [(None, size)]
    each = instances_a_zone(size, len(topology.zones))
    return [(zone, each) for zone in range(len(topology.zones))]


def _choose(
    ring: RingDesc,
    topology: Topology,
    tenant: str,
    zone: int | None,
    wanted: int,
    usable: Callable[[Instance], bool],
    extends: Callable[[Instance], bool],
) -> list[Instance]:
    """Return the instances that one zone supplies."""
    members = [
        ring.instances[instance_id]
        for instance_id, zone_of in zip(topology.ids, topology.zone_of, strict=True)
        if zone is None or zone_of == zone
    ]
    if wanted >= len(members):
        return [instance for instance in members if usable(instance)]
    tokens, owner = (topology.tokens, topology.owner) if zone is None else topology.of_zone(zone)
    owners = owner.tolist()
    chosen: dict[str, Instance] = {}
    numbers = draws(shard_seed(tenant, "" if zone is None else topology.zones[zone]))
    for _ in range(wanted):
        start = int(np.searchsorted(tokens, np.uint32(next(numbers)), side="right"))
        if not _take_one(ring, topology.ids, owners, start, chosen, usable, extends):
            break  # a whole turn found nobody: the zone is exhausted
    return list(chosen.values())


def _take_one(
    ring: RingDesc,
    ids: tuple[str, ...],
    owners: list[int],
    start: int,
    chosen: dict[str, Instance],
    usable: Callable[[Instance], bool],
    extends: Callable[[Instance], bool],
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
        instance = ring.instances[ids[index]]
        if instance.id in chosen or not usable(instance):
            continue
        chosen[instance.id] = instance
        if not extends(instance):
            return True
    return False
