"""Sees to the queues of ingesters that are not in the ring any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict

import redis
import structlog

from ingest.adapters.metrics import count_rerouted
from ingest.adapters.redis_queues import RedisQueues
from ingest.distributor.reroute import AbsenceWatch, QueueOutcome, QueuesUnreachable, Rerouter, purge
from ring.client import RingClient
from ring.errors import RingError

log = structlog.get_logger(__name__)


class Orphans:
    """Reroutes or purges queues after making sure that nobody in the ring reads them."""

    def __init__(self, ring: RingClient, queues: RedisQueues, rerouter: Rerouter, watch: AbsenceWatch) -> None:
        self._ring = ring
        self._queues = queues
        self._rerouter = rerouter
        self._watch = watch

    def reroute(self, instance: str, budget_seconds: float) -> QueueOutcome:
        """Store what waits for ``instance`` on those that own its series now."""
        return self._unless_present(instance, lambda: self._rerouter.reroute(instance, budget_seconds))

    def purge(self, instance: str) -> QueueOutcome:
        """Drop what waits for ``instance``."""
        return self._unless_present(instance, lambda: purge(self._queues, instance))

    def round(self, budget_seconds: float) -> None:
        """Reroute every queue whose ingester has been absent for long enough, oldest absence first."""
        ring = self._ring
        if ring.stale_since is not None or ring.snapshot.is_empty:
            self._watch.forget()
            return
        began = time.monotonic()
        try:
            queued = self._queues.instances()
        except QueuesUnreachable as error:
            log.warning("queues_unreadable", error=str(error))
            return
        for instance in self._watch.due(queued, ring.snapshot.topology.ids, began):
            left_seconds = budget_seconds - (time.monotonic() - began)
            if left_seconds <= 0:
                return
            self.reroute(instance, left_seconds)

    def _unless_present(self, instance: str, see_to: Callable[[], QueueOutcome]) -> QueueOutcome:
        """Call ``see_to`` unless the instance is in the ring as it is now, or that cannot be said."""
        try:
            self._ring.refresh()
        except (redis.RedisError, RingError) as error:
            return QueueOutcome(instance, why_left=f"The ring cannot be read: {error}.")
        if self._ring.snapshot.ring.get(instance) is not None:
            return QueueOutcome(instance, why_left=f"{instance} is in the ring and keeps its queue.")
        done = see_to()
        log.info("queue_seen_to", **asdict(done))
        count_rerouted(done)
        return done
