"""``/ingest``: every format reaches the distributor, success is exactly an empty 200, and errors have their status."""

from __future__ import annotations

import dataclasses
import gzip
import json
from io import BytesIO
from urllib.parse import urlencode

import pytest
from django.conf import settings as current
from django.http import HttpResponse

from ingest.api.ingest.form import MAX_HEADER_BYTES, MAX_PARTS, read_form
from ingest.distributor.types import ItemResult, Outcome
from ingest.profiles.reasons import Reason, Rejection
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.django.api.test_hot_door import seen, short_way

SPEEDSCOPE = json.dumps(
    {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "shared": {"frames": [{"name": "a"}]},
        "profiles": [{"type": "sampled", "unit": "seconds", "samples": [[0]], "weights": [1]}],
    }
).encode()
BOUNDARY = "----x"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def form(*parts: tuple[str, bytes], boundary: str = BOUNDARY, headers: str = "") -> bytes:
    body = b""
    for name, content in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n{headers}\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def ingest(
    doors: Doors, body: bytes, content_type: str = "", path: str = "ingest", headers: dict[str, str] | None = None,
    **query: str,
) -> HttpResponse:  # fmt: skip
    address = f"{path}?{urlencode({'name': 'app.cpu{region=eu}', **query})}"
    return doors.post(address, body, content_type, **(headers or {}))


@pytest.mark.parametrize("path", ["ingest", "pyroscope/ingest"])
@pytest.mark.parametrize(
    ("body", "content_type", "query", "service"),
    [
        (b"a;b 3\n", "", {}, "app"),
        (b"a;b 3\n", "text/plain", {"format": "folded"}, "app"),
        (b"a;b\na;b\n", "", {"format": "lines"}, "app"),
        (b"\x00\x00\x01\x01a\x01\x00", "", {"format": "tree"}, "app"),
        (b"\x00\x00\x01\x01a\x01\x00", "binary/octet-stream+tree", {}, "app"),
        (b"\x00\x00\x01\x01a\x01\x00", "", {"format": "trie"}, "app"),
        (b"\x00\x00\x01\x01a\x01\x00", "binary/octet-stream+trie", {}, "app"),
        (SPEEDSCOPE, "", {"format": "speedscope"}, "app"),
        (pprof(), "binary/octet-stream", {"format": "pprof"}, "app.cpu"),
        (gzip.compress(pprof()), "", {"format": "pprof"}, "app.cpu"),
        (form(("profile", pprof())), FORM, {}, "app.cpu"),
        (form(("profile", gzip.compress(pprof())), ("sample_type_config", b"{}")), FORM, {}, "app.cpu"),
    ],
)
def test_every_format_is_stored(
    doors: Doors, path: str, body: bytes, content_type: str, query: dict[str, str], service: str
) -> None:
    response = ingest(doors, body, content_type, path, spyName="gospy", **query)
    assert (response.status_code, response.content) == (200, b"")
    [(tenant, [series])] = doors.distributor.pushes
    assert tenant == "anonymous"
    assert dict(series.labels) == {
        "__name__": "process_cpu", "service_name": service, "region": "eu", "pyroscope_spy": "gospy",
        "__delta__": "false",
    }  # fmt: skip
    assert {dict(row.labels)["__profile_type__"] for row in doors.distributor.rows} == {
        "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
    }


def test_several_profiles_of_a_file_are_one_push(doors: Doors) -> None:
    file = json.loads(SPEEDSCOPE)
    file["profiles"] = [{**file["profiles"][0], "name": name} for name in ("one", "two")]
    assert ingest(doors, json.dumps(file).encode(), format="speedscope").status_code == 200
    [(_, series)] = doors.distributor.pushes
    assert [dict(one.labels)["profile_name"] for one in series] == ["one", "two"]


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (b"", {}),
        (b"a 0\n", {}),
        (pprof({}), {"format": "pprof"}),
        (b"anything", {"name": "app{profile_id=1}"}),
        (json.dumps({**json.loads(SPEEDSCOPE), "profiles": []}).encode(), {"format": "speedscope"}),
    ],
)
def test_what_holds_nothing_to_store_is_a_success(doors: Doors, body: bytes, query: dict[str, str]) -> None:
    response = ingest(doors, body, **query)
    assert (response.status_code, response.content) == (200, b"")
    assert doors.distributor.rows == []


ITEM = ItemResult(0, 0, Outcome.REJECTED, Reason.NOT_IN_INGESTION_WINDOW, "too old")
FAILED = ItemResult(0, 0, Outcome.FAILED, Reason.INGESTER_UNAVAILABLE, "no quorum")
EXHAUSTED = ItemResult(0, 0, Outcome.REJECTED, Reason.SERIES_LIMIT, "too many series")
TEXT = {"format": "groups"}


@pytest.mark.parametrize(
    ("body", "content_type", "query", "status", "code", "reason"),
    [
        (b"a 1", "", {"name": ""}, 400, "invalid_argument", "bad_request"),
        (b"a 1", "", {"name": "app{a-b=c}"}, 400, "invalid_argument", "bad_request"),
        (b"a 1", "", {f"p{n}": "" for n in range(101)}, 400, "invalid_argument", "bad_request"),
        (b"a 1", "", {"name": "app.unknown"}, 400, "invalid_argument", "bad_request"),
        (b"a x", "", {}, 422, "unknown", "malformed_profile"),
        (b"\x00", "", {"format": "tree"}, 422, "unknown", "malformed_profile"),
        (b"\x00", "", {"format": "trie"}, 422, "unknown", "malformed_profile"),
        (b"x", "", {"format": "pprof"}, 422, "unknown", "malformed_profile"),
        (b"", "", {"format": "pprof"}, 422, "unknown", "malformed_profile"),
        (form(("profile", pprof())), FORM, {"format": "pprof"}, 422, "unknown", "malformed_profile"),
        (b"x", "", {"format": "speedscope"}, 422, "unknown", "malformed_profile"),
        (SPEEDSCOPE, "", {"format": "speedscope", "name": "a.unknown"}, 422, "unknown", "bad_request"),
        (b"x", "", {"format": "jfr"}, 422, "unknown", "malformed_profile"),
        (form(("other", pprof())), FORM, {}, 422, "unknown", "malformed_profile"),
        (form(("profile", pprof()), ("prev_profile", pprof())), FORM, {}, 422, "unknown", "malformed_profile"),
        (form(("profile", pprof()))[:-9], FORM, {}, 422, "unknown", "bad_request"),
        (b"", FORM, {}, 422, "unknown", "bad_request"),
        (form(("profile", pprof())), "multipart/form-data", {}, 422, "unknown", "bad_request"),
    ],
)  # fmt: skip
def test_what_is_refused_before_it_reaches_the_distributor(
    doors: Doors, body: bytes, content_type: str, query: dict[str, str], status: int, code: str, reason: str
) -> None:
    response = ingest(doors, body, content_type, **query)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/json"
    assert response["Phlare-Reason"] == reason
    assert response.json()["message"]
    assert doors.distributor.pushes == []


@pytest.mark.parametrize(
    ("item", "text_status", "other_status"),
    [
        (ITEM, (400, "invalid_argument"), (422, "unknown")),
        (EXHAUSTED, (429, "resource_exhausted"), (429, "resource_exhausted")),
        (FAILED, (503, "unavailable"), (503, "unavailable")),
    ],
)
def test_what_the_distributor_says_has_the_status_of_the_format(
    doors: Doors, item: ItemResult, text_status: tuple[int, str], other_status: tuple[int, str]
) -> None:
    doors.distributor.script = [item]
    for body, query, expected in (
        (b"a 1", {}, text_status),
        (pprof(), {"format": "pprof"}, other_status),
        (SPEEDSCOPE, {"format": "speedscope"}, other_status),
    ):
        response = ingest(doors, body, **query)
        assert (response.status_code, response.json()["code"]) == expected
        assert item.message in response.json()["message"]
        assert (response.status_code == 503) == ("Retry-After" in response)


def test_a_failure_comes_before_a_refusal_so_that_agents_try_again(doors: Doors) -> None:
    doors.distributor.script = [ITEM, FAILED, FAILED]
    response = ingest(doors, b"a 1")
    assert response.status_code == 503
    assert "and 1 more" in response.json()["message"]


def test_other_methods_are_not_allowed(doors: Doors) -> None:
    for method in ("get", "put", "delete", "patch"):
        response = getattr(doors.client, method)("/ingest?name=a")
        assert (response.status_code, response["Allow"]) == (405, "POST")


def test_a_body_that_is_too_large_is_413(doors: Doors, settings: object) -> None:
    limit = 256 << 20
    response = doors.client.generic(
        "POST", "/ingest?name=a", b"x", content_type="text/plain", CONTENT_LENGTH=str(limit + 1)
    )
    assert (response.status_code, response.json()["code"]) == (413, "invalid_argument")


def test_a_body_that_ends_early_is_408(doors: Doors) -> None:
    response = doors.client.generic(
        "POST", "/ingest?name=a", b"a 1", content_type="text/plain", CONTENT_LENGTH="x", **{"wsgi.input": BytesIO()}
    )
    assert (response.status_code, response.json()["code"]) == (408, "unknown")
    short = short_way("POST", "/ingest", b"a 1", query="name=a", length=5)
    assert short[0] == 408
    assert json.loads(short[1])["message"] == "The body ended after 3 of 5 bytes."


def test_with_many_tenants_one_must_be_named(doors: Doors, settings: object) -> None:
    settings.INGEST = dataclasses.replace(current.INGEST, multitenancy_enabled=True)
    response = ingest(doors, b"a 1")
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert ingest(doors, b"a 1", headers={"X-Scope-OrgID": "a|b"}).status_code == 400
    assert ingest(doors, b"a 1", headers={"X-Scope-OrgID": "team-a"}).status_code == 200
    assert doors.distributor.pushes[0][0] == "team-a"


def test_a_fault_of_ours_is_told_as_json(doors: Doors) -> None:
    doors.distributor.push = None  # type: ignore[assignment,method-assign]
    response = ingest(doors, b"a 1")
    assert (response.status_code, response.json()["code"]) == (500, "unknown")


@pytest.mark.parametrize("query", ["name=app", "name=app%7Bregion%3Ds%C3%B8r%7D", "", "name=app&format=pprof"])
@pytest.mark.parametrize("path", ["/ingest", "/pyroscope/ingest"])
def test_the_short_way_answers_alike(doors: Doors, path: str, query: str) -> None:
    short = short_way("POST", path, b"a;b 3\n", query=query)
    assert short == seen(doors.post(f"{path[1:]}?{query}", b"a;b 3\n", ""))


# ----------------------------------------------------------------------------------------------------------- the form


def test_parts_are_found_by_name_and_the_first_of_a_name_counts() -> None:
    body = form(("profile", b"one\r\n--"), ("other", b""), ("profile", b"two"))
    assert read_form(body, FORM) == {"profile": b"one\r\n--", "other": b""}


def test_a_part_need_not_be_a_file() -> None:
    body = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="profile"\r\n\r\n\xff\r\n--{BOUNDARY}--\r\n'
    assert read_form(body.encode("latin-1"), FORM) == {"profile": b"\xff"}


@pytest.mark.parametrize(
    ("body", "content_type", "says"),
    [
        (form(*[("a", b"")] * MAX_PARTS), FORM, None),
        (form(*[("a", b"")] * (MAX_PARTS + 1)), FORM, "segment count"),
        (form(("a", b""), headers="X-A: b\r\n" * 7), FORM, None),
        (form(("a", b""), headers="X-A: b\r\n" * 8), FORM, "header count"),
        (form(("a", b""), headers=f"X-A: {'b' * MAX_HEADER_BYTES}\r\n"), FORM, "header length"),
        (form(("a", b""), boundary="b" * 201), f"multipart/form-data; boundary={'b' * 201}", "boundary"),
        (b"", "multipart/form-data; boundary=", "boundary"),
        (b"no form", FORM, "cannot be read"),
        (form(("a", b""))[:-3], FORM, "cannot be read"),
    ],
)
def test_bounds_and_damage_of_forms(body: bytes, content_type: str, says: str | None) -> None:
    parts = read_form(body, content_type)
    if says is None:
        assert isinstance(parts, dict)
    else:
        assert isinstance(parts, Rejection)
        assert parts.reason is Reason.BAD_REQUEST
        assert says in parts.message
