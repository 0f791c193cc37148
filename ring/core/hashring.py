"""An immutable view of a ring: which instances hold the replicas of a key.

A snapshot is never changed; a client swaps it whole. Walks are remembered by position, because there are far fewer
positions than keys and the states of a snapshot are fixed; the memory is bounded by the number of tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ring.core.desc import Change, Instance, RingDesc
from ring.core.replication import (
    EMPTY_RING,
    Refusal,
    ReplicaSet,
    RingRules,
    Strategy,
    any_healthy_set,
    quorum_set,
)
from ring.core.shuffle import shard_members
from ring.core.states import OPERATIONS, Operation
from ring.core.topology import U32, Topology, build_topology

Bools = NDArray[np.bool_]

#: Tenants' shards one snapshot keeps; a shard of 3 instances with 128 tokens each takes about 20 kB.
SHARDS_REMEMBERED = 512


class Snapshot:
    """One version of a ring with its index. Safe to share between threads."""

    __slots__ = ("_heartbeats", "_in_states", "_shards", "_walks", "instances", "ring", "rules", "topology")

    def __init__(self, ring: RingDesc, rules: RingRules, topology: Topology | None = None) -> None:
        """Index ``ring``; ``topology`` is its index if it is known already."""
        self.ring = ring
        self.rules = rules
        self.topology = topology if topology is not None else build_topology(ring)
        #: [N], in the order of the topology
        self.instances: tuple[Instance, ...] = tuple(ring.instances[key] for key in self.topology.ids)
        self._heartbeats = np.array([instance.heartbeat_ms for instance in self.instances], np.int64)
        self._in_states: dict[str, Bools] = {}
        #: (operation, copies wanted, copies a zone) -> position -> indexes of the walk's instances
        self._walks: dict[tuple[str, int, int], dict[int, tuple[int, ...]]] = {}
        #: (tenant, size) -> sub-ring, oldest first
        self._shards: dict[tuple[str, int], Snapshot] = {}

    def updated(self, ring: RingDesc) -> Snapshot:
        """Return the snapshot of ``ring``, which follows this one, reusing whatever is still valid."""
        change = self.ring.compare(ring)
        if change is Change.EQUAL:
            return self
        if change is Change.DIFFERENT:
            return Snapshot(ring, self.rules)
        same_states = all(instance.state is ring.instances[instance.id].state for instance in self.instances)
        if self.topology.has_conflicts and not same_states:
            return Snapshot(ring, self.rules)
        successor = Snapshot(ring, self.rules, self.topology)
        successor._shards = {key: shard.updated(_part(ring, shard)) for key, shard in list(self._shards.items())}
        if same_states:
            successor._walks = self._walks
            successor._in_states = self._in_states
        return successor

    def __len__(self) -> int:
        return len(self.instances)

    @property
    def is_empty(self) -> bool:
        """Whether no instance owns a token, so that no key can be placed."""
        return not len(self.topology.tokens)

    # ---------------------------------------------------------------------------------------------------- shards

    def shuffle_shard(self, tenant: str, size: int, lookback_from_ms: int | None = None) -> Snapshot:
        """Return the sub-ring of a tenant; see :func:`ring.core.shuffle.shard_members`.

        A sub-ring that is the whole ring is this very snapshot. Shards without lookback are remembered until the
        topology changes: within that time the same question gets the same object.
        """
        if lookback_from_ms is not None:
            return self._part_of(shard_members(self.ring, self.topology, self.rules, tenant, size, lookback_from_ms))
        key = tenant, max(size, 0)
        shard = self._shards.get(key)
        if shard is None:
            shard = self._part_of(shard_members(self.ring, self.topology, self.rules, tenant, size))
            if shard is not self:
                self._remember(key, shard)
        return shard

    def _part_of(self, members: RingDesc) -> Snapshot:
        return self if len(members) == len(self) else Snapshot(members, self.rules)

    def _remember(self, key: tuple[str, int], shard: Snapshot) -> None:
        while len(self._shards) >= SHARDS_REMEMBERED:
            self._shards.pop(next(iter(self._shards)), None)
        self._shards[key] = shard

    # ---------------------------------------------------------------------------------------------------- health

    def healthy(self, operation: Operation, now_ms: int) -> Bools:
        """Return bool[N]: which instances can serve ``operation`` at ``now_ms``."""
        fresh = now_ms - self._heartbeats <= self.rules.heartbeat_timeout_ms
        return fresh & self._in_state(operation)

    def healthy_instances(self, operation: Operation, now_ms: int) -> tuple[Instance, ...]:
        """Return the instances that can serve ``operation``, in the order of their ids."""
        return tuple(self.instances[index] for index in np.flatnonzero(self.healthy(operation, now_ms)).tolist())

    def _in_state(self, operation: Operation) -> Bools:
        mask = self._in_states.get(operation.name)
        if mask is None:
            mask = np.array([instance.state in operation.healthy for instance in self.instances], np.bool_)
            if operation in OPERATIONS:
                self._in_states[operation.name] = mask
        return mask

    # ------------------------------------------------------------------------------------------------- placement

    def replica_set(
        self,
        token: int,
        operation: Operation,
        now_ms: int,
        copies: int | None = None,
        strategy: Strategy = Strategy.QUORUM,
    ) -> ReplicaSet | Refusal:
        """Return whom to ask for the key at ``token``.

        ``copies`` below the replication factor is ignored; above it, it is for ``Strategy.ANY_HEALTHY`` only, and with
        zones must be a multiple of their number so that every zone supplies the same count. Raises ValueError else.
        """
        return self.replica_sets(np.array([token], np.uint32), operation, now_ms, copies, strategy)[0]

    def replica_sets(
        self,
        tokens: U32 | Sequence[int],
        operation: Operation,
        now_ms: int,
        copies: int | None = None,
        strategy: Strategy = Strategy.QUORUM,
    ) -> list[ReplicaSet | Refusal]:
        """Return :meth:`replica_set` for each of ``tokens``; keys with one set get one and the same object."""
        wanted, per_zone = self._wanted(copies, strategy)
        keys = np.asarray(tokens, np.uint32)
        if self.is_empty:
            return [EMPTY_RING] * len(keys)
        healthy = self.healthy(operation, now_ms).tolist()
        walks = self._walks.setdefault((operation.name, wanted, per_zone), {})
        by_walk: dict[tuple[int, ...], ReplicaSet | Refusal] = {}
        by_position: dict[int, ReplicaSet | Refusal] = {}
        result: list[ReplicaSet | Refusal] = []
        for position in self.topology.search_all(keys).tolist():
            found = by_position.get(position)
            if found is None:
                walk = walks.get(position)
                if walk is None:
                    walk = walks[position] = self._walk(position, operation, wanted, per_zone)
                found = by_walk.get(walk)
                if found is None:
                    found = by_walk[walk] = self._judge(walk, healthy, strategy)
                by_position[position] = found
            result.append(found)
        return result

    def _wanted(self, copies: int | None, strategy: Strategy) -> tuple[int, int]:
        """Return how many copies to look for, and how many each zone is to supply."""
        factor = self.rules.replication_factor
        wanted = max(factor, copies or 0)
        if wanted == factor:
            return wanted, 1
        if strategy is not Strategy.ANY_HEALTHY:
            raise ValueError(f"{wanted} copies are more than the replication factor {factor}")
        zones = len(self.topology.zones)
        if self.rules.zone_awareness_enabled and zones and wanted % zones:
            raise ValueError(f"{wanted} copies cannot be spread evenly over {zones} zones")
        return wanted, max(1, wanted // factor)

    def _judge(self, walk: tuple[int, ...], healthy: list[bool], strategy: Strategy) -> ReplicaSet | Refusal:
        walked = [self.instances[index] for index in walk]
        well = [healthy[index] for index in walk]
        if strategy is Strategy.ANY_HEALTHY:
            return any_healthy_set(walked, well)
        return quorum_set(walked, well, self.rules.replication_factor, self.rules.zone_awareness_enabled)

    def _walk(self, start: int, operation: Operation, wanted: int, per_zone: int) -> tuple[int, ...]:
        """Return the instances met from token ``start`` on, at most one turn, whatever their health.

        Only the stored state extends the walk: an active instance whose heartbeat is old has no substitute, so that a
        short silence does not move series.
        """
        topology = self.topology
        owners = topology.owner_list
        instances, zone_of = self.instances, topology.zone_of
        zone_aware = self.rules.zone_awareness_enabled
        supplied = [0] * len(topology.zones)
        examined = [0] * len(topology.zones)
        most = sum(topology.zone_sizes)
        found: list[int] = []
        for position in range(start, start + len(owners)):
            if len(found) >= min(most, wanted):
                break
            index = owners[position % len(owners)]
            if index in found:
                continue
            instance = instances[index]
            limited = zone_aware and bool(instance.zone)
            zone = zone_of[index]
            if limited and supplied[zone] >= per_zone:
                continue
            found.append(index)
            examined[zone] += 1
            if instance.state in operation.extending:
                wanted += 1
            elif limited:
                supplied[zone] += 1
            if limited and self._no_zone_can_add(supplied, examined, per_zone):
                break
        return tuple(found)

    def _no_zone_can_add(self, supplied: list[int], examined: list[int], per_zone: int) -> bool:
        """Return whether every zone has supplied its copies or has been looked at completely."""
        sizes = self.topology.zone_sizes
        return all(done >= per_zone or seen >= size for done, seen, size in zip(supplied, examined, sizes, strict=True))


def _part(ring: RingDesc, shard: Snapshot) -> RingDesc:
    """Return the entries in ``ring`` of the instances of ``shard``."""
    return RingDesc({instance_id: ring.instances[instance_id] for instance_id in shard.ring.instances})
