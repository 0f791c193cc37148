"""Hands push batches to ingesters: payloads as raw bytes in Redis, and one Celery message an ingester that names
them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import redis
import structlog

from ingest.adapters.celery_messages import task_message
from ingest.adapters.keys import payload_key, write_queue
from ingest.adapters.metrics import count_hint
from ingest.adapters.redis_memory import RedisMemory
from ingest.distributor.ports import Batch
from ingest.storage.acks import AckCode

log = structlog.get_logger(__name__)

WRITE_TASK = "ingest.write"
#: Seconds between two looks at the queue of an ingester that has too many messages waiting.
BACKLOG_CHECK_SECONDS = 1.0


class RedisPublisher:
    """Publishes batches over one Redis. Called by one thread; ``discard`` may be called by another."""

    def __init__(
        self,
        client: redis.Redis,
        reply_key: str,
        payload_keep_seconds: int,
        max_queue_messages: int,
        memory: RedisMemory,
    ) -> None:
        self._client = client
        self._reply_key = reply_key
        self._payload_keep_seconds = payload_keep_seconds
        self._max_queue_messages = max_queue_messages
        self._memory = memory
        self._backlogged: dict[str, float] = {}

    def publish(self, batch: Batch) -> Mapping[str, AckCode]:
        """Hand the batch over in one round trip; returns who need not be waited for and why."""
        late = {instance: AckCode.BACKLOGGED for instance in batch.messages if self._is_backlogged(instance)}
        targets = {**batch.messages, **batch.hints}
        hinted = [*late, *batch.hints]
        if hinted and not self._memory.has_room_for_hints:
            for instance in hinted:
                count_hint(instance, skipped="memory")
                del targets[instance]
            late = dict.fromkeys(hinted, AckCode.OVERLOADED)
            hinted = []
        if not targets:
            return late
        failed = self._send(batch, targets)
        for instance in hinted:
            count_hint(instance, skipped="unreachable" if instance in failed else "")
        return late | failed

    def _send(self, batch: Batch, targets: Mapping[str, tuple[str, ...]]) -> dict[str, AckCode]:
        """Store the payloads and one message a target; returns whom that did not reach."""
        wanted = {name for names in targets.values() for name in names}
        pipeline = self._client.pipeline(transaction=False)
        for name in wanted:
            pipeline.set(payload_key(name), batch.payloads[name], ex=self._payload_keep_seconds)
        for instance, names in targets.items():
            queue = write_queue(instance)
            pipeline.lpush(queue, task_message(WRITE_TASK, [batch.batch_id, self._reply_key, list(names)], queue))
        try:
            answers = pipeline.execute(raise_on_error=False)
        except redis.RedisError as error:
            log.warning("push_batch_not_published", error=str(error), ingesters=len(targets))
            return dict.fromkeys(targets, AckCode.UNREACHABLE)
        if any(isinstance(answer, redis.exceptions.OutOfMemoryError) for answer in answers):
            self._memory.saw_full()
        return self._read_answers(list(targets), answers[: len(wanted)], answers[len(wanted) :])

    def discard(self, payload_names: Sequence[str]) -> None:
        """Drop payloads; a failure is harmless because they expire."""
        try:
            self._client.unlink(*[payload_key(name) for name in payload_names])
        except redis.RedisError as error:
            log.debug("payloads_not_discarded", error=str(error))

    def _read_answers(
        self, instances: Sequence[str], stored: Sequence[object], lengths: Sequence[object]
    ) -> dict[str, AckCode]:
        failures: dict[str, AckCode] = {}
        payload_error = next((answer for answer in stored if isinstance(answer, Exception)), None)
        for instance, length in zip(instances, lengths, strict=True):
            error = payload_error or (length if isinstance(length, Exception) else None)
            if error is not None:
                log.warning("push_batch_not_published", ingester=instance, error=str(error))
                failures[instance] = AckCode.UNREACHABLE
            elif isinstance(length, int) and length > self._max_queue_messages:
                self._backlogged[instance] = time.monotonic()
        return failures

    def _is_backlogged(self, instance: str) -> bool:
        """Whether the ingester's queue was too long at the last look; looks again after a while."""
        since = self._backlogged.get(instance)
        if since is None:
            return False
        if time.monotonic() - since < BACKLOG_CHECK_SECONDS:
            return True
        try:
            length = int(self._client.llen(write_queue(instance)))
        except redis.RedisError:
            return True
        if length > self._max_queue_messages:
            self._backlogged[instance] = time.monotonic()
            return True
        del self._backlogged[instance]
        return False
