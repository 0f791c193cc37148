"""Rounds of several workers take turns by a lock in a real Redis; one that was killed holds it for half a minute."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from ingest import retention_wiring, wiring
from ingest.adapters.keys import RETENTION_KEY
from ingest.retention.service import Round
from tests.integration.ring.conftest import Server

pytestmark = pytest.mark.integration


class Counted:
    """Stands for the use case: says how often a round was run, and tries another one meanwhile."""

    def __init__(self) -> None:
        self.rounds = 0
        self.meanwhile: list[Round | None] = []

    def round(self, budget_ns: int) -> Round:
        self.rounds += 1
        self.meanwhile.append(retention_wiring.retain())
        return Round()


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    with tempfile.TemporaryDirectory(prefix="retention-") as folder:  # the path of a socket must be short
        server = Server(Path(folder))
        server.start()
        yield server.client()
        server.kill()


def test_a_round_keeps_others_away_until_it_ends(client: redis.Redis) -> None:
    counted = Counted()
    with wiring.override(redis=client, retention=counted):
        assert retention_wiring.retain() == Round()
        assert retention_wiring.retain() == Round()
    assert (counted.rounds, counted.meanwhile) == (2, [None, None])
    assert not client.exists(RETENTION_KEY)


def test_the_turn_of_a_worker_that_was_killed_ends_by_itself(client: redis.Redis) -> None:
    counted = Counted()
    assert client.lock(RETENTION_KEY, timeout=retention_wiring.LOCK_SECONDS, blocking=False).acquire()
    with wiring.override(redis=client, retention=counted):
        assert retention_wiring.retain() is None
        assert 0 < client.pttl(RETENTION_KEY) <= retention_wiring.LOCK_SECONDS * 1000
        client.pexpire(RETENTION_KEY, 0)
        assert retention_wiring.retain() == Round()


def test_without_redis_nothing_is_run(client: redis.Redis) -> None:
    away = redis.Redis(unix_socket_path="/nowhere/redis.sock")
    with wiring.override(redis=away, retention=Counted()):
        assert retention_wiring.retain() is None
