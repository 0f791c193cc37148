"""Headers and the frame of every page: nothing inline but the import map, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from django.http import HttpResponse
from django.test import Client

PAGES = ["/", "/explore", "/diff", "/upload", "/inbox", "/ring", "/start", "/status", "/limits", "/api/docs"]


def policy(response: HttpResponse) -> dict[str, list[str]]:
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PAGES)
def test_scripts_come_from_here_and_the_import_map_is_the_only_one_inline(client: Client, path: str) -> None:
    response = client.get(path)
    page = response.content.decode()
    inline = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert [attributes.strip() for attributes, _ in inline] == ['type="importmap"']
    digest = base64.b64encode(hashlib.sha256(inline[0][1].encode()).digest()).decode()
    found = policy(response)
    assert found["script-src"] == ["'self'", f"'sha256-{digest}'"]
    assert found["default-src"] == ["'self'"]
    assert not re.search(r"\bstyle=|\son[a-z]+=|<style", page)


def test_the_import_map_names_every_module(client: Client) -> None:
    page = client.get("/explore").content.decode()
    (text,) = re.findall(r'<script type="importmap">(.*?)</script>', page)
    imports = json.loads(text)["imports"]
    assert {"/static/phlare/page.js", "/static/phlare/state.js", "/static/phlare/waits.js"} <= set(imports)


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
