"""Rerouting: what is stored elsewhere leaves the queue, anything else stays in it, and nothing is lost on the way."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import pytest

from ingest.distributor.ports import NoReplicaSet, ReplicaSet
from ingest.distributor.reroute import (
    AbsenceWatch,
    QueuedMessage,
    QueueOutcome,
    QueuesUnreachable,
    Rerouter,
    purge,
)
from ingest.profiles.record import decode_record, encode_record, iter_records
from ingest.storage.acks import AckCode
from tests.unit.distributor.scripted_ingesters import ScriptedIngesters, always
from tests.unit.storage.pushes import Group, push, samples

OK, REFUSES, FAILS = AckCode.STORED, AckCode.TOO_OLD, AckCode.LOG_FAILED
STORING = always(OK, OK, OK)


def record(number: int, services: Sequence[str] = ("checkout",)) -> bytes:
    groups = [
        Group(samples(main__work=1), number=100 * number + at, labels=(("__name__", "cpu"), ("service_name", name)))
        for at, name in enumerate(services)
    ]
    made = push(*groups)
    return encode_record(made.tenant, made.received_ns, made.symbols, made.groups)


class MemoryQueues:
    """Queues in memory; ``fails_at`` makes that call (counted from 1) fail, and all after it."""

    def __init__(self, *messages: Sequence[bytes | None] | None) -> None:
        self.stored: dict[str, bytes] = {}
        self.waiting: list[QueuedMessage] = []
        self.reads = 2
        self.fails_at = 0
        self.calls = 0
        for number, message in enumerate(messages):
            names = None if message is None else tuple(f"p{number}.{at}" for at in range(len(message)))
            self.waiting.append(QueuedMessage(b"message %d" % number, names))
            for name, payload in zip(names or (), message or (), strict=True):
                if payload is not None:
                    self.stored[name] = payload

    def _called(self) -> None:
        self.calls += 1
        if 0 < self.fails_at <= self.calls:
            raise QueuesUnreachable("gone away")

    def depth(self, instance: str) -> int:
        self._called()
        return len(self.waiting)

    def oldest(self, instance: str) -> QueuedMessage | None:
        self._called()
        return self.waiting[0] if self.waiting else None

    def remove(self, instance: str, message: QueuedMessage) -> None:
        self._called()
        self.waiting.remove(message)

    def payloads(self, names: Sequence[str]) -> list[bytes | None]:
        self._called()
        return [self.stored.get(name) for name in names]

    def drop(self, instance: str) -> int:
        self._called()
        dropped = len(self.waiting)
        self.waiting.clear()
        return dropped

    def drop_reads(self, instance: str) -> int:
        self._called()
        dropped, self.reads = self.reads, 0
        return dropped


class Clock:
    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def reroute(queues: MemoryQueues, ingesters: ScriptedIngesters, step: float = 0.0) -> QueueOutcome:
    rerouter = Rerouter(queues, ingesters, ingesters.batcher, Clock(step), deadline_seconds=0.05)
    try:
        return rerouter.reroute("gone", 10.0)
    finally:
        ingesters.batcher.close()


def sent(ingesters: ScriptedIngesters) -> dict[str, list[tuple[str, uuid.UUID]]]:
    """What each ingester was given: service and identity of every profile."""
    found: dict[str, list[tuple[str, uuid.UUID]]] = {}
    for batch in ingesters.batches:
        for instance, names in batch.messages.items():
            for name in names:
                for raw in iter_records(batch.payloads[name]):
                    for group in decode_record(raw).groups:
                        identity = uuid.UUID(bytes=group.profile_id)
                        found.setdefault(instance, []).append((dict(group.labels)["service_name"], identity))
    return found


@pytest.mark.parametrize(
    ("messages", "codes", "expected"),
    [
        pytest.param([], (OK, OK, OK), QueueOutcome("gone", reads=2), id="nothing waits"),
        pytest.param(
            [[record(1)], [record(2), record(3) + record(4)]],
            (OK, OK, OK),
            QueueOutcome("gone", messages=2, records=4, reads=2),
            id="everything is stored",
        ),
        pytest.param(
            [[record(1)]], (AckCode.DUPLICATE, FAILS, OK), QueueOutcome("gone", 1, 1, reads=2), id="a quorum is enough"
        ),
        pytest.param(
            [[record(1)], [None]], (OK, OK, OK), QueueOutcome("gone", 2, 1, gone=1, reads=2), id="a payload expired"
        ),
        pytest.param(
            [None, [record(1)]], (OK, OK, OK), QueueOutcome("gone", 2, 1, damaged=1, reads=2), id="no message of pushes"
        ),
        pytest.param(
            [[record(1) + b"junk", record(2)]],
            (OK, OK, OK),
            QueueOutcome("gone", 1, 2, damaged=1, reads=2),
            id="what follows damage in a payload is lost, what is before or beside it is not",
        ),
        pytest.param(
            [[record(1)]], (REFUSES, REFUSES, OK), QueueOutcome("gone", 1, 0, refused=1, reads=2), id="too old by now"
        ),
        pytest.param(
            [[record(1)], [record(2)]],
            (FAILS, FAILS, OK),
            QueueOutcome("gone", reads=2, left=2, why_left="A quorum of ingesters did not confirm a message."),
            id="no quorum: all stays",
        ),
    ],
)
def test_what_becomes_of_a_queue(
    messages: list[Sequence[bytes | None] | None], codes: tuple[AckCode, ...], expected: QueueOutcome
) -> None:
    queues = MemoryQueues(*messages)
    assert reroute(queues, ScriptedIngesters(always(*codes))) == expected
    assert len(queues.waiting) == expected.left
    assert queues.reads == 0


def test_silence_is_no_quorum() -> None:
    queues = MemoryQueues([record(1)])
    done = reroute(queues, ScriptedIngesters(lambda batch, instance: None))
    assert (done.messages, done.left) == (0, 1)


def test_the_groups_of_a_record_go_to_those_that_own_them_now_and_nowhere_else() -> None:
    def place(placement: str) -> ReplicaSet:
        return ReplicaSet(("a", "b") if 'service_name="checkout"' in placement else ("b", "c"), 0)

    ingesters = ScriptedIngesters(STORING, place)
    queues = MemoryQueues([record(1, ("checkout", "web")), record(2)])
    done = reroute(queues, ingesters)
    assert (done.messages, done.records, queues.waiting) == (1, 3, [])
    checkout, web = ("checkout", "checkout"), ("web",)
    services = {name: sorted(service for service, _ in profiles) for name, profiles in sent(ingesters).items()}
    assert services == {"a": [*checkout], "b": [*checkout, *web], "c": [*web]}


def test_owners_that_are_away_get_hints_but_never_the_one_whose_queue_it_is() -> None:
    ingesters = ScriptedIngesters(STORING, lambda placement: ReplicaSet(("a", "b"), 0, ("c", "gone")))
    reroute(MemoryQueues([record(1)]), ingesters)
    assert [(set(batch.messages), set(batch.hints)) for batch in ingesters.batches] == [({"a", "b"}, {"c"})]


def test_what_is_not_split_is_sent_on_byte_by_byte() -> None:
    ingesters = ScriptedIngesters(STORING)
    original = record(1, ("checkout", "web"))
    reroute(MemoryQueues([original]), ingesters)
    assert [list(batch.payloads.values()) for batch in ingesters.batches] == [[original]]


def test_without_a_replica_set_the_message_stays_and_the_sentence_says_why() -> None:
    queues = MemoryQueues([record(1)])
    ingesters = ScriptedIngesters(STORING, lambda placement: NoReplicaSet("Too few live."))
    assert reroute(queues, ingesters) == QueueOutcome("gone", reads=2, left=1, why_left="Too few live.")
    assert ingesters.batches == []


def test_a_round_ends_when_its_time_is_spent_and_the_next_one_goes_on() -> None:
    queues = MemoryQueues(*([record(number)] for number in range(8)))
    first = reroute(queues, ScriptedIngesters(STORING), step=3.0)
    assert 0 < first.messages < 8
    assert first.left == 8 - first.messages
    assert first.why_left
    second = reroute(queues, ScriptedIngesters(STORING))
    assert (second.messages, second.left) == (8 - first.messages, 0)


@pytest.mark.parametrize("fails_at", range(1, 12))
def test_a_redis_that_goes_away_at_any_call_loses_no_message(fails_at: int) -> None:
    numbers = range(1, 4)
    queues = MemoryQueues(*([record(number)] for number in numbers))
    queues.fails_at = fails_at
    ingesters = ScriptedIngesters(STORING)
    broken = reroute(queues, ingesters)
    queues.fails_at = 0
    again = ScriptedIngesters(STORING)
    rest = reroute(queues, again)
    stored = {identity for run in (ingesters, again) for _, identity in sent(run).get("a", [])}
    assert len(stored) == len(numbers)
    assert broken.messages + rest.messages == len(numbers)
    assert "gone away" in broken.why_left
    assert rest.why_left == ""


def test_purging_drops_everything_and_counts_it() -> None:
    queues = MemoryQueues([record(1)], [None], None)
    assert purge(queues, "gone") == QueueOutcome("gone", messages=3, reads=2)
    queues.fails_at = 1
    assert "gone away" in purge(queues, "gone").why_left


class TestWhoseQueueIsDue:
    def test_only_after_the_patience_and_only_if_never_seen_in_between(self) -> None:
        watch = AbsenceWatch(60)
        assert watch.due({"a", "b"}, {"b"}, 0) == []
        assert watch.due({"a", "b"}, {"b"}, 60) == []
        assert watch.due({"a", "b"}, {"b"}, 61) == ["a"]
        assert watch.due({"a", "b"}, {"a", "b"}, 62) == [], "it is back"
        assert watch.due({"a", "b"}, {"b"}, 63) == [], "and gone again: the time counts anew"
        assert watch.due({"a", "b"}, {"b"}, 124) == ["a"]

    def test_the_longest_absence_comes_first(self) -> None:
        watch = AbsenceWatch(10)
        watch.due({"z"}, set(), 0)
        watch.due({"z", "a"}, set(), 5)
        assert watch.due({"z", "a"}, set(), 100) == ["z", "a"]

    def test_a_queue_that_vanished_is_not_remembered(self) -> None:
        watch = AbsenceWatch(10)
        watch.due({"a"}, set(), 0)
        watch.due(set(), set(), 5)
        assert watch.due({"a"}, set(), 11) == []

    def test_while_the_ring_cannot_be_read_nobody_is_known_to_be_absent(self) -> None:
        watch = AbsenceWatch(10)
        watch.due({"a"}, set(), 0)
        watch.forget()
        assert watch.due({"a"}, set(), 11) == []
        assert watch.due({"a"}, set(), 22) == ["a"]
