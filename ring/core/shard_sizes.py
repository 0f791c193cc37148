"""A tenant's shard size over time: what writers use now, and what readers have to cover.

A shard holds every smaller shard of its tenant, so a reader that takes the largest size in force since a moment, with a
look-back to that moment, finds every instance that a writer chose since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SizeChange:
    """A size that was set. ``size`` 0 is the whole ring, None is the default of all tenants."""

    effective_ms: int  #: from when on writers use it
    size: int | None


def in_order(changes: Iterable[SizeChange]) -> tuple[SizeChange, ...]:
    """Return changes, given in the order they were made, with times that never go back.

    A clock that was set back must not let an older change win over a newer one.
    """
    ordered: list[SizeChange] = []
    latest_ms = 0
    for change in changes:
        latest_ms = max(latest_ms, change.effective_ms)
        ordered.append(SizeChange(latest_ms, change.size))
    return tuple(ordered)


def size_at(own: Sequence[SizeChange], defaults: Sequence[SizeChange], at_ms: int) -> int:
    """Return the size in force at a moment, from the changes of a tenant and of the default.

    Before the first change of either it is 0: nobody knows how large shards were, so everything is a shard.
    """
    size = _latest(own, at_ms)
    if size is None:
        size = _latest(defaults, at_ms)
    return size or 0


def covering_size(own: Sequence[SizeChange], defaults: Sequence[SizeChange], since_ms: int) -> int:
    """Return the largest size in force at any moment from ``since_ms`` on, also one that is known and still to come.

    0, the whole ring, is the largest of all.
    """
    later = {change.effective_ms for change in (*own, *defaults) if change.effective_ms > since_ms}
    sizes = {size_at(own, defaults, moment_ms) for moment_ms in {since_ms, *later}}
    return 0 if 0 in sizes else max(sizes)


def _latest(changes: Sequence[SizeChange], at_ms: int) -> int | None:
    size = None
    for change in changes:
        if change.effective_ms > at_ms:
            break
        size = change.size
    return size
