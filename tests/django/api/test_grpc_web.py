"""gRPC-Web on the addresses of Connect: framing is checked, and whatever happens is said in trailers."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from urllib.parse import unquote

import pytest
from django.http import HttpResponse
from hypothesis import given
from hypothesis import strategies as st

from ingest.api.grpc.framing import frame, only_message
from ingest.api.proto import push_pb2, rpc_status_pb2
from ingest.distributor.types import ItemResult, Outcome
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.reasons import Reason, Rejection
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.django.api.test_push_connect import PUSH, push_request

TYPES = "querier.v1.QuerierService/ProfileTypes"
WEB = "application/grpc-web+proto"


def opened(response: HttpResponse) -> tuple[list[bytes], dict[str, str]]:
    """Return the messages and the trailers of an answer."""
    body = response.content
    if "-text" in response["Content-Type"]:
        body = base64.b64decode(body, validate=True)
    messages: list[bytes] = []
    trailers: dict[str, str] = {}
    while body:
        flags, length = struct.unpack_from(">BI", body)
        content, body = body[5 : 5 + length], body[5 + length :]
        assert len(content) == length
        if flags & 0x80:
            assert not body, "nothing follows the trailers"
            trailers = dict(line.split(": ", 1) for line in content.decode("ascii").splitlines())
        else:
            messages.append(content)
    return messages, trailers


def refused(response: HttpResponse) -> tuple[int, str]:
    """Return the status and the message of a failed call."""
    messages, trailers = opened(response)
    assert (response.status_code, messages) == (200, [])
    return int(trailers["grpc-status"]), unquote(trailers["grpc-message"])


@pytest.mark.parametrize("kind", ["application/grpc-web", WEB, "Application/gRPC-Web+proto; charset=utf-8"])
def test_a_push_is_stored_and_answered_with_a_message_and_trailers(doors: Doors, kind: str) -> None:
    response = doors.post(PUSH, frame(push_request(pprof()).SerializeToString()), kind)

    assert response.status_code == 200
    assert response["Content-Type"] == kind.split(";")[0].lower()
    assert opened(response) == ([b""], {"grpc-status": "0"})
    assert response["Phlare-Push-Id"]
    assert len(doors.distributor.rows) == 1


def test_the_text_variant_is_base64_both_ways_in_pieces_of_any_length(doors: Doors) -> None:
    framed = frame(push_request(pprof()).SerializeToString())
    body = base64.b64encode(framed[:7]) + base64.b64encode(framed[7:9]) + base64.b64encode(framed[9:])

    response = doors.post(PUSH, body, "application/grpc-web-text")

    assert opened(response) == ([b""], {"grpc-status": "0"})
    assert len(doors.distributor.rows) == 1


def test_json_is_framed_as_well(doors: Doors) -> None:
    response = doors.post(TYPES, frame(b'{"start": "1000", "end": "4000"}'), "application/grpc-web+json")

    messages, trailers = opened(response)
    assert (json.loads(messages[0]), trailers["grpc-status"]) == ({}, "0")


def test_a_compressed_message_is_read(doors: Doors) -> None:
    body = frame(gzip.compress(push_request(pprof()).SerializeToString()), flags=1)

    response = doors.post(PUSH, body, WEB, grpc_encoding="gzip")

    assert opened(response)[1] == {"grpc-status": "0"}
    assert len(doors.distributor.rows) == 1


GOOD = b""
DAMAGED = {
    "nothing at all": (b"", {}, 3, "0 of the 5 bytes"),
    "four bytes": (b"\0\0\0\0", {}, 3, "4 of the 5 bytes"),
    "a message that is cut off": (b"\0\0\0\0\x05abc", {}, 3, "3 of 5 bytes"),
    "more than one message": (frame(GOOD) * 2, {}, 3, "one message"),
    "a byte behind the message": (frame(GOOD) + b"x", {}, 3, "one message"),
    "trailers for a message": (frame(b"x: y\r\n", 0x80), {}, 3, "flags 0x80"),
    "unknown flags": (frame(GOOD, 0x02), {}, 3, "flags 0x02"),
    "a length that nobody takes": (b"\0\xff\xff\xff\xff", {}, 8, "larger than 1048576 bytes"),
    "compressed without saying how": (frame(gzip.compress(GOOD), 1), {}, 3, "is not gzip"),
    "compressed otherwise": (frame(gzip.compress(GOOD), 1), {"grpc_encoding": "zstd"}, 12, "'zstd' is not supported"),
    "not compressed at all": (frame(b"abc", 1), {"grpc_encoding": "gzip"}, 3, "is not gzip"),
    "damaged gzip": (frame(gzip.compress(GOOD)[:-9], 1), {"grpc_encoding": "gzip"}, 3, "gzip"),
    "a bomb": (frame(gzip.compress(bytes(2 << 20)), 1), {"grpc_encoding": "gzip"}, 3, "at most 1048576 are allowed"),
    "no such message": (frame(b"\x0f"), {}, 3, "is not a querier.v1.ProfileTypesRequest"),
    "a time limit that is none": (frame(GOOD), {"grpc_timeout": "soon"}, 3, "grpc-timeout must be"),
    "a time limit of nine digits": (frame(GOOD), {"grpc_timeout": "123456789S"}, 3, "grpc-timeout must be"),
    "a time limit that has passed": (frame(GOOD), {"grpc_timeout": "1n"}, 4, "The time limit"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_framing_is_answered_200_with_the_status_in_the_trailers(doors: Doors, name: str) -> None:
    body, headers, expected, says = DAMAGED[name]

    status, message = refused(doors.post(TYPES, body, WEB, **headers))

    assert (status, says in message) == (expected, True), message
    assert doors.querier.asked == []


@pytest.mark.parametrize("body", [b"%%%", b"AAAA AAAA", b"A", b"AAA", b"=", b"AAAA====", "ä".encode()])
def test_text_that_is_not_base64_is_refused(doors: Doors, body: bytes) -> None:
    status, message = refused(doors.post(TYPES, body, "application/grpc-web-text"))
    assert (status, "base64" in message) == (3, True), message


def test_a_text_body_is_bounded_before_it_is_decoded(doors: Doors) -> None:
    status, message = refused(doors.post(TYPES, b"AAAA" * (1 << 19), "application/grpc-web-text+proto"))
    assert (status, "larger than" in message) == (8, True), message


def test_a_refusal_names_its_reason(doors: Doors) -> None:
    response = doors.post(PUSH, frame(push_request(b"no profile").SerializeToString()), WEB)

    _, trailers = opened(response)
    assert (trailers["grpc-status"], trailers["phlare-reason"]) == ("3", "malformed_profile")
    assert unquote(trailers["grpc-message"]).startswith("1 profile was not stored: series 0 profile 0")


def test_a_failure_says_after_what_time_to_try_again(doors: Doors) -> None:
    doors.distributor.script = [ItemResult(0, 0, Outcome.FAILED, Reason.DEADLINE, "später")]
    doors.distributor.retry_after_seconds = 7

    _, trailers = opened(doors.post(PUSH, frame(push_request(pprof()).SerializeToString()), WEB))

    assert (trailers["grpc-status"], trailers["retry-after"]) == ("14", "7")
    details = base64.b64decode(trailers["grpc-status-details-bin"] + "==")
    status = rpc_status_pb2.Status.FromString(details)
    retry = rpc_status_pb2.RetryInfo.FromString(status.details[0].value)
    assert (status.code, status.details[0].type_url) == (14, "type.googleapis.com/google.rpc.RetryInfo")
    assert (status.message, retry.retry_delay.seconds) == (unquote(trailers["grpc-message"]), 7)


def test_trailers_stay_below_what_clients_take(doors: Doors) -> None:
    long = "ü" * 10_000
    doors.distributor.script = [ItemResult(0, 0, Outcome.FAILED, Reason.DEADLINE, long)]

    response = doors.post(PUSH, frame(push_request(pprof()).SerializeToString()), WEB)

    assert len(response.content) < 8 << 10
    assert refused(response)[1].endswith("…")


@pytest.mark.parametrize("kind", ["application/grpc", "application/grpc+proto"])
def test_a_client_of_grpc_is_told_where_it_is_served(doors: Doors, kind: str) -> None:
    response = doors.post(TYPES, frame(b""), kind)

    assert (response.status_code, response["Content-Type"], response.content) == (200, "application/grpc", b"")
    assert response["grpc-status"] == "12"
    assert "port 4317" in unquote(response["grpc-message"])


def test_a_method_that_is_not_there_is_unimplemented(doors: Doors) -> None:
    status, message = refused(doors.post("vcs.v1.VCSService/GetFile", frame(b""), WEB))
    assert (status, message) == (12, "vcs.v1.VCSService/GetFile is not implemented.")


@given(st.binary(max_size=60), st.sampled_from(["", "gzip", "br"]))
def test_any_bytes_are_one_message_or_a_refusal(framed: bytes, encoding: str) -> None:
    outcome = only_message(framed, encoding, 40, DEFAULT_LIMITS.max_decompression_ratio)
    if isinstance(outcome, Rejection):
        return
    assert len(outcome) <= 40
    if framed[0] == 0:
        assert frame(outcome) == framed


def test_a_push_request_of_one_frame_is_the_message_itself() -> None:
    message = push_pb2.PushRequest(series=[push_pb2.RawProfileSeries()]).SerializeToString()
    assert only_message(frame(message), "", 100, 1) == message
