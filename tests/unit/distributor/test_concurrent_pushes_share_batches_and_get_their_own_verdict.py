"""The batcher: what it sends, whom it tells, and what it remembers."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence

import pytest

from ingest.distributor.batcher import MAX_LINGER_SECONDS, Batcher, PushWait, Write
from ingest.distributor.ports import Batch, ReplicaSet
from ingest.storage.acks import Ack, AckCode
from ring.core.quorum import Verdict

STORED, FAILED = bytes([AckCode.STORED]), bytes([AckCode.LOG_FAILED])
THREE = ReplicaSet(("a", "b", "c"), 1)


class Wire:
    """A publisher that keeps what it was given; ``gate`` holds publishing back, ``unreachable`` names who is away."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.discarded: list[str] = []
        self.unreachable: dict[str, AckCode] = {}
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.published = threading.Semaphore(0)

    def publish(self, batch: Batch) -> Mapping[str, AckCode]:
        self.entered.release()
        self.gate.wait()
        self.batches.append(batch)
        self.published.release()
        return {instance: code for instance, code in self.unreachable.items() if instance in batch.messages}

    def discard(self, payload_names: Sequence[str]) -> None:
        self.discarded += payload_names


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def new_batcher(wire: Wire, clock: Clock, max_unresolved_batches: int) -> Batcher:
    numbers = itertools.count()
    return Batcher(wire, lambda: f"batch{next(numbers)}", clock, 1000, 60, max_unresolved_batches)


@pytest.fixture
def batcher(wire: Wire, clock: Clock) -> Iterator[Batcher]:
    """One whose batches never wait for each other."""
    made = new_batcher(wire, clock, max_unresolved_batches=100)
    yield made
    wire.gate.set()
    made.close()


def one_write(record: bytes = b"x" * 10, replicas: ReplicaSet = THREE) -> Write:
    return Write(record, replicas, PushWait(1))


def answer(batcher: Batcher, batch: Batch, instance: str, codes: bytes) -> None:
    batcher.deliver(Ack(batch.batch_id, instance, dict.fromkeys(batch.messages[instance], codes)))


def send(batcher: Batcher, wire: Wire, *writes: Write) -> Batch:
    assert batcher.submit(writes)
    assert wire.published.acquire(timeout=5)
    return wire.batches[-1]


def hold_a_batch_back(batcher: Batcher, wire: Wire) -> None:
    """Keep the batcher's thread busy with a batch of its own, so that what follows travels together."""
    wire.gate.clear()
    assert batcher.submit([one_write()])
    assert wire.entered.acquire(timeout=5)


def test_a_write_succeeds_with_the_second_of_three_answers(batcher: Batcher, wire: Wire) -> None:
    write = one_write()
    batch = send(batcher, wire, write)
    answer(batcher, batch, "a", STORED)
    assert write.verdict is Verdict.PENDING
    answer(batcher, batch, "c", STORED)
    assert write.verdict is Verdict.OK
    assert write.wait.wait(0)


def test_the_same_answer_twice_counts_once(batcher: Batcher, wire: Wire) -> None:
    write = one_write()
    batch = send(batcher, wire, write)
    answer(batcher, batch, "a", STORED)
    answer(batcher, batch, "a", STORED)
    assert write.verdict is Verdict.PENDING


def test_two_server_errors_of_three_fail_the_write_with_their_code(batcher: Batcher, wire: Wire) -> None:
    write = one_write()
    batch = send(batcher, wire, write)
    answer(batcher, batch, "a", FAILED)
    answer(batcher, batch, "b", FAILED)
    assert write.verdict is Verdict.FAILED_SERVER
    assert write.server_code is AckCode.LOG_FAILED


def test_an_answer_for_each_record_goes_to_its_own_write(batcher: Batcher, wire: Wire) -> None:
    hold_a_batch_back(batcher, wire)
    good, bad = one_write(), one_write()
    assert batcher.submit([good, bad])
    wire.gate.set()
    assert wire.published.acquire(timeout=5)
    assert wire.published.acquire(timeout=5)
    batch = wire.batches[-1]
    for instance in ("a", "b"):
        answer(batcher, batch, instance, STORED + FAILED)
    assert good.verdict is Verdict.OK
    assert bad.verdict is Verdict.FAILED_SERVER


def test_writes_that_arrive_while_a_batch_leaves_share_the_next_message_of_each_ingester(
    batcher: Batcher, wire: Wire
) -> None:
    hold_a_batch_back(batcher, wire)
    for _ in range(5):
        assert batcher.submit([one_write()])
    wire.gate.set()
    for _ in range(2):
        assert wire.published.acquire(timeout=5)
    assert len(wire.batches) == 2
    assert {instance: len(names) for instance, names in wire.batches[1].messages.items()} == {"a": 1, "b": 1, "c": 1}


def test_an_ingester_gets_only_the_payloads_of_its_replica_sets(batcher: Batcher, wire: Wire) -> None:
    batch = send(
        batcher, wire, one_write(b"one", ReplicaSet(("a", "b"), 0)), one_write(b"two", ReplicaSet(("b", "c"), 0))
    )
    received = {
        instance: [batch.payloads[name] for name in names] for instance, names in sorted(batch.messages.items())
    }
    assert received == {"a": [b"one"], "b": [b"one", b"two"], "c": [b"two"]}


def test_an_ingester_that_cannot_be_reached_counts_as_a_server_error(batcher: Batcher, wire: Wire) -> None:
    wire.unreachable = {"a": AckCode.UNREACHABLE, "b": AckCode.OVERLOADED}
    write = one_write()
    assert batcher.submit([write])
    assert write.wait.wait(5)
    assert write.verdict is Verdict.FAILED_SERVER


def test_a_payload_is_kept_for_the_third_replica_and_discarded_after_its_answer(batcher: Batcher, wire: Wire) -> None:
    batch = send(batcher, wire, one_write())
    answer(batcher, batch, "a", STORED)
    answer(batcher, batch, "b", STORED)
    assert wire.discarded == []
    answer(batcher, batch, "c", STORED)
    assert wire.discarded == list(batch.payloads)
    assert batcher.outstanding_bytes == 0


def test_nothing_of_a_decided_push_but_its_payload_waits_for_the_third_replica(batcher: Batcher, wire: Wire) -> None:
    class Watched(PushWait):
        """Can be referred to weakly."""

    waiter = Watched(1)
    gone = weakref.ref(waiter)
    batch = send(batcher, wire, Write(b"x", THREE, waiter))
    del waiter
    answer(batcher, batch, "a", STORED)
    answer(batcher, batch, "b", STORED)
    send(batcher, wire, one_write())  # the batcher's thread holds its last batch until the next
    assert gone() is None
    assert batcher.outstanding_batches == 2
    answer(batcher, batch, "c", STORED)
    assert wire.discarded == list(batch.payloads)


def test_nothing_is_taken_beyond_the_bound_on_outstanding_bytes(batcher: Batcher, wire: Wire) -> None:
    send(batcher, wire, one_write(b"x" * 600))
    assert not batcher.submit([one_write(b"x" * 600)])


def test_a_batch_that_only_waits_for_a_third_replica_gives_way_to_a_new_push(batcher: Batcher, wire: Wire) -> None:
    batch = send(batcher, wire, one_write(b"x" * 600))
    answer(batcher, batch, "a", STORED)
    answer(batcher, batch, "b", STORED)
    assert batcher.submit([one_write(b"x" * 600)])


def test_a_batch_older_than_its_payload_is_forgotten(batcher: Batcher, wire: Wire, clock: Clock) -> None:
    send(batcher, wire, one_write())
    clock.now = 61.0
    send(batcher, wire, one_write())
    assert batcher.outstanding_batches == 1


@pytest.mark.parametrize(
    ("codes", "records", "expected"),
    [
        pytest.param(b"\x00", 3, [AckCode.STORED] * 3, id="one code speaks for all records"),
        pytest.param(b"\x00\x01", 2, [AckCode.STORED, AckCode.DUPLICATE], id="a code for each record"),
        pytest.param(b"\x00\x01", 3, [AckCode.DAMAGED] * 3, id="an answer that does not fit is damage"),
        pytest.param(b"", 1, [AckCode.DAMAGED], id="no answer is damage"),
        pytest.param(b"\x2a", 1, [AckCode.DAMAGED], id="a code that nobody knows is damage"),
    ],
)
def test_an_ack_says_what_became_of_each_record(codes: bytes, records: int, expected: list[AckCode]) -> None:
    assert Ack("batch", "a", {"p": codes}).codes_of("p", records) == expected


@pytest.fixture
def patient(wire: Wire, clock: Clock) -> Iterator[Batcher]:
    """One that has a single batch under way at a time."""
    made = new_batcher(wire, clock, max_unresolved_batches=1)
    yield made
    made.close()


def test_writes_gather_while_a_batch_is_without_a_verdict(patient: Batcher, wire: Wire) -> None:
    first = send(patient, wire, one_write())
    for _ in range(5):
        assert patient.submit([one_write()])
    answer(patient, first, "a", STORED)
    assert len(wire.batches) == 1
    answer(patient, first, "b", STORED)
    assert wire.published.acquire(timeout=5)
    assert [len(body) for batch in wire.batches for body in batch.payloads.values()] == [10, 50]


def test_a_batch_that_nobody_answers_holds_others_back_for_a_moment_only(
    patient: Batcher, wire: Wire, clock: Clock
) -> None:
    send(patient, wire, one_write())
    clock.now += MAX_LINGER_SECONDS
    send(patient, wire, one_write())


def test_a_batch_that_failed_holds_nobody_back(patient: Batcher, wire: Wire) -> None:
    wire.unreachable = dict.fromkeys("abc", AckCode.UNREACHABLE)
    for _ in range(3):
        send(patient, wire, one_write())


def test_replica_sets_that_differ_in_order_only_share_a_payload(batcher: Batcher, wire: Wire) -> None:
    hold_a_batch_back(batcher, wire)
    assert batcher.submit([one_write(replicas=ReplicaSet(order, 1)) for order in (("a", "b", "c"), ("c", "a", "b"))])
    wire.gate.set()
    for _ in range(2):
        assert wire.published.acquire(timeout=5)
    assert len(wire.batches[1].payloads) == 1


def test_closing_sends_what_gathered_behind_an_unanswered_batch(patient: Batcher, wire: Wire) -> None:
    send(patient, wire, one_write())
    assert patient.submit([one_write()])
    patient.close()
    assert len(wire.batches) == 2
