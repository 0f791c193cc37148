"""The short way to the push door answers exactly as the long one."""

from __future__ import annotations

import pytest
from django.conf import settings as current
from django.http import HttpResponse

from ingest.api.proto import push_pb2
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.django.api.test_push_connect import PUSH, push_request

DOOR = "ingest.api.hot_door.HotDoorMiddleware"
#: What the pages' middleware adds to every answer, of no use to an agent.
ADDED = {"X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "X-Frame-Options"}


def seen(response: HttpResponse) -> tuple[int, bytes, dict[str, str]]:
    ignored = ADDED | {"Phlare-Push-Id"}
    return response.status_code, response.content, {k: v for k, v in response.items() if k not in ignored}


@pytest.mark.parametrize(
    "body",
    [push_request(pprof()), push_pb2.PushRequest(), {}, b"{", push_request(b"bad")],
    ids=["good", "empty", "empty JSON", "broken JSON", "bad profile"],
)
def test_a_push_is_answered_alike(doors: Doors, settings: object, body: object) -> None:
    others = [one for one in current.MIDDLEWARE if one != DOOR]
    answers = []
    for middleware in (others, [DOOR, *others]):
        settings.MIDDLEWARE = middleware
        doors.client.handler.load_middleware()
        answers.append(doors.call(PUSH, body))
    long_way, short_way = answers
    assert seen(long_way) == seen(short_way)
    assert short_way["Content-Length"] == str(len(short_way.content))


def test_everything_else_goes_the_long_way(doors: Doors, settings: object) -> None:
    settings.MIDDLEWARE = [DOOR, *(one for one in current.MIDDLEWARE if one != DOOR)]
    doors.client.handler.load_middleware()
    assert doors.query("ProfileTypes", {}).json() == {}
    assert doors.client.get("/")["X-Frame-Options"]
    assert doors.client.get(f"/{PUSH}").status_code == 405
