"""The ring as the distributor and the querier see it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.distributor.ports import NoReplicaSet, ReplicaSet
from ingest.querier.ports import ReadSet
from ingest.querier.types import MissingSource, Unavailable
from ring.core.hashring import Snapshot
from ring.core.replication import ReplicaSet as RingReplicaSet
from ring.core.shard_report import ShardReport, shard_report
from ring.core.states import READ, WRITE, InstanceState
from ring.core.tenant_shards import read_shard, write_shard
from ring.core.tokens import token_for

#: What the clocks of an ingester and of the ring's store may differ by.
_CLOCKS_DIFFER_MS = 300_000


class SnapshotSource(Protocol):
    """A cached view of the ring and the store's clock."""

    @property
    def snapshot(self) -> Snapshot:
        """The ring as last seen."""
        ...

    def now_ms(self) -> int:
        """Now, by the clock that stamps heartbeats; stands still for staleness while the store is away."""
        ...


class ReadSizes(Protocol):
    """Tenants' shard sizes for reads."""

    def read_size(self, tenant: str, lookback_ms: int) -> int:
        """Return the largest size for writes within the look-back; 0 is the whole ring."""
        ...


class UnuploadedSource(Protocol):
    """What ingesters say of data that is not in the bucket."""

    def oldest_ms(self, instances: Collection[str]) -> int | None:
        """Return since when any of them holds some. Raises Unavailable when that cannot be known."""
        ...


@dataclass(frozen=True, slots=True)
class PlacedKey:
    """Where a series lies and who stores it now."""

    token: int  #: 0 .. 2**32 - 1
    target: ReplicaSet | NoReplicaSet


_SETTINGS_UNKNOWN = NoReplicaSet("The tenants' settings have not been read yet: the database is away.")


class RingPlacement:
    """Places series on the ring."""

    def __init__(self, ring: SnapshotSource, shard_size: Callable[[str], int | None]) -> None:
        """``shard_size`` of a tenant for writes; None while it is not known."""
        self._ring = ring
        self._shard_size = shard_size

    def replica_sets(self, tenant: str, placements: Sequence[str]) -> list[ReplicaSet | NoReplicaSet]:
        """Return one set for each placement string, all from one snapshot of the ring."""
        size = self._shard_size(tenant)
        if size is None:
            return [_SETTINGS_UNKNOWN] * len(placements)
        shard = write_shard(self._ring.snapshot, tenant, size)
        tokens = [token_for(tenant, placement) for placement in placements]
        found = shard.replica_sets(tokens, WRITE, self._ring.now_ms())
        return [
            ReplicaSet(one.ids, one.max_errors, tuple([member.id for member in one.absent]))
            if isinstance(one, RingReplicaSet)
            else NoReplicaSet(one.message)
            for one in found
        ]

    def owner(self, tenant: str, placement: str) -> PlacedKey:
        """Return where one series lies and who would get a push of it now."""
        return PlacedKey(token_for(tenant, placement), self.replica_sets(tenant, [placement])[0])

    def shard(self, tenant: str) -> ShardReport | NoReplicaSet:
        """Return who takes the writes of a tenant, and why these."""
        size = self._shard_size(tenant)
        return _SETTINGS_UNKNOWN if size is None else shard_report(self._ring.snapshot, tenant, size)


class RingReaders:
    """Says whom a query asks."""

    def __init__(
        self, ring: SnapshotSource, sizes: ReadSizes, unuploaded: UnuploadedSource, lookback_seconds: float
    ) -> None:
        """``lookback_seconds`` covers the time in which only ingesters have what was written."""
        self._ring = ring
        self._sizes = sizes
        self._unuploaded = unuploaded
        self._lookback_ms = round(lookback_seconds * 1000)

    def read_set(self, tenant: str) -> ReadSet:
        """Return every instance that may hold data of the tenant: readable ones to ask, the others as missing.

        An instance that is joining owns nothing yet and is left out. Raises Unavailable when the ring is empty.
        """
        snapshot, now_ms = self._ring.snapshot, self._ring.now_ms()
        shard = self._shard(snapshot, now_ms, tenant)
        members = [one for one in shard.instances if one.state is not InstanceState.JOINING]
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

    def _shard(self, snapshot: Snapshot, now_ms: int, tenant: str) -> Snapshot:
        """Return the part of the ring that may hold what the bucket does not have yet."""
        oldest_ms = self._unuploaded.oldest_ms(snapshot.ring.instances.keys())
        waiting_ms = 0 if oldest_ms is None else now_ms - oldest_ms + _CLOCKS_DIFFER_MS
        lookback_ms = max(self._lookback_ms, waiting_ms)
        size = self._sizes.read_size(tenant, lookback_ms)
        return read_shard(snapshot, tenant, size, now_ms - lookback_ms)
