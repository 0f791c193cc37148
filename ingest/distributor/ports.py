"""What the distributor needs from the outside: where series live, and a way to hand batches to ingesters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ingest.storage.acks import AckCode


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """Who has to store one key: instance ids, and how many of them may fail."""

    instances: tuple[str, ...]
    max_errors: int
    absent: tuple[str, ...] = ()  #: own the key as well and are away: they get a hint, and nobody waits for them


@dataclass(frozen=True, slots=True)
class NoReplicaSet:
    """Why a key cannot be written now, in a sentence for the sender."""

    message: str


class Placement(Protocol):
    """The view of the ring a push is placed with."""

    def replica_sets(self, tenant: str, placements: Sequence[str]) -> list[ReplicaSet | NoReplicaSet]:
        """Return one set for each placement string, all from one snapshot of the ring."""
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """What leaves a distributor at once: each payload once, and one message an ingester."""

    batch_id: str
    payloads: Mapping[str, bytes]  #: payload name -> concatenated push records
    messages: Mapping[str, tuple[str, ...]]  #: instance id -> names of the payloads it is to store, in order
    #: The same for instances that are away: the message waits in their queue until they are back.
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Publisher(Protocol):
    """The way to the ingesters."""

    def publish(self, batch: Batch) -> Mapping[str, AckCode]:
        """Hand the batch over; returns the instances that nobody has to wait for, with the code that says why.

        BACKLOGGED means that the message is in the queue all the same; with every other code it is not. Instances with
        hints are among them only if they got none. Must not raise for an absent broker: then every instance is
        unreachable.
        """
        ...

    def discard(self, payload_names: Sequence[str]) -> None:
        """Drop payloads that nobody waits for any more. Failing to do so is harmless: payloads expire."""
        ...
