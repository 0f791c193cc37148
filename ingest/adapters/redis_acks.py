"""The way back of a push: ingesters append their answers to a list of the web process that asked; it reads them
here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import redis
import structlog

from ingest.adapters.keys import REPLY_KEEP_SECONDS
from ingest.storage.acks import Ack

log = structlog.get_logger(__name__)

#: Seconds one blocking read waits: bounds how long closing takes, not how fast answers arrive.
POLL_SECONDS = 1
#: Answers taken after the first in one further round trip.
_DRAIN = 256
#: Seconds between two attempts while Redis is away.
_RETRY_SECONDS = 0.2


class WireAck(msgspec.Struct, array_like=True):
    """An ack on the wire: MessagePack array of batch id, instance id, payload name -> one code byte a record."""

    batch_id: str
    instance: str
    codes: dict[str, bytes]


_decoder = msgspec.msgpack.Decoder(WireAck)


def send_acks(client: redis.Redis, acks: list[tuple[str, Ack]]) -> None:
    """Append answers to the lists of their askers, in one round trip. The lists expire when nobody reads them."""
    pipeline = client.pipeline(transaction=False)
    for reply_to, ack in acks:
        pipeline.rpush(reply_to, msgspec.msgpack.encode(WireAck(ack.batch_id, ack.instance, dict(ack.codes))))
    for reply_to in {reply_to for reply_to, _ in acks}:
        pipeline.expire(reply_to, REPLY_KEEP_SECONDS)
    pipeline.execute()


class AckReader:
    """Reads one process's answers on its own thread and hands each to ``deliver``."""

    def __init__(self, client: redis.Redis, key: str, deliver: Callable[[Ack], None]) -> None:
        self._client = client
        self._key = key
        self._deliver = deliver
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="push-acks", daemon=True)

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the read under way."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                first = self._client.blpop([self._key], timeout=POLL_SECONDS)
                if first is None:
                    continue
                self._handle(first[1])
                for more in self._client.lpop(self._key, _DRAIN) or ():
                    self._handle(more)
            except redis.RedisError as error:
                log.warning("acks_unreadable", error=str(error))
                self._closing.wait(_RETRY_SECONDS)

    def _handle(self, raw: Any) -> None:
        try:
            ack = _decoder.decode(raw)
        except msgspec.DecodeError as error:
            log.error("ack_undecodable", error=str(error))
            return
        self._deliver(Ack(ack.batch_id, ack.instance, ack.codes))
