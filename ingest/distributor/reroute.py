"""What becomes of the pushes that wait for an ingester that will not come back.

Its queue holds messages that name payloads. Each message is looked at where it lies, its records are placed on the
present ring and stored by a quorum of those that are there, and only then is it taken out of the queue. Whatever stops
this in the middle leaves the message where it was; storing a record again is harmless, because profiles are known by
their content.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ingest.distributor.batcher import Batcher, PushWait, Write
from ingest.distributor.ports import NoReplicaSet, Placement, ReplicaSet
from ingest.profiles.columns import ProfileGroup
from ingest.profiles.labels import placement_string
from ingest.profiles.record import decode_record, encode_record, iter_records
from ingest.profiles.record_columns import RecordError
from ring.core.quorum import Verdict


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One message as it lies in a queue."""

    raw: bytes
    payload_names: tuple[str, ...] | None  #: None when it is no message of pushes


class QueuesUnreachable(Exception):
    """The queues cannot be read or changed now."""


class Queues(Protocol):
    """The queues of ingesters. Every method may raise :class:`QueuesUnreachable`."""

    def depth(self, instance: str) -> int:
        """Return how many messages of pushes wait."""
        ...

    def oldest(self, instance: str) -> QueuedMessage | None:
        """Return the message that is due next, leaving it where it is."""
        ...

    def remove(self, instance: str, message: QueuedMessage) -> None:
        """Take this message out; it may be gone already."""
        ...

    def payloads(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the payloads, None for those that have expired."""
        ...

    def drop(self, instance: str) -> int:
        """Delete the queue of pushes; returns how many messages it held."""
        ...

    def drop_reads(self, instance: str) -> int:
        """Delete the queue of reads, whose askers have long given up; returns how many messages it held."""
        ...


@dataclass(frozen=True, slots=True)
class QueueOutcome:
    """What became of the queue of one ingester."""

    instance: str
    messages: int = 0  #: of pushes, taken out of the queue
    records: int = 0  #: stored by a quorum of ingesters that are there
    refused: int = 0  #: records that a quorum refuses, e.g. because they are too old by now
    gone: int = 0  #: payloads that had expired
    damaged: int = 0  #: messages and records that cannot be read
    reads: int = 0  #: messages of its queue of reads, deleted
    left: int = 0  #: messages still in the queue
    why_left: str = ""  #: a sentence; empty when nothing is left


@dataclass(slots=True)
class _Opened:
    """The records of one message, placed anew."""

    writes: list[Write] = field(default_factory=list)
    records: int = 0
    gone: int = 0
    damaged: int = 0


class Rerouter:
    """Moves the queues of ingesters that are gone. Thread-safe: two at one queue repeat each other's work at worst."""

    def __init__(
        self,
        queues: Queues,
        placement: Placement,
        batcher: Batcher,
        clock_seconds: Callable[[], float],
        deadline_seconds: float,
    ) -> None:
        """``deadline_seconds`` is how long one message may take to reach its quorum."""
        self._queues = queues
        self._placement = placement
        self._batcher = batcher
        self._clock_seconds = clock_seconds
        self._deadline_seconds = deadline_seconds

    def reroute(self, instance: str, budget_seconds: float) -> QueueOutcome:
        """Hand the messages that wait for ``instance`` now to those that own their series, oldest first.

        ``instance`` must not be in the ring. Stops when the budget is spent or a message finds no quorum.
        """
        done = QueueOutcome(instance)
        until = self._clock_seconds() + budget_seconds
        try:
            done = replace(done, reads=self._queues.drop_reads(instance), left=self._queues.depth(instance))
            while (message := self._queues.oldest(instance)) is not None:
                if self._clock_seconds() >= until:
                    return self._stopped(done, "The time for one round is over.")
                step = self._move(instance, message)
                if isinstance(step, str):
                    return self._stopped(done, step)
                self._queues.remove(instance, message)
                done = _sum(done, step)
        except QueuesUnreachable as error:
            left = max(0, done.left - done.messages)
            return replace(done, left=left, why_left=f"Redis cannot be reached: {error}.")
        return replace(done, left=0)

    def _stopped(self, done: QueueOutcome, why: str) -> QueueOutcome:
        return replace(done, left=self._queues.depth(done.instance), why_left=why)

    def _move(self, instance: str, message: QueuedMessage) -> QueueOutcome | str:
        """Store what a message names; returns what became of it, or why it has to stay."""
        if message.payload_names is None:
            return QueueOutcome("", messages=1, damaged=1)
        opened = _Opened()
        wait = PushWait(1)  # one extra count keeps the wait closed until all writes are known
        for payload in self._queues.payloads(message.payload_names):
            if payload is None:
                opened.gone += 1
            elif (problem := self._open(instance, payload, opened, wait)) is not None:
                return problem.message
        if opened.writes:
            if not self._batcher.submit(opened.writes):
                return "Too many bytes wait for ingesters to answer."
            wait.one_resolved()
            wait.wait(self._deadline_seconds)
        verdicts = [write.verdict for write in opened.writes]
        if Verdict.PENDING in verdicts or Verdict.FAILED_SERVER in verdicts:
            return "A quorum of ingesters did not confirm a message."
        return QueueOutcome(
            "",
            messages=1,
            records=verdicts.count(Verdict.OK),
            refused=verdicts.count(Verdict.FAILED_CLIENT),
            gone=opened.gone,
            damaged=opened.damaged,
        )

    def _open(self, instance: str, payload: bytes, opened: _Opened, wait: PushWait) -> NoReplicaSet | None:
        """Place the records of one payload. Damage ends the payload, not the message."""
        try:
            for raw in iter_records(payload):
                writes = self._placed(instance, bytes(raw), wait)
                if isinstance(writes, NoReplicaSet):
                    return writes
                opened.writes += writes
        except RecordError:
            opened.damaged += 1
        return None

    def _placed(self, instance: str, raw: bytes, wait: PushWait) -> list[Write] | NoReplicaSet:
        """Return one write for each replica set the record's groups have now. Raises RecordError."""
        record = decode_record(raw)
        placements = [placement_string(group.labels) for group in record.groups]
        by_set: dict[ReplicaSet, list[ProfileGroup]] = {}
        for group, target in zip(record.groups, self._placement.replica_sets(record.tenant, placements), strict=True):
            if isinstance(target, NoReplicaSet):
                return target
            # A hint must not go into the very queue that is emptied, should its ingester be back in the ring by now.
            absent = tuple([one for one in target.absent if one != instance])
            by_set.setdefault(replace(target, absent=absent), []).append(group)
        if len(by_set) == 1:
            bodies = [raw]
        else:
            received_ns, symbols = record.received_ns, record.symbols
            bodies = [encode_record(record.tenant, received_ns, symbols, groups) for groups in by_set.values()]
        for _ in bodies:
            wait.one_more()
        return [Write(body, target, wait) for body, target in zip(bodies, by_set, strict=True)]


def purge(queues: Queues, instance: str) -> QueueOutcome:
    """Drop everything that waits for ``instance``, which must not be in the ring."""
    try:
        return QueueOutcome(instance, messages=queues.drop(instance), reads=queues.drop_reads(instance))
    except QueuesUnreachable as error:
        return QueueOutcome(instance, why_left=f"Redis cannot be reached: {error}.")


class AbsenceWatch:
    """Says whose queue has been without its ingester for so long that it is no restart. Not thread-safe."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._absent_since: dict[str, float] = {}

    def due(self, queued: Collection[str], present: Collection[str], now_seconds: float) -> list[str]:
        """Return those of ``queued`` that were absent at every look for longer than the patience."""
        absent = set(queued) - set(present)
        self._absent_since = {one: self._absent_since.get(one, now_seconds) for one in sorted(absent)}
        waited = sorted((since, one) for one, since in self._absent_since.items())
        return [one for since, one in waited if now_seconds - since > self._patience_seconds]

    def forget(self) -> None:
        """Begin anew: while the ring cannot be read nobody is known to be absent."""
        self._absent_since.clear()


def _sum(done: QueueOutcome, step: QueueOutcome) -> QueueOutcome:
    return replace(
        done,
        messages=done.messages + step.messages,
        records=done.records + step.records,
        refused=done.refused + step.refused,
        gone=done.gone + step.gone,
        damaged=done.damaged + step.damaged,
    )
