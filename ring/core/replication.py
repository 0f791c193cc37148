"""Quorum arithmetic: from the instances a walk found to the set that is asked and the failures it tolerates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

from ring.core.desc import Instance
from ring.core.states import InstanceState


@dataclass(frozen=True, slots=True)
class RingRules:
    """How one ring places and judges: what every reader of it has to agree on."""

    replication_factor: int = 3
    zone_awareness_enabled: bool = False
    heartbeat_timeout_ms: int = 60_000


class Strategy(Enum):
    """What is asked of a set."""

    QUORUM = "quorum"  #: a majority must succeed, so that any two majorities meet
    ANY_HEALTHY = "any healthy"  #: one success is enough: each instance can answer for all


class RefusalKind(StrEnum):
    """Why there is no usable set."""

    EMPTY_RING = "empty ring"
    TOO_FEW_HEALTHY = "too few healthy instances"


@dataclass(frozen=True, slots=True)
class Refusal:
    """There is no usable set now; ``message`` says why in a sentence."""

    kind: RefusalKind
    message: str
    unhealthy: tuple[str, ...] = ()  #: ids of the instances that would have been asked


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """Whom to ask for one key, and how many of them may fail."""

    instances: tuple[Instance, ...]
    max_errors: int
    absent: tuple[Instance, ...] = ()  #: members too, ACTIVE but silent: not asked, and expected back

    @property
    def min_success(self) -> int:
        """How many successes make the whole a success."""
        return len(self.instances) - self.max_errors

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the instances, in the order of the walk."""
        return tuple(instance.id for instance in self.instances)


EMPTY_RING = Refusal(RefusalKind.EMPTY_RING, "The ring is empty: no instance owns a token.")


def min_success(replication_factor: int, set_size: int) -> int:
    """Return the majority of a set.

    The factor counts even if the ring is smaller: one of three copies must never pass for a quorum.
    """
    return max(replication_factor, set_size) // 2 + 1


def quorum_set(
    walked: Sequence[Instance], healthy: Sequence[bool], replication_factor: int, zone_aware: bool
) -> ReplicaSet | Refusal:
    """Return the healthy ones among ``walked`` with the errors they tolerate, or why they are too few.

    Who is ACTIVE and silent owns the key as before, since nobody was asked to stand in for it. Who is in another state
    has a substitute in the walk and is left out.
    """
    needed = min_success(replication_factor, len(walked))
    if all(healthy) and len(walked) == len(healthy) >= needed:  # nearly always; a third of the cost of a lookup
        return ReplicaSet(tuple(walked), len(walked) - needed)
    alive = tuple(instance for instance, well in zip(walked, healthy, strict=True) if well)
    if len(alive) >= needed:
        absent = tuple(
            instance
            for instance, well in zip(walked, healthy, strict=True)
            if not well and instance.state is InstanceState.ACTIVE
        )
        return ReplicaSet(alive, len(alive) - needed, absent)
    unhealthy = tuple(instance.id for instance, well in zip(walked, healthy, strict=True) if not well)
    where = " in different zones" if zone_aware else ""
    named = f"; unhealthy: {', '.join(unhealthy)}" if unhealthy else ""
    message = f"At least {needed} healthy instances{where} are needed, only {len(alive)} found{named}."
    return Refusal(RefusalKind.TOO_FEW_HEALTHY, message, unhealthy)


def any_healthy_set(walked: Sequence[Instance], healthy: Sequence[bool]) -> ReplicaSet | Refusal:
    """Return the healthy ones among ``walked``, of which a single success is enough."""
    alive = tuple(instance for instance, well in zip(walked, healthy, strict=True) if well)
    if alive:
        return ReplicaSet(alive, len(alive) - 1)
    unhealthy = tuple(instance.id for instance in walked)
    message = f"At least 1 healthy instance is needed, none found; unhealthy: {', '.join(unhealthy)}."
    return Refusal(RefusalKind.TOO_FEW_HEALTHY, message, unhealthy)
