"""One ingester as a whole: what its worker starts, feeds and stops."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum

import structlog

from ingest.ingester.committer import AckSink, Committer, WriteMessage
from ingest.ingester.directory_lock import DirectoryLock
from ingest.ingester.maintenance import BlockRegister, Maintenance, MaintenanceConfig
from ingest.ingester.rate import Rate
from ingest.ingester.store import IngesterStore, Opened
from ingest.storage.acks import AckCode
from ingest.storage.bucket import Bucket
from ingest.storage.read import answer
from ingest.storage.read_messages import ReadReply, ReadRequest
from ingest.storage.shipper import Shipped

log = structlog.get_logger(__name__)

#: Reads answered at the same time. Kernels and Parquet run without the GIL; more threads only take turns.
READ_THREADS = 2
#: Seconds between two lines about a replay under way.
_PROGRESS_SECONDS = 2.0


class Phase(StrEnum):
    """What an ingester's process does. It goes through them in this order; a stop may come in any of them."""

    STARTING = "starting"  #: replays its log
    SERVING = "serving"
    LEAVING = "leaving"  #: finishes what it took and uploads
    LEFT = "left"  #: holds nothing, is in no ring, takes nothing; waits to be stopped


#: What keeps an ingester from being ready, whatever the ring says.
NOT_READY = {
    Phase.STARTING: "It is starting: the write-ahead log is being replayed.",
    Phase.LEAVING: "It is leaving: it takes no new writes and uploads what it holds.",
    Phase.LEFT: "It has left the ring with everything uploaded and waits to be stopped.",
}


@dataclass(frozen=True, slots=True)
class IngesterStatus:
    """What an ingester says of itself."""

    instance: str
    pid: int
    phase: str  #: a :class:`Phase`
    heads: int
    sealed_heads: int
    late_heads: int
    head_bytes: int
    head_profiles: int
    head_series: int
    wal_bytes: int
    wal_segments: int
    wbl_bytes: int
    wbl_segments: int
    local_blocks: int
    damaged_blocks: int
    quarantine_bytes: int
    read_only: bool
    read_only_reason: str  #: a sentence; empty while writes are taken
    oldest_unuploaded_ms: int | None
    last_upload_seconds: float | None  #: when a block was uploaded last, in Unix seconds; None: none since the start
    is_upload_failing: bool  #: whether the last try to upload blocks failed
    stored_profiles: int  #: copies of profiles that were stored since the start
    stored_profiles_per_second: float  #: over the last half minute
    last_error: str
    replayed_bytes: int  #: of the logs, at the last start or under way
    replay_total_bytes: int
    why_not_ready: str = ""  #: a sentence; empty when it is ready
    shutdown_prepared: bool = False  #: whether the next stop hands everything over

    def as_dict(self) -> dict[str, object]:
        """Return the fields by name."""
        return asdict(self)


class Ingester:
    """Owns a store and the threads around it."""

    def __init__(
        self,
        instance: str,
        lock: DirectoryLock,
        store: IngesterStore,
        acks: AckSink,
        bucket: Bucket,
        register: BlockRegister,
        maintenance: MaintenanceConfig,
        on_commit: Callable[[list[bytes]], None],
        on_shipped: Callable[[Shipped], None],
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self.instance = instance
        self._lock_of_directory = lock
        self._store = store
        self._on_commit = on_commit
        self._committer = Committer(instance, store, acks, self._committed, on_crash)
        self.maintenance = Maintenance(store, self._committer, bucket, register, maintenance, on_shipped)
        self._readers = ThreadPoolExecutor(READ_THREADS, thread_name_prefix="read")
        self.phase = Phase.STARTING
        #: Says what of the ring keeps the ingester from being ready; empty when nothing does.
        self.membership_problem: Callable[[], str] = _no_problem
        #: Says whether the next stop hands everything over.
        self.is_shutdown_prepared: Callable[[], bool] = bool
        self._replayed_bytes = 0
        self._replay_total_bytes = 0
        self._replay_started = 0.0
        self._last_progress = 0.0
        self._stored_profiles = 0
        self._rate = Rate()
        self._lock = threading.Lock()

    def lock(self) -> None:
        """Take the data directory for the life of this ingester; comes before all else.

        Raises :class:`ingest.ingester.directory_lock.DirectoryInUse` when another process has it.
        """
        self._lock_of_directory.acquire()

    def open(self) -> Opened:
        """Replay the log. Blocks until the store is as it was; says how far it is every few seconds."""
        self._replay_started = self._last_progress = time.monotonic()
        opened = self._store.open(self._progress)
        for lane in (opened.wal, opened.wbl):
            log.info(
                "log_replayed",
                log=lane.name,
                seconds=round(time.monotonic() - self._replay_started, 3),
                records=lane.replayed.records,
                skipped=lane.replayed.skipped,
                payload_bytes=lane.log.payload_bytes,
            )
            for damage in lane.log.damages:
                log.error(
                    "log_damaged",
                    log=lane.name,
                    segment=damage.segment,
                    offset=damage.offset,
                    bytes=damage.length,
                    what=damage.what,
                )
        if opened.blocks_written or opened.write_failure:
            log.info("replay_wrote_blocks", blocks=opened.blocks_written, error=opened.write_failure)
        for block in opened.damaged_blocks:
            log.error("block_damaged", block=block)
        return opened

    def serve(self) -> None:
        """Start the periodic work; messages are taken from here on."""
        self.phase = Phase.SERVING
        self.maintenance.start()

    def write(self, message: WriteMessage) -> None:
        """Queue a message of pushes; its answer goes out once it is durable."""
        self._committer.submit(message)

    def read(self, request: ReadRequest, reply: Callable[[ReadReply | str], None]) -> None:
        """Answer a request on a reading thread. ``reply`` gets the answer, or the reason why there is none."""
        self._readers.submit(self._read, request, reply)

    def flush(self) -> bool:
        """Write every head as a block and upload all of them; returns whether everything went through."""
        return self.maintenance.round(flush=True)

    def leave(self, flush: bool) -> bool:
        """Take no more pushes, finish those taken and, with ``flush``, ship everything. Reads go on.

        Returns whether nothing is left that only this ingester has; what is left stays in its log and on its disk.
        """
        self.phase = Phase.LEAVING
        self._committer.drain()
        if flush and not self.flush():
            return False
        return not self._store.has_unshipped()

    def left(self) -> None:
        """Say that the ingester is in no ring any more and holds nothing."""
        self.phase = Phase.LEFT

    def why_not_ready(self) -> str:
        """Return what keeps the ingester from being ready, in a sentence; empty when nothing does."""
        return NOT_READY.get(self.phase) or self.membership_problem()

    def close(self) -> None:
        """Stop all threads and close the log."""
        self.maintenance.close()
        self._readers.shutdown(wait=True)
        self._committer.close()
        self._store.close()
        self._lock_of_directory.release()

    def status(self) -> IngesterStatus:
        """Return what the ingester holds and does."""
        stored = self._stored_profiles
        return IngesterStatus(
            instance=self.instance,
            pid=os.getpid(),
            phase=self.phase.value,
            last_upload_seconds=self.maintenance.last_upload_seconds,
            is_upload_failing=self.maintenance.is_upload_failing,
            stored_profiles=stored,
            stored_profiles_per_second=self._rate.note(stored, time.monotonic()),
            last_error=self.maintenance.last_error,
            replayed_bytes=self._replayed_bytes,
            replay_total_bytes=self._replay_total_bytes,
            why_not_ready=self.why_not_ready(),
            shutdown_prepared=self.is_shutdown_prepared(),
            **asdict(self._store.status()),
        )

    def _read(self, request: ReadRequest, reply: Callable[[ReadReply | str], None]) -> None:
        try:
            reply(answer(request, self._store.parts(request.tenant)))
        except Exception as error:  # the asker has to hear of it, whatever it is
            log.exception("read_failed", op=request.op, tenant=request.tenant)
            reply(f"{type(error).__name__}: {error}")
        finally:
            self._store.trim_memory()

    def _committed(self, codes: list[bytes]) -> None:
        self._stored_profiles += sum(one.count(AckCode.STORED) for one in codes)
        self._on_commit(codes)

    def _progress(self, done_bytes: int, total_bytes: int) -> None:
        self._replayed_bytes, self._replay_total_bytes = done_bytes, total_bytes
        now = time.monotonic()
        if now - self._last_progress > _PROGRESS_SECONDS:
            self._last_progress = now
            log.info(
                "log_replaying",
                percent=round(100 * done_bytes / max(total_bytes, 1), 1),
                megabytes=done_bytes >> 20,
                of_megabytes=total_bytes >> 20,
                megabytes_a_second=round((done_bytes >> 10) / 1024 / (now - self._replay_started), 1),
            )


def _no_problem() -> str:
    return ""
