"""The queues of ingesters in Redis, looked at from outside: what waits in them, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import redis

from ingest.adapters.celery_messages import parse_task_message
from ingest.adapters.keys import instance_of_queue, payload_key, read_queue, write_queue
from ingest.adapters.redis_publisher import WRITE_TASK
from ingest.distributor.reroute import QueuedMessage, QueuesUnreachable

T = TypeVar("T")

#: Keys looked at in one step of a scan.
_SCAN_COUNT = 1000
#: Queues found in one scan at most; the rest is found when these are gone.
_MAX_FOUND = 10_000


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """One ingester's queues."""

    instance: str
    messages: int  #: of pushes
    reads: int  #: messages of reads and maintenance
    oldest_seconds: float | None  #: age of the oldest push that waits; None when its payload has expired


class RedisQueues:
    """Reads and empties queues. Celery pushes at the left of the list and takes from the right."""

    def __init__(self, client: redis.Redis, payload_keep_seconds: int) -> None:
        self._client = client
        self._payload_keep_seconds = payload_keep_seconds

    def instances(self) -> set[str]:
        """Return the ids of all ingesters that a queue with messages is named after."""
        owners = [instance_of_queue(key.decode("utf-8", "replace")) for key in _asked(self._scan)]
        return {owner for owner in owners if owner is not None}

    def infos(self, instances: Iterable[str]) -> list[QueueInfo]:
        """Return what waits for each of these, in the order of their names."""
        return [self._info(instance) for instance in sorted(instances)]

    def depth(self, instance: str) -> int:
        """Return how many messages of pushes wait."""
        return int(_asked(lambda: self._client.llen(write_queue(instance))))

    def oldest(self, instance: str) -> QueuedMessage | None:
        """Return the message that is due next, leaving it where it is."""
        raw: Any = _asked(lambda: self._client.lindex(write_queue(instance), -1))
        return None if raw is None else QueuedMessage(raw, payload_names(raw))

    def remove(self, instance: str, message: QueuedMessage) -> None:
        """Take this message out; it may be gone already. Needs no memory, so it works in a full Redis."""
        _asked(lambda: self._client.lrem(write_queue(instance), -1, message.raw))  # type: ignore[arg-type]

    def payloads(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the payloads, None for those that have expired."""
        if not names:
            return []
        found: Any = _asked(lambda: self._client.mget([payload_key(name) for name in names]))
        return list(found)

    def drop(self, instance: str) -> int:
        """Delete the queue of pushes; returns how many messages it held."""
        return self._drop(write_queue(instance))

    def drop_reads(self, instance: str) -> int:
        """Delete the queue of reads, whose askers have long given up; returns how many messages it held."""
        return self._drop(read_queue(instance))

    def _drop(self, queue: str) -> int:
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.llen(queue)
            pipeline.unlink(queue)
            return int(_asked(pipeline.execute)[0])

    def _scan(self) -> list[bytes]:
        found = self._client.scan_iter(match=write_queue("*"), count=_SCAN_COUNT, _type="list")
        return list(islice(found, _MAX_FOUND))

    def _info(self, instance: str) -> QueueInfo:
        oldest = self.oldest(instance)
        names = oldest.payload_names if oldest is not None else None
        age_seconds: float | None = None
        if names:
            left_ms: Any = _asked(lambda: self._client.pttl(payload_key(names[0])))
            if left_ms >= 0:
                age_seconds = max(0.0, self._payload_keep_seconds - left_ms / 1000)
        reads: Any = _asked(lambda: self._client.llen(read_queue(instance)))
        return QueueInfo(instance, self.depth(instance), reads, age_seconds)


def payload_names(raw: bytes) -> tuple[str, ...] | None:
    """Return the names in a message of pushes, or None when it is something else."""
    task, arguments = parse_task_message(raw) or ("", [])
    if task != WRITE_TASK or len(arguments) != 3 or not isinstance(arguments[2], list):
        return None
    names = arguments[2]
    return tuple(names) if all(isinstance(name, str) for name in names) else None


def _asked(call: Callable[[], T]) -> T:
    try:
        return call()
    except redis.RedisError as error:
        raise QueuesUnreachable(str(error)) from error
