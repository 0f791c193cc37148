"""The composition root: builds each process's parts from the settings, once, when they are first asked for.

With :mod:`ingest.administration_wiring` and :mod:`ingest.tenant_wiring` the only module that knows all of them. Nothing
is built at import, so a process pays only for what it uses.
"""

from __future__ import annotations

import gc
import os
import secrets
import time
import uuid
from pathlib import Path

import redis
import structlog
from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from redis.backoff import NoBackoff
from redis.retry import Retry
from ulid import ULID

from ingest import tenant_wiring
from ingest.adapters.block_cache import BlockCache, claim_folder
from ingest.adapters.celery_messages import task_message
from ingest.adapters.keys import TICK_KEY, acks_key, read_queue
from ingest.adapters.metrics import count_commit, count_shipped
from ingest.adapters.orm_catalogue import OrmCatalogue
from ingest.adapters.orphans import Orphans
from ingest.adapters.redis_acks import POLL_SECONDS, AckReader
from ingest.adapters.redis_limits import RedisLimits
from ingest.adapters.redis_memory import RedisMemory
from ingest.adapters.redis_publisher import RedisPublisher
from ingest.adapters.redis_queues import RedisQueues
from ingest.adapters.redis_sources import RedisSources
from ingest.adapters.ring_membership import RingPlacement, RingReaders
from ingest.adapters.ring_view import RingView
from ingest.adapters.storages_bucket import BLOCKS_ALIAS, blocks_bucket
from ingest.adapters.unuploaded import Unuploaded
from ingest.adapters.workers import BlockWorker, IngesterWorker, RedisAckSink
from ingest.distributor.batcher import Batcher
from ingest.distributor.ports import NoReplicaSet
from ingest.distributor.push import Distributor
from ingest.distributor.rates import RateLimiter
from ingest.distributor.reroute import AbsenceWatch, QueueOutcome, Rerouter
from ingest.distributor.series import SeriesLimiter
from ingest.distributor.types import Pusher
from ingest.ingester.directory_lock import DirectoryLock
from ingest.ingester.maintenance import MaintenanceConfig
from ingest.ingester.service import Ingester
from ingest.ingester.store import IngesterStore, StoreConfig
from ingest.parts import once as _once
from ingest.parts import override as _override
from ingest.profiles.jit import warm_up_core
from ingest.querier.gather import Gatherer
from ingest.querier.ports import MinimizedReads
from ingest.querier.service import Querier
from ingest.querier.types import QueryApi
from ingest.storage.fs import escape_component
from ring.client import RingClient

log = structlog.get_logger(__name__)

#: Seconds after which a Redis that does not answer counts as away. Longer than any command but the blocking ones.
REDIS_TIMEOUT_SECONDS = 5.0
#: The same for the limits that distributors share: pushes wait for them.
LIMITS_TIMEOUT_SECONDS = 0.25
#: Local copies of blocks from a bucket that is not a folder.
BLOCK_CACHE_BYTES = 2 << 30
#: How long somebody who asked for it waits while a queue is rerouted.
REROUTE_SECONDS = 30.0
#: The part of a general worker's time between two ticks that rerouting may take.
REROUTE_SECONDS_A_TICK = 5.0

#: How long the word of a periodic round is kept.
TICK_KEEP_SECONDS = 3600

#: For tests, see :mod:`ingest.parts`.
override = _override


# ------------------------------------------------------------------------------------------------------------ shared


def get_redis() -> redis.Redis:
    """Return the client for commands that answer at once."""
    return _once("redis", lambda: _redis(REDIS_TIMEOUT_SECONDS))


def _blocking_redis() -> redis.Redis:
    """Return the client for commands that wait on the server, up to the deadline of a query."""
    return _once("blocking_redis", lambda: _redis(settings.INGEST.query_deadline_seconds + REDIS_TIMEOUT_SECONDS))


def _redis(timeout_seconds: float) -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=min(timeout_seconds, REDIS_TIMEOUT_SECONDS),
        **settings.REDIS_SOCKET_OPTIONS,
        # One more attempt for a connection that the server had closed; everybody here has a retry of its own kind.
        retry=Retry(NoBackoff(), 1),
    )


def get_ring() -> RingClient:
    """Return this process's view of the ring, kept current by a thread of its own."""

    def build() -> RingClient:
        client = RingClient(_redis(REDIS_TIMEOUT_SECONDS), settings.RING)
        client.start()
        return client

    return _once("ring", build)


# What light processes need as well is built in a module of its own.
get_limits = tenant_wiring.get_limits
get_strictest_limits = tenant_wiring.get_strictest_limits
get_tenant_settings = tenant_wiring.get_tenant_settings


def get_placement() -> RingPlacement:
    """Return what places series on the ring."""
    return RingPlacement(get_ring(), get_tenant_settings().write_size)


def get_catalogue() -> OrmCatalogue:
    """Return the catalogue of blocks in the bucket."""
    return _once("catalogue", OrmCatalogue)


# --------------------------------------------------------------------------------------------------------------- web


def get_distributor() -> Pusher:
    """Return what stores pushes."""
    return _once("distributor", _build_distributor)


def _build_distributor() -> Distributor:
    return Distributor(
        get_placement(),
        _batcher(),
        get_limits,
        time.time_ns,
        settings.INGEST.push_deadline_seconds,
        _redis_memory().refusal,
        RateLimiter(get_shared_limits(), time.monotonic),
        SeriesLimiter(get_shared_limits(), time.monotonic),
    )


def get_shared_limits() -> RedisLimits:
    """Return what all distributors together have taken of each tenant's limits."""
    # Pushes wait for its answers, and go on without one.
    return _once("shared_limits", lambda: RedisLimits(_redis(LIMITS_TIMEOUT_SECONDS)))


def _redis_memory() -> RedisMemory:
    """Return what knows how full Redis is."""

    def build() -> RedisMemory:
        ring = get_ring()
        memory = RedisMemory(get_redis(), settings.REDIS_MAX_MEMORY_BYTES, lambda: ring.snapshot.topology.ids)
        memory.start()
        return memory

    return _once("redis_memory", build)


def _batcher() -> Batcher:
    """Return this process's way to the ingesters."""
    return _once("batcher", _build_batcher)


def _build_batcher() -> Batcher:
    config = settings.INGEST
    key = acks_key(uuid.uuid4().hex)
    publisher = RedisPublisher(
        get_redis(), key, config.payload_keep_seconds, config.max_queue_messages, _redis_memory()
    )
    batcher = Batcher(
        publisher,
        new_batch_id=lambda: uuid.uuid4().hex,
        clock_seconds=time.monotonic,
        max_outstanding_bytes=config.max_outstanding_bytes,
        keep_seconds=config.payload_keep_seconds,
    )
    # Not the client of queries, whose reads wait for half a minute: on a connection that is dead every push would wait.
    AckReader(_redis(POLL_SECONDS + REDIS_TIMEOUT_SECONDS), key, batcher.deliver).start()
    return batcher


def get_querier() -> QueryApi:
    """Return what answers queries."""
    return _once("querier", _build_querier)


def _build_querier() -> Querier:
    config = settings.INGEST
    sources = RedisSources(_blocking_redis())
    minimized = None
    if config.query_minimize_enabled and config.query_hedge_seconds > 0:
        minimized = MinimizedReads(sources, config.query_hedge_seconds, config.zone)
    gatherer = Gatherer(
        get_readers(), sources, get_catalogue(), config.query_deadline_seconds, config.query_max_blocks, minimized
    )
    return Querier(gatherer, get_limits, lambda: time.time_ns() // 1_000_000)


def get_readers() -> RingReaders:
    """Return what says whom a query asks."""
    config = settings.INGEST
    return RingReaders(get_ring(), get_tenant_settings(), Unuploaded(get_redis()), config.shard_lookback_seconds)


def get_ring_view() -> RingView:
    """Return what the ring page shows."""
    return _once("ring_view", lambda: RingView(get_ring(), get_redis(), settings.INGEST.payload_keep_seconds))


def readiness() -> list[str]:
    """Return why this web process cannot take pushes yet, one sentence each; empty when it can."""
    problems: list[str] = []
    if not _once("warm", _warm_up):
        problems.append("The kernels are being compiled.")
    ring = get_ring()
    if ring.stale_since is not None:
        problems.append(f"The ring cannot be read: {ring.last_error}.")
    elif ring.snapshot.is_empty:
        problems.append("The ring is empty: no ingester has joined yet.")
    else:
        probe = get_placement().replica_sets("anonymous", ["{}"])[0]
        if isinstance(probe, NoReplicaSet):
            problems.append(probe.message)
    return problems


def _warm_up() -> bool:
    """Load the kernels before the first request needs one."""
    warm_up_core()
    spare_what_stays()
    return True


def spare_what_stays() -> None:
    """Keep the garbage collector from going through all that is loaded now, for it stays as long as the process.

    Modules, models and compiled kernels are some hundred thousand objects. Going through them stops every thread for
    a tenth of a second and was a tenth of the CPU of a push. What is left costs a third of a millisecond and what
    garbage there is in it, so full collections are frequent: a push over REST leaves its request, view and session in a
    cycle, and those that were under way when a younger generation was collected wait for a full one.
    """
    gc.collect()
    gc.freeze()
    # A full collection has to be worth it: CPython puts it off until what is new is a quarter of what the last one
    # left, which is all that was frozen just now. This one leaves next to nothing.
    gc.collect()
    gc.set_threshold(10_000, 10, 5)


# ---------------------------------------------------------------------------------------------------------- ingester


def get_ingester() -> Ingester:
    """Return the ingester of this process."""
    return _once("ingester", _build_ingester)


def _build_ingester() -> Ingester:
    config = settings.INGEST
    directory = ingester_directory()
    store = IngesterStore(
        StoreConfig(
            instance=config.instance_id,
            directory=directory,
            head_max_bytes=config.head_max_bytes,
            heads_max_bytes=config.heads_max_bytes,
            head_max_age_ns=round(config.head_max_age_seconds * 1e9),
            wal_segment_bytes=config.wal_segment_bytes,
            wal_checkpoint_bytes=config.wal_checkpoint_bytes,
            min_free_disk_bytes=config.min_free_disk_bytes,
        ),
        now_ns=time.time_ns,
        new_ulid=lambda: str(ULID()),
        hash_seed=secrets.randbits(63),
        window_ns_of=lambda tenant: get_limits(tenant).out_of_order_window_ns,
    )
    return Ingester(
        config.instance_id,
        DirectoryLock(directory),
        store,
        acks=RedisAckSink(get_redis()),
        bucket=blocks_bucket(),
        register=get_catalogue(),
        maintenance=MaintenanceConfig(
            interval_seconds=config.upload_interval_seconds,
            retry_max_seconds=config.upload_retry_max_seconds,
            local_retention_seconds=config.local_retention_seconds,
        ),
        on_commit=lambda codes: count_commit(config.instance_id, codes),
        on_shipped=count_shipped,
        on_crash=_die,
    )


def ingester_directory() -> Path:
    folder: Path = settings.INGEST.data_dir / "ingesters" / escape_component(settings.INGEST.instance_id)
    return folder


def _die(error: BaseException) -> None:
    """End the process: its store is in a state that nobody foresaw, and the log has everything for a fresh start."""
    log.critical("ingester_crashed", error=f"{type(error).__name__}: {error}", exc_info=error)
    os._exit(70)


def ingester_worker() -> IngesterWorker:
    """Return what feeds this process's ingester."""
    return _once("ingester_worker", lambda: IngesterWorker(get_ingester(), get_redis()))


# ---------------------------------------------------------------------------------------------------- general worker


def block_worker() -> BlockWorker:
    """Return what answers queries over blocks of the bucket."""

    def build() -> BlockWorker:
        storage = storages[BLOCKS_ALIAS]
        root = Path(storage.location) if isinstance(storage, FileSystemStorage) else None
        # The lock is kept for the life of the process, which is what holds the folder.
        _, folder = _once("block_cache_folder", lambda: claim_folder(settings.INGEST.data_dir / "block-cache"))
        return BlockWorker(BlockCache(blocks_bucket(), root, folder, BLOCK_CACHE_BYTES), get_redis())

    return _once("block_worker", build)


def request_maintenance(flush: bool) -> tuple[str, ...]:
    """Have every ingester of the ring seal what is due and upload; with ``flush`` everything is due.

    Returns who was asked. Raises redis.RedisError when nobody could be.
    """
    instances = tuple(instance.id for instance in get_ring().snapshot.instances)
    pipeline = get_redis().pipeline(transaction=False)
    for instance in instances:
        queue = read_queue(instance)
        pipeline.lpush(queue, task_message("ingest.maintain", [flush], queue))
    pipeline.execute()
    return instances


# ------------------------------------------------------------------------------------------- queues of absent ingesters


def get_queues() -> RedisQueues:
    """Return what looks into the queues of ingesters."""
    return _once("queues", lambda: RedisQueues(get_redis(), settings.INGEST.payload_keep_seconds))


def get_orphans() -> Orphans:
    """Return what sees to the queues of ingesters that left the ring."""

    def build() -> Orphans:
        deadline_seconds = settings.INGEST.push_deadline_seconds
        rerouter = Rerouter(get_queues(), get_placement(), _batcher(), time.monotonic, deadline_seconds)
        return Orphans(get_ring(), get_queues(), rerouter, AbsenceWatch(settings.RING.heartbeat_timeout_seconds))

    return _once("orphans", build)


def reroute_queue(instance_id: str) -> QueueOutcome:
    """Hand what waits for an ingester that left the ring to those that own its series now, for half a minute at most.

    Returns what became of it; ``left`` and ``why_left`` tell of messages that are still there. An ingester that is in
    the ring keeps its queue.
    """
    return get_orphans().reroute(instance_id, REROUTE_SECONDS)


def purge_queue(instance_id: str) -> QueueOutcome:
    """Drop what waits for an ingester that left the ring; returns how much that was."""
    return get_orphans().purge(instance_id)


def note_tick() -> None:
    """Leave word that a periodic round was done, for whoever asks how scheduler and worker do."""
    get_redis().set(TICK_KEY, time.time_ns() // 1_000_000, ex=TICK_KEEP_SECONDS)


def reroute_orphans() -> None:
    """Reroute the queues of ingesters that have been out of the ring for longer than a restart takes."""
    get_orphans().round(REROUTE_SECONDS_A_TICK)
