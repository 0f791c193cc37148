"""What an operator can do to one ingester of the ring, and what may come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What is asked for, as the audit log and the REST answers name it."""

    FLUSH = "flush"
    SET_READ_ONLY = "set-read-only"
    UNSET_READ_ONLY = "unset-read-only"
    PREPARE_SHUTDOWN = "prepare-shutdown"
    CANCEL_SHUTDOWN = "cancel-prepared-shutdown"
    SET_UNREGISTER = "set-unregister-on-shutdown"
    SHUTDOWN = "shutdown"
    FORGET = "forget"


class Outcome(StrEnum):
    """What came of it."""

    DONE = "done"
    UNCHANGED = "unchanged"  #: it was so already
    ACCEPTED = "accepted"  #: the ingester has heard it and works on it
    NOT_FOUND = "not found"
    CONFLICT = "conflict"  #: refused as things are; nothing was done
    NO_ANSWER = "no answer"  #: the ingester did not answer in time
    FAILED = "failed"  #: it was tried and did not go through; trying again is safe
    UNAVAILABLE = "unavailable"  #: Redis or the audit log cannot be reached; nothing was done


#: Outcomes after which what was asked for is so, or is on its way.
GOOD = frozenset({Outcome.DONE, Outcome.UNCHANGED, Outcome.ACCEPTED})


class Order(StrEnum):
    """What an ingester can be told or asked over its queue. The words travel on the wire."""

    FLUSH = "flush"
    FLUSH_AND_WAIT = "flush-and-wait"
    GET_PREPARED = "get-prepared"
    PREPARE_SHUTDOWN = "prepare-shutdown"
    CANCEL_SHUTDOWN = "cancel-shutdown"
    GET_UNREGISTER = "get-unregister"
    UNREGISTER = "unregister"
    KEEP_REGISTERED = "keep-registered"
    UNREGISTER_AS_CONFIGURED = "unregister-as-configured"
    SHUTDOWN = "shutdown"


#: Orders that take as long as uploading takes; the others are answered at once.
SLOW_ORDERS = frozenset({Order.FLUSH_AND_WAIT, Order.SHUTDOWN})


class QueueFate(StrEnum):
    """What becomes of the messages that wait for a forgotten instance."""

    REROUTE = "reroute"  #: to the instances that own their series now
    PURGE = "purge"
    KEEP = "keep"  #: for one that comes back within the time payloads are kept


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where."""

    name: str
    source: str  #: an address, or ``manage.py``


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an action or an order, in a word and in a sentence."""

    outcome: Outcome
    message: str
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether what was asked for is so, or is on its way."""
        return self.outcome in GOOD


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long an ingester may take to answer."""

    quick_seconds: float
    slow_seconds: float  #: for :data:`SLOW_ORDERS`

    def of(self, order: Order) -> float:
        """Return the bound of one order."""
        return self.slow_seconds if order in SLOW_ORDERS else self.quick_seconds


class Unreachable(Exception):
    """Redis, or the database of the audit log, cannot be reached; the message says which and why."""
