"""The slow work of an ingester, on a thread of its own: seal what is due, write blocks, ship them, let go of old ones.

Each round does these in the order that keeps every row readable and durable: a head's block is complete and flushed
before the log lets go of it; a block is in the bucket and in the catalogue before the disk lets go of it. Every step
is safe to repeat and to leave out, so what fails is told with its reason and tried again in the next round.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import structlog

from ingest.ingester.checkpoint import CheckpointPlan
from ingest.ingester.committer import Committer
from ingest.ingester.lane import Lane
from ingest.ingester.store import IngesterStore
from ingest.storage.bucket import Bucket
from ingest.storage.errors import StorageError
from ingest.storage.fs import escape_component
from ingest.storage.shipper import Meta, Shipped, ship_block

log = structlog.get_logger(__name__)

FIRST_RETRY_SECONDS = 1.0


class BlockRegister(Protocol):
    """The catalogue of blocks that are complete in the bucket."""

    def add(self, meta: Meta, prefix: str) -> None:
        """Make a block visible to queriers. Adding one that is there already changes nothing.

        Raises :class:`ingest.storage.errors.StorageError` when the catalogue cannot be written now.
        """
        ...


@dataclass(frozen=True, slots=True)
class MaintenanceConfig:
    """How often and how patiently."""

    interval_seconds: float
    retry_max_seconds: float
    local_retention_seconds: float


class Maintenance:
    """Runs rounds: every interval, and at once when woken or when a head was sealed for its size."""

    def __init__(
        self,
        store: IngesterStore,
        committer: Committer,
        bucket: Bucket,
        register: BlockRegister,
        config: MaintenanceConfig,
        on_shipped: Callable[[Shipped], None],
    ) -> None:
        self._store = store
        self._committer = committer
        self._bucket = bucket
        self._register = register
        self._config = config
        self._on_shipped = on_shipped
        self._wake = threading.Event()
        store.on_sealed_for_size = self._wake.set
        self._closing = False
        self._flush_requested = False
        self._failures = 0
        self._round_lock = threading.Lock()
        self.last_upload_seconds: float | None = None
        self.is_upload_failing = False
        self.last_error = ""
        self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self, flush: bool = False) -> None:
        """Ask for a round now; with ``flush`` it seals every head whatever its age."""
        self._flush_requested |= flush
        self._wake.set()

    def close(self) -> None:
        """Stop after the round under way."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def round(self, flush: bool = False) -> bool:
        """Do one round; returns whether everything went through."""
        with self._round_lock:
            failures = [failure for step in self._steps(flush) if (failure := _failure_of(step))]
            self.last_error = failures[0] if failures else ""
            if failures:
                log.warning("maintenance_failed", errors=failures)
            return not failures

    def _steps(self, flush: bool) -> tuple[Callable[[], None], ...]:
        """What a round does, in order. A step that fails keeps none of the others from their work: a full disk that
        refuses to seal must not keep blocks from being uploaded and evicted, which is what makes room.
        """
        store, committer = self._store, self._committer
        return (
            self._make_room,
            lambda: committer.run(store.look_at_disk),
            lambda: committer.run(lambda: store.seal_all("flush") if flush else store.seal_due()),
            self.write_out,
            self._ship,
            self._evict,
            self._checkpoint,
        )

    def write_out(self) -> None:
        """Write blocks of sealed heads and let the log go of them."""
        self._store.write_blocks()
        self._committer.run(self._store.truncate_log)

    def _make_room(self) -> None:
        evicted = self._store.make_room()
        if evicted:
            log.warning("blocks_evicted_early", blocks=evicted, reason="the disk is short of room")

    def _ship(self) -> None:
        try:
            for tenant, path in self._store.blocks.to_upload():
                self._ship_one(tenant, path)
        except (StorageError, OSError):
            self.is_upload_failing = True
            raise
        self.is_upload_failing = False

    def _ship_one(self, tenant: str, path: Path) -> None:
        prefix = escape_component(tenant)
        shipped = ship_block(path, self._bucket, prefix, lambda meta: self._register.add(meta, prefix))
        self._store.blocks.mark_uploaded(path)
        self.last_upload_seconds = time.time()
        self._on_shipped(shipped)
        log.info("block_uploaded", tenant=tenant, block=path.name, objects=shipped.objects_put, bytes=shipped.bytes_put)

    def _evict(self) -> None:
        doomed = self._store.blocks.evictable(time.time() - self._config.local_retention_seconds)
        if doomed:
            self._store.evict(doomed)

    def _checkpoint(self) -> None:
        """Free the logs of what no head needs. A failure costs room on the disk until a later round, nothing else."""
        plans: list[tuple[Lane, CheckpointPlan]] = []
        self._committer.run(lambda: plans.extend(self._store.plan_checkpoints()))
        for lane, plan in plans:
            before = lane.log_bytes
            try:
                lane.write_checkpoint(plan)
                self._committer.run(partial(lane.adopt_checkpoint, plan))
            except (StorageError, OSError) as error:
                log.warning("checkpoint_failed", log=lane.name, checkpoint=plan.number, error=str(error))
            else:
                freed = before - lane.log_bytes
                log.info("checkpoint_written", log=lane.name, checkpoint=plan.number, freed_bytes=freed)

    def _run(self) -> None:
        while True:
            self._wake.wait(self._pause_seconds())
            self._wake.clear()
            if self._is_closing():
                return
            flush, self._flush_requested = self._flush_requested, False
            done = self.round(flush)
            self._failures = 0 if done else self._failures + 1
            self._flush_requested |= flush and not done

    def _is_closing(self) -> bool:
        return self._closing

    def _pause_seconds(self) -> float:
        if not self._failures:
            return self._config.interval_seconds
        return float(min(FIRST_RETRY_SECONDS * 2 ** min(self._failures - 1, 20), self._config.retry_max_seconds))


def _failure_of(step: Callable[[], None]) -> str:
    """Do a step; return why it failed, empty when it did not."""
    try:
        step()
    except (StorageError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    return ""
