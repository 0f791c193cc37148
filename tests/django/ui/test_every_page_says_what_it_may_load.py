"""Headers and the frame of every page: nothing inline, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client

MAIN = Path(__file__).resolve().parents[3] / "static" / "phlare" / "main.js"
PAGES = ["/", "/explore", "/diff", "/upload", "/inbox", "/ring", "/start", "/status", "/limits", "/api/docs"]


def policy(response: HttpResponse) -> dict[str, list[str]]:
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_scripts_and_styles_come_from_here_and_none_is_inline(client: Client, path: str) -> None:
    response = client.get(path)
    page = response.content.decode()
    assert len(re.findall(r"<script", page)) == len(re.findall(r'<script[^>]* src="/static/phlare/', page)) == 2
    assert not re.search(r"\bstyle=|\son[a-z]+=|<style", page)
    found = policy(response)
    assert found["default-src"] == ["'self'"]
    assert not {"script-src", "style-src", "connect-src"} & set(found)


@pytest.mark.django_db
def test_a_page_tells_the_script_of_all_pages_which_one_it_is(client: Client) -> None:
    listed = set(re.findall(r"^  (\w+): \(\) => import\(", MAIN.read_text("utf-8"), re.MULTILINE))
    named = {re.findall(r'<body data-page="(\w+)">', client.get(path).content.decode())[0] for path in PAGES}
    assert listed == named - {"docs"}


@pytest.mark.parametrize("path", ["/api/v1/status/buildinfo", "/healthz"])
def test_what_is_no_page_has_no_policy(client: Client, path: str) -> None:
    assert "Content-Security-Policy" not in client.get(path)


@pytest.mark.django_db
def test_the_admin_may_run_what_it_brings_but_loads_nothing_from_elsewhere(client: Client) -> None:
    found = policy(client.get("/admin/login/"))
    assert "'unsafe-inline'" in found["script-src"]
    assert found["default-src"] == ["'self'"]


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/"])
def test_the_bar_says_where_one_is(client: Client, path: str) -> None:
    page = client.get(path).content.decode()
    (current,) = re.findall(r'<a href="([^"]+)" aria-current="page">', page)
    assert current == path
