"""Bodies as real clients send them, through the real web server: what a test client inside Django cannot show.

A chunked request has no length; Django under WSGI then sees an empty body and a push of nothing would be a success.
"""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.django.api.pprof import pprof
from tests.django.api.test_ingest import FORM, form
from tests.django.api.test_push_connect import PUSH, push_request

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Return the port of a running server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(free)]
    command += ["--workers", "1", "--blocking-threads", "2", "tests.integration.api.memory_site:application"]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while not _answers(free):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield free
    finally:
        server.terminate()
        server.wait(30)


def _answers(port: int) -> bool:
    try:
        return request(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


def request(
    port: int, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send a request; an iterator of bytes is sent chunked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        chunked = body is not None and not isinstance(body, bytes)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named, encode_chunked=chunked)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def in_pieces(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def push_body(stacks: int = 1) -> bytes:
    profile = pprof({(f"function {index}", "leaf"): 1 for index in range(stacks)}, time_ns=time.time_ns())
    return push_request(
        profile, labels={"__name__": "process_cpu", "service_name": f"pieces-{stacks}"}
    ).SerializeToString()


def services(port: int) -> list[str]:
    body = json.dumps({"name": "service_name"}).encode()
    path = "/querier.v1.QuerierService/LabelValues"
    return json.loads(request(port, "POST", path, body, Content_Type="application/json")[2]).get("names", [])


@pytest.mark.parametrize(("stacks", "size"), [(1, 1), (3, 100), (20_000, 65_536)])
def test_a_chunked_push_is_stored(port: int, stacks: int, size: int) -> None:
    body = push_body(stacks)
    status, headers, answer = request(
        port, "POST", f"/{PUSH}", in_pieces(body, size), Content_Type="application/proto", Transfer_Encoding="chunked"
    )
    assert (status, headers["content-type"], answer) == (200, "application/proto", b"")
    assert f"pieces-{stacks}" in services(port)


def test_a_chunked_push_of_nothing_is_refused(port: int) -> None:
    status, _, answer = request(
        port, "POST", f"/{PUSH}", iter(()), Content_Type="application/proto", Transfer_Encoding="chunked"
    )
    assert (status, json.loads(answer)["code"]) == (400, "invalid_argument")


def test_a_chunked_upload_over_rest_is_stored(port: int) -> None:
    profile = gzip.compress(pprof(time_ns=time.time_ns()))
    path = "/api/v1/profiles?service_name=rest-pieces"
    status, _, answer = request(port, "POST", path, in_pieces(profile, 10), Transfer_Encoding="chunked")
    assert status == 200, answer
    assert "rest-pieces" in services(port)


@pytest.mark.parametrize("path", ["ingest", "pyroscope/ingest"])
def test_a_chunked_form_at_the_door_of_older_agents_is_stored(port: int, path: str) -> None:
    service = f"{path.replace('/', '-')}-pieces"
    body = form(("profile", gzip.compress(pprof(time_ns=time.time_ns()))), ("sample_type_config", b"{}"))
    status, headers, answer = request(
        port,
        "POST",
        f"/{path}?name={service}",
        in_pieces(body, 7),
        Content_Type=FORM,
        Transfer_Encoding="chunked",
    )
    assert (status, headers["content-length"], answer) == (200, "0", b"")
    assert service in services(port)


def test_a_chunked_body_above_the_bound_is_refused_and_the_server_lives_on(port: int) -> None:
    path = "/querier.v1.QuerierService/ProfileTypes"
    pieces = in_pieces(b" " * (3 << 20), 1 << 16)
    refusal = (429, "resource_exhausted")
    try:
        status, _, answer = request(
            port, "POST", path, pieces, Content_Type="application/json", Transfer_Encoding="chunked"
        )
        refused = (status, json.loads(answer)["code"])
    except (BrokenPipeError, ConnectionResetError):
        refused = refusal  # it hung up before the client had sent all of it, so there is no answer to read
    assert refused == refusal
    assert request(port, "GET", "/healthz", None)[0] == 200


def test_a_body_that_ends_early_is_not_taken_for_a_push(port: int) -> None:
    body = push_body(7)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = f"POST /{PUSH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\nContent-Length: {len(body) + 9}"
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(1 << 16)
    assert b" 200 " not in answer.split(b"\r\n")[0]
    assert "pieces-7" not in services(port)


def test_one_connection_carries_several_requests(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for stacks in (11, 12):
        connection.request("POST", f"/{PUSH}", push_body(stacks), {"Content-Type": "application/proto"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
    connection.close()
    assert {"pieces-11", "pieces-12"} <= set(services(port))


def test_static_files_and_pages_are_served(port: int) -> None:
    status, _, page = request(port, "GET", "/")
    assert status == 200
    assert b"/static/phlare/main.js" in page
    status, headers, _ = request(port, "GET", "/static/phlare/main.js")
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/javascript")
