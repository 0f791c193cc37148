"""Questions to as few sources as an answer needs, over a real Redis, with threads that answer in place of ingesters."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
import redis

from ingest.adapters.keys import read_queue
from ingest.adapters.redis_sources import RedisSources, send_reply
from ingest.adapters.unuploaded import Unuploaded, publish_oldest
from ingest.querier.asking import Asking, Group
from ingest.querier.types import Unavailable
from ingest.storage.read_messages import ReadOp, ReadReply, ReadRequest
from tests.integration.ring.conftest import Server

pytestmark = pytest.mark.integration

SOURCES = ("a", "b", "c")
REQUEST = ReadRequest(ReadOp.DIGESTS, "team-a", "[]", 0, 1)
#: How long one that hangs stays silent: longer than any test waits for it.
HANGS = "hangs"
BREAKS = "breaks"
ANSWERS = "answers"


@contextmanager
def answering(server: Server, behaviour: Mapping[str, str]) -> Iterator[list[str]]:
    """Run a thread for each source; yields the list of those that were asked, in order."""
    stopping = threading.Event()
    asked: list[str] = []

    def serve(source: str) -> None:
        client = server.client()
        while not stopping.is_set():
            found = client.brpop([read_queue(source)], timeout=0.2)
            if found is None:
                continue
            (name, _, reply_to), *_rest = json.loads(base64.b64decode(json.loads(found[1])["body"]))
            asked.append(name)
            if behaviour[source] == ANSWERS:
                send_reply(client, reply_to, name, ReadReply(rows=ord(name)))
            elif behaviour[source] == BREAKS:
                send_reply(client, reply_to, name, "it broke")
        client.close()

    threads = [threading.Thread(target=serve, args=(source,)) for source in SOURCES]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def ask(client: redis.Redis, hedge_seconds: float = 30.0, timeout_seconds: float = 60.0) -> Mapping[str, object]:
    asking = Asking([Group(source, (source,)) for source in SOURCES], needed=2, hedge_seconds=hedge_seconds)
    replies = RedisSources(client).ask_quorum(dict.fromkeys(SOURCES, REQUEST), timeout_seconds, asking)
    return {source: reply if isinstance(reply, str) else reply.rows for source, reply in replies.items()}


def test_two_answers_of_three_are_enough_and_the_third_is_never_asked(server: Server, client: redis.Redis) -> None:
    with answering(server, dict.fromkeys(SOURCES, ANSWERS)) as asked:
        assert ask(client) == {"a": ord("a"), "b": ord("b")}
    assert sorted(asked) == ["a", "b"]


def test_one_that_answers_with_an_error_is_replaced_at_once(server: Server, client: redis.Redis) -> None:
    with answering(server, {"a": ANSWERS, "b": BREAKS, "c": ANSWERS}):
        assert ask(client) == {"a": ord("a"), "b": "it broke", "c": ord("c")}


def test_one_that_is_silent_is_replaced_after_the_delay_and_named(server: Server, client: redis.Redis) -> None:
    with answering(server, {"a": HANGS, "b": ANSWERS, "c": ANSWERS}):
        found = ask(client, hedge_seconds=0.2)
    assert (found["b"], found["c"]) == (ord("b"), ord("c"))
    assert str(found["a"]).startswith("no answer within")


def test_at_the_deadline_what_is_there_is_the_answer(server: Server, client: redis.Redis) -> None:
    with answering(server, dict.fromkeys(SOURCES, HANGS)) as asked:
        found = ask(client, hedge_seconds=0.1, timeout_seconds=1.0)
    assert sorted(asked) == ["a", "b", "c"]
    assert all(str(reply).startswith("no answer within") for reply in found.values())


def test_without_redis_nobody_can_be_asked(server: Server, client: redis.Redis) -> None:
    server.kill()
    with pytest.raises(Unavailable, match="Redis cannot be reached"):
        ask(client)


def test_the_oldest_data_that_waits_for_the_bucket_is_that_of_any_ingester_of_the_ring(client: redis.Redis) -> None:
    unuploaded = Unuploaded(client)
    assert unuploaded.oldest_ms(SOURCES) is None
    for instance, oldest_ms in (("a", 300), ("b", 200), ("gone", 100)):
        publish_oldest(client, instance, oldest_ms)
    assert unuploaded.oldest_ms(SOURCES) == 200
    publish_oldest(client, "b", None)
    assert unuploaded.oldest_ms(SOURCES) == 300
