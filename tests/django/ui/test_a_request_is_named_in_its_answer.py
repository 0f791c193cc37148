"""The name of a request: made here or taken from a proxy, in the answer and in the log."""

from __future__ import annotations

import re

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from phlareweb.request_ids import RequestIdMiddleware


@pytest.mark.parametrize("path", ["/explore", "/api/v1/nothing", "/healthz"])
def test_every_answer_names_its_request(client: Client, path: str) -> None:
    first, second = client.get(path)["X-Request-ID"], client.get(path)["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{16}", first)
    assert first != second


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("abc-1.2_3", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("a b", False),
        ("a\nb", False),
        ("ü", False),
        ("", False),
    ],
)
def test_a_name_from_outside_is_kept_when_it_is_short_and_plain(client: Client, given: str, is_kept: bool) -> None:
    assert (client.get("/healthz", headers={"X-Request-ID": given})["X-Request-ID"] == given) is is_kept


def test_what_is_logged_meanwhile_carries_the_name() -> None:
    seen: list[object] = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(structlog.contextvars.get_contextvars().get("request_id"))
        return HttpResponse()

    response = RequestIdMiddleware(view)(RequestFactory().get("/"))
    assert seen == [response["X-Request-ID"]]
    assert "request_id" not in structlog.contextvars.get_contextvars()
