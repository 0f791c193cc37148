"""States of a head and the moves between them. See ``ingest/storage/docs/states.md`` for the diagram.

A head stays readable in every state but EVICTED: it may only go when the block that replaces it is visible to queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class HeadState(StrEnum):
    """Where a head is on its way to object storage."""

    OPEN = "open"  #: takes appends
    SEALED = "sealed"  #: takes none; its content is final
    WRITTEN = "written"  #: its block is complete on the local disk
    UPLOADED = "uploaded"  #: its block is in the bucket and in the catalogue
    EVICTED = "evicted"  #: its memory is given back; the block answers


#: From each state the states that may follow. UPLOADED is reached from WRITTEN alone: a bucket never gets a block that
#: the local disk does not hold complete. An empty head has nothing to write and goes from SEALED to EVICTED at once.
ALLOWED: dict[HeadState, frozenset[HeadState]] = {
    HeadState.OPEN: frozenset({HeadState.SEALED}),
    HeadState.SEALED: frozenset({HeadState.WRITTEN, HeadState.EVICTED}),
    HeadState.WRITTEN: frozenset({HeadState.UPLOADED}),
    HeadState.UPLOADED: frozenset({HeadState.EVICTED}),
    HeadState.EVICTED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One entry of a head's story."""

    at_ns: int
    to: HeadState
    why: str


class IllegalTransition(Exception):
    """A head was asked for a move that its state does not allow; a fault of the caller, told with the head's story."""

    def __init__(self, state: HeadState, to: HeadState, story: Sequence[Move]) -> None:
        told = ", then ".join(f"{move.to} at {move.at_ns} ns ({move.why})" for move in story) or "nothing"
        super().__init__(f"a head that is {state} cannot become {to}; what happened before: {told}")
        self.state = state
        self.to = to
        self.story = tuple(story)


def step(state: HeadState, to: HeadState, story: Sequence[Move] = ()) -> HeadState:
    """Return ``to`` when ``state`` allows it, else raise :class:`IllegalTransition` telling ``story``."""
    if to not in ALLOWED[state]:
        raise IllegalTransition(state, to, story)
    return to
