"""The exceptions of the ring.

RingError
├── IllegalTransition   an instance was told to change to a state it cannot reach
├── RingConfigError     a configuration that cannot work was used all the same
├── RingStoreError      the store answered with something that is no ring
│   └── EntryDamaged    one entry of the ring cannot be read
└── NotReady            the ring was not usable in the time allowed

That a key has no usable replica set is not an error but an answer: :class:`ring.core.replication.Refusal`.
"""

from __future__ import annotations


class RingError(Exception):
    """Root of the tree."""


class IllegalTransition(RingError):
    """An instance was told to change to a state it cannot reach from where it is."""

    def __init__(self, current: str, target: str) -> None:
        super().__init__(f"changing instance state from {current} to {target} is not allowed")
        self.current = current
        self.target = target


class RingConfigError(RingError):
    """A configuration that cannot work was used all the same; the message lists every problem."""


class RingStoreError(RingError):
    """The store answered with something that is no ring."""


class EntryDamaged(RingStoreError):
    """One entry of the ring cannot be read."""


class NotReady(RingError):
    """The ring was not usable in the time allowed."""
