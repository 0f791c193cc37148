"""The push door: both codecs, every layer of gzip, and what becomes of a request of which a part is bad."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from ingest.api.proto import push_pb2
from ingest.distributor.types import ItemResult, Outcome
from ingest.profiles.reasons import Reason
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof

PUSH = "push.v1.PusherService/Push"
LABELS = {"__name__": "process_cpu", "service_name": "web"}


def push_request(*profiles: bytes, labels: dict[str, str] = LABELS) -> push_pb2.PushRequest:
    request = push_pb2.PushRequest()
    series = request.series.add()
    for name, value in labels.items():
        series.labels.add(name=name, value=value)
    for raw in profiles:
        series.samples.add(raw_profile=raw)
    return request


def test_a_good_push_answers_200_with_no_bytes_and_the_codec_of_the_request(doors: Doors) -> None:
    response = doors.call(PUSH, push_request(pprof()))
    assert (response.status_code, response.content, response["Content-Type"]) == (200, b"", "application/proto")
    [row] = doors.distributor.rows
    assert dict(row.labels)["__profile_type__"] == "process_cpu:cpu:nanoseconds:cpu:nanoseconds"


def test_a_json_push_answers_an_empty_object(doors: Doors) -> None:
    profile = base64.b64encode(gzip.compress(pprof())).decode()
    body = {
        "series": [{"labels": [{"name": "__name__", "value": "process_cpu"}], "samples": [{"rawProfile": profile}]}]
    }
    response = doors.call(PUSH, body)
    assert (response.status_code, response.json(), response["Content-Type"]) == (200, {}, "application/json")
    assert len(doors.distributor.rows) == 1


@pytest.mark.parametrize("inner", [False, True], ids=["plain pprof inside", "gzipped pprof inside"])
@pytest.mark.parametrize("outer", [False, True], ids=["identity body", "gzip body"])
def test_the_two_layers_of_gzip_are_independent(doors: Doors, inner: bool, outer: bool) -> None:
    raw = gzip.compress(pprof()) if inner else pprof()
    body = push_request(raw).SerializeToString()
    headers = {"Content-Encoding": "gzip"} if outer else {"Content-Encoding": "identity"}
    response = doors.call(PUSH, gzip.compress(body) if outer else body, "proto", **headers)
    assert response.status_code == 200
    assert doors.distributor.pushes[0][1][0].profiles == (raw,)


def test_one_bad_profile_makes_the_request_an_error_that_names_it_while_the_others_are_stored(doors: Doors) -> None:
    request = push_request(pprof(), b"\xff not a profile")
    request.series.append(push_request(pprof(), labels={"service_name": "no name"}).series[0])
    response = doors.call(PUSH, request)
    assert (response.status_code, response["Content-Type"]) == (400, "application/json")
    error = response.json()
    assert error["code"] == "invalid_argument"
    assert "2 profiles" in error["message"]
    assert "series 0 profile 1: malformed_profile" in error["message"]
    assert "series 1 profile 0: invalid_labels" in error["message"]
    assert len(doors.distributor.rows) == 1


def test_the_code_is_that_of_the_first_refusal(doors: Doors) -> None:
    doors.distributor.script = [
        ItemResult(0, 0, Outcome.STORED),
        ItemResult(1, 0, Outcome.REJECTED, Reason.RATE_LIMITED, "too fast"),
        ItemResult(2, 0, Outcome.REJECTED, Reason.SAMPLES_LIMIT, "too many"),
    ]
    response = doors.call(PUSH, push_request(pprof()))
    assert (response.status_code, response.json()["code"]) == (429, "resource_exhausted")


def test_a_failure_of_the_server_outweighs_a_refusal_so_that_the_sender_tries_again(doors: Doors) -> None:
    doors.distributor.script = [
        ItemResult(0, 0, Outcome.REJECTED, Reason.SAMPLES_LIMIT, "too many"),
        ItemResult(1, 0, Outcome.FAILED, Reason.DEADLINE, "no quorum in time"),
    ]
    doors.distributor.retry_after_seconds = 7
    response = doors.call(PUSH, push_request(pprof()))
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (503, "unavailable", "7")
    assert "no quorum in time" in response.json()["message"]
    assert "too many" in response.json()["message"]


def test_a_profile_without_values_is_accepted(doors: Doors) -> None:
    assert doors.call(PUSH, push_request(pprof({("a",): 0}))).status_code == 200
    assert doors.distributor.rows == []


@pytest.mark.parametrize("body", [push_pb2.PushRequest(), {}, {"series": []}, push_request()])
def test_a_request_without_a_profile_is_refused(doors: Doors, body: object) -> None:
    response = doors.call(PUSH, body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")


def test_a_thousand_bad_series_make_a_short_message(doors: Doors) -> None:
    doors.distributor.script = [
        ItemResult(index, 0, Outcome.REJECTED, Reason.INVALID_LABELS, "x" * 500) for index in range(1000)
    ]
    response = doors.call(PUSH, push_request(pprof()))
    assert response.status_code == 400
    assert len(response.content) < 5000
    assert "1000 profiles" in response.json()["message"]


def test_a_label_sent_twice_reaches_the_distributor_twice(doors: Doors) -> None:
    body = {
        "series": [
            {
                "labels": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}],
                "samples": [{"raw_profile": base64.b64encode(pprof()).decode(), "ID": "x"}],
            }
        ]
    }
    doors.call(PUSH, json.dumps(body).encode())
    assert doors.distributor.pushes[0][1][0].labels == (("a", "1"), ("a", "2"))
