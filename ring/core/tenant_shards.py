"""A tenant's shard: whom writers use, and whom readers must ask while sizes, members and zones change."""

from __future__ import annotations

from collections.abc import Iterable

from ring.core.desc import Instance
from ring.core.hashring import Snapshot


def lifted(size: int, replication_factor: int) -> int:
    """Return the size that is used: at least the replication factor, for a shard has to hold every copy."""
    return max(size, replication_factor) if size > 0 else 0


def write_shard(snapshot: Snapshot, tenant: str, size: int) -> Snapshot:
    """Return the sub-ring that takes a tenant's writes. Read-only instances are in none, whatever the size."""
    return snapshot.shuffle_shard(tenant, lifted(size, snapshot.rules.replication_factor))


def read_shard(snapshot: Snapshot, tenant: str, size: int, since_ms: int) -> Snapshot:
    """Return the sub-ring with every instance that took the tenant's writes since ``since_ms``.

    ``size`` is the largest since then (:func:`ring.core.shard_sizes.covering_size`).
    """
    wanted = lifted(size, snapshot.rules.replication_factor)
    if wanted and snapshot.rules.zone_awareness_enabled:
        wanted = _for_fewest_zones(snapshot.instances, wanted, since_ms, len(snapshot.topology.zones))
    return snapshot.shuffle_shard(tenant, wanted, since_ms)


def _for_fewest_zones(instances: Iterable[Instance], size: int, since_ms: int, zones: int) -> int:
    """Return the size with which each zone supplies as many instances as when the ring had its fewest zones.

    Zones share a size evenly, so another zone makes the part of each smaller. A zone was there all the time if one of
    its instances was.
    """
    lasting = {instance.zone for instance in instances if instance.registered_ms < since_ms}
    return -(-size // max(1, len(lasting))) * zones
