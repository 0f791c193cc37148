"""Hints stop at half of Redis' memory, pushes at nine tenths, whatever the queues are like."""

from __future__ import annotations

import pytest
import redis

from ingest.adapters import redis_publisher
from ingest.adapters.keys import payload_key, write_queue
from ingest.adapters.redis_memory import HINTS_BELOW, PUSHES_BELOW, RedisMemory, share_of
from ingest.adapters.redis_publisher import RedisPublisher
from ingest.distributor.ports import Batch
from ingest.profiles.reasons import Reason
from ingest.storage.acks import AckCode
from tests.integration.ring.conftest import Server, eventually

pytestmark = pytest.mark.integration

MIB = 1 << 20
MOST_MESSAGES = 3


@pytest.fixture
def memory(client: redis.Redis) -> RedisMemory:
    """Looks only when told to."""
    return RedisMemory(client, 512 * MIB, lambda: ("a", "b", "c"))


@pytest.fixture
def publisher(client: redis.Redis, memory: RedisMemory) -> RedisPublisher:
    return RedisPublisher(client, "phlare:acks:me", 600, MOST_MESSAGES, memory)


def batch(number: int = 0, hints: str = "", to: str = "ab") -> Batch:
    name = f"batch{number}.0"
    return Batch(f"batch{number}", {name: b"x" * 100}, dict.fromkeys(to, (name,)), dict.fromkeys(hints, (name,)))


def depths(client: redis.Redis) -> dict[str, int]:
    return {one: int(client.llen(write_queue(one))) for one in "abc"}


def fill_to(client: redis.Redis, memory: RedisMemory, share: float) -> None:
    """Make the server's bound such that this share of it is in use."""
    client.config_set("maxmemory", int(client.info("memory")["used_memory"] / share))
    memory.look()


def test_a_hint_is_a_message_like_any_other_and_its_payload_is_stored_once(
    client: redis.Redis, publisher: RedisPublisher
) -> None:
    assert publisher.publish(batch(hints="c")) == {}
    assert depths(client) == {"a": 1, "b": 1, "c": 1}
    assert client.get(payload_key("batch0.0")) == b"x" * 100
    assert 590 < client.ttl(payload_key("batch0.0")) <= 600


def test_beyond_half_of_the_memory_only_who_is_there_gets_messages(
    client: redis.Redis, memory: RedisMemory, publisher: RedisPublisher
) -> None:
    fill_to(client, memory, HINTS_BELOW + 0.05)
    assert publisher.publish(batch(hints="c")) == {"c": AckCode.OVERLOADED}
    assert depths(client) == {"a": 1, "b": 1, "c": 0}
    assert memory.refusal() is None
    fill_to(client, memory, HINTS_BELOW - 0.05)
    assert publisher.publish(batch(1, hints="c")) == {}
    assert depths(client)["c"] == 1


def test_who_is_behind_is_not_waited_for_until_it_has_caught_up(
    client: redis.Redis,
    memory: RedisMemory,
    publisher: RedisPublisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_publisher, "BACKLOG_CHECK_SECONDS", 0.0)
    for number in range(MOST_MESSAGES + 1):
        assert publisher.publish(batch(number)) == {}
    client.delete(write_queue("b"))
    assert publisher.publish(batch(10)) == {"a": AckCode.BACKLOGGED}
    assert depths(client) == {"a": MOST_MESSAGES + 2, "b": 1, "c": 0}, "it has the message all the same"
    fill_to(client, memory, HINTS_BELOW + 0.05)
    assert publisher.publish(batch(11)) == {"a": AckCode.OVERLOADED}
    assert depths(client)["a"] == MOST_MESSAGES + 2, "but not at the cost of the others"
    client.ltrim(write_queue("a"), 0, 0)
    assert publisher.publish(batch(12)) == {}
    assert depths(client)["a"] == 2


def test_hints_alone_make_nobody_wait_and_no_empty_round_trip(
    client: redis.Redis, memory: RedisMemory, publisher: RedisPublisher
) -> None:
    fill_to(client, memory, HINTS_BELOW + 0.05)
    assert publisher.publish(batch(to="", hints="c")) == {"c": AckCode.OVERLOADED}
    assert not client.exists(payload_key("batch0.0"))


def test_pushes_are_refused_from_nine_tenths_on(client: redis.Redis, memory: RedisMemory) -> None:
    fill_to(client, memory, PUSHES_BELOW - 0.05)
    assert memory.refusal() is None
    fill_to(client, memory, PUSHES_BELOW + 0.05)
    refused = memory.refusal()
    assert refused is not None
    assert refused.reason is Reason.REDIS_FULL


def test_a_redis_that_refuses_a_write_counts_as_full_until_the_next_look(
    client: redis.Redis, memory: RedisMemory, publisher: RedisPublisher
) -> None:
    memory.look()
    client.config_set("maxmemory", 1)
    assert publisher.publish(batch(hints="c")) == dict.fromkeys("abc", AckCode.UNREACHABLE)
    assert memory.refusal() is not None
    client.config_set("maxmemory", 0)
    memory.look()
    assert memory.refusal() is None


def test_while_redis_is_away_the_last_look_stands_and_nobody_is_reached(
    server: Server, client: redis.Redis, memory: RedisMemory, publisher: RedisPublisher
) -> None:
    fill_to(client, memory, 0.3)
    server.kill()
    memory.look()
    assert memory.share == pytest.approx(0.3, abs=0.02)
    assert publisher.publish(batch(hints="c")) == dict.fromkeys("abc", AckCode.UNREACHABLE)


def test_it_looks_by_itself(client: redis.Redis, memory: RedisMemory) -> None:
    memory.start()
    try:
        client.config_set("maxmemory", int(client.info("memory")["used_memory"] / 0.95))
        eventually(lambda: memory.refusal() is not None, "the bound is seen")
        client.config_set("maxmemory", 0)
        eventually(lambda: memory.refusal() is None, "and its end")
    finally:
        memory.close()


@pytest.mark.parametrize(
    ("info", "share"),
    [
        ({"used_memory": 50, "maxmemory": 100}, 0.5),
        ({"used_memory": 50, "maxmemory": 0}, 0.25),
        ({"used_memory": 50}, 0.25),
    ],
    ids=["its own bound", "no bound", "a server that does not say"],
)
def test_a_server_without_a_bound_has_the_configured_one(info: dict[str, int], share: float) -> None:
    assert share_of(info, 200) == share
