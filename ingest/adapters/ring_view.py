"""What the ring page shows: the membership, and what each ingester last said of itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis

from ingest.adapters.keys import ingester_status_key, payload_key, read_queue, write_queue
from ingest.adapters.redis_queues import payload_names
from ring.client import RingClient
from ring.status import InstanceStatus, RingStatus, ring_status

#: Seconds an ingester's word about itself is kept: a page that shows older figures would mislead.
STATUS_KEEP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class InstanceCard:
    """One ingester on the page."""

    member: InstanceStatus
    queue_depth: int | None  #: messages of pushes waiting; None when Redis is away
    read_queue_depth: int | None
    oldest_message_seconds: float | None  #: age of the push that is due next; None when there is none, or not known
    status: dict[str, Any]  #: fields of :class:`ingest.ingester.service.IngesterStatus`; empty when it is silent


class RingView:
    """Puts the ring and the live figures together."""

    def __init__(self, ring: RingClient, client: redis.Redis, payload_keep_seconds: int) -> None:
        """``payload_keep_seconds`` is the life of a payload, from which the age of a message is known."""
        self._ring = ring
        self._client = client
        self._payload_keep_seconds = payload_keep_seconds

    def status(self) -> RingStatus:
        """Return the membership with its problems in sentences."""
        ring = self._ring
        return ring_status(ring.snapshot, ring.now_ms(), ring.config.name, ring.revision, ring.stale_seconds)

    def stale_seconds(self) -> float:
        """For how long the ring could not be read; 0 while it can."""
        return self._ring.stale_seconds

    def tokens(self) -> dict[str, tuple[int, ...]]:
        """Return the tokens of each member."""
        return {member.id: member.tokens for member in self._ring.snapshot.instances}

    def instances(self) -> list[InstanceCard]:
        """Return a card for each member, in the order of their ids."""
        members = self.status().instances
        if self._ring.stale_since is not None:  # asking would take as long as the timeout of the connection
            return [_silent(member) for member in members]
        pipeline = self._client.pipeline(transaction=False)
        for member in members:
            pipeline.llen(write_queue(member.id))
            pipeline.llen(read_queue(member.id))
            pipeline.get(ingester_status_key(member.id))
            pipeline.lindex(write_queue(member.id), -1)
        try:
            answers = pipeline.execute()
            ages = self._ages(answers[3::4])
        except redis.RedisError:
            return [_silent(member) for member in members]
        return [
            InstanceCard(member, queued, reads_queued, age_seconds, _parsed(status))
            for member, queued, reads_queued, status, age_seconds in zip(
                members, answers[0::4], answers[1::4], answers[2::4], ages, strict=True
            )
        ]

    def _ages(self, messages: Sequence[bytes | None]) -> list[float | None]:
        """Return how long each of these messages has waited, by what is left of the life of its first payload."""
        firsts = [(payload_names(raw) or ("",))[0] if raw else "" for raw in messages]
        pipeline = self._client.pipeline(transaction=False)
        for name in firsts:
            if name:
                pipeline.pttl(payload_key(name))
        left_ms = iter(pipeline.execute())
        ages: list[float | None] = []
        for name in firsts:
            left = next(left_ms) if name else -1
            ages.append(None if left < 0 else max(0.0, self._payload_keep_seconds - left / 1000))
        return ages


def _silent(member: InstanceStatus) -> InstanceCard:
    return InstanceCard(member, None, None, None, {})


def publish_status(client: redis.Redis, instance: str, status: dict[str, Any]) -> None:
    """Store what an ingester says of itself."""
    client.set(ingester_status_key(instance), json.dumps(status), ex=STATUS_KEEP_SECONDS)


def _parsed(raw: bytes | None) -> dict[str, Any]:
    parsed = json.loads(raw) if raw else {}
    return parsed if isinstance(parsed, dict) else {}
