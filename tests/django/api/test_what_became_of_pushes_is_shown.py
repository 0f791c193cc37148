"""The push inbox at the doors and over REST: what is noted of a push, and how it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ingest import wiring
from ingest.api.proto import push_pb2
from ingest.distributor.types import ItemResult, Outcome
from ingest.inbox.types import Cause, Verdict
from ingest.profiles.reasons import Reason
from ingest.profiles.suspects import Suspect
from tests.django.api.conftest import Doors
from tests.django.api.fakes import FixedInbox
from tests.django.api.pprof import pprof

LABELS = (("__name__", "process_cpu"), ("service_name", "checkout"))


@pytest.fixture
def inbox(doors: Doors) -> Iterator[FixedInbox]:
    made = FixedInbox()
    good = Cause("anonymous", "push", "agent/1.0", LABELS, Verdict.ACCEPTED, None, (), ())
    made.add(good, ItemResult(0, 0, Outcome.STORED, samples=7, series_count=1))
    made.add(good._replace(suspects=(Suspect.NO_SYMBOLS,)), ItemResult(0, 0, Outcome.STORED))
    refused = good._replace(verdict=Verdict.REJECTED, reason=Reason.SAMPLES_LIMIT, labels=(("service_name", "cart"),))
    made.add(refused, ItemResult(0, 0, Outcome.REJECTED, Reason.SAMPLES_LIMIT, "the profile has too many samples"))
    with wiring.override(inbox=made):
        yield made


def shown(doors: Doors, **parameters: object) -> list[int]:
    answer = doors.get("inbox", **parameters)
    assert answer.status_code == 200, answer.content
    return [row["sequence"] for row in answer.json()["rows"]]


def noted(doors: Doors) -> list[tuple[Cause, int]]:
    return [(cause, tally.count) for cause, tally in doors.inbox.take()[0].items()]


def test_a_row_tells_all_that_is_known(doors: Doors, inbox: FixedInbox) -> None:
    answer = doors.get("inbox").json()
    assert (answer["cursor"], answer["enabled"]) == (3, True)
    row = answer["rows"][0]
    expected: dict[str, Any] = {
        "sequence": 3,
        "count": 3,
        "first_ms": 4_000,
        "last_ms": 5_000,
        "verdict": "rejected",
        "reason": "samples_limit",
        "limit": "max_profile_stacktrace_samples",
        "words": ["the profile has too many samples"],
        "client": "agent",
        "version": "1.0",
        "service_name": "cart",
        "skew_ms": None,
        "body_bytes": 99,
    }
    assert {name: row[name] for name in expected} == expected
    assert "v" not in row


@pytest.mark.parametrize(
    ("parameters", "sequences"),
    [
        pytest.param({}, [3, 2, 1], id="everything"),
        pytest.param({"verdict": "accepted"}, [2, 1], id="one verdict"),
        pytest.param({"verdict": "rejected,failed"}, [3], id="some verdicts"),
        pytest.param({"trouble": "true"}, [3, 2], id="what somebody should look at"),
        pytest.param({"service_name": "cart"}, [3], id="one service"),
        pytest.param({"client": "agent"}, [3, 2, 1], id="one client"),
        pytest.param({"client": "age"}, [], id="a part of a name is none"),
        pytest.param({"reason": "samples_limit"}, [3], id="one reason"),
        pytest.param({"reason": "no_symbols"}, [2], id="one oddity"),
        pytest.param({"after": "2"}, [3], id="what changed since"),
        pytest.param({"after": "3"}, [], id="nothing changed since"),
        pytest.param({"limit": "1"}, [3], id="so many"),
    ],
)
def test_rows_are_chosen(doors: Doors, inbox: FixedInbox, parameters: dict[str, str], sequences: list[int]) -> None:
    assert shown(doors, **parameters) == sequences


def test_the_cursor_covers_rows_that_filters_hide(doors: Doors, inbox: FixedInbox) -> None:
    assert doors.get("inbox", verdict="failed").json()["cursor"] == 3


def test_an_empty_inbox_keeps_the_cursor(doors: Doors, inbox: FixedInbox) -> None:
    inbox.kept.clear()
    assert doors.get("inbox", after=7).json() == {"rows": [], "cursor": 7, "enabled": True}


@pytest.mark.parametrize(
    "parameters", [{"verdict": "lost"}, {"after": "-1"}, {"after": "x"}, {"limit": "0"}, {"limit": "1001"}]
)
def test_a_wrong_question_is_refused(doors: Doors, inbox: FixedInbox, parameters: dict[str, str]) -> None:
    answer = doors.get("inbox", **parameters)
    assert (answer.status_code, answer.json()["reason"]) == (400, "bad_request")


def test_without_redis_the_answer_says_so(doors: Doors, inbox: FixedInbox) -> None:
    inbox.is_away = True
    answer = doors.get("inbox")
    assert answer.status_code == 503
    assert "Redis cannot be reached" in answer.json()["message"]


def test_a_tenant_asks_for_its_own_inbox_and_for_no_other(doors: Doors, inbox: FixedInbox, settings: Any) -> None:
    settings.INGEST = settings.INGEST.__class__(data_dir=settings.INGEST.data_dir, multitenancy_enabled=True)
    assert doors.client.get("/api/v1/inbox", headers={"X-Scope-OrgID": "team-a"}).status_code == 200
    assert doors.client.get("/api/v1/inbox", headers={"X-Scope-OrgID": "team-a|team-b"}).status_code == 400
    assert doors.client.get("/api/v1/inbox").status_code == 401
    assert inbox.asked == ["team-a"]


def test_every_push_is_noted_with_its_door_client_and_labels(doors: Doors) -> None:
    body = pprof(time_ns=doors.now_ms * 1_000_000)
    assert doors.client.post(
        "/api/v1/profiles?service_name=checkout&__name__=process_cpu",
        body,
        content_type="application/octet-stream",
        headers={"User-Agent": "curl/8.5.0"},
    ).status_code == 200  # fmt: skip
    request = push_pb2.PushRequest()
    series = request.series.add()
    for name, value in LABELS:
        series.labels.add(name=name, value=value)
    series.samples.add(raw_profile=body)
    assert doors.call("push.v1.PusherService/Push", request).status_code == 200
    (rest, _), (push, _) = noted(doors)
    assert (rest.door, rest.user_agent, rest.verdict) == ("rest", "curl/8.5.0", Verdict.ACCEPTED)
    assert sorted(rest.labels) == list(LABELS)
    assert (push.door, push.tenant, push.labels) == ("push", "anonymous", LABELS)


def test_what_is_refused_unread_is_noted_too(doors: Doors) -> None:
    assert doors.client.post(
        "/api/v1/profiles", b"\x1f\x8bnot gzip", content_type="x/y", headers={"Content-Encoding": "gzip"}
    ).status_code == 400  # fmt: skip
    ((cause, count),) = noted(doors)
    assert (cause.verdict, cause.reason, cause.labels, count) == (Verdict.REJECTED, Reason.BAD_GZIP, (), 1)


def test_what_a_server_could_not_store_is_noted_as_its_own_fault(doors: Doors) -> None:
    doors.distributor.script = [ItemResult(0, 0, Outcome.FAILED, Reason.DEADLINE, "too late")]
    assert doors.client.post(
        "/api/v1/profiles?service_name=checkout&__name__=a", b"x", content_type="x/y"
    ).status_code == 503  # fmt: skip
    ((cause, _),) = noted(doors)
    assert (cause.verdict, cause.reason) == (Verdict.FAILED, Reason.DEADLINE)
