"""A write message whose payloads cannot be fetched: asked for again while Redis is away, given up after a bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import redis

from ingest.adapters.keys import payload_key
from ingest.adapters.workers import IngesterWorker
from ingest.ingester.committer import WriteMessage
from ingest.ingester.service import Ingester


@dataclass
class AwayFor:
    """A client whose server does not answer the first attempts."""

    failures: int
    held: Mapping[str, bytes]
    attempts: int = 0

    def mget(self, keys: list[str]) -> list[bytes | None]:
        self.attempts += 1
        if self.attempts <= self.failures:
            raise redis.ConnectionError("away")
        return [self.held.get(key) for key in keys]


@dataclass
class Taker:
    """An ingester that notes what it is given."""

    messages: list[WriteMessage] = field(default_factory=list)

    def write(self, message: WriteMessage) -> None:
        self.messages.append(message)


def worker(taker: Taker, client: AwayFor, fetch_seconds: float) -> IngesterWorker:
    return IngesterWorker(
        cast(Ingester, taker), cast("redis.Redis[Any]", client), fetch_seconds=fetch_seconds, pause_seconds=0.0
    )


def test_payloads_are_asked_for_until_they_come() -> None:
    taker, client = Taker(), AwayFor(3, {payload_key("a"): b"bytes"})
    worker(taker, client, fetch_seconds=60.0).write("batch", "reply", ["a", "b"])
    assert taker.messages == [WriteMessage("batch", "reply", {"a": b"bytes", "b": None})]
    assert client.attempts == 4


def test_after_the_bound_the_message_is_given_up() -> None:
    taker, client = Taker(), AwayFor(1_000_000, {})
    with pytest.raises(redis.ConnectionError):
        worker(taker, client, fetch_seconds=0.0).write("batch", "reply", ["a"])
    assert (taker.messages, client.attempts) == ([], 1)
