"""States of an instance, the changes between them, and what each operation makes of a state.

UNHEALTHY is not a state: every reader derives it from the age of the heartbeat. Nor is there a state for an instance
that left: the ring has one authoritative copy, so leaving deletes the entry.

States are strings, so that nothing that is missing or zero can be read as ACTIVE.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from ring.errors import IllegalTransition


class InstanceState(StrEnum):
    """What an instance says of itself."""

    PENDING = "PENDING"  #: started; owns no keys yet
    JOINING = "JOINING"  #: its tokens are published and are watched for conflicts
    ACTIVE = "ACTIVE"  #: takes writes and answers reads
    LEAVING = "LEAVING"  #: takes no new writes; still answers reads while it flushes


#: The changes an instance may make to its own state while it runs. A missing pair is a programming error.
ALLOWED: MappingProxyType[InstanceState, frozenset[InstanceState]] = MappingProxyType(
    {
        InstanceState.PENDING: frozenset({InstanceState.JOINING, InstanceState.ACTIVE}),
        InstanceState.JOINING: frozenset({InstanceState.PENDING, InstanceState.ACTIVE}),
        InstanceState.ACTIVE: frozenset({InstanceState.LEAVING}),
        InstanceState.LEAVING: frozenset(),
    }
)

#: The state an instance starts in when it finds an entry of its own: a join is begun anew, a leave is taken back.
RESUMED: MappingProxyType[InstanceState, InstanceState] = MappingProxyType(
    {
        InstanceState.PENDING: InstanceState.PENDING,
        InstanceState.JOINING: InstanceState.PENDING,
        InstanceState.ACTIVE: InstanceState.ACTIVE,
        InstanceState.LEAVING: InstanceState.ACTIVE,
    }
)


def step(current: InstanceState, target: InstanceState) -> InstanceState:
    """Return ``target`` if an instance in ``current`` may go there; staying is always allowed.

    Raises IllegalTransition otherwise.
    """
    if target is not current and target not in ALLOWED[current]:
        raise IllegalTransition(current, target)
    return target


@dataclass(frozen=True, slots=True)
class Operation:
    """Which states can serve an operation, and which make the walk look for one instance more."""

    name: str
    healthy: frozenset[InstanceState]  #: states that can serve it while the heartbeat is fresh
    extending: frozenset[InstanceState]  #: stored states, fresh or not, that call for a substitute


_PENDING, _JOINING, _ACTIVE, _LEAVING = InstanceState

#: Writes keep the full number of copies while an instance joins or leaves, at the price of spreading series further.
WRITE = Operation("write", frozenset({_ACTIVE}), frozenset({_PENDING, _JOINING, _LEAVING}))

#: Writes stay with the same instances during a rolling restart, at the price of tolerating no failure meanwhile.
WRITE_NO_EXTEND = Operation("write-no-extend", frozenset({_ACTIVE}), frozenset())

#: PENDING is readable because it may be taking over from one that leaves; it extends because it surely lacks data.
READ = Operation("read", frozenset({_ACTIVE, _PENDING, _LEAVING}), frozenset({_PENDING, _JOINING}))

#: For counters and pages: every state counts as long as its heartbeat is fresh.
REPORTING = Operation("reporting", frozenset(InstanceState), frozenset())

OPERATIONS = (WRITE, WRITE_NO_EXTEND, READ, REPORTING)
