"""An immutable view of a ring: which instances hold the replicas of a key.

A snapshot is never changed; a client swaps it whole. What it has worked out is remembered, and handed on to the
snapshot that follows it as far as it stays valid: the index and the shards' members until members or tokens change,
walks until states change. Only what depends on heartbeats is made anew after heartbeats: who is healthy, and the sets
that are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ring.core.byte_bounded import ByteBounded
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
from ring.core.shuffle import is_shared, shard_indexes
from ring.core.states import OPERATIONS, Operation
from ring.core.topology import U32, Topology, build_topology
from ring.core.walks import Bools, Walks

#: Bound of the tenants' shards one snapshot remembers. A shard that is not remembered is found again, in 0.1 ms.
SHARDS_MAX_BYTES = 64 << 20
#: What a shard takes: for each token, for each different walk with the set of its instances, and everything else.
_SHARD_TOKEN_BYTES = 10
_SHARD_WALK_BYTES = 300
_SHARD_BASE_BYTES = 6_000

_ALWAYS = 1 << 63


@dataclass(slots=True)
class _Judged:
    """The replica sets of walks while nobody's health changes."""

    from_ms: int
    until_ms: int  #: last moment that counts
    healthy: list[bool]  #: [N]
    sets: dict[int, ReplicaSet | Refusal] = field(default_factory=dict)  #: by the number of the walk

    def holds_at(self, now_ms: int) -> bool:
        """Return whether everybody is as healthy at ``now_ms``."""
        return self.from_ms <= now_ms <= self.until_ms


class Snapshot:
    """One version of a ring with its index. Safe to share between threads."""

    __slots__ = (
        "_has_read_only",
        "_heartbeats",
        "_in_states",
        "_judged",
        "_shards",
        "_walks",
        "instances",
        "ring",
        "rules",
        "topology",
    )

    def __init__(self, ring: RingDesc, rules: RingRules, topology: Topology | None = None) -> None:
        """Index ``ring``; ``topology`` is its index if it is known already."""
        self.ring = ring
        self.rules = rules
        self.topology = topology if topology is not None else build_topology(ring)
        #: [N], in the order of the topology
        self.instances: tuple[Instance, ...] = tuple([ring.instances[key] for key in self.topology.ids])
        self._heartbeats = np.array([instance.heartbeat_ms for instance in self.instances], np.int64)
        self._in_states: dict[str, Bools] = {}
        #: by operation, copies wanted and copies a zone
        self._walks: dict[tuple[str, int, int], Walks] = {}
        self._judged: dict[tuple[str, int, int, Strategy], _Judged] = {}
        self._has_read_only = any(instance.read_only for instance in self.instances)
        #: (tenant, size) -> sub-ring, perhaps with the states and heartbeats of an earlier version of this ring
        self._shards = ByteBounded[tuple[str, int], Snapshot](SHARDS_MAX_BYTES)

    def updated(self, ring: RingDesc) -> Snapshot:
        """Return the snapshot of ``ring``, which follows this one, reusing whatever is still valid."""
        change = self.ring.compare(ring)
        if change is Change.EQUAL:
            return self
        if change is Change.DIFFERENT:
            return Snapshot(ring, self.rules)
        successor = self._followed_by(ring)
        if self.topology.has_conflicts and successor._walks is not self._walks:
            return Snapshot(ring, self.rules)
        return successor

    def _followed_by(self, ring: RingDesc) -> Snapshot:
        """Return the snapshot of ``ring``, which has the same members with the same tokens."""
        successor = Snapshot(ring, self.rules, self.topology)
        successor._shards = self._shards.copy()
        if all(was.state is now.state for was, now in zip(self.instances, successor.instances, strict=True)):
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
        """Return the sub-ring of a tenant; see :func:`ring.core.shuffle.shard_indexes`.

        A sub-ring that is the whole ring is this very snapshot. Shards without lookback are remembered until the
        topology changes, at most ``SHARDS_MAX_BYTES`` of them: so long the same question gets the same object.
        """
        if lookback_from_ms is not None:
            return self._part(shard_indexes(self.instances, self.topology, self.rules, tenant, size, lookback_from_ms))
        key = tenant, size
        if is_shared(self.topology, self.rules, size):
            if not self._has_read_only:
                return self
            key = "", 0
        shard = self._shards.get(key)
        if shard is None:
            shard = self._part(shard_indexes(self.instances, self.topology, self.rules, tenant, size))
        else:
            present = self.ring.instances
            if all(instance is present[instance.id] for instance in shard.instances):
                return shard
            shard = shard._followed_by(RingDesc({name: present[name] for name in shard.topology.ids}))
        # Counted again after each heartbeat of a member, for walks are found as keys are asked for.
        self._shards.put(key, shard, shard._held_bytes())
        return shard

    def _part(self, indexes: Sequence[int]) -> Snapshot:
        if len(indexes) == len(self):
            return self
        ring = RingDesc.of(self.instances[index] for index in indexes)
        return Snapshot(ring, self.rules, None if self.topology.has_conflicts else self.topology.part(indexes))

    def _held_bytes(self) -> int:
        walks = sum(len(walks.found) for walks in self._walks.values())
        return _SHARD_BASE_BYTES + _SHARD_TOKEN_BYTES * len(self.topology.tokens) + _SHARD_WALK_BYTES * walks

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
        walks = self._walks_for(operation, wanted, per_zone)
        judged = self._judged_at(now_ms, operation, wanted, per_zone, strategy)
        sets = judged.sets
        result: list[ReplicaSet | Refusal] = []
        for number in walks.numbers(self.topology.search_all(keys)):
            found = sets.get(number)
            if found is None:
                found = sets[number] = self._judge(walks.found[number], judged.healthy, strategy)
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

    def _walks_for(self, operation: Operation, wanted: int, per_zone: int) -> Walks:
        key = operation.name, wanted, per_zone
        walks = self._walks.get(key)
        if walks is None:
            extends = np.array([instance.state in operation.extending for instance in self.instances], np.bool_)
            walks = Walks(self.topology, extends, self.rules.zone_awareness_enabled, wanted, per_zone)
            walks = self._walks.setdefault(key, walks)
        return walks

    def _judged_at(self, now_ms: int, operation: Operation, wanted: int, per_zone: int, strategy: Strategy) -> _Judged:
        """Return the sets known for a moment; none yet if somebody's heartbeat has become too old since the last."""
        key = operation.name, wanted, per_zone, strategy
        judged = self._judged.get(key)
        if judged is None or not judged.holds_at(now_ms):
            last = self._heartbeats + self.rules.heartbeat_timeout_ms  # [N], the last moment each is fresh
            judged = self._judged[key] = _Judged(
                from_ms=int(last[last < now_ms].max(initial=-_ALWAYS)) + 1,
                until_ms=int(last[last >= now_ms].min(initial=_ALWAYS - 1)),
                healthy=self.healthy(operation, now_ms).tolist(),
            )
        return judged
