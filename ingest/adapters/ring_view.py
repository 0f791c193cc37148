"""What the ring page shows: the membership, and what each ingester last said of itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import redis

from ingest.adapters.keys import ingester_status_key, read_queue, write_queue
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
    status: dict[str, Any]  #: fields of :class:`ingest.ingester.service.IngesterStatus`; empty when it is silent


class RingView:
    """Puts the ring and the live figures together."""

    def __init__(self, ring: RingClient, client: redis.Redis) -> None:
        self._ring = ring
        self._client = client

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
        pipeline = self._client.pipeline(transaction=False)
        for member in members:
            pipeline.llen(write_queue(member.id))
            pipeline.llen(read_queue(member.id))
            pipeline.get(ingester_status_key(member.id))
        try:
            answers = pipeline.execute()
        except redis.RedisError:
            return [InstanceCard(member, None, None, {}) for member in members]
        return [
            InstanceCard(member, queued, reads_queued, _parsed(status))
            for member, queued, reads_queued, status in zip(
                members, answers[0::3], answers[1::3], answers[2::3], strict=True
            )
        ]


def publish_status(client: redis.Redis, instance: str, status: dict[str, Any]) -> None:
    """Store what an ingester says of itself."""
    client.set(ingester_status_key(instance), json.dumps(status), ex=STATUS_KEEP_SECONDS)


def _parsed(raw: bytes | None) -> dict[str, Any]:
    parsed = json.loads(raw) if raw else {}
    return parsed if isinstance(parsed, dict) else {}
