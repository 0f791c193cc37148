"""The Connect unary protocol: what is negotiated, and that whatever goes wrong is the sender's error in JSON."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from django.http import HttpResponse

from ingest.api.connect.errors import ConnectError, error_response
from ingest.api.proto import querier_pb2
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.profiles.reasons import HTTP_STATUS, ConnectCode, Reason, Rejection
from ingest.querier.types import QueryRefused, Unavailable
from tests.django.api.conftest import Doors

PUSH = "push.v1.PusherService/Push"
TYPES = "querier.v1.QuerierService/ProfileTypes"
SERIES = "querier.v1.QuerierService/SelectSeries"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("canceled", 499),
        ("unknown", 500),
        ("invalid_argument", 400),
        ("deadline_exceeded", 504),
        ("not_found", 404),
        ("already_exists", 409),
        ("permission_denied", 403),
        ("resource_exhausted", 429),
        ("failed_precondition", 400),
        ("aborted", 409),
        ("out_of_range", 400),
        ("unimplemented", 501),
        ("internal", 500),
        ("unavailable", 503),
        ("data_loss", 500),
        ("unauthenticated", 401),
    ],
)
def test_every_code_has_its_status_and_a_json_body(code: str, status: int) -> None:
    response = error_response(ConnectError(ConnectCode(code), "why"))
    assert (response.status_code, response["Content-Type"]) == (status, "application/json")
    assert json.loads(response.content) == {"code": code, "message": "why"}
    assert len(HTTP_STATUS) == 16


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
@pytest.mark.parametrize("path", [PUSH, TYPES, "querier.v1.QuerierService/Diff"])
def test_other_methods_than_post_are_told_so(doors: Doors, method: str, path: str) -> None:
    response = getattr(doors.client, method)(f"/{path}")
    assert (response.status_code, response["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/grpc-websocket", "application/grpc-web+thrift", "application/x-protobuf",
     "application/jsonx", "application/json; charset=latin-1", "application/connect+json"],
)  # fmt: skip
def test_another_content_type_is_told_which_ones_there_are(doors: Doors, content_type: str) -> None:
    response = doors.post(TYPES, b"{}", content_type)
    assert response.status_code == 415
    assert response["Accept-Post"].startswith("application/json, application/proto, application/grpc-web, ")


@pytest.mark.parametrize(
    ("content_type", "body", "answered"),
    [
        ("application/proto", b"", "application/proto"),
        ("application/json", b"{}", "application/json"),
        ("application/json; charset=utf-8", b"{}", "application/json"),
        ("application/json;charset=UTF-8", b"{}", "application/json"),
        ("Application/JSON", b" {} ", "application/json"),
    ],
)
def test_an_answer_has_the_content_type_of_the_request(
    doors: Doors, content_type: str, body: bytes, answered: str
) -> None:
    response = doors.post(TYPES, body, content_type)
    assert (response.status_code, response["Content-Type"]) == (200, answered)


DEEP = b'{"series":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
BAD_JSON = [
    pytest.param(b"", id="no bytes at all"),
    pytest.param(b"   ", id="only blanks"),
    pytest.param(b"{", id="cut off"),
    pytest.param(b"[]", id="a list"),
    pytest.param(b"null", id="null"),
    pytest.param(b"1e999", id="a huge number"),
    pytest.param(b'"x"', id="a text"),
    pytest.param(b"\xff\xfe{}", id="not UTF-8"),
    pytest.param(b'{"profileTypeID": "\xff"}', id="text that is not UTF-8"),
    pytest.param(b'{"labelSelector": "\\ud800"}', id="a lone surrogate"),
    pytest.param(b'{"start": "now-1h"}', id="a word for a number"),
    pytest.param(b'{"start": 1.5}', id="a fraction for a whole number"),
    pytest.param(b'{"start": true}', id="a truth value for a number"),
    pytest.param(b'{"start": 1e999}', id="an infinite whole number"),
    pytest.param(b'{"start": "Infinity"}', id="infinity in words"),
    pytest.param(b'{"start": 9223372036854775808}', id="one more than 64 bits hold"),
    pytest.param(b'{"start": ' + b"9" * 5000 + b"}", id="five thousand digits"),
    pytest.param(b'{"start": "' + b"9" * 5000 + b'"}', id="five thousand digits in a text"),
    pytest.param(b'{"start": {}}', id="an object for a number"),
    pytest.param(b'{"groupBy": "x"}', id="a text for a list"),
    pytest.param(b'{"groupBy": [1]}', id="a number in a list of texts"),
    pytest.param(b'{"groupBy": [null]}', id="null in a list of texts"),
    pytest.param(b'{"step": "soon"}', id="a word for a fraction"),
    pytest.param(b'{"aggregation": []}', id="a list for an enum"),
    pytest.param(b'{"stackTraceSelector": "x"}', id="a text for an object"),
    pytest.param(b'{"stackTraceSelector": 7}', id="a number for an object"),
    pytest.param(b'{"profileTypeID": 3}', id="a number for a text"),
    pytest.param(b'{"profileTypeID": "a", "profile_typeID": "b"}', id="one field under both its names"),
    pytest.param(DEEP, id="a hundred thousand brackets"),
    pytest.param(b'{"x":' * 50_000 + b"1" + b"}" * 50_000, id="fifty thousand objects"),
]


@pytest.mark.parametrize("body", BAD_JSON)
def test_json_that_does_not_fit_is_an_invalid_argument(doors: Doors, body: bytes) -> None:
    response = doors.call(SERIES, body)
    assert (response.status_code, response["Content-Type"]) == (400, "application/json")
    assert response.json()["code"] == "invalid_argument"
    assert "JSON" in response.json()["message"]


@pytest.mark.parametrize(
    "series",
    [b"{}", b"[1]", b'["x"]', b'[{"labels": [7]}]', b'[{"samples": [{"rawProfile": 1}]}]',
     b'[{"samples": [{"rawProfile": "\\u00e9"}]}]', b'[{"samples": [{"rawProfile": "a"}]}]'],
)  # fmt: skip
def test_a_json_push_that_does_not_fit_is_an_invalid_argument(doors: Doors, series: bytes) -> None:
    response = doors.call(PUSH, b'{"series": ' + series + b"}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")
    assert doors.distributor.rows == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xff\xff\xff\xff\xff", id="an endless varint"),
        pytest.param(b"\x0a\xff\x01", id="a length beyond the end"),
        pytest.param(b"\x0a\x02\x12\x7f", id="a length beyond its message"),
        pytest.param(b"\x0b" * 10_000, id="ten thousand open groups"),
        pytest.param(b"\x0a\x05\x0a\x03\x0a\x01\xff", id="a label that is not UTF-8"),
        pytest.param(b"{}", id="JSON"),
    ],
)
def test_bytes_that_are_no_message_are_an_invalid_argument(doors: Doors, body: bytes) -> None:
    response = doors.call(PUSH, body, "proto")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        pytest.param("br", b"", 501, "unimplemented", id="brotli"),
        pytest.param("zstd", b"", 501, "unimplemented", id="zstd"),
        pytest.param("gzip, gzip", b"", 501, "unimplemented", id="gzip twice"),
        pytest.param("gzip", b"{}", 400, "invalid_argument", id="gzip that is not"),
        pytest.param("gzip", gzip.compress(b"{}")[:-6], 400, "invalid_argument", id="gzip that is cut off"),
        pytest.param(
            "gzip", gzip.compress(b"{}") + b"junk", 400, "invalid_argument", id="gzip with something behind it"
        ),
        pytest.param("gzip", gzip.compress(b" " * 50_000_000), 400, "invalid_argument", id="fifty megabytes of blanks"),
    ],
)
def test_a_content_encoding_that_cannot_be_undone_is_refused(
    doors: Doors, encoding: str, body: bytes, status: int, code: str
) -> None:
    response = doors.call(TYPES, body, **{"Content-Encoding": encoding})
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_a_body_above_the_bound_is_refused_before_it_is_read(doors: Doors) -> None:
    response = doors.call(TYPES, b"{" + b" " * (1 << 20))
    assert (response.status_code, response.json()["code"]) == (429, "resource_exhausted")
    limit = DEFAULT_LIMITS.ingestion_body_limit_bytes
    response = announced(doors, str(limit + 1))
    assert (response.status_code, response.json()["code"]) == (429, "resource_exhausted")


@pytest.mark.parametrize("length", ["-1", "x", "1" * 40, "²"])
def test_a_length_that_is_no_length_is_refused(doors: Doors, length: str) -> None:
    assert announced(doors, length).status_code == 400


def announced(doors: Doors, length: str) -> HttpResponse:
    """Push no bytes with this Content-Length."""
    return doors.client.generic("POST", f"/{PUSH}", b"", CONTENT_TYPE="application/proto", CONTENT_LENGTH=length)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Connect-Protocol-Version": "1"}, 200),
        ({"Connect-Protocol-Version": "2"}, 400),
        ({"Connect-Timeout-Ms": "5000"}, 200),
        ({"Connect-Timeout-Ms": "9999999999"}, 200),
        ({"Connect-Timeout-Ms": "99999999999"}, 400),
        ({"Connect-Timeout-Ms": "-1"}, 400),
        ({"Connect-Timeout-Ms": "5s"}, 400),
        ({"Connect-Timeout-Ms": "٣"}, 400),
        ({"Connect-Timeout-Ms": "0"}, 504),
    ],
)
def test_the_headers_of_the_protocol_are_checked(doors: Doors, headers: dict[str, str], status: int) -> None:
    assert doors.call(TYPES, {}, **headers).status_code == status


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (QueryRefused(Rejection(Reason.QUERY_LIMIT, "too long")), 400, "invalid_argument"),
        (QueryRefused(Rejection(Reason.DEADLINE, "late")), 503, "unavailable"),
        (Unavailable("no ring"), 503, "unavailable"),
        (RuntimeError("a bug"), 500, "internal"),
    ],
)
def test_what_the_querier_raises_is_told_in_json(doors: Doors, error: Exception, status: int, code: str) -> None:
    doors.querier.refuse = error
    response = doors.call(TYPES, querier_pb2.ProfileTypesRequest(start=1, end=2))
    assert (response.status_code, response.json()["code"], response["Content-Type"]) == (
        status,
        code,
        "application/json",
    )
    assert "a bug" not in response.content.decode()


def test_answers_are_compressed_only_when_offered_and_worth_it(doors: Doors) -> None:
    names = tuple(f"label_{index}" for index in range(500))
    doors.querier.label_names = lambda sel: doors.querier._answer(names)  # type: ignore[method-assign]
    path = "querier.v1.QuerierService/LabelNames"
    plain = doors.call(path, {})
    packed = doors.call(path, {}, **{"Accept-Encoding": "deflate, gzip;q=0.5"})
    refused = doors.call(path, {}, **{"Accept-Encoding": "gzip;q=0"})
    small = doors.call(TYPES, {}, **{"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert zlib.decompress(packed.content, 31) == plain.content == refused.content
    assert "Content-Encoding" not in plain
    assert "Content-Encoding" not in small
