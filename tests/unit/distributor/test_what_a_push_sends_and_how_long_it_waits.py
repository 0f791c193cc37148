"""What leaves a distributor for a push, what does not, and what becomes of it when the pusher no longer waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from ingest.distributor.batcher import MAX_WRITES_A_BATCH
from ingest.distributor.ports import NoReplicaSet, ReplicaSet
from ingest.distributor.push import RETRY_AFTER_SECONDS
from ingest.distributor.types import Outcome, RawSeries
from ingest.profiles.reasons import Reason
from ingest.profiles.record import iter_records
from ingest.storage.acks import AckCode
from ring.core.replication import Refusal
from ring.core.states import WRITE
from tests.integration.cluster.marked_profiles import marked_profile
from tests.unit.distributor.scripted_ingesters import NOW_NS, THREE, ScriptedIngesters, always, one_series
from tests.unit.ring.rings import NOW_MS, snapshot

STORED, FAILS = AckCode.STORED, AckCode.LOG_FAILED


@pytest.fixture
def willing() -> Iterator[ScriptedIngesters]:
    """Three ingesters that store everything."""
    made = ScriptedIngesters(always(STORED, STORED, STORED))
    yield made
    made.batcher.close()


@pytest.fixture
def silent() -> Iterator[ScriptedIngesters]:
    """Three ingesters that answer when a test makes them."""
    made = ScriptedIngesters(lambda batch, instance: None)
    yield made
    made.batcher.close()


def test_without_instances_nothing_is_sent_and_the_sender_is_told_that_the_ring_is_empty(
    willing: ScriptedIngesters,
) -> None:
    refusal = snapshot([]).replica_set(1, WRITE, NOW_MS)
    assert isinstance(refusal, Refusal)
    willing.place = lambda placement: NoReplicaSet(refusal.message)
    result = willing.push(one_series(0, profiles=2))
    assert {(item.outcome, item.reason) for item in result.items} == {(Outcome.FAILED, Reason.INGESTER_UNAVAILABLE)}
    assert result.items[0].message.startswith("The ring is empty")
    assert (willing.batches, willing.discarded, willing.batcher.outstanding_bytes) == ([], [], 0)


def test_a_process_that_is_ending_sends_nothing_more(willing: ScriptedIngesters) -> None:
    willing.batcher.close()
    result = willing.push(one_series())
    assert [item.outcome for item in result.items] == [Outcome.FAILED]
    assert result.retry_after_seconds == RETRY_AFTER_SECONDS
    assert willing.batches == []


def test_a_profile_of_which_nothing_is_left_is_accepted_though_every_ingester_fails() -> None:
    failing = ScriptedIngesters(always(FAILS, FAILS, FAILS))
    empty = RawSeries((("__name__", "cpu"),), (marked_profile("mark-zero", NOW_NS, value=0),))
    result = failing.push(empty)
    failing.batcher.close()
    assert [item.outcome for item in result.items] == [Outcome.EMPTY]
    assert result.ok
    assert failing.batches == []


def test_an_ingester_slower_than_the_deadline_fails_the_push_and_keeps_its_payload(silent: ScriptedIngesters) -> None:
    result = silent.push(one_series(), deadline_seconds=0.05)
    assert [(item.outcome, item.reason) for item in result.items] == [(Outcome.FAILED, Reason.DEADLINE)]
    assert result.retry_after_seconds == RETRY_AFTER_SECONDS
    (batch,) = silent.batches
    for instance in "ab":
        silent.say(batch, instance, STORED)
        assert silent.discarded == [], "what others still have to fetch stays"
    silent.say(batch, "c", STORED)
    assert silent.discarded == list(batch.payloads)
    assert silent.batcher.outstanding_bytes == 0


def test_a_thousand_series_are_one_message_for_each_ingester_and_batch(willing: ScriptedIngesters) -> None:
    """A batch is bounded, so a thousand series are two; each names its payload to each of the three ingesters once."""
    result = willing.push(*(one_series(number) for number in range(1000)))
    assert Counter(item.outcome for item in result.items) == {Outcome.STORED: 1000}
    assert len(willing.batches) == -(-1000 // MAX_WRITES_A_BATCH) == 2
    for batch in willing.batches:
        assert {instance: len(names) for instance, names in batch.messages.items()} == {"a": 1, "b": 1, "c": 1}
    received: Counter[str] = Counter()
    for batch in willing.batches:
        for instance, names in batch.messages.items():
            received[instance] += sum(len(list(iter_records(batch.payloads[name]))) for name in names)
    assert received == {"a": 1000, "b": 1000, "c": 1000}


def test_series_that_fail_are_named_by_their_place_and_the_others_are_stored(willing: ScriptedIngesters) -> None:
    def place(placement: str) -> ReplicaSet | NoReplicaSet:
        doomed = any(f'number="{number}"' in placement for number in (2, 5, 8))
        return NoReplicaSet("too few live") if doomed else THREE

    willing.place = place
    result = willing.push(*(one_series(number) for number in range(10)))
    assert [item.series for item in result.items if item.outcome is Outcome.FAILED] == [2, 5, 8]
    assert [item.series for item in result.items if item.outcome is Outcome.STORED] == [0, 1, 3, 4, 6, 7, 9]


def test_a_profile_that_cannot_be_read_is_refused_alone(willing: ScriptedIngesters) -> None:
    junk = RawSeries((("__name__", "cpu"),), (b"\xff" * 50,))
    result = willing.push(one_series(0), junk, one_series(1))
    assert [item.outcome for item in result.items] == [Outcome.STORED, Outcome.REJECTED, Outcome.STORED]
    assert result.items[1].reason is Reason.MALFORMED_PROFILE
