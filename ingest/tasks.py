"""The Celery tasks. Each hands over to a use case; an ingester's tasks return before the work is done.

An ingester consumes with one thread (``-P solo``): a task that only queues its work lets many pushes share one flush,
and the queue's bound holds the consumer back when the disk is slower than the network. Pushers are answered by the
committer, not by the task, so nothing here needs a result backend.
"""

from __future__ import annotations

import structlog
from celery import shared_task

from ingest import administration_wiring, retention_wiring, wiring
from ingest.adapters.redis_orders import CONTROL_TASK
from ingest.adapters.redis_publisher import WRITE_TASK
from ingest.adapters.redis_sources import READ_BLOCKS_TASK, READ_TASK

log = structlog.get_logger(__name__)

MAINTAIN_TASK = "ingest.maintain"
TICK_TASK = "ingest.tick"
RETAIN_TASK = "ingest.retain"


@shared_task(name=WRITE_TASK, ignore_result=True)
def write(batch_id: str, reply_to: str, payload_names: list[str]) -> None:
    """Store the payloads of one push batch on this ingester."""
    wiring.ingester_worker().write(batch_id, reply_to, payload_names)


@shared_task(name=READ_TASK, ignore_result=True)
def read(source: str, request_name: str, reply_to: str) -> None:
    """Answer a query from this ingester's heads and local blocks."""
    wiring.ingester_worker().read(source, request_name, reply_to)


@shared_task(name=MAINTAIN_TASK, ignore_result=True)
def maintain(flush: bool) -> None:
    """Have this ingester seal what is due and upload; with ``flush`` everything is due."""
    wiring.ingester_worker().maintain(flush)


@shared_task(name=CONTROL_TASK, ignore_result=True)
def control(order_name: str, reply_to: str) -> None:
    """Follow an operator's order."""
    administration_wiring.follow_order(order_name, reply_to)


@shared_task(name=READ_BLOCKS_TASK, ignore_result=True)
def read_blocks(source: str, request_name: str, reply_to: str) -> None:
    """Answer a query from blocks of the bucket."""
    wiring.block_worker().read(source, request_name, reply_to)


@shared_task(name=TICK_TASK, ignore_result=True)
def tick() -> None:
    """Have every ingester of the ring do its periodic work, and see to the queues of those that left it."""
    wiring.request_maintenance(flush=False)
    wiring.reroute_orphans()
    wiring.note_tick()


@shared_task(name=RETAIN_TASK, ignore_result=True)
def retain() -> None:
    """Mark and delete blocks that are older than their tenants keep them."""
    retention_wiring.retain()
