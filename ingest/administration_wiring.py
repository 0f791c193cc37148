"""The composition root of what operators do: their actions, and the ingester's process that follows their orders."""

from __future__ import annotations

from django.conf import settings

from ingest.adapters.ingester_process import IngesterProcess
from ingest.adapters.keys import write_queue
from ingest.adapters.orm_audit import OrmAuditLog
from ingest.adapters.redis_orders import RedisIngesters, send_result, take_order
from ingest.adapters.ring_entries import SettledQueues, StoredEntries
from ingest.adapters.status_publisher import StatusPublisher
from ingest.administration.actions import RingActions
from ingest.administration.types import Timeouts
from ingest.ingester.shutdown import ShutdownMarker, ShutdownPlan
from ingest.parts import once
from ingest.wiring import get_ingester, get_redis, ingester_directory, purge_queue, reroute_queue
from ring.config import RingConfig
from ring.lifecycler import Lifecycler
from ring.redis_store import HistoryEntry, RedisRingStore

#: How long an ingester may take to answer an operator, uploads apart.
ORDER_SECONDS = 10.0


def get_ring_actions() -> RingActions:
    """Return what an operator can do to the ring."""

    def build() -> RingActions:
        config: RingConfig = settings.RING
        return RingActions(
            StoredEntries(RedisRingStore(get_redis(), config.name), config.rules.heartbeat_timeout_ms),
            RedisIngesters(get_redis()),
            SettledQueues(reroute_queue, purge_queue),
            OrmAuditLog(),
            Timeouts(ORDER_SECONDS, settings.INGEST.leave_timeout_seconds + ORDER_SECONDS),
        )

    return once("ring_actions", build)


def ring_history(limit: int) -> list[HistoryEntry]:
    """Return the latest changes of the ring, newest first. Raises redis.RedisError."""
    return RedisRingStore(get_redis(), settings.RING.name).history(limit)


def ingester_process() -> IngesterProcess:
    """Return the life of this process as an ingester."""

    def build() -> IngesterProcess:
        config, ring = settings.INGEST, settings.RING
        ingester = get_ingester()
        return IngesterProcess(
            ingester,
            Lifecycler(get_redis(), ring, config.instance_id, write_queue(config.instance_id), config.zone),
            StatusPublisher(ingester, get_redis()),
            ShutdownMarker(ingester_directory()),
            ShutdownPlan(config.flush_on_shutdown, ring.unregister_on_shutdown, ring.clear_tokens_on_shutdown),
        )

    return once("ingester_process", build)


def follow_order(name: str, reply_to: str) -> None:
    """Have this process's ingester follow an order, unless its asker has given up."""
    order = take_order(get_redis(), name)
    if order is not None:
        ingester_process().follow(order, lambda result: send_result(get_redis(), reply_to, result))
