"""What the ring knows of its instances: plain values, no index, no behaviour that needs one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from ring.core.states import InstanceState, Operation


@dataclass(frozen=True, slots=True)
class Instance:
    """One member of the ring. Times are milliseconds since the epoch by the clock of the store."""

    id: str  #: stable over restarts; that is what lets tokens be kept
    addr: str  #: where to send to; opaque here (a queue name)
    zone: str  #: availability zone, or empty
    state: InstanceState
    tokens: tuple[int, ...] = ()  #: ascending, unique; empty before joining
    heartbeat_ms: int = 0
    registered_ms: int = 0  #: when the entry was created; 0 = unknown
    read_only: bool = False  #: is in no shard that takes writes, and is read as before; independent of the state
    read_only_updated_ms: int = 0  #: last change of ``read_only``; 0 = never
    versions: tuple[tuple[str, int], ...] = ()  #: (component, version) pairs, for pages only

    def is_fresh(self, now_ms: int, heartbeat_timeout_ms: int) -> bool:
        """Return whether the heartbeat is at most ``heartbeat_timeout_ms`` old; exactly at the bound it is."""
        return now_ms - self.heartbeat_ms <= heartbeat_timeout_ms

    def is_healthy(self, operation: Operation, now_ms: int, heartbeat_timeout_ms: int) -> bool:
        """Return whether the instance can serve ``operation``."""
        return self.state in operation.healthy and self.is_fresh(now_ms, heartbeat_timeout_ms)


class Change(Enum):
    """How two versions of a ring differ, by what has to be computed again."""

    EQUAL = "equal"
    EQUAL_BUT_STATES = "equal but states"  #: only states, heartbeats or versions: every index stays valid
    DIFFERENT = "different"  #: members, tokens, zones, addresses, registration or read-only


@dataclass(frozen=True, slots=True)
class RingDesc:
    """All instances of a ring, by id."""

    instances: Mapping[str, Instance] = field(default_factory=dict)

    @classmethod
    def of(cls, instances: Iterable[Instance]) -> RingDesc:
        """Return the ring of these instances; of two with one id the later stays."""
        return cls({instance.id: instance for instance in instances})

    def __iter__(self) -> Iterator[Instance]:
        return iter(self.instances.values())

    def __len__(self) -> int:
        return len(self.instances)

    def get(self, instance_id: str) -> Instance | None:
        """Return the entry of ``instance_id``, or None."""
        return self.instances.get(instance_id)

    def with_instance(self, instance: Instance) -> RingDesc:
        """Return this ring with one entry added or replaced."""
        return RingDesc({**self.instances, instance.id: instance})

    def without(self, instance_id: str) -> RingDesc:
        """Return this ring without one entry."""
        return RingDesc({key: value for key, value in self.instances.items() if key != instance_id})

    def zones(self) -> tuple[str, ...]:
        """Return the distinct zones in order, whatever the states; the empty zone is one of them if used."""
        return tuple(sorted({instance.zone for instance in self}))

    def taken_tokens(self, besides: str = "") -> set[int]:
        """Return all tokens of instances other than ``besides``."""
        return {token for instance in self if instance.id != besides for token in instance.tokens}

    def compare(self, other: RingDesc) -> Change:
        """Return what changed from this ring to ``other``."""
        if self.instances.keys() != other.instances.keys():
            return Change.DIFFERENT
        equal = True
        for mine in self:
            theirs = other.instances[mine.id]
            if mine is theirs or mine == theirs:
                continue
            equal = False
            moved = replace(mine, state=theirs.state, heartbeat_ms=theirs.heartbeat_ms, versions=theirs.versions)
            if moved != theirs:
                return Change.DIFFERENT
        return Change.EQUAL if equal else Change.EQUAL_BUT_STATES
