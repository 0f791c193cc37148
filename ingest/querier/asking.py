"""Whom to ask, and whom next: a read goes to as few ingesters as its answer needs, and to more when some fail.

A pure state machine over one round of questions. Events go in (the start, an answer, time), and what to do next comes
out: whom to ask now, when to look again, whether there is anything left to wait for. Nothing here asks or waits.

With zones a group is a zone, without them it is a single instance. A group counts once all of its members answered; a
member that cannot be asked makes its group incomplete from the start. ``needed`` complete groups hold every write that
was acknowledged. The order of asking: the complete groups first, as many as are needed; one more for each that fails;
one more each time the hedging delay passes; the members of incomplete groups last, for the sake of an answer that
cannot be complete any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Instances that count together."""

    name: str
    members: tuple[str, ...]  #: those that can be asked
    is_whole: bool = True  #: nobody is missing from it


@dataclass(frozen=True, slots=True)
class Next:
    """What to do after an event."""

    ask: tuple[str, ...] = ()  #: send the question to these now
    wake_at_seconds: float | None = None  #: tell of the time then, if nobody answers before; None = only the deadline
    done: bool = False  #: there is nothing more to wait for


class Asking:
    """One round of questions. Not thread-safe."""

    def __init__(self, groups: Sequence[Group], needed: int, hedge_seconds: float) -> None:
        """``groups`` come in the order of preference, ``needed`` of them have to be complete.

        Raises ValueError for a negative delay, and when nobody would be needed: such an answer would hold nothing.
        """
        if hedge_seconds < 0:
            raise ValueError(f"the hedging delay must not be negative: {hedge_seconds:g} s")
        if needed < 1:
            raise ValueError("an answer that needs nobody would hold nothing")
        self._groups = sorted(groups, key=lambda group: not group.is_whole)
        self._needed = needed
        self._hedge_seconds = hedge_seconds
        self._begun = 0  # groups that were asked
        self._asked: set[str] = set()
        self._good: set[str] = set()
        self._failed: set[str] = set()
        self._wake_at_seconds = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether enough groups have answered in full."""
        complete = sum(group.is_whole and self._good.issuperset(group.members) for group in self._groups)
        return complete >= self._needed

    def started(self, now_seconds: float) -> Next:
        """Begin."""
        return self._go_on(now_seconds, 0)

    def answered(self, source: str, is_good: bool, now_seconds: float) -> Next:
        """Note an answer; one that is not good (an error, or damaged data) does not count for its group."""
        (self._good if is_good else self._failed).add(source)
        return self._go_on(now_seconds, 0)

    def waited(self, now_seconds: float) -> Next:
        """Note that time has passed: once the delay is over one more group is asked."""
        return self._go_on(now_seconds, int(now_seconds >= self._wake_at_seconds))

    def _go_on(self, now_seconds: float, hedges: int) -> Next:
        if self.is_complete:
            return Next(done=True)
        begun = self._groups[: self._begun]
        hopeful = sum(group.is_whole and not self._failed.intersection(group.members) for group in begun)
        ask = self._begin(max(hedges, self._needed - hopeful))
        if ask:
            self._asked.update(ask)
            self._wake_at_seconds = now_seconds + self._hedge_seconds
        wake_at_seconds = self._wake_at_seconds if self._begun < len(self._groups) else None
        return Next(ask, wake_at_seconds, done=self._asked <= self._good | self._failed)

    def _begin(self, wanted: int) -> tuple[str, ...]:
        """Return the members of up to ``wanted`` more groups; of all that are left when no whole one is."""
        ask: list[str] = []
        while wanted > 0 and self._begun < len(self._groups):
            group = self._groups[self._begun]
            self._begun += 1
            ask += group.members
            wanted -= group.is_whole
        return tuple(ask)
