"""The composition root of retention: one round at a time, over all workers."""

from __future__ import annotations

import time
from dataclasses import asdict

import redis
import structlog
from django.conf import settings

from ingest import wiring
from ingest.adapters.keys import RETENTION_KEY
from ingest.adapters.metrics import count_retention
from ingest.adapters.orm_retention import OrmRetention
from ingest.adapters.storages_bucket import blocks_bucket
from ingest.parts import once
from ingest.retention.service import ClocksDiffer, Retention, Round, Unreadable

log = structlog.get_logger(__name__)

#: The part of a general worker's time between two rounds that one may take.
ROUND_SECONDS = 20.0
#: For how long a round keeps others away if its process is killed. One that takes longer, for a bucket that hangs, may
#: meet another one, and neither does harm.
LOCK_SECONDS = 30.0


def get_retention() -> Retention:
    """Return what marks and deletes old blocks."""

    def build() -> Retention:
        config = settings.INGEST
        return Retention(
            OrmRetention(),
            blocks_bucket(),
            held_ns=round(config.held_seconds * 1e9),
            delay_ns=round(config.retention_delay_seconds * 1e9),
            wall_ns=time.time_ns,
        )

    return once("retention", build)


def retain() -> Round | None:
    """Run a round unless another one is under way; returns what it did. What is in its way is logged."""
    lock = wiring.get_redis().lock(RETENTION_KEY, timeout=LOCK_SECONDS, blocking=False)
    try:
        if not lock.acquire():
            return None
    except redis.RedisError as error:
        log.warning("retention_not_run", problem=f"Redis cannot be reached: {error}")
        return None
    try:
        return _round()
    finally:
        try:
            lock.release()
        except redis.RedisError:  # it was over by itself, or Redis is away: then it will be
            log.warning("retention_lock_not_released")


def _round() -> Round | None:
    try:
        done = get_retention().round(round(ROUND_SECONDS * 1e9))
    except (Unreadable, ClocksDiffer) as error:
        log.error("retention_not_run", problem=str(error))
        return None
    count_retention(done, time.time())
    if done != Round():
        log.info("retention_round", **asdict(done))
    return done
