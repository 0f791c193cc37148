"""gRPC and the push door have no middleware before them: there every method asks by itself, as its row says."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ingest.api.connect.codec import Codec
from ingest.api.connect.errors import ConnectError
from ingest.api.connect.rpc import Incoming, as_connect_error, perform
from ingest.api.connect.services import RPCS
from ingest.profiles.reasons import ConnectCode
from tests.django.access.conftest import Site
from tests.django.access.routes import FORBIDDEN, IN, ROWS, UNKNOWN, Persona, expected

KINDS = {row.route: row.kind for row in ROWS}
#: Sessions do not come here.
CALLERS = [one for one in Persona if one not in (Persona.MEMBER, Persona.ADMIN)]


@dataclass
class Metadata:
    """A call as gRPC hands it over: headers and nothing of Django."""

    META: dict[str, Any]


def verdict(rpc: Any, meta: dict[str, Any]) -> str:
    """Return what a caller meets; a bad message and a service that is not there come after that."""
    incoming = Incoming(Metadata(meta), 0, lambda _limits: b"\x0f", Codec.PROTO)
    try:
        perform(rpc, incoming)
    except Exception as error:
        code = as_connect_error(error, rpc.path).code
        return {ConnectCode.UNAUTHENTICATED: UNKNOWN, ConnectCode.PERMISSION_DENIED: FORBIDDEN}.get(code, IN)
    return IN


def ways(site: Site, persona: Persona) -> Iterator[dict[str, Any]]:
    """Yield the headers that make a call the persona's, one for each way to send a token."""
    named = {"HTTP_X_SCOPE_ORGID": "ours", "REMOTE_ADDR": "192.0.2.7"}
    if persona not in site.tokens:
        yield named
        return
    token = site.tokens[persona]
    yield {**named, "HTTP_AUTHORIZATION": f"Bearer {token}"}
    yield {**named, "HTTP_AUTHORIZATION": f"bearer  {token} "}
    yield {**named, "HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"x:{token}".encode()).decode()}


@pytest.mark.parametrize("rpc", [pytest.param(rpc, id=rpc.path) for rpc in RPCS])
def test_a_method_asks_as_its_row_says(site: Site, rpc: Any) -> None:
    wanted = expected(KINDS[rpc.path])
    for persona in CALLERS:
        for meta in ways(site, persona):
            assert verdict(rpc, meta) == wanted[persona], (persona, meta)
    assert site.distributor.pushes == []


@pytest.mark.parametrize("rpc", [pytest.param(rpc, id=rpc.path) for rpc in RPCS])
def test_a_refusal_never_reads_the_message(site: Site, rpc: Any) -> None:
    def read(_limits: object) -> bytes:
        raise AssertionError("read")

    for meta in ({}, {"HTTP_AUTHORIZATION": "Bearer wrong"}):
        with pytest.raises(ConnectError) as refused:
            perform(rpc, Incoming(Metadata(meta), 0, read, Codec.PROTO))
        assert refused.value.code is ConnectCode.UNAUTHENTICATED
