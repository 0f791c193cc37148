"""The doors in front of a database in memory."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.http import HttpResponse
from django.test import Client

from ingest import wiring
from ingest.inbox.buffer import InboxBuffer
from tests.django.api.fakes import MemoryDistributor, MemoryQuerier, default_settings


@dataclass
class Doors:
    """A client of the site and the database behind it."""

    client: Client
    distributor: MemoryDistributor
    querier: MemoryQuerier
    now_ms: int
    inbox: InboxBuffer  #: what was noted of pushes

    def call(self, path: str, body: object, codec: str = "json", **headers: str) -> HttpResponse:
        """Call an RPC; a dict is sent as JSON, a message as protobuf, bytes as they are."""
        if isinstance(body, dict):
            body = json.dumps(body)
        elif not isinstance(body, bytes):
            codec, body = "proto", body.SerializeToString()
        return self.post(path, body, f"application/{codec}", **headers)

    def post(self, path: str, body: str | bytes, content_type: str, **headers: str) -> HttpResponse:
        """Post a body; Django's client by itself leaves the content type of an empty one out."""
        return self.client.generic(
            "POST", f"/{path}", body, content_type=content_type, headers=headers, CONTENT_TYPE=content_type
        )

    def query(self, method: str, body: object, **headers: str) -> HttpResponse:
        """Call a method of the querier."""
        return self.call(f"querier.v1.QuerierService/{method}", body, **headers)

    def get(self, path: str, **parameters: object) -> HttpResponse:
        """Get a REST address."""
        return self.client.get(f"/api/v1/{path}", parameters)


@pytest.fixture
def doors() -> Iterator[Doors]:
    """The site with an empty database."""
    now_ms = time.time_ns() // 1_000_000
    distributor = MemoryDistributor(now_ms)
    querier = MemoryQuerier(distributor.rows, now_ms)
    inbox = InboxBuffer(lambda: now_ms)
    parts = {"distributor": distributor, "querier": querier, "inbox_buffer": inbox}
    with wiring.override(tenant_settings=default_settings(), **parts):
        yield Doors(Client(raise_request_exception=True), distributor, querier, now_ms, inbox)
