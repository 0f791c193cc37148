"""A real server, private to one test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.integration.ring.conftest import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="inbox-") as folder:  # the path of a socket must be short
        running = Server(Path(folder))
        running.start()
        yield running
        running.kill()


@pytest.fixture
def client(server: Server) -> Iterator[redis.Redis]:
    """A client of it."""
    made = server.client()
    yield made
    made.close()
