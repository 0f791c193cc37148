"""A write is the sender's fault only where a quorum of replicas says so; anything else is worth another try."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import permutations

import pytest

from ingest.api.proto import profile_pb2
from ingest.distributor.ports import Batch, NoReplicaSet, ReplicaSet
from ingest.distributor.push import REASON_OF_CODE, RETRY_AFTER_SECONDS, Distributor
from ingest.distributor.types import Outcome, PushResult, RawSeries
from ingest.profiles.reasons import Reason, Rejection, http_status
from ingest.storage.acks import AckCode
from tests.integration.cluster.marked_profiles import marked_profile
from tests.unit.distributor.scripted_ingesters import NOW_NS, ScriptedIngesters, always, one_series

OK, REFUSES, FAILS = AckCode.STORED, AckCode.TOO_OLD, AckCode.LOG_FAILED


def statuses(result: PushResult) -> list[int]:
    """The HTTP status of each item, 200 for success."""
    return [200 if item.reason is None else http_status(item.reason) for item in result.items]


def push_with(codes: Sequence[AckCode], order: Sequence[str]) -> PushResult:
    ingesters = ScriptedIngesters(always(*codes), order=lambda instances: order)
    try:
        return ingesters.push(one_series())
    finally:
        ingesters.batcher.close()


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        pytest.param((OK, OK, OK), 200, id="all store"),
        pytest.param((FAILS, OK, OK), 200, id="one fails"),
        pytest.param((REFUSES, OK, OK), 200, id="one refuses"),
        pytest.param((REFUSES, FAILS, REFUSES), 400, id="two refuse and one fails"),
        pytest.param((FAILS, REFUSES, FAILS), 503, id="two fail and one refuses"),
        pytest.param((REFUSES, FAILS, OK), 503, id="one of each decides nothing and is worth a retry"),
        pytest.param((FAILS, FAILS, OK), 503, id="two fail"),
        pytest.param((REFUSES, REFUSES, OK), 400, id="two refuse"),
        pytest.param((FAILS, FAILS, FAILS), 503, id="all fail"),
        pytest.param((REFUSES, REFUSES, REFUSES), 400, id="all refuse"),
    ],
)
def test_three_replicas_in_every_order_of_their_answers(codes: Sequence[AckCode], expected: int) -> None:
    for order in permutations("abc"):
        assert statuses(push_with(codes, order)) == [expected], order


def test_a_refusal_names_its_reason_and_what_to_change_and_a_failure_the_time_to_wait() -> None:
    refused = push_with((OK, REFUSES, REFUSES), "abc")
    [item] = refused.items
    assert (item.outcome, item.reason) == (Outcome.REJECTED, Reason.OUT_OF_ORDER)
    assert "out-of-order window" in item.message
    assert (item.profile_ids, item.samples, item.series_count) == ((), 0, 0)
    assert refused.retry_after_seconds is None
    failed = push_with((REFUSES, FAILS, FAILS), "abc")
    [item] = failed.items
    assert (item.outcome, item.reason) == (Outcome.FAILED, Reason.INGESTER_UNAVAILABLE)
    assert "log failed" in item.message
    assert failed.retry_after_seconds == RETRY_AFTER_SECONDS


def test_a_mixture_that_decides_nothing_is_explained_by_the_failure_not_by_the_refusal() -> None:
    for order in permutations("abc"):
        [item] = push_with((REFUSES, FAILS, OK), order).items
        assert "log failed" in item.message, order


def test_every_answer_that_blames_the_sender_has_a_reason_of_4xx() -> None:
    blaming = {code for code in AckCode if code.is_client_error}
    assert blaming == set(REASON_OF_CODE)
    assert all(400 <= http_status(reason) < 500 for reason in REASON_OF_CODE.values())


@pytest.mark.parametrize("absent", ["b", "c"])
def test_one_failure_and_one_replica_that_left_make_no_quorum(absent: str) -> None:
    """Two of three are asked, none of which may fail."""
    present = tuple(sorted({"a", "b", "c"} - {absent}))
    for codes in ((FAILS, OK, OK), (FAILS, FAILS, FAILS)):
        ingesters = ScriptedIngesters(always(*codes), place=lambda placement: ReplicaSet(present, 0))
        assert statuses(ingesters.push(one_series())) == [503]
        ingesters.batcher.close()


def test_a_series_that_is_refused_costs_the_others_nothing_and_is_told_of_in_any_order() -> None:
    """One key is stored by all, the other refused by all, their answers interleaved at random."""

    def answer(batch: Batch, instance: str) -> AckCode:
        return REFUSES if instance in "def" else OK

    def place(placement: str) -> ReplicaSet:
        return ReplicaSet(tuple("def") if 'number="1"' in placement else tuple("abc"), 1)

    shuffle = random.Random(5)
    for _ in range(20):
        ingesters = ScriptedIngesters(answer, place, lambda instances: shuffle.sample(instances, len(instances)))
        result = ingesters.push(one_series(0), one_series(1))
        ingesters.batcher.close()
        assert statuses(result) == [200, 400]
        assert not result.ok
        assert result.items[0].profile_ids
        assert not result.items[1].profile_ids


def test_a_series_that_has_no_replica_set_costs_the_others_nothing() -> None:
    def place(placement: str) -> ReplicaSet | NoReplicaSet:
        return NoReplicaSet("too few live") if 'number="1"' in placement else ReplicaSet(tuple("abc"), 1)

    ingesters = ScriptedIngesters(always(OK, OK, OK), place)
    result = ingesters.push(one_series(0), one_series(1), one_series(2))
    ingesters.batcher.close()
    assert statuses(result) == [200, 503, 200]
    assert result.items[1].message == "too few live"
    assert result.retry_after_seconds == RETRY_AFTER_SECONDS


def test_of_a_profile_that_was_split_the_stored_part_is_named_and_the_refused_part_too() -> None:
    def place(placement: str) -> ReplicaSet:
        return ReplicaSet(tuple("def") if 'route="/cart"' in placement else tuple("abc"), 1)

    for code, outcome in ((REFUSES, Outcome.REJECTED), (FAILS, Outcome.FAILED)):
        ingesters = ScriptedIngesters(always(OK, OK, OK, code, code, code), place)
        result = ingesters.push(RawSeries((("__name__", "cpu"),), (split_profile("/cart", "/home"),)))
        ingesters.batcher.close()
        [item] = result.items
        assert (item.outcome, len(item.profile_ids)) == (outcome, 1 if outcome is Outcome.REJECTED else 0)
        assert (item.samples, item.series_count) == ((1, 1) if outcome is Outcome.REJECTED else (0, 0))


def test_a_push_that_cannot_be_taken_now_is_refused_before_it_costs_anything() -> None:
    closed: list[Rejection] = [Rejection(Reason.REDIS_FULL, "nearly full")]
    ingesters = ScriptedIngesters(always(OK, OK, OK))
    distributor = Distributor(
        ingesters,
        ingesters.batcher,
        lambda tenant: pytest.fail("nobody asks for limits"),
        lambda: pytest.fail("nobody asks for the time"),
        5.0,
        lambda: closed[0] if closed else None,
    )
    refused = distributor.push("team-a", [RawSeries((), (b"not even a profile",))], "push-1")
    assert refused.request_rejection == closed[0]
    assert refused.retry_after_seconds == RETRY_AFTER_SECONDS
    assert (refused.items, ingesters.batches) == ((), [])
    ingesters.batcher.close()


def split_profile(*routes: str) -> bytes:
    """A profile with one sample for each route."""
    profile = profile_pb2.Profile.FromString(marked_profile("mark-split", NOW_NS))
    sample = profile.sample[0]
    key = len(profile.string_table)
    profile.string_table.extend(["route", *routes])
    del profile.sample[:]
    for number in range(len(routes)):
        one = profile.sample.add(location_id=sample.location_id, value=[1])
        one.label.add(key=key, str=key + 1 + number)
    return profile.SerializeToString()
