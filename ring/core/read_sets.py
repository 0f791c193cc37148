"""Whom to ask when a read can concern any key: the whole ring, or a tenant's shard.

A zone is one full copy of the data when zone awareness is on. So a majority of complete zones holds at least one
replica of every acknowledged write, however many instances of the other zones are gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ring.core.desc import Instance, RingDesc
from ring.core.hashring import Snapshot
from ring.core.replication import Refusal, RefusalKind
from ring.core.states import InstanceState, Operation

_NO_INSTANCE = Refusal(RefusalKind.EMPTY_RING, "The ring is empty: there is no instance to ask.")


@dataclass(frozen=True, slots=True)
class ReadSet:
    """Instances to ask, and what may be missing for the answer to be complete all the same.

    At most one of the two tolerances is above 0. Zone by zone, a zone counts only if all its instances answered.
    """

    instances: tuple[Instance, ...]
    max_errors: int  #: instances that may fail
    max_unavailable_zones: int  #: zones that may fail, with any number of instances each
    by_zone: bool
    absent: tuple[str, ...] = ()  #: ids left out from the start: unhealthy, or in a zone with an unhealthy one

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones of the instances, in order."""
        return tuple(sorted({instance.zone for instance in self.instances}))

    def is_complete(self, answered: Iterable[str]) -> bool:
        """Return whether answers of these ids are enough that nothing acknowledged can be missing."""
        have = set(answered)
        missing = [instance for instance in self.instances if instance.id not in have]
        if self.by_zone:
            return len({instance.zone for instance in missing}) <= self.max_unavailable_zones
        return len(missing) <= self.max_errors


def all_healthy(snapshot: Snapshot, operation: Operation, now_ms: int) -> ReadSet | Refusal:
    """Return every instance healthy for ``operation``; none of them may fail, and nothing is said of the others."""
    if not len(snapshot):
        return _NO_INSTANCE
    healthy = snapshot.healthy_instances(operation, now_ms)
    present = {instance.id for instance in healthy}
    absent = tuple(instance.id for instance in snapshot.instances if instance.id not in present)
    return ReadSet(healthy, 0, 0, by_zone=False, absent=absent)


def read_set(snapshot: Snapshot, operation: Operation, now_ms: int) -> ReadSet | Refusal:
    """Return whom to ask so that the answer holds every acknowledged write, or why nobody can give it."""
    if not len(snapshot):
        return _NO_INSTANCE
    healthy = snapshot.healthy(operation, now_ms).tolist()
    if snapshot.rules.zone_awareness_enabled:
        return _by_zone(snapshot, healthy)
    return _by_instance(snapshot, healthy)


def _by_instance(snapshot: Snapshot, healthy: list[bool]) -> ReadSet | Refusal:
    factor = snapshot.rules.replication_factor
    required = max(len(snapshot), factor) - factor // 2
    alive = tuple(instance for instance, well in zip(snapshot.instances, healthy, strict=True) if well)
    absent = tuple(instance.id for instance, well in zip(snapshot.instances, healthy, strict=True) if not well)
    if len(alive) < required:
        return _too_many_unhealthy(f"{required} healthy instances are needed", f"{len(alive)} found", absent)
    return ReadSet(alive, len(alive) - required, 0, by_zone=False, absent=absent)


def _by_zone(snapshot: Snapshot, healthy: list[bool]) -> ReadSet | Refusal:
    zones = snapshot.ring.zones()
    tolerated = min(len(zones), snapshot.rules.replication_factor) // 2
    unhealthy = tuple(instance for instance, well in zip(snapshot.instances, healthy, strict=True) if not well)
    failed = {instance.zone for instance in unhealthy}
    if len(failed) > tolerated:
        named = tuple(instance.id for instance in unhealthy)
        return _too_many_unhealthy(
            f"at most {tolerated} of {len(zones)} zones may have an unhealthy instance", f"{len(failed)} have", named
        )
    asked = tuple(instance for instance in snapshot.instances if instance.zone not in failed)
    absent = tuple(instance.id for instance in snapshot.instances if instance.zone in failed)
    return ReadSet(asked, 0, tolerated - len(failed), by_zone=True, absent=absent)


def _too_many_unhealthy(needed: str, found: str, unhealthy: tuple[str, ...]) -> Refusal:
    message = f"Too many unhealthy instances: {needed}, {found}; unhealthy: {', '.join(unhealthy) or 'none'}."
    return Refusal(RefusalKind.TOO_FEW_HEALTHY, message, unhealthy)


def in_states(snapshot: Snapshot, states: Iterable[InstanceState]) -> RingDesc:
    """Return the part of the ring whose stored state is one of ``states``, however old the heartbeats."""
    wanted = frozenset(states)
    return RingDesc.of(instance for instance in snapshot.instances if instance.state in wanted)
