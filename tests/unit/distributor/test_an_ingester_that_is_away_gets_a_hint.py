"""Hints: the message waits for who is away, its answer counts for nothing, and what is remembered of it is small."""

from __future__ import annotations

import itertools
import random
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.distributor import batcher as batcher_module
from ingest.distributor.batcher import Batcher, PushWait, Write
from ingest.distributor.ports import Batch, ReplicaSet
from ingest.storage.acks import Ack, AckCode
from ring.core.quorum import Verdict

STORED, FAILED = bytes([AckCode.STORED]), bytes([AckCode.LOG_FAILED])
C_AWAY = ReplicaSet(("a", "b"), 0, ("c",))
THREE = ReplicaSet(("a", "b", "c"), 1)


class Wire:
    """A publisher that hands each batch to ``on_publish`` and returns what that returns."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.discarded: list[str] = []
        self.codes: dict[str, AckCode] = {}
        self.on_publish: Callable[[Batch], None] = lambda batch: None

    def publish(self, batch: Batch) -> Mapping[str, AckCode]:
        self.batches.append(batch)
        self.on_publish(batch)
        there = batch.messages.keys() | batch.hints.keys()
        return {instance: code for instance, code in self.codes.items() if instance in there}

    def discard(self, payload_names: Sequence[str]) -> None:
        self.discarded += payload_names


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def batcher(wire: Wire, clock: Clock) -> Iterator[Batcher]:
    numbers = itertools.count()
    made = Batcher(wire, lambda: f"batch{next(numbers):032d}", clock, 1 << 30, 60, max_unresolved_batches=1000)
    yield made
    made.close()


def send(batcher: Batcher, wire: Wire, *sets: ReplicaSet, record: bytes = b"x" * 10) -> tuple[Batch, list[Write]]:
    """Send one write a set, in one batch as far as nothing else is under way."""
    before = len(wire.batches)
    writes = [Write(record, one, PushWait(1)) for one in sets]
    assert batcher.submit(writes)
    while len(wire.batches) == before:
        writes[0].wait.wait(0.001)
    return wire.batches[before], writes


def answer(batcher: Batcher, batch: Batch, instance: str, codes: bytes = STORED) -> None:
    names = batch.messages.get(instance) or batch.hints[instance]
    batcher.deliver(Ack(batch.batch_id, instance, dict.fromkeys(names, codes)))


def test_the_message_goes_to_the_queue_of_who_is_away_and_two_answers_are_the_quorum(
    batcher: Batcher, wire: Wire
) -> None:
    batch, [write] = send(batcher, wire, C_AWAY)
    assert (set(batch.messages), set(batch.hints)) == ({"a", "b"}, {"c"})
    assert batch.hints["c"] == batch.messages["a"]
    answer(batcher, batch, "a")
    assert write.verdict is Verdict.PENDING
    answer(batcher, batch, "b")
    assert write.verdict is Verdict.OK


@pytest.mark.parametrize("code", [STORED, FAILED])
def test_the_answer_to_a_hint_neither_helps_nor_harms(batcher: Batcher, wire: Wire, code: bytes) -> None:
    batch, [write] = send(batcher, wire, C_AWAY)
    answer(batcher, batch, "c", code)
    answer(batcher, batch, "a")
    assert write.verdict is Verdict.PENDING
    answer(batcher, batch, "b")
    assert write.verdict is Verdict.OK
    assert wire.discarded == list(batch.payloads)


def test_the_payload_waits_for_who_is_away_and_goes_with_its_answer(batcher: Batcher, wire: Wire) -> None:
    batch, _ = send(batcher, wire, C_AWAY)
    answer(batcher, batch, "a")
    answer(batcher, batch, "b")
    assert (wire.discarded, batcher.outstanding_batches, batcher.hinted_batches) == ([], 0, 1)
    assert batcher.outstanding_bytes == 0, "what waits in Redis is no memory of this process"
    answer(batcher, batch, "c")
    assert (wire.discarded, batcher.hinted_batches) == (list(batch.payloads), 0)
    answer(batcher, batch, "c")
    assert wire.discarded == list(batch.payloads), "an answer that comes twice changes nothing"


def test_a_hint_that_was_not_left_is_not_waited_for(batcher: Batcher, wire: Wire) -> None:
    wire.codes = {"c": AckCode.OVERLOADED}
    batch, [write] = send(batcher, wire, C_AWAY)
    answer(batcher, batch, "a")
    answer(batcher, batch, "b")
    assert write.verdict is Verdict.OK
    assert (wire.discarded, batcher.hinted_batches) == (list(batch.payloads), 0)


def test_one_that_is_behind_counts_as_an_error_and_gets_its_message_all_the_same(batcher: Batcher, wire: Wire) -> None:
    wire.codes = {"c": AckCode.BACKLOGGED}
    batch, [write] = send(batcher, wire, THREE)
    answer(batcher, batch, "a")
    assert write.verdict is Verdict.PENDING
    answer(batcher, batch, "b")
    assert write.verdict is Verdict.OK
    assert (wire.discarded, batcher.hinted_batches) == ([], 1)
    answer(batcher, batch, "c")
    assert wire.discarded == list(batch.payloads)


def test_two_that_are_behind_fail_the_write_at_once(batcher: Batcher, wire: Wire) -> None:
    wire.codes = {"b": AckCode.BACKLOGGED, "c": AckCode.BACKLOGGED}
    _, [write] = send(batcher, wire, THREE)
    assert write.wait.wait(5)
    assert (write.verdict, write.server_code) == (Verdict.FAILED_SERVER, AckCode.BACKLOGGED)


def test_one_that_is_behind_but_answers_before_that_is_known_counts_as_what_it_said(
    batcher: Batcher, wire: Wire
) -> None:
    wire.codes = {"c": AckCode.BACKLOGGED}
    wire.on_publish = lambda batch: [answer(batcher, batch, one) for one in ("a", "c")]
    batch, [write] = send(batcher, wire, THREE)
    assert write.wait.wait(5)
    assert write.verdict is Verdict.OK
    answer(batcher, batch, "b")
    assert (wire.discarded, batcher.hinted_batches) == (list(batch.payloads), 0)


def test_an_ingester_that_returned_between_two_writes_of_a_batch_gets_one_message_and_counts_where_it_was_asked(
    batcher: Batcher, wire: Wire
) -> None:
    batch, [before, after] = send(batcher, wire, C_AWAY, THREE)
    assert batch.hints == {}
    assert sorted(batch.messages["c"]) == sorted(batch.payloads)
    answer(batcher, batch, "c")
    answer(batcher, batch, "a")
    assert (before.verdict, after.verdict) == (Verdict.PENDING, Verdict.OK)
    answer(batcher, batch, "b")
    assert before.verdict is Verdict.OK
    assert sorted(wire.discarded) == sorted(batch.payloads)


def test_a_hint_is_forgotten_with_its_payload_and_beyond_a_bound(
    batcher: Batcher, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batcher_module, "MAX_HINTED_BATCHES", 3)
    for _ in range(5):
        batch, _ = send(batcher, wire, C_AWAY)
        answer(batcher, batch, "a")
        answer(batcher, batch, "b")
    assert batcher.hinted_batches == 3
    clock.now = 60.0
    send(batcher, wire, THREE)
    assert batcher.hinted_batches == 0
    assert wire.discarded == []


def test_what_is_remembered_of_a_hint_is_a_thousandth_of_a_large_payload(batcher: Batcher, wire: Wire) -> None:
    count, record_bytes = 300, 1 << 20

    def push_one() -> None:
        batch, _ = send(batcher, wire, C_AWAY, record=bytes(record_bytes))
        wire.batches[-1] = Batch(batch.batch_id, {}, batch.messages, batch.hints)  # the fake forgets the bytes too
        answer(batcher, batch, "a")
        answer(batcher, batch, "b")

    push_one()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(count):
            push_one()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert batcher.hinted_batches == count + 1
    assert grown < count * 2048 + 2 * record_bytes, "and the payload of the batch under way"


@given(seed=st.integers(0, 2**32), away=st.integers(0, 2), behind=st.integers(0, 1))
def test_in_any_order_of_answers_every_payload_is_discarded_once_and_only_at_the_end(
    seed: int, away: int, behind: int
) -> None:
    """Five replicas of which three must store. The naive rule: a payload is needed until the last one spoke."""
    rng = random.Random(seed)
    everybody = "abcde"
    absent, late = everybody[:away], everybody[away : away + behind]
    asked = everybody[away:]
    wire, numbers = Wire(), itertools.count()
    wire.codes = dict.fromkeys(late, AckCode.BACKLOGGED)
    batcher = Batcher(wire, lambda: f"batch{next(numbers)}", lambda: 0.0, 1 << 20, 60, max_unresolved_batches=100)
    try:
        batch, [write] = send(batcher, wire, ReplicaSet(tuple(asked), len(asked) - 3, tuple(absent)))
        batcher.close()  # publishing has returned
        stored = 0
        for place, instance in enumerate(order := rng.sample(everybody, 5)):
            assert wire.discarded == [], order[:place]
            answer(batcher, batch, instance)
            stored += instance in asked and instance not in late
            assert (write.verdict is Verdict.OK) == (stored >= 3)
        assert wire.discarded == list(batch.payloads)
        assert (batcher.outstanding_batches, batcher.hinted_batches, batcher.outstanding_bytes) == (0, 0, 0)
    finally:
        batcher.close()
