"""What a process keeps of pushes until it is written down: a row for each cause, bounded."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.distributor.types import ItemResult, Outcome, PushResult, RawSeries
from ingest.inbox.buffer import CLIPPING, MAX_LABELS, InboxBuffer
from ingest.inbox.types import Cause, Tally, Verdict
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.suspects import Suspect

LABELS = (("service_name", "checkout"), ("__name__", "process_cpu"))
SERIES = [RawSeries(LABELS, (b"profile",))]


def noted(*items: ItemResult, series: list[RawSeries] = SERIES) -> dict[Cause, Tally]:
    buffer = InboxBuffer(itertools.count(1000).__next__)
    buffer.note("team-a", "push", "agent/1.0", 99, series, PushResult("id", items))
    return buffer.take()[0]


def only(**fields: Any) -> Cause:
    (cause,) = noted(ItemResult(0, 0, **fields))
    return cause


@pytest.mark.parametrize(
    ("outcome", "dropped", "verdict", "reason", "is_trouble"),
    [
        pytest.param(Outcome.STORED, {}, Verdict.ACCEPTED, None, False, id="stored as it came"),
        pytest.param(Outcome.STORED, {"zero_samples": 9}, Verdict.ACCEPTED, None, False, id="without its zeros"),
        pytest.param(
            Outcome.STORED, {"dropped_by_relabel_rules": 1}, Verdict.ACCEPTED, None, False, id="without what rules drop"
        ),
        *(
            pytest.param(Outcome.STORED, {name: 1}, Verdict.CLIPPED, None, True, id=f"with {name}")
            for name in sorted(CLIPPING)
        ),
        pytest.param(Outcome.EMPTY, {"zero_samples": 1}, Verdict.EMPTY, Reason.EMPTY_PROFILE, True, id="nothing left"),
        pytest.param(
            Outcome.EMPTY,
            {"dropped_by_relabel_rules": 2},
            Verdict.EMPTY,
            Reason.DROPPED_BY_RELABEL_RULES,
            True,
            id="rules left nothing",
        ),
    ],
)
def test_the_verdict_on_what_was_taken(
    outcome: Outcome, dropped: dict[str, int], verdict: Verdict, reason: Reason | None, is_trouble: bool
) -> None:
    cause = only(outcome=outcome, dropped=dropped)
    assert (cause.verdict, cause.reason, cause.is_trouble) == (verdict, reason, is_trouble)


@pytest.mark.parametrize(
    ("outcome", "verdict"), [(Outcome.REJECTED, Verdict.REJECTED), (Outcome.FAILED, Verdict.FAILED)]
)
def test_the_verdict_on_what_was_not(outcome: Outcome, verdict: Verdict) -> None:
    cause = only(outcome=outcome, reason=Reason.SAMPLES_LIMIT, message="too many")
    assert (cause.verdict, cause.reason, cause.is_trouble) == (verdict, Reason.SAMPLES_LIMIT, True)


@pytest.mark.parametrize("reason", [Reason.REDIS_FULL, Reason.INTERNAL, Reason.UNKNOWN, None])
def test_a_refusal_through_no_fault_of_the_sender_is_a_failure(reason: Reason | None) -> None:
    cause = only(outcome=Outcome.REJECTED, reason=reason)
    assert (cause.verdict, cause.reason) == (Verdict.FAILED, reason or Reason.UNKNOWN)


def test_an_odd_profile_is_accepted_and_looked_at() -> None:
    cause = only(outcome=Outcome.STORED, suspects=(Suspect.NO_SYMBOLS,))
    assert (cause.verdict, cause.suspects, cause.is_trouble) == (Verdict.ACCEPTED, (Suspect.NO_SYMBOLS,), True)


def test_pushes_that_fared_alike_are_one_row_that_tells_of_the_last() -> None:
    items = [ItemResult(0, number, Outcome.STORED, samples=number) for number in range(3)]
    ((cause, tally),) = noted(*items).items()
    assert (cause.tenant, cause.door, cause.user_agent, cause.labels) == ("team-a", "push", "agent/1.0", LABELS)
    assert (tally.count, tally.first_ms, tally.latest.at_ms, tally.latest.body_bytes) == (3, 1000, 1002, 99)
    assert tally.latest.item.samples == 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(ItemResult(0, 1, Outcome.FAILED, Reason.DEADLINE), id="another fate"),
        pytest.param(ItemResult(1, 0, Outcome.STORED), id="another series"),
        pytest.param(ItemResult(0, 1, Outcome.STORED, suspects=(Suspect.NO_DURATION,)), id="an oddity"),
        pytest.param(ItemResult(0, 1, Outcome.STORED, dropped={"truncated_stacks": 1}), id="a loss"),
    ],
)
def test_another_cause_is_another_row(other: ItemResult) -> None:
    series = [*SERIES, RawSeries((*LABELS, ("pod", "b")), (b"profile",))]
    assert len(noted(ItemResult(0, 0, Outcome.STORED), other, series=series)) == 2


def test_a_request_that_was_refused_whole_is_one_row_of_its_first_series() -> None:
    buffer = InboxBuffer(lambda: 1)
    refused = PushResult("id", request_rejection=Rejection(Reason.REDIS_FULL, "nearly full"))
    buffer.note("team-a", "push", "", 5, SERIES, refused)
    buffer.note("team-a", "push", "", 5, [], refused)
    buffer.note_unread("team-b", "rest", "curl/8", 7, Rejection(Reason.BAD_GZIP, "cut off"))
    found = {(cause.tenant, cause.labels, cause.reason): tally.count for cause, tally in buffer.take()[0].items()}
    assert found == {
        ("team-a", LABELS, Reason.REDIS_FULL): 1,
        ("team-a", (), Reason.REDIS_FULL): 1,
        ("team-b", (), Reason.BAD_GZIP): 1,
    }


def test_what_is_taken_is_gone() -> None:
    buffer = InboxBuffer(lambda: 1)
    buffer.note_unread("a", "push", "", 0, Rejection(Reason.BAD_GZIP, ""))
    assert len(buffer.take()[0]) == 1
    assert buffer.take() == ({}, 0)


def test_what_does_not_fit_is_counted_and_rows_that_wait_go_on_counting() -> None:
    buffer = InboxBuffer(lambda: 1, max_waiting=2)
    for tenant in ("a", "b", "c", "a", "d"):
        buffer.note_unread(tenant, "push", "", 0, Rejection(Reason.BAD_GZIP, ""))
    taken, lost = buffer.take()
    assert ({cause.tenant: tally.count for cause, tally in taken.items()}, lost) == ({"a": 2, "b": 1}, 2)


def test_without_room_nothing_is_noted_nor_lost() -> None:
    buffer = InboxBuffer(lambda: 1, max_waiting=0)
    buffer.note_unread("a", "push", "", 0, Rejection(Reason.BAD_GZIP, ""))
    buffer.note("a", "push", "", 0, SERIES, PushResult("id", (ItemResult(0, 0, Outcome.STORED),)))
    assert buffer.take() == ({}, 0)


def test_the_names_of_many_profiles_are_not_kept() -> None:
    ids = tuple(map(str, range(2000)))
    (tally,) = noted(ItemResult(0, 0, Outcome.STORED, profile_ids=ids, samples=7)).values()
    assert (tally.latest.item.profile_ids, tally.latest.item.samples) == ((), 7)


@given(st.lists(st.tuples(st.text(max_size=300), st.text(max_size=3000)), max_size=60))
def test_what_is_kept_of_labels_is_bounded_and_names_the_source(pairs: list[tuple[str, str]]) -> None:
    labels = (*pairs, *LABELS)
    ((cause, _),) = noted(ItemResult(0, 0, Outcome.STORED), series=[RawSeries(labels, (b"",))]).items()
    assert len(cause.labels) <= MAX_LABELS
    assert sum(len(name) + len(value) for name, value in cause.labels) <= MAX_LABELS * (64 + 96)
    assert set(LABELS) <= set(cause.labels) or sum(name in {"service_name", "__name__"} for name, _ in pairs) > 0
