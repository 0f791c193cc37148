"""The ring as the distributor and the querier see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ingest.distributor.ports import NoReplicaSet, ReplicaSet
from ingest.querier.ports import ReadSet
from ingest.querier.types import MissingSource, Unavailable
from ring.core.hashring import Snapshot
from ring.core.replication import ReplicaSet as RingReplicaSet
from ring.core.states import READ, WRITE, InstanceState
from ring.core.tokens import token_for


class SnapshotSource(Protocol):
    """A cached view of the ring and the store's clock."""

    @property
    def snapshot(self) -> Snapshot:
        """The ring as last seen."""
        ...

    def now_ms(self) -> int:
        """Now, by the clock that stamps heartbeats; stands still for staleness while the store is away."""
        ...


class RingPlacement:
    """Places series on the ring."""

    def __init__(self, ring: SnapshotSource) -> None:
        self._ring = ring

    def replica_sets(self, tenant: str, placements: Sequence[str]) -> list[ReplicaSet | NoReplicaSet]:
        """Return one set for each placement string, all from one snapshot of the ring."""
        tokens = [token_for(tenant, placement) for placement in placements]
        found = self._ring.snapshot.replica_sets(tokens, WRITE, self._ring.now_ms())
        return [
            ReplicaSet(one.ids, one.max_errors, tuple([member.id for member in one.absent]))
            if isinstance(one, RingReplicaSet)
            else NoReplicaSet(one.message)
            for one in found
        ]


class RingReaders:
    """Says whom a query asks."""

    def __init__(self, ring: SnapshotSource) -> None:
        self._ring = ring

    def read_set(self, tenant: str) -> ReadSet:
        """Return every instance that may hold data of the tenant: readable ones to ask, the others as missing.

        An instance that is joining owns nothing yet and is left out. Raises Unavailable when the ring is empty.
        """
        snapshot, now_ms = self._ring.snapshot, self._ring.now_ms()
        members = [one for one in snapshot.instances if one.state is not InstanceState.JOINING]
        if not members:
            raise Unavailable("The ring has no ingester that could be asked.")
        rules = snapshot.rules
        missing: list[MissingSource] = []
        readable: list[str] = []
        for one in members:
            if one.is_healthy(READ, now_ms, rules.heartbeat_timeout_ms):
                readable.append(one.id)
            else:
                age = (now_ms - one.heartbeat_ms) // 1000
                missing.append(MissingSource(one.id, f"no heartbeat for {age} s"))
        zones = {one.id: one.zone for one in members} if rules.zone_awareness_enabled else {}
        return ReadSet(tuple(readable), tuple(missing), zones, rules.replication_factor)
