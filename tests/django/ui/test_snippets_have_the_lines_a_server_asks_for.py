"""Snippets with a token, with a tenant, and with neither: each is what its language reads, with nothing left open."""

from __future__ import annotations

import ast
import itertools
import re

import pytest
import yaml

from ingest.ui.snippets import SNIPPETS, filled

URL = "https://profiles.example/below"
CODES = {one.name: one.code for one in SNIPPETS}
ASKED = {"nothing": (False, False), "a token": (True, False), "a tenant": (False, True)}


def code(name: str, asked: str) -> str:
    needs_token, needs_tenant = ASKED[asked]
    return filled(CODES[name], URL, needs_token=needs_token, needs_tenant=needs_tenant)


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("asked", ASKED)
def test_only_what_is_asked_for_is_left_to_fill_in(name: str, asked: str) -> None:
    left = set(re.findall(r"@[A-Z]+@", code(name, asked)))
    assert left == {"nothing": set(), "a token": {"@TOKEN@"}, "a tenant": {"@TENANT@"}}[asked]
    assert URL in code(name, asked)


@pytest.mark.parametrize("asked", ASKED)
def test_python_reads_its_snippet(asked: str) -> None:
    (call,) = [one for one in ast.walk(ast.parse(code("python", asked))) if isinstance(one, ast.Call)]
    names = {keyword.arg for keyword in call.keywords}
    assert names >= {"application_name", "server_address"}
    assert ("basic_auth_password" in names) == (asked == "a token")
    assert ("http_headers" in names) == (asked == "a tenant")


@pytest.mark.parametrize(
    ("asked", "headers"),
    [("nothing", None), ("a token", {"Authorization": "Bearer @TOKEN@"}), ("a tenant", {"X-Scope-OrgID": "@TENANT@"})],
)
def test_the_collector_gets_its_headers(asked: str, headers: dict[str, str] | None) -> None:
    exporter = next(iter(yaml.safe_load(code("otlp", asked))["exporters"].values()))
    assert exporter.get("headers") == headers
    assert exporter["profiles_endpoint"] == f"{URL}/v1development/profiles"


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("name", ["go", "node", "rust", "alloy"])
def test_brackets_are_closed(name: str, asked: str) -> None:
    text = code(name, asked)
    for opened, closed in ("()", "[]", "{}"):
        assert text.count(opened) == text.count(closed)


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("name", ["curl", "django", "java", "dotnet"])
def test_lines_of_a_shell_go_on_where_they_say_so(name: str, asked: str) -> None:
    lines = code(name, asked).rstrip().splitlines()
    assert not lines[-1].endswith("\\")
    assert all(line.startswith(" ") for before, line in itertools.pairwise(lines) if before.endswith("\\"))
