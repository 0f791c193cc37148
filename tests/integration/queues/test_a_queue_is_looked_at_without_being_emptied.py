"""What waits in Redis, seen from outside: in the order in which a worker would take it, and left where it is."""

from __future__ import annotations

import pytest
import redis

from ingest.adapters.celery_messages import parse_task_message, task_message
from ingest.adapters.keys import instance_of_queue, payload_key, read_queue, write_queue
from ingest.adapters.redis_queues import QueueInfo, RedisQueues
from ingest.distributor.reroute import QueuesUnreachable
from tests.integration.ring.conftest import Server

pytestmark = pytest.mark.integration


@pytest.fixture
def queues(client: redis.Redis) -> RedisQueues:
    return RedisQueues(client, payload_keep_seconds=600)


def put(client: redis.Redis, instance: str, *names: str) -> bytes:
    queue = write_queue(instance)
    message = task_message("ingest.write", ["batch", "phlare:acks:x", list(names)], queue)
    client.lpush(queue, message)
    return message


def test_the_oldest_is_what_a_worker_takes_next(client: redis.Redis, queues: RedisQueues) -> None:
    first, second = put(client, "a", "p.0", "p.1"), put(client, "a", "q.0")
    oldest = queues.oldest("a")
    assert oldest is not None
    assert (oldest.raw, oldest.payload_names) == (first, ("p.0", "p.1"))
    assert queues.depth("a") == 2
    queues.remove("a", oldest)
    queues.remove("a", oldest)
    assert client.brpop([write_queue("a")], timeout=1) == (write_queue("a").encode(), second)
    assert queues.oldest("a") is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"junk",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"null",
        b'{"headers": {"task": "ingest.write"}, "body": "not base64!"}',
        b'{"headers": {"task": 7}, "body": "W1tdXQ=="}',
        b'{"headers": {"task": "ingest.write"}, "body": "e30="}',
        task_message("ingest.read", ["a", "b", "c"], "q"),
        task_message("ingest.write", ["a", "b"], "q"),
        task_message("ingest.write", ["a", "b", "no list"], "q"),
        task_message("ingest.write", ["a", "b", [1]], "q"),
        b"[" * 100_000,
    ],
)
def test_what_is_no_message_of_pushes_has_no_payloads(client: redis.Redis, queues: RedisQueues, raw: bytes) -> None:
    client.lpush(write_queue("a"), raw)
    oldest = queues.oldest("a")
    assert oldest is not None
    assert oldest.payload_names is None
    queues.remove("a", oldest)
    assert queues.depth("a") == 0


def test_a_message_reads_back_as_it_was_written() -> None:
    arguments = ["batch", "reply", ["a.0", "b.1"], {"deep": [1, None]}]
    assert parse_task_message(task_message("ingest.write", arguments, "queue")) == ("ingest.write", arguments)


def test_ingesters_are_known_by_their_queues_of_either_kind(client: redis.Redis, queues: RedisQueues) -> None:
    put(client, "one", "p.0")
    client.lpush(read_queue("two"), b"x")
    client.lpush("ingester.bad name", b"x")
    client.lpush("other", b"x")
    client.set("ingester.three", b"no list")
    assert queues.instances() == {"one", "two"}


@pytest.mark.parametrize(
    ("key", "instance"),
    [
        ("ingester.ingester-0", "ingester-0"),
        ("ingester.ingester-0.read", "ingester-0"),
        ("ingester.host.example", "host.example"),
        ("ingester.", None),
        ("ingester..read", None),
        ("ingester.a b", None),
        ("ingester.a\n", None),
        ("ingester.é", None),
        ("ingester." + "x" * 201, None),
        ("phlare.general", None),
    ],
)
def test_whose_queue_a_key_is(key: str, instance: str | None) -> None:
    assert instance_of_queue(key) == instance


def test_the_age_of_the_oldest_push_follows_from_what_its_payload_has_left(
    client: redis.Redis, queues: RedisQueues
) -> None:
    put(client, "a", "p.0")
    client.set(payload_key("p.0"), b"x", ex=500)
    put(client, "b", "gone.0")
    client.lpush(read_queue("c"), b"x", b"y")
    first, second, third = queues.infos({"a", "b", "c"})
    assert (first.instance, first.messages, first.reads) == ("a", 1, 0)
    assert first.oldest_seconds == pytest.approx(100, abs=5)
    assert second == QueueInfo("b", 1, 0, None)
    assert third == QueueInfo("c", 0, 2, None)


def test_dropping_says_how_much_it_was(client: redis.Redis, queues: RedisQueues) -> None:
    put(client, "a", "p.0")
    put(client, "a", "p.1")
    client.lpush(read_queue("a"), b"x")
    assert (queues.drop("a"), queues.drop_reads("a"), queues.drop("a")) == (2, 1, 0)
    assert client.keys("*") == []


def test_messages_can_be_taken_out_of_a_full_redis(client: redis.Redis, queues: RedisQueues) -> None:
    put(client, "a", "p.0")
    put(client, "a", "p.1")
    client.config_set("maxmemory", 1)
    oldest = queues.oldest("a")
    assert oldest is not None
    queues.remove("a", oldest)
    assert queues.drop("a") == 1


def test_a_redis_that_is_away_is_said_to_be(server: Server, queues: RedisQueues) -> None:
    server.kill()
    for call in (
        queues.instances,
        lambda: queues.oldest("a"),
        lambda: queues.drop("a"),
        lambda: queues.payloads(["p"]),
    ):
        with pytest.raises(QueuesUnreachable):
            call()
