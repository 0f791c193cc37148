"""Counting answers until they decide."""

from __future__ import annotations

from itertools import permutations, product

import pytest

from ring.core.quorum import KeyTracker, QuorumTracker, Verdict
from ring.core.replication import Refusal, min_success, quorum_set
from tests.unit.ring.rings import instance

OK, CLIENT, SERVER = "ok", "client", "server"


def feed(tracker: KeyTracker, outcomes: tuple[str, ...]) -> list[Verdict]:
    return [tracker.record(outcome == OK, outcome == CLIENT) for outcome in outcomes]


def naive(outcomes: tuple[str, ...], max_errors: int) -> Verdict:
    """The verdict after these answers of ``replicas``, from the counts of the shortest prefix that decides."""
    replicas = len(outcomes)
    for length in range(1, replicas + 1):
        seen = outcomes[:length]
        if seen.count(OK) >= replicas - max_errors:
            return Verdict.OK
        if seen.count(CLIENT) > max_errors:
            return Verdict.FAILED_CLIENT
        if seen.count(SERVER) > max_errors:
            return Verdict.FAILED_SERVER
    return Verdict.FAILED_SERVER


@pytest.mark.parametrize("replicas", [1, 2, 3, 4, 5])
def test_every_order_of_every_outcome_equals_the_naive_count(replicas: int) -> None:
    for max_errors in range((replicas - 1) // 2 + 1):
        for outcomes in product((OK, CLIENT, SERVER), repeat=replicas):
            verdicts = feed(KeyTracker(replicas, max_errors), outcomes)
            assert verdicts[-1] is naive(outcomes, max_errors), outcomes
            decided = [verdict for verdict in verdicts if verdict is not Verdict.PENDING]
            assert len(set(decided)) == 1, "a verdict is final"
            assert (verdicts[-1] is Verdict.OK) == (outcomes.count(OK) >= replicas - max_errors)


@pytest.mark.parametrize(
    ("outcomes", "answers_needed", "verdict"),
    [
        pytest.param((OK, OK, SERVER), 2, Verdict.OK, id="the third answer is not awaited"),
        pytest.param((SERVER, OK, OK), 3, Verdict.OK, id="one failed replica fails nothing"),
        pytest.param((CLIENT, OK, OK), 3, Verdict.OK, id="one replica that refuses refuses nothing"),
        pytest.param((CLIENT, CLIENT, OK), 2, Verdict.FAILED_CLIENT, id="a quorum refuses"),
        pytest.param((SERVER, SERVER, OK), 2, Verdict.FAILED_SERVER, id="a quorum fails"),
        pytest.param((CLIENT, SERVER, CLIENT), 3, Verdict.FAILED_CLIENT, id="two refusals around a failure"),
        pytest.param((CLIENT, SERVER, SERVER), 3, Verdict.FAILED_SERVER, id="two failures after a refusal"),
        pytest.param((CLIENT, SERVER, OK), 3, Verdict.FAILED_SERVER, id="neither family alone: worth another try"),
        pytest.param((OK, CLIENT, SERVER), 3, Verdict.FAILED_SERVER, id="one success is no quorum"),
    ],
)
def test_three_replicas(outcomes: tuple[str, ...], answers_needed: int, verdict: Verdict) -> None:
    verdicts = feed(KeyTracker(3, 1), outcomes)
    assert verdicts.index(verdict) + 1 == answers_needed
    assert verdicts[: answers_needed - 1] == [Verdict.PENDING] * (answers_needed - 1)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("extended", [0, 1, 2], ids=lambda extended: f"extended by {extended}")
def test_with_every_factor_and_extended_set_a_success_needs_a_majority_of_the_set_in_every_order(
    factor: int, extended: int
) -> None:
    size = factor + extended
    majority = size // 2 + 1
    walked = [instance(f"i{number}") for number in range(size)]
    for healthy in range(size + 1):
        found = quorum_set(walked, [number < healthy for number in range(size)], factor, False)
        assert isinstance(found, Refusal) == (healthy < majority)
        if isinstance(found, Refusal):
            continue
        assert found.min_success == min_success(factor, size) == majority
        for outcomes in product((OK, CLIENT, SERVER), repeat=healthy):
            verdict = feed(KeyTracker(healthy, found.max_errors), outcomes)[-1]
            assert (verdict is Verdict.OK) == (outcomes.count(OK) >= majority), outcomes
            assert verdict is not Verdict.PENDING
            refused = outcomes.count(CLIENT) > found.max_errors
            assert refused or verdict is not Verdict.FAILED_CLIENT, "refused only if that many replicas refuse"


def test_without_tolerance_the_first_error_decides() -> None:
    assert feed(KeyTracker(2, 0), (OK, SERVER)) == [Verdict.PENDING, Verdict.FAILED_SERVER]
    assert feed(KeyTracker(2, 0), (CLIENT,)) == [Verdict.FAILED_CLIENT]


@pytest.mark.parametrize(("replicas", "max_errors"), [(3, 3), (0, 0), (1, -1)])
def test_a_set_that_would_need_no_success_is_refused(replicas: int, max_errors: int) -> None:
    with pytest.raises(ValueError, match="cannot tolerate"):
        KeyTracker(replicas, max_errors)


def test_an_answer_counts_for_every_key_its_instance_was_sent() -> None:
    tracker = QuorumTracker([(3, 1)] * 1000)
    assert tracker.record(range(1000), True) == []
    assert tracker.record(range(1000), True) == list(range(1000))
    assert tracker.is_done
    assert tracker.is_ok
    assert tracker.record(range(1000), False) == [], "late answers decide nothing"
    assert tracker.is_ok


def test_a_key_that_fails_leaves_the_others_to_their_own_verdict() -> None:
    tracker = QuorumTracker([(3, 1), (3, 1)])
    tracker.record([0, 1], True)
    assert tracker.record([1], False, client_error=True) == []
    assert tracker.record([0], True) == [0]
    assert not tracker.is_done
    assert tracker.record([1], False, client_error=True) == [1]
    assert tracker.is_done
    assert not tracker.is_ok
    assert (tracker.verdict(0), tracker.verdict(1)) == (Verdict.OK, Verdict.FAILED_CLIENT)


def test_one_refused_key_refuses_in_whatever_order_the_answers_of_both_keys_arrive() -> None:
    orders = list(set(permutations([0, 0, 0, 1, 1, 1])))
    assert len(orders) == 20
    for order in orders:
        tracker = QuorumTracker([(3, 1), (3, 1)])
        for key in order:
            tracker.record([key], success=key == 0, client_error=key == 1)
        assert (tracker.is_done, tracker.is_ok) == (True, False)
        assert (tracker.verdict(0), tracker.verdict(1)) == (Verdict.OK, Verdict.FAILED_CLIENT)


def test_without_keys_everything_is_done_at_once() -> None:
    assert QuorumTracker([]).is_done
    assert QuorumTracker([]).is_ok
