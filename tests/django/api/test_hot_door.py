"""The short way to the push door answers exactly as the long one."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse

from ingest.api.hot_door import HotDoor
from ingest.api.proto import push_pb2
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.django.api.test_push_connect import PUSH, push_request

#: What the pages' middleware adds to every answer, of no use to an agent; a push is named by its Phlare-Push-Id.
ADDED = {"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "X-Frame-Options", "X-Request-ID"}
#: What is another one each time.
ALWAYS_NEW = {"Phlare-Push-Id"}


def seen(response: HttpResponse) -> tuple[int, bytes, dict[str, str]]:
    kept = {k: v for k, v in response.items() if k not in ADDED | ALWAYS_NEW}
    return response.status_code, response.content, kept


def short_way(
    method: str,
    path: str,
    body: bytes = b"",
    content_type: str = "",
    door: HotDoor | None = None,
    query: str = "",
    length: int | None = None,
) -> tuple[int, bytes, dict[str, str]]:
    """Ask the application that the web server runs."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body) if length is None else length),
        "wsgi.input": BytesIO(body),
        "wsgi.url_scheme": "http",
    }
    started: list[tuple[str, list[tuple[str, str]]]] = []
    door = door or HotDoor(WSGIHandler())
    content = b"".join(door(environ, lambda status, headers, *_: started.append((status, headers))))
    status, headers = started[0]
    return int(status.split()[0]), content, {k: v for k, v in headers if k not in ALWAYS_NEW}


@pytest.mark.parametrize(
    "body",
    [push_request(pprof()), push_pb2.PushRequest(), {}, b"{", push_request(b"bad")],
    ids=["good", "empty", "empty JSON", "broken JSON", "bad profile"],
)
def test_a_push_is_answered_alike(doors: Doors, body: Any) -> None:
    long = seen(doors.call(PUSH, body))
    if isinstance(body, dict):
        body = json.dumps(body).encode()
    raw, kind = (body, "json") if isinstance(body, bytes) else (body.SerializeToString(), "proto")
    short = short_way("POST", f"/{PUSH}", raw, f"application/{kind}")
    assert short == long
    assert short[2]["Content-Length"] == str(len(short[1]))


def test_another_method_is_refused_alike(doors: Doors) -> None:
    assert short_way("GET", f"/{PUSH}") == seen(doors.client.get(f"/{PUSH}"))


@pytest.mark.django_db  # the long way looks after database connections before and after a request
def test_everything_else_goes_the_long_way(doors: Doors) -> None:
    status, _, headers = short_way("GET", "/")
    assert status == doors.client.get("/").status_code
    assert headers["X-Frame-Options"]
