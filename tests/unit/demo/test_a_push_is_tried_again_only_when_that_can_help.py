"""The client of the demonstration against a real server that answers from a script."""

from __future__ import annotations

import socket
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest

from ingest.api.proto import profile_pb2
from ingest.demo.client import MAX_ATTEMPTS, MAX_WAIT_SECONDS, PushClient, Verdict, parse_url
from ingest.demo.library import load_recordings
from ingest.demo.schedule import Push
from tests.unit.demo.scripted_server import STORED, Answer, serving

TIME_NS = 1_795_215_000_000_000_000
LABELS = (("__name__", "process_cpu"), ("region", "eu west"), ("service_name", "billing"))
PUSH = Push(load_recordings()[-1], LABELS, TIME_NS)


class Waits:
    """Notes the waits instead of waiting; gives up at wait number ``give_up_at``."""

    def __init__(self, give_up_at: int = 0) -> None:
        self.seconds: list[float] = []
        self._give_up_at = give_up_at

    def __call__(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return len(self.seconds) == self._give_up_at


def pushed(url: str, waits: Waits, tenant: str = "", token: str = "") -> Verdict:
    with closing(PushClient(url, tenant, waits, token)) as client:
        return client.push(PUSH)


def busy(retry_after: str) -> Answer:
    return Answer(503, {"reason": "ingester_unavailable", "message": "busy"}, (("Retry-After", retry_after),))


def test_the_labels_are_in_the_address_and_the_time_is_in_the_profile() -> None:
    with serving(STORED) as script:
        verdict = pushed(script.url, Waits(), "team-a")

    ((path, headers, body),) = script.requests
    assert verdict == Verdict(stored=True)
    assert urlsplit(path).path == "/api/v1/profiles"
    assert parse_qs(urlsplit(path).query) == {name: [value] for name, value in LABELS}
    assert headers["X-Scope-OrgID"] == "team-a"
    assert profile_pb2.Profile.FromString(body).time_nanos == TIME_NS


def test_without_a_tenant_no_tenant_is_named() -> None:
    with serving(STORED) as script:
        pushed(script.url, Waits())

    assert "X-Scope-OrgID" not in script.requests[0][1]
    assert "Authorization" not in script.requests[0][1]


def test_a_token_is_sent_as_bearer() -> None:
    with serving(STORED) as script:
        pushed(script.url, Waits(), token="phl_x")

    assert script.requests[0][1]["Authorization"] == "Bearer phl_x"


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        pytest.param("3", 3.0, id="the seconds it asks for"),
        pytest.param("3600", MAX_WAIT_SECONDS, id="but not for an hour"),
        pytest.param("Fri, 20 Nov 2026 22:00:00 GMT", 1.0, id="a second when it names a date"),
        pytest.param("", 1.0, id="a second when it names nothing"),
    ],
)
def test_a_busy_server_gets_the_same_bytes_again_after(retry_after: str, seconds: float) -> None:
    waits = Waits()
    with serving(busy(retry_after), Answer(429, {}, (("Retry-After", retry_after),)), STORED) as script:
        verdict = pushed(script.url, waits)

    assert verdict == Verdict(stored=True, attempts=3)
    assert waits.seconds == [seconds, seconds]
    assert len({body for _, _, body in script.requests}) == 1


def test_a_server_that_stays_busy_is_left_alone_in_the_end() -> None:
    with serving(busy("1")) as script:
        verdict = pushed(script.url, Waits())

    assert verdict == Verdict(False, ("ingester_unavailable",), "busy", MAX_ATTEMPTS)
    assert len(script.requests) == MAX_ATTEMPTS


def test_a_refusal_is_not_repeated() -> None:
    with serving(Answer(400, {"reason": "not_in_ingestion_window", "message": "too old"}), STORED) as script:
        verdict = pushed(script.url, Waits())

    assert verdict == Verdict(False, ("not_in_ingestion_window",), "too old", 1)
    assert len(script.requests) == 1


def test_what_was_refused_of_a_stored_profile_is_reported() -> None:
    answer = Answer(200, {"stored": [{"profile_ids": ["a"]}], "rejected": [{"reason": "invalid_labels"}]})
    with serving(answer) as script:
        assert pushed(script.url, Waits()) == Verdict(True, ("invalid_labels",))


def test_an_answer_that_is_not_json_is_named_by_its_status() -> None:
    with serving(Answer(404, "not a document")) as script:
        assert pushed(script.url, Waits()) == Verdict(False, ("http_404",))


def test_giving_up_ends_the_waiting() -> None:
    with serving(busy("1")) as script:
        pushed(script.url, Waits(give_up_at=2))

    assert len(script.requests) == 2


def test_an_unreachable_server_is_tried_with_growing_pauses() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        waits = Waits()
        verdict = pushed(url, waits)

    assert (verdict.stored, verdict.refusals, verdict.attempts) == (False, ("unreachable",), MAX_ATTEMPTS)
    assert waits.seconds == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0]


@pytest.mark.parametrize("url", ["", "127.0.0.1:4040", "ftp://host", "http://", "http://host/?a=b"])
def test_what_is_not_an_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        parse_url(url)
