"""What the actions need from the outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ingest.administration.types import Action, Actor, Order, Outcome, QueueFate, Result


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ring says of one instance."""

    is_alive: bool  #: its heartbeat is fresh
    read_only: bool
    read_only_updated_ms: int  #: 0 = never


class RingEntries(Protocol):
    """The authoritative ring, not a cached view of it. Every method raises Unreachable without Redis."""

    def find(self, instance: str) -> Entry | None:
        """Return the entry of an instance; None if it has none."""
        ...

    def is_registered(self, instance: str) -> bool:
        """Whether there is an entry, be it one that cannot be read."""
        ...

    def set_read_only(self, instance: str, read_only: bool, reason: str) -> bool:
        """Set the flag; False if the instance is gone."""
        ...

    def remove(self, instance: str, reason: str) -> bool:
        """Delete the entry, readable or not; False if there was none."""
        ...


class Ingesters(Protocol):
    """The way to a running ingester. Both methods raise Unreachable without Redis."""

    def is_heard(self, instance: str) -> bool:
        """Whether an ingester of that name said something of itself in the last minute, in the ring or not."""
        ...

    def tell(self, instance: str, order: Order, timeout_seconds: float) -> Result:
        """Give an order and wait for the answer; NO_ANSWER after the timeout."""
        ...


class Queues(Protocol):
    """The messages that wait for an instance."""

    def settle(self, instance: str, fate: QueueFate) -> str:
        """Do with them what ``fate`` says and return in a sentence what was done. Raises Unreachable."""
        ...


class AuditLog(Protocol):
    """Where every action leaves its line."""

    def begin(self, actor: Actor, action: Action, instance: str) -> int:
        """Write that an action begins, durably; returns its number. Raises Unreachable: then nothing may be done."""
        ...

    def end(self, number: int, outcome: Outcome, detail: str) -> None:
        """Write what came of it. Must not raise: the action is done by then."""
        ...
