"""Asks sources over Redis: the request under a key, a Celery message that names it, the answers in one list.

The requests do not travel in the messages: a request that names single rows can be large, and Celery's transport wraps
message bodies in base64 JSON.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
import redis
import structlog

from ingest.adapters.celery_messages import task_message
from ingest.adapters.keys import BLOCKS_QUEUE, REPLY_KEEP_SECONDS, payload_key, read_queue, reply_key
from ingest.querier.asking import Asking
from ingest.querier.ports import BUCKET, CanDoWithout
from ingest.querier.types import Unavailable
from ingest.storage.read_messages import ReadReply, ReadRequest, decode_reply, encode_reply, encode_request

log = structlog.get_logger(__name__)

READ_TASK = "ingest.read"
READ_BLOCKS_TASK = "ingest.read_blocks"


class WireReply(msgspec.Struct, array_like=True):
    """One source's answer on the wire: MessagePack array of source, error text or empty, and the encoded reply."""

    source: str
    error: str
    body: bytes


#: How long an answer waits for sources it can do without: longer than a busy ingester takes, shorter than a person
#: notices that one of three is dead.
GRACE_SECONDS = 1.0

_decoder = msgspec.msgpack.Decoder(WireReply)


class RedisSources:
    """Asks ingesters and block workers through their queues."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        """Ask several sources at once; returns a reply, or the reason why there is none, for each.

        Sources that the answer can do without get :data:`GRACE_SECONDS` after the others.

        Raises Unavailable when Redis itself cannot be reached: then nobody was asked.
        """
        query = uuid.uuid4().hex
        started_seconds = time.monotonic()
        replies: dict[str, ReadReply | str] = {}
        try:
            self._send(query, requests, timeout_seconds)
            self._collect(query, set(requests), time.monotonic() + timeout_seconds, can_do_without, replies)
            self._client.unlink(reply_key(query))
        except redis.RedisError as error:
            raise Unavailable(f"Redis cannot be reached: {error}") from error
        waited_seconds = time.monotonic() - started_seconds
        for source in requests:
            replies.setdefault(source, f"no answer within {waited_seconds:.1f} s")
        return replies

    def ask_quorum(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, asking: Asking
    ) -> Mapping[str, ReadReply | str]:
        """Ask those of ``requests`` that ``asking`` wants, when it wants them; returns a reply, or the reason why there
        is none, for each that was asked.

        Raises Unavailable when Redis itself cannot be reached.
        """
        query = uuid.uuid4().hex
        started_seconds = time.monotonic()
        replies: dict[str, ReadReply | str] = {}
        asked: list[str] = []
        try:
            step = asking.started(started_seconds)
            while True:
                now_seconds = time.monotonic()
                left_seconds = started_seconds + timeout_seconds - now_seconds
                if step.ask:
                    wanted = {source: requests[source] for source in step.ask}
                    self._send(query, wanted, timeout_seconds, first=len(asked))
                    asked += step.ask
                if step.done or left_seconds <= 0:
                    break
                if step.wake_at_seconds is not None:
                    left_seconds = min(left_seconds, step.wake_at_seconds - now_seconds)
                reply = self._next_reply(query, left_seconds)
                now_seconds = time.monotonic()
                if reply is None:
                    step = asking.waited(now_seconds)
                    continue
                replies[reply.source] = answer = reply.error or decode_reply(reply.body)
                is_good = not isinstance(answer, str) and not answer.damaged
                step = asking.answered(reply.source, is_good, now_seconds)
            self._client.unlink(reply_key(query))
        except redis.RedisError as error:
            raise Unavailable(f"Redis cannot be reached: {error}") from error
        waited_seconds = time.monotonic() - started_seconds
        for source in asked:
            replies.setdefault(source, f"no answer within {waited_seconds:.1f} s")
        return replies

    def _next_reply(self, query: str, wait_seconds: float) -> WireReply | None:
        """Wait for an answer; a wait of nothing is a short one, for 0 would mean for ever."""
        found: Any = self._client.blpop([reply_key(query)], timeout=max(wait_seconds, 0.001))
        return None if found is None else _decoder.decode(found[1])

    def _send(self, query: str, requests: Mapping[str, ReadRequest], timeout_seconds: float, first: int = 0) -> None:
        pipeline = self._client.pipeline(transaction=False)
        keep_seconds = round(timeout_seconds) + 1
        for number, (source, request) in enumerate(requests.items(), first):
            name = f"{query}.{number}"
            pipeline.set(payload_key(name), encode_request(request), ex=keep_seconds)
            queue = BLOCKS_QUEUE if source == BUCKET else read_queue(source)
            task = READ_BLOCKS_TASK if source == BUCKET else READ_TASK
            pipeline.lpush(queue, task_message(task, [source, name, reply_key(query)], queue))
        pipeline.execute()

    def _collect(
        self,
        query: str,
        waiting: set[str],
        until_seconds: float,
        can_do_without: CanDoWithout,
        replies: dict[str, ReadReply | str],
    ) -> None:
        in_grace = False
        while waiting:
            if not in_grace and replies and can_do_without(waiting):
                in_grace = True
                until_seconds = min(until_seconds, time.monotonic() + GRACE_SECONDS)
            left_seconds = until_seconds - time.monotonic()
            if left_seconds <= 0:
                return
            found = self._client.blpop([reply_key(query)], timeout=left_seconds)
            if found is None:
                return
            raw: Any = found[1]
            reply = _decoder.decode(raw)
            waiting.discard(reply.source)
            replies[reply.source] = reply.error or decode_reply(reply.body)


def send_reply(client: redis.Redis, reply_to: str, source: str, reply: ReadReply | str) -> None:
    """Answer a query; what the asker does not read any more expires."""
    wire = WireReply(source, reply, b"") if isinstance(reply, str) else WireReply(source, "", encode_reply(reply))
    pipeline = client.pipeline(transaction=False)
    pipeline.rpush(reply_to, msgspec.msgpack.encode(wire))
    pipeline.expire(reply_to, REPLY_KEEP_SECONDS)
    pipeline.execute()
