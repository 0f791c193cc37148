"""What the Celery tasks call: messages in, use case, answers out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import redis
import structlog

from ingest.adapters.block_cache import BlockCache
from ingest.adapters.keys import payload_key
from ingest.adapters.redis_acks import send_acks
from ingest.adapters.redis_sources import send_reply
from ingest.ingester.committer import WriteMessage
from ingest.ingester.service import Ingester
from ingest.storage.acks import Ack
from ingest.storage.read import answer
from ingest.storage.read_messages import ReadReply, ReadRequest, decode_request

log = structlog.get_logger(__name__)

#: A message that was taken is not handed out again, so its payloads are asked for until Redis is back: for so long,
#: with this pause. Longer would keep a worker from stopping.
FETCH_SECONDS = 30.0
FETCH_PAUSE_SECONDS = 0.5


class RedisAckSink:
    """Sends the answers of an ingester. An answer that is lost makes its pusher wait for its deadline, nothing
    worse.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def send(self, acks: Sequence[tuple[str, Ack]]) -> None:
        """Send answers, each to its own list."""
        try:
            send_acks(self._client, list(acks))
        except redis.RedisError as error:
            log.warning("acks_not_sent", acks=len(acks), error=str(error))


class IngesterWorker:
    """Feeds an ingester from Redis."""

    def __init__(
        self,
        ingester: Ingester,
        client: redis.Redis,
        fetch_seconds: float = FETCH_SECONDS,
        pause_seconds: float = FETCH_PAUSE_SECONDS,
    ) -> None:
        self._ingester = ingester
        self._client = client
        self._fetch_seconds = fetch_seconds
        self._pause_seconds = pause_seconds

    def write(self, batch_id: str, reply_to: str, payload_names: Sequence[str]) -> None:
        """Fetch the payloads and queue them for the next commit.

        Raises redis.RedisError when Redis stays away: then this replica misses the message, and the others have it.
        """
        payloads = self._fetch([payload_key(name) for name in payload_names])
        self._ingester.write(WriteMessage(batch_id, reply_to, dict(zip(payload_names, payloads, strict=True))))

    def read(self, source: str, request_name: str, reply_to: str) -> None:
        """Fetch the request and queue it for a reading thread."""
        request = _fetch_request(self._client, request_name)
        if request is not None:
            self._ingester.read(request, self._replier(source, reply_to))

    def _fetch(self, keys: list[str]) -> list[Any]:
        until_seconds = time.monotonic() + self._fetch_seconds
        while True:
            try:
                found: list[Any] = self._client.mget(keys)
                return found
            except redis.RedisError:
                if time.monotonic() >= until_seconds:
                    raise
                time.sleep(self._pause_seconds)

    def maintain(self, flush: bool) -> None:
        """Wake the periodic work."""
        self._ingester.maintenance.wake(flush)

    def _replier(self, source: str, reply_to: str) -> Callable[[ReadReply | str], None]:
        def reply(answered: ReadReply | str) -> None:
            _reply(self._client, reply_to, source, answered)

        return reply


class BlockWorker:
    """Answers queries over blocks of the bucket."""

    def __init__(self, cache: BlockCache, client: redis.Redis) -> None:
        self._cache = cache
        self._client = client

    def read(self, source: str, request_name: str, reply_to: str) -> None:
        """Answer one request on the calling thread."""
        request = _fetch_request(self._client, request_name)
        if request is None:
            return
        try:
            blocks, damaged = self._cache.open_all(request.blocks)
            answered: ReadReply | str = answer(request, blocks, damaged)
        except Exception as error:  # the asker has to hear of it, whatever it is
            log.exception("read_failed", op=request.op, tenant=request.tenant)
            answered = f"{type(error).__name__}: {error}"
        finally:
            self._cache.trim_memory()
        _reply(self._client, reply_to, source, answered)


def _fetch_request(client: redis.Redis, name: str) -> ReadRequest | None:
    """Return the request, or None when it expired: then its asker has given up, and nobody waits for the answer."""
    raw: Any = client.get(payload_key(name))
    try:
        return decode_request(raw) if raw is not None else None
    except msgspec.DecodeError as error:
        log.error("request_undecodable", request=name, error=str(error))
        return None


def _reply(client: redis.Redis, reply_to: str, source: str, answered: ReadReply | str) -> None:
    try:
        send_reply(client, reply_to, source, answered)
    except redis.RedisError as error:
        log.warning("reply_not_sent", source=source, error=str(error))
