"""Who a tenant's shard for writes is, and why these, in sentences: for pages and commands."""

from __future__ import annotations

from dataclasses import dataclass

from ring.core.findings import are, count
from ring.core.hashring import Snapshot
from ring.core.shuffle import instances_a_zone
from ring.core.tenant_shards import lifted, write_shard


@dataclass(frozen=True, slots=True)
class ShardReport:
    """A tenant's shard for writes at one moment."""

    tenant: str
    configured_size: int  #: as set for the tenant; 0 = the whole ring
    size: int  #: that is used: at least the replication factor; 0 = the whole ring
    members: tuple[str, ...]  #: ids, ascending
    read_only: tuple[str, ...]  #: ids that are in no shard because they take no pushes
    reasons: tuple[str, ...]  #: whole sentences


def shard_report(snapshot: Snapshot, tenant: str, configured_size: int) -> ShardReport:
    """Return the shard that takes the writes of ``tenant``, by the function that writers use."""
    size = lifted(configured_size, snapshot.rules.replication_factor)
    members = tuple([one.id for one in write_shard(snapshot, tenant, configured_size).instances])
    read_only = tuple([one.id for one in snapshot.instances if one.read_only])
    reasons = _reasons(snapshot, configured_size, size, len(members)) if len(snapshot) else ["The ring is empty."]
    if read_only:
        verb = "is read-only and takes" if len(read_only) == 1 else "are read-only and take"
        reasons.append(f"{', '.join(read_only)} {verb} no pushes.")
    return ShardReport(tenant, max(0, configured_size), size, members, read_only, tuple(reasons))


def _reasons(snapshot: Snapshot, configured_size: int, size: int, members: int) -> list[str]:
    if size <= 0:
        return ["The shard size is 0: the series of the tenant lie on the whole ring."]
    reasons = []
    if configured_size < size:
        reasons.append(f"The shard size {configured_size} counts as {size}, for a shard has to hold every copy.")
    zones = len(snapshot.topology.zones)
    if snapshot.rules.zone_awareness_enabled:
        each = instances_a_zone(size, zones)
        reasons.append(f"A shard of {size} takes {count(each, 'instance')} from each of {count(zones, 'zone')}.")
    if members >= len(snapshot):
        reasons.append(f"There {are(len(snapshot), 'instance')}, so the shard is the whole ring.")
    else:
        reasons.append(
            f"{count(members, 'instance')} of {len(snapshot)} {'is' if members == 1 else 'are'} drawn by the name of "
            "the tenant: the same ones by everybody, until members come or go."
        )
    return reasons
