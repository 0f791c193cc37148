"""One log and the heads whose records it holds.

A store has two: in-order profiles in the write-ahead log ``wal/``, late ones in the write-behind log ``wbl/``. Both are
written, sealed, replayed and cut alike and know nothing of each other.

Threads: everything that writes the log belongs to the committer. Heads are looked up and changed under the lock that
the store shares with its lanes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.ingester.marks import HeadMark, encode_mark
from ingest.ingester.replay import Extent, Replayed, Replayer, TenantHeads
from ingest.storage.fs import Buffer, Files
from ingest.storage.head.head import Head
from ingest.storage.head.states import HeadState
from ingest.storage.wal.format import RecordKind
from ingest.storage.wal.reader import ReplayReport, WalRecord, replay
from ingest.storage.wal.writer import WalWriter


@dataclass(frozen=True, slots=True)
class LaneOpened:
    """What opening a lane met."""

    name: str
    replayed: Replayed
    log: ReplayReport


class Lane:
    """The heads of all tenants for one kind of profiles, and their log."""

    def __init__(
        self,
        directory: Path,
        late: bool,
        new_head: Callable[[str, str, int], Head],
        new_ulid: Callable[[], str],
        now_ns: Callable[[], int],
        segment_bytes: int,
        lock: threading.Lock,
        files: Files,
    ) -> None:
        """``late``: whether its heads hold late profiles. ``new_head(tenant, ulid, created_at_ns)``."""
        self.name = directory.name
        self.late = late
        self._directory = directory
        self._new_head = new_head
        self._new_ulid = new_ulid
        self._now_ns = now_ns
        self._segment_bytes = segment_bytes
        self._lock = lock
        self._files = files
        self._tenants: dict[str, TenantHeads] = {}
        self._extents: dict[str, Extent] = {}  # of living heads; the committer's alone
        self._wal: WalWriter | None = None

    def open(self, has_block: Callable[[str], bool], progress: Callable[[WalRecord], None]) -> LaneOpened:
        """Replay the log, then begin a new segment. Must return before anything else is called."""
        replayer = Replayer(self._new_head, self._new_ulid, self._now_ns, has_block)
        log = replay(self._directory, files=self._files)
        replayed = replayer.feed(_watched(log, progress))
        with self._lock:
            self._tenants = replayed.tenants
        self._extents = replayed.extents
        self._wal = WalWriter(self._directory, self._segment_bytes, self._files)
        return LaneOpened(self.name, replayed, log.report)

    def close(self) -> None:
        """Flush and close the log. Heads stay in it for the next start."""
        if self._wal is not None:
            self._wal.close()

    # ------------------------------------------------------------------------------------------------ committer

    def append(self, payloads: Sequence[Buffer], sizes: Mapping[str, int]) -> None:
        """Log payloads and flush; afterwards every tenant of ``sizes``, which has its bytes, has an open head.

        Raises WalError; then none of the payloads may be acknowledged.
        """
        now_ns = self._now_ns()
        new = [tenant for tenant in sorted(sizes) if self.open_head(tenant) is None]
        marks = [HeadMark(tenant, self._new_ulid(), now_ns) for tenant in new]
        batch: list[tuple[int, Buffer]] = [(RecordKind.HEAD_OPEN, encode_mark(mark)) for mark in marks]
        batch += [(RecordKind.PUSH, payload) for payload in payloads]
        wal = self._writer()
        segment = wal.append(batch).segment
        wal.sync()
        with self._lock:
            for mark in marks:
                head = self._new_head(mark.tenant, mark.ulid, mark.at_ns)
                self._tenants.setdefault(mark.tenant, TenantHeads()).open = head
                self._extents[mark.ulid] = {segment: 0}
            for tenant, size in sizes.items():
                head_of_tenant = self._tenants[tenant].open
                if head_of_tenant is not None:
                    extent = self._extents[head_of_tenant.part_id]
                    extent[segment] = extent.get(segment, 0) + size

    def seal(self, tenants: Iterable[str], why: str) -> list[Head]:
        """Seal the open heads of these tenants that hold something; each gets a HEAD_SEALED record, flushed before this
        returns. Raises WalError; then no head was sealed.
        """
        due = [head for head in map(self.open_head, tenants) if head is not None and head.row_count]
        if not due:
            return []
        now_ns = self._now_ns()
        wal = self._writer()
        marks = [HeadMark(head.tenant, head.part_id, now_ns) for head in due]
        wal.append([(RecordKind.HEAD_SEALED, encode_mark(mark)) for mark in marks])
        wal.sync()
        wal.cut()
        with self._lock:
            for head in due:
                head.advance(HeadState.SEALED, now_ns, why)
                heads = self._tenants[head.tenant]
                heads.sealed.append(head)
                heads.open = None
        return due

    def truncate(self) -> None:
        """Delete the segments that no head without a block needs. Raises WalFailed."""
        living = {head.part_id for head in self.heads()}
        self._extents = {ulid: extent for ulid, extent in self._extents.items() if ulid in living}
        wal = self._writer()
        wal.truncate_before(min((min(extent) for extent in self._extents.values()), default=wal.last_segment))

    # --------------------------------------------------------------------------------------------- from any thread

    def heads(self) -> list[Head]:
        """Return every head that has no block."""
        with self._lock:
            return [head for heads in self._tenants.values() for head in heads.all()]

    def heads_of(self, tenant: str) -> list[Head]:
        """Return the heads of a tenant that have no block; the caller holds the lock."""
        heads = self._tenants.get(tenant)
        return heads.all() if heads is not None else []

    def open_head(self, tenant: str) -> Head | None:
        """Return the head that takes a tenant's appends."""
        heads = self._tenants.get(tenant)
        return heads.open if heads is not None else None

    def open_heads(self) -> list[Head]:
        """Return the heads that take appends."""
        with self._lock:
            return [heads.open for heads in self._tenants.values() if heads.open is not None]

    def sealed_heads(self) -> list[Head]:
        """Return the heads that wait for their block."""
        with self._lock:
            return [head for heads in self._tenants.values() for head in heads.sealed]

    def let_go(self, head: Head) -> None:
        """Forget a sealed head, for its block is there; the caller holds the lock."""
        self._tenants[head.tenant].sealed.remove(head)

    @property
    def log_bytes(self) -> int:
        """Bytes of the log on the disk."""
        return self._wal.size_bytes if self._wal is not None else 0

    @property
    def log_segments(self) -> int:
        """Segments of the log."""
        return self._wal.last_segment - self._wal.first_segment + 1 if self._wal is not None else 0

    def _writer(self) -> WalWriter:
        if self._wal is None:
            raise RuntimeError("the store is not open")
        return self._wal


def _watched(log: Iterable[WalRecord], progress: Callable[[WalRecord], None]) -> Iterable[WalRecord]:
    for record in log:
        progress(record)
        yield record
