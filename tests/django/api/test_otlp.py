"""OpenTelemetry's profiles over HTTP and gRPC-Web: encodings, statuses, and what a sender is told."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import override_settings
from google.protobuf import json_format

from ingest import wiring
from ingest.adapters.tenant_settings import TenantSettings
from ingest.api.grpc.framing import frame
from ingest.api.otlp import json_request
from ingest.api.otlp.export import max_body_bytes
from ingest.api.proto import otlp_pb2, rpc_status_pb2
from ingest.distributor.types import ItemResult, Outcome
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.profiles.reasons import Reason
from tests.django.api.conftest import Doors
from tests.django.api.fakes import NoTenants
from tests.django.api.test_grpc_web import opened
from tests.unit.profiles.formats.otlp.requests import Request

PATH = "v1development/profiles"
RPC = "opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"
PROTOBUF, JSON = "application/x-protobuf", "application/json"


def request(profiles: int = 1, revision: str = "current") -> Request:
    """Profiles of services s0, s1, ... with one sample of 5 each."""
    made = Request(revision)
    stack = made.stack(made.location("leaf"), made.location("root"))
    thread = made.attribute("thread.name", "main")
    link = made.link(bytes(range(16)), bytes(range(8)))
    for number in range(profiles):
        profile = made.profile(("off_cpu", "nanoseconds"), resource={"service.name": f"s{number}"})
        profile.samples.add(stack_index=stack, values=[5], attribute_indices=[thread], link_index=link)
    return made


def spoil(made: Request, number: int) -> None:
    """Give a profile a stack that is not there."""
    made.message.resource_profiles[number].scope_profiles[0].profiles[0].samples[0].stack_index = 99


def answer(response: HttpResponse) -> otlp_pb2.ExportProfilesPartialSuccess:
    assert (response.status_code, response["Content-Type"]) == (200, PROTOBUF), response.content
    return otlp_pb2.ExportProfilesServiceResponse.FromString(response.content).partial_success


def error(response: HttpResponse) -> tuple[int, int, str]:
    """Return the status, the code and the message of a refusal."""
    if response["Content-Type"] == JSON:
        document = json.loads(response.content)
        return response.status_code, document["code"], document["message"]
    assert response["Content-Type"] == PROTOBUF
    status = rpc_status_pb2.Status.FromString(response.content)
    return response.status_code, status.code, status.message


def as_json(made: Request) -> dict[str, Any]:
    """Return a request as exporters write it: identifiers in hexadecimal."""
    document = json_format.MessageToDict(made.message)
    document["dictionary"]["linkTable"] = [
        {"traceId": one.trace_id.hex(), "spanId": one.span_id.hex()} for one in made.dictionary.link_table
    ]
    return document


@pytest.mark.parametrize("revision", ["current", "previous", "older"])
@pytest.mark.parametrize("content_type", [PROTOBUF, "application/protobuf", "Application/X-Protobuf; charset=utf-8"])
def test_a_request_is_stored_and_answered_with_no_bytes(doors: Doors, revision: str, content_type: str) -> None:
    response = doors.post(PATH, request(2, revision).encoded(), content_type)

    assert (answer(response), response.content) == (otlp_pb2.ExportProfilesPartialSuccess(), b"")
    rows = doors.distributor.rows
    assert [dict(row.labels)["service_name"] for row in rows] == ["s0", "s1"]
    assert {tuple(row.stacks.items()) for row in rows} == {((("root", "leaf"), 5),)}


def test_a_compressed_body_is_read(doors: Doors) -> None:
    answer(doors.post(PATH, gzip.compress(request().encoded()), PROTOBUF, content_encoding="gzip"))
    assert len(doors.distributor.rows) == 1


def test_json_is_the_same_request(doors: Doors) -> None:
    made = request(2)
    answer(doors.post(PATH, json.dumps(as_json(made)), JSON))
    answer(doors.post(PATH, made.encoded(), PROTOBUF))
    (_, from_json), (_, from_protobuf) = doors.distributor.pushes
    assert from_json == from_protobuf


def test_names_of_1_8_are_read_in_json(doors: Doors) -> None:
    document = as_json(request())
    profile = document["resourceProfiles"][0]["scopeProfiles"][0]["profiles"][0]
    profile["sample"] = profile.pop("samples")
    profile["profileId"] = "00" * 15 + "1"  # not even hexadecimal: nobody looks at it
    for location in document["dictionary"]["locationTable"]:
        if "lines" in location:
            location["line"] = location.pop("lines")
    answer(doors.post(PATH, json.dumps(document), JSON))
    assert [row.stacks for row in doors.distributor.rows] == [{("root", "leaf"): 5}]


BAD_JSON = {
    "no object": b"[]",
    "nothing": b"",
    "cut off": b'{"resourceProfiles": [',
    "a text for a list": b'{"resourceProfiles": "x"}',
    "a text for a dictionary": b'{"dictionary": "x"}',
    "a list of numbers": b'{"resourceProfiles": [1]}',
    "an identifier in base64": b'{"dictionary": {"linkTable": [{"traceId": "AAEC+w=="}]}}',
    "an odd number of digits": b'{"dictionary": {"linkTable": [{"span_id": "abc"}]}}',
    "a word for a number": b'{"resourceProfiles": [{"scopeProfiles": [{"profiles": [{"period": "long"}]}]}]}',
    "an enormous number": b'{"resourceProfiles": [{"scopeProfiles": [{"profiles": [{"period": 1e999}]}]}]}',
    "deep values": b'{"resourceProfiles":[{"resource":{"attributes":[{"key":"a","value":'
    + b'{"arrayValue":{"values":[' * 200 + b"{}" + b"]}}" * 200 + b"}]}}]}",
    "very deep values": b'{"resourceProfiles":[{"resource":{"attributes":[{"key":"a","value":'
    + b'{"kvlistValue":{"values":[{"value":' * 900 + b"{}" + b"}]}}" * 900 + b"}]}}]}",
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_JSON)
def test_json_that_is_no_request_is_refused_in_json(doors: Doors, name: str) -> None:
    response = doors.post(PATH, BAD_JSON[name], JSON)
    status, code, message = error(response)
    assert (status, code, response["Content-Type"]) == (400, 3, JSON), message
    assert response["Phlare-Reason"] == "bad_request"
    assert message


def test_json_has_a_bound_of_its_own(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_request, "MAX_JSON_BYTES", 100)
    status, _, message = error(doors.post(PATH, json.dumps(as_json(request())), JSON))
    assert (status, "send protobuf" in message) == (400, True)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/grpc", "application/jsonx", "application/proto"]
)
def test_another_content_type_is_told_which_ones_there_are(doors: Doors, content_type: str) -> None:
    response = doors.post(PATH, request().encoded(), content_type)
    assert response.status_code == 415
    assert response["Accept-Post"] == "application/x-protobuf, application/protobuf, application/json"


@pytest.mark.parametrize("method", ["get", "put", "delete", "options"])
def test_another_method_is_told_so(doors: Doors, method: str) -> None:
    response = getattr(doors.client, method)(f"/{PATH}")
    assert (response.status_code, response["Allow"]) == (405, "POST")


def test_a_large_body_is_413_in_either_form(doors: Doors) -> None:
    small = replace(DEFAULT_LIMITS, ingestion_body_limit_bytes=100)
    with _limits(small):
        plain = doors.post(PATH, bytes(101), PROTOBUF)
        packed = doors.post(PATH, gzip.compress(bytes(5000)), PROTOBUF, content_encoding="gzip")
    assert (error(plain)[0], plain["Phlare-Reason"]) == (413, "body_too_large")
    assert (error(packed)[0], packed["Phlare-Reason"]) == (413, "decompressed_too_large")


def _limits(limits: Limits) -> Any:
    made = TenantSettings(limits, NoTenants(), notes_default=False)
    made.refresh()
    return wiring.override(tenant_settings=made)


def test_a_request_is_bounded_whatever_the_tenant_may_send() -> None:
    assert max_body_bytes(DEFAULT_LIMITS) == 32 << 20
    assert max_body_bytes(replace(DEFAULT_LIMITS, ingestion_body_limit_bytes=7)) == 7


def test_another_encoding_is_415(doors: Doors) -> None:
    response = doors.post(PATH, b"x", PROTOBUF, content_encoding="zstd")
    assert (error(response)[0], response["Phlare-Reason"]) == (415, "unsupported_encoding")


def test_damaged_gzip_is_400(doors: Doors) -> None:
    response = doors.post(PATH, gzip.compress(bytes(50))[:-5], PROTOBUF, content_encoding="gzip")
    assert (error(response)[0], response["Phlare-Reason"]) == (400, "bad_gzip")


def test_without_a_tenant_it_is_401(doors: Doors) -> None:
    with override_settings(INGEST=replace(settings.INGEST, multitenancy_enabled=True)):
        missing = doors.post(PATH, request().encoded(), PROTOBUF)
        answer(doors.post(PATH, request().encoded(), PROTOBUF, x_scope_orgid="team"))
    assert error(missing)[:2] == (401, 16)
    assert [tenant for tenant, _ in doors.distributor.pushes] == ["team"]


def test_bytes_that_are_no_request_are_400(doors: Doors) -> None:
    response = doors.post(PATH, b"\x0a\xff", PROTOBUF)
    assert error(response) == (
        400,
        3,
        "The request is not an ExportProfilesServiceRequest: a number is cut off or longer than 64 bits.",
    )
    assert response["Phlare-Reason"] == "malformed_profile"


def test_a_release_that_is_too_old_is_told_so(doors: Doors) -> None:
    made = request()
    made.message.ClearField("dictionary")
    status, _, message = error(doors.post(PATH, made.encoded(), PROTOBUF))
    assert (status, "update the sender" in message) == (400, True)


def test_a_request_with_nothing_in_it_is_taken_and_flagged(doors: Doors) -> None:
    """The protocol wants a success for it; nobody has to guess why there is no data."""
    partial = answer(doors.post(PATH, b"", PROTOBUF))
    assert (partial.rejected_profiles, partial.error_message) == (0, "The request holds no profile.")


def test_profiles_without_samples_are_flagged(doors: Doors) -> None:
    made = request(2)
    for one in made.message.resource_profiles:
        one.scope_profiles[0].profiles[0].ClearField("samples")
    partial = answer(doors.post(PATH, made.encoded(), PROTOBUF))
    assert partial.rejected_profiles == 0
    assert partial.error_message.startswith("None of the 2 profiles has a sample")
    assert doors.distributor.pushes == []


def test_samples_of_nothing_but_zeros_are_flagged(doors: Doors) -> None:
    doors.distributor.script = [ItemResult(0, 0, Outcome.EMPTY)]
    partial = answer(doors.post(PATH, request().encoded(), PROTOBUF))
    assert (partial.rejected_profiles, "all their values are zero" in partial.error_message) == (0, True)


def test_what_is_refused_for_good_is_a_partial_success(doors: Doors) -> None:
    made = request(3)
    spoil(made, 0)
    doors.distributor.script = [
        ItemResult(0, 0, Outcome.STORED),
        ItemResult(1, 0, Outcome.REJECTED, Reason.SERIES_LIMIT, "too many series"),
    ]

    partial = answer(doors.post(PATH, made.encoded(), PROTOBUF))

    assert partial.rejected_profiles == 2
    assert partial.error_message == (
        "2 of 3 profiles were not stored: profile 0: malformed_profile: malformed profile: the stack of a sample "
        "leads to something that is not in the dictionary; profile 2: series_limit: too many series"
    )


def test_one_profile_of_two_services_is_refused_once(doors: Doors) -> None:
    made = request()
    profile = made.message.resource_profiles[0].scope_profiles[0].profiles[0]
    profile.samples.add(stack_index=1, values=[1], attribute_indices=[made.attribute("service.name", "other")])
    doors.distributor.script = [
        ItemResult(0, 0, Outcome.STORED),
        ItemResult(1, 0, Outcome.REJECTED, Reason.INVALID_LABELS, "why"),
    ]
    assert answer(doors.post(PATH, made.encoded(), PROTOBUF)).rejected_profiles == 1


@pytest.mark.parametrize("unread", [True, False])
def test_when_nothing_is_taken_it_is_an_error(doors: Doors, unread: bool) -> None:
    made = request(2)
    if unread:
        spoil(made, 0)
        spoil(made, 1)
    else:
        doors.distributor.script = [
            ItemResult(number, 0, Outcome.REJECTED, Reason.NOT_IN_INGESTION_WINDOW, "too old") for number in range(2)
        ]
    response = doors.post(PATH, made.encoded(), PROTOBUF)
    status, code, message = error(response)
    assert (status, code) == (400, 3)
    assert message.startswith("2 of 2 profiles were not stored: profile 0: ")


def test_a_failure_of_ours_is_worth_repeating_whatever_else_was_wrong(doors: Doors) -> None:
    made = request(3)
    spoil(made, 0)
    doors.distributor.script = [
        ItemResult(0, 0, Outcome.FAILED, Reason.DEADLINE, "no quorum"),
        ItemResult(1, 0, Outcome.REJECTED, Reason.INVALID_LABELS, "why"),
    ]
    doors.distributor.retry_after_seconds = 4
    response = doors.post(PATH, made.encoded(), PROTOBUF)
    assert (error(response)[:2], response["Retry-After"]) == ((503, 14), "4")


def test_an_error_that_nobody_foresaw_is_500(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(type(doors.distributor), "push", explode)
    status, code, message = error(doors.post(PATH, request().encoded(), PROTOBUF))
    assert (status, code, "secret" in message) == (500, 13, False)


GRPC_WEB = "application/grpc-web+proto"


@pytest.mark.parametrize("revision", ["current", "previous"])
def test_the_rpc_is_the_same_door(doors: Doors, revision: str) -> None:
    messages, trailers = opened(doors.post(RPC, frame(request(2, revision).encoded()), GRPC_WEB))
    assert (messages, trailers["grpc-status"]) == ([b""], "0")
    assert len(doors.distributor.rows) == 2


REFUSED: dict[str, Callable[[], tuple[bytes, str]]] = {
    "not a request": lambda: (b"\x0a\xff", "3"),
    "too old": lambda: (b"\x0a\x04\x12\x02\x12\x00", "3"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_rpc_refuses_with_a_status(doors: Doors, name: str) -> None:
    body, expected = REFUSED[name]()
    messages, trailers = opened(doors.post(RPC, frame(body), GRPC_WEB))
    assert (messages, trailers["grpc-status"]) == ([], expected)


def test_connect_reads_json_of_opentelemetry(doors: Doors) -> None:
    response = doors.post(RPC, json.dumps(as_json(request())), JSON)
    assert (response.status_code, json.loads(response.content)) == (200, {})
    bad = doors.post(RPC, b'{"dictionary": {"linkTable": [{"spanId": "x"}]}}', JSON)
    assert (bad.status_code, json.loads(bad.content)["code"]) == (400, "invalid_argument")
