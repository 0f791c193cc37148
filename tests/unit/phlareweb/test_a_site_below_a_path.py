"""``PHLARE_BASE_PATH``: proxies that take the path off and proxies that leave it both lead to the same pages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from phlareweb.base_path import BasePath
from phlareweb.service_urls import base_path


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("/a/b/ring", "/ring"),
        ("/a/b/", "/"),
        ("/a/b", "/"),
        ("/ring", "/ring"),
        ("/a/bc", "/a/bc"),
        ("/ingest", "/ingest"),
        ("", ""),
    ],
)
def test_the_path_is_taken_off_where_it_is(asked: str, seen: str) -> None:
    assert seen_below("/a/b", asked) == seen


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("/pyroscope/explore", "/explore"),
        ("/pyroscope/pyroscope/render", "/pyroscope/render"),
        ("/pyroscope/render", "/pyroscope/render"),
        ("/pyroscope/static/page.js", "/static/page.js"),
        ("/pyroscope", "/"),
    ],
)
def test_an_address_of_the_site_that_begins_like_the_path_stays(asked: str, seen: str) -> None:
    assert seen_below("/pyroscope", asked) == seen


def seen_below(path: str, asked: str) -> str:
    """Return the address that a site below a path sees."""
    found: list[str] = []

    def application(environ: dict[str, Any], _start: Callable[..., object]) -> Iterable[bytes]:
        found.append(environ["PATH_INFO"])
        return []

    BasePath(application, path, {"/", "/explore", "/pyroscope/render"}.__contains__)({"PATH_INFO": asked}, print)
    (seen,) = found
    return seen


@pytest.mark.parametrize(
    ("path", "is_fine"),
    [("", True), ("/profiles", True), ("/a/b-c/d.e", True), ("profiles", False), ("/a//b", False), ("/..", False)]
    + [(bad, False) for bad in ('/a"', "/a b", "/ä", "/<x>", "/a?b", "//host")],
)
def test_only_a_path_of_plain_names_is_taken(path: str, is_fine: bool) -> None:
    assert (base_path(path, "PHLARE_BASE_PATH") is None) is is_fine


SCRIPT = """
from io import BytesIO
from phlareweb.wsgi import application
for path in ("/profiles/explore", "/explore", "/profiles/static/phlare/page.js", "/static/phlare/page.js"):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "h", "SERVER_PORT": "80",
               "wsgi.input": BytesIO(), "wsgi.url_scheme": "http", "wsgi.errors": None}
    status = []
    body = b"".join(application(environ, lambda line, headers: status.append(line)))
    print(status[0], body.count(b'href="/profiles/'), body.count(b'href="/') - body.count(b'href="/profiles/'))
"""


def test_every_link_of_a_page_is_below_the_path(tmp_path: Path) -> None:
    environment = {**os.environ, "PHLARE_BASE_PATH": "/profiles/", "PHLARE_DATA_DIR": str(tmp_path)}
    run = [sys.executable, "-c", SCRIPT]
    result = subprocess.run(run, env=environment, capture_output=True, text=True, timeout=120, check=True)
    pages, files = result.stdout.splitlines()[:2], result.stdout.splitlines()[2:]
    for line in pages:
        status, below, beside = line.rsplit(" ", 2)
        assert (status, beside) == ("200 OK", "0")
        assert int(below) > 10
    assert all(line.startswith("200 OK") for line in files)
