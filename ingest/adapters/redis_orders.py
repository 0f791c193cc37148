"""Orders of an operator to an ingester over Redis: the order under a key that expires, a message that names it.

The key is the claim. Who takes it carries the order out, and an order whose asker has given up is not there any more:
an ingester that comes back after an hour must not shut down because somebody once asked it to.

On the wire the order is its word and the answer a MessagePack array of outcome, sentence and details.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import msgspec
import redis
import structlog

from ingest.adapters.celery_messages import task_message
from ingest.adapters.keys import REPLY_KEEP_SECONDS, ingester_status_key, payload_key, read_queue, reply_key
from ingest.administration.types import Order, Outcome, Result, Unreachable

log = structlog.get_logger(__name__)

CONTROL_TASK = "ingest.control"
#: Longest single wait for an answer, below the socket timeout of the client.
_SLICE_SECONDS = 2.0


class WireResult(msgspec.Struct, array_like=True):
    """What came of an order."""

    outcome: str
    message: str
    details: dict[str, Any]


_decoder = msgspec.msgpack.Decoder(WireResult)


class RedisIngesters:
    """Gives orders to ingesters through their read queues."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def is_heard(self, instance: str) -> bool:
        """Whether the ingester said something of itself in the last minute. Raises Unreachable."""
        try:
            return bool(self._client.exists(ingester_status_key(instance)))
        except redis.RedisError as error:
            raise Unreachable(f"Redis cannot be reached: {error}") from error

    def tell(self, instance: str, order: Order, timeout_seconds: float) -> Result:
        """Give an order and wait for the answer; NO_ANSWER after the timeout. Raises Unreachable."""
        name = f"order.{uuid.uuid4().hex}"
        queue = read_queue(instance)
        try:
            pipeline = self._client.pipeline(transaction=True)
            pipeline.set(payload_key(name), order.value, px=max(1, round(timeout_seconds * 1000)))
            pipeline.lpush(queue, task_message(CONTROL_TASK, [name, reply_key(name)], queue))
            pipeline.execute()
            answer = self._wait(reply_key(name), timeout_seconds)
            if answer is not None:
                return answer
            was_taken = not self._client.unlink(payload_key(name)) and not self._client.llen(queue)
        except redis.RedisError as error:
            raise Unreachable(f"Redis cannot be reached: {error}") from error
        waited = f"{instance} did not answer within {timeout_seconds:g} s"
        if was_taken:
            return Result(Outcome.NO_ANSWER, f"{waited}; it may still be at it, and asking again is safe.")
        return Result(Outcome.NO_ANSWER, f"{waited}; it will not do it later either.")

    def _wait(self, key: str, timeout_seconds: float) -> Result | None:
        until = time.monotonic() + timeout_seconds
        while (left := until - time.monotonic()) > 0:
            found: Any = self._client.blpop([key], timeout=min(left, _SLICE_SECONDS))
            if found is not None:
                wire = _decoder.decode(found[1])
                return Result(Outcome(wire.outcome), wire.message, wire.details)
        return None


def take_order(client: redis.Redis, name: str) -> Order | None:
    """Take an order; None when its asker has given up, or for a word that this version does not know."""
    raw: Any = client.getdel(payload_key(name))
    if raw is None:
        return None
    try:
        return Order(raw.decode())
    except ValueError:
        log.error("order_unknown", order=raw[:100])
        return None


def send_result(client: redis.Redis, reply_to: str, result: Result) -> None:
    """Answer an order; what the asker does not read any more expires."""
    wire = WireResult(result.outcome.value, result.message, dict(result.details))
    pipeline = client.pipeline(transaction=False)
    pipeline.rpush(reply_to, msgspec.msgpack.encode(wire))
    pipeline.expire(reply_to, REPLY_KEEP_SECONDS)
    try:
        pipeline.execute()
    except redis.RedisError as error:
        log.warning("order_not_answered", error=str(error))
