"""Which blocks of a tenant have had their time, and the way of a block out of the bucket. Pure: times are parameters.

::

            older than the period        after the delay             its objects are gone          after the delay
    ┌──────┐ ──── MARK ────► ┌────────┐ ─── DELETE ───► ┌──────────┐ ─── FINISH ──► ┌──────┐ ─── FORGET ──► no row
    │ KEPT │                 │ MARKED │                 │ DELETING │                │ GONE │
    └──────┘ ◄── UNMARK ──── └────────┘                 └──────────┘                └──────┘
            younger than the period                      DELETE again

Format of the mark, version 1: two columns of the block's row in the catalogue. ``state`` is one of the four words
below, at most 16 bytes of ASCII. ``state_since_ms`` is a signed number of 8 bytes: when it became so, in Unix
milliseconds by the clock of the database; 0 for a block that was always kept. Readers see blocks that are KEPT and no
others. Whatever deletes blocks takes this way.

What each state is for:

* MARKED hides a block while queries that know of it end, and is the time in which a mistake is undone.
* DELETING is written before the first object goes. What has begun is finished, whatever the period is by then: half a
  block is none.
* GONE remembers that the block is not to come back. An ingester that uploads it once more, out of a log that was away,
  meets this row and makes nothing visible; its objects are deleted again before the row goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class BlockState(StrEnum):
    """How far a block is on its way out of the bucket. The words are kept in the catalogue."""

    KEPT = "kept"
    MARKED = "marked"
    DELETING = "deleting"
    GONE = "gone"


class Action(StrEnum):
    """What takes a block from one state to the next."""

    MARK = "mark"
    UNMARK = "unmark"
    DELETE = "delete"
    FINISH = "finish"
    FORGET = "forget"


#: (state, action) -> the state afterwards; None is no row any more. Every other pair is a defect.
ALLOWED: Mapping[tuple[BlockState, Action], BlockState | None] = {
    (BlockState.KEPT, Action.MARK): BlockState.MARKED,
    (BlockState.MARKED, Action.UNMARK): BlockState.KEPT,
    (BlockState.MARKED, Action.DELETE): BlockState.DELETING,
    (BlockState.DELETING, Action.DELETE): BlockState.DELETING,
    (BlockState.DELETING, Action.FINISH): BlockState.GONE,
    (BlockState.GONE, Action.FINISH): BlockState.GONE,  # objects that came back were deleted again
    (BlockState.GONE, Action.FORGET): None,
}


@dataclass(frozen=True, slots=True)
class HeldBlock:
    """What the catalogue says of one block. Times are Unix nanoseconds."""

    ulid: str
    tenant: str
    prefix: str  #: folder of its tenant in the bucket
    min_time_ns: int
    max_time_ns: int  #: of its newest profile
    size_bytes: int
    state: BlockState = BlockState.KEPT
    since_ns: int = 0  #: when the state became so


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with one block."""

    action: Action
    block: HeldBlock


def step(state: BlockState, action: Action) -> BlockState | None:
    """Return the state after ``action``. Raises ValueError for a move that is not allowed."""
    if (state, action) not in ALLOWED:
        raise ValueError(f"a block that is {state.value} cannot be met by {action.value}")
    return ALLOWED[(state, action)]


def cutoff_ns(period_ns: int, now_ns: int) -> int | None:
    """Return the time before which the newest profile of a block has to lie for it to go; None keeps all for ever."""
    return now_ns - period_ns if period_ns > 0 else None


def plan_retention(blocks: Iterable[HeldBlock], period_ns: int, now_ns: int, delay_ns: int) -> list[Step]:
    """Return what is due, in the order of ``blocks``: at most one step a block.

    A clock that went back delays what is due, it never hastens it.
    """
    planned = ((_due(block, cutoff_ns(period_ns, now_ns), now_ns, delay_ns), block) for block in blocks)
    return [Step(action, block) for action, block in planned if action is not None]


def _due(block: HeldBlock, cutoff: int | None, now_ns: int, delay_ns: int) -> Action | None:
    is_old = cutoff is not None and block.max_time_ns < cutoff
    has_waited = now_ns - block.since_ns >= delay_ns
    match block.state:
        case BlockState.KEPT:
            return Action.MARK if is_old else None
        case BlockState.MARKED if not is_old:
            return Action.UNMARK
        case BlockState.MARKED:
            return Action.DELETE if has_waited else None
        case BlockState.DELETING:
            return Action.DELETE
        case BlockState.GONE:
            return Action.FORGET if has_waited else None
