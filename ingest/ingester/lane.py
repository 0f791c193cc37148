"""One log and the heads whose records it holds.

A store has two: in-order profiles in the write-ahead log ``wal/``, late ones in the write-behind log ``wbl/``. Both are
written, sealed, replayed and cut alike and know nothing of each other.

Threads: everything that writes the log belongs to the committer. Heads are looked up and changed under the lock that
the store shares with its lanes; a replay changes them without it, so looking them up takes copies.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.ingester.checkpoint import CheckpointPlan, checkpoint_records
from ingest.ingester.marks import HeadMark, encode_mark
from ingest.ingester.replay import Extent, Replayed, Replayer, ReplayRoom, TenantHeads
from ingest.storage.errors import WalError
from ingest.storage.fs import Buffer, Files, directory_bytes
from ingest.storage.head.head import Head
from ingest.storage.head.states import HeadState
from ingest.storage.wal.checkpoint import (
    CHECKPOINT_SEGMENT,
    LogReplay,
    checkpoint_name,
    discard_checkpoint,
    last_replaced,
    list_checkpoints,
    settle_checkpoints,
    write_checkpoint,
)
from ingest.storage.wal.format import RecordKind, segment_name
from ingest.storage.wal.reader import QUARANTINE, ReplayReport, WalRecord
from ingest.storage.wal.writer import WalWriter, list_segments


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
        # Of every head that has records in the log, with a block or without; the committer's alone.
        self._extents: dict[str, Extent] = {}
        self._tenant_of: dict[str, str] = {}
        self._orphan_heads: set[str] = set()
        self._checkpoint = 0  # N of the one that is part of the log
        self._checkpoint_bytes = 0
        self._failed_checkpoint = 0
        self._wal: WalWriter | None = None
        self.quarantine_bytes = 0  #: copies of damaged places, as of the start

    def prepare(self) -> int:
        """Finish what a crash interrupted; return how many bytes there are to replay. Comes before ``open``."""
        self._checkpoint = settle_checkpoints(self._directory, self._files)
        segments = [segment_name(one) for one in list_segments(self._directory) if one > self._checkpoint]
        self._checkpoint_bytes = self._size_of_checkpoint()
        return self._checkpoint_bytes + sum((self._directory / name).stat().st_size for name in segments)

    def open(
        self, has_block: Callable[[str], bool], room: ReplayRoom, progress: Callable[[WalRecord], None]
    ) -> LaneOpened:
        """Replay the log, then begin a new segment. Must return before anything else is called.

        Heads can be seen from the first record on: ``room`` may write blocks of those that are sealed.
        """
        replayer = Replayer(self._new_head, self._new_ulid, self._now_ns, has_block, room)
        self._tenants = replayer.result.tenants
        log = LogReplay(self._directory, self._checkpoint, True, self._files)
        replayed = replayer.feed(_watched(log, progress))
        self._extents, self._tenant_of = replayed.extents, replayed.tenant_of
        self._orphan_heads = replayed.orphan_heads
        self._wal = WalWriter(self._directory, self._segment_bytes, self._files, after=self._checkpoint)
        self.quarantine_bytes = directory_bytes(self._directory / QUARANTINE)
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
                self._tenant_of[mark.ulid] = mark.tenant
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
        segment = wal.append([(RecordKind.HEAD_SEALED, encode_mark(mark)) for mark in marks]).segment
        wal.sync()
        wal.cut()
        with self._lock:
            for head in due:
                head.advance(HeadState.SEALED, now_ns, why)
                heads = self._tenants[head.tenant]
                heads.sealed.append(head)
                heads.open = None
                self._extents[head.part_id].setdefault(segment, 0)
        return due

    def truncate(self) -> None:
        """Delete the checkpoint and the oldest segments if no head needs them, neither for its records nor to tell that
        later ones are in a block. What this cannot delete a checkpoint can. Raises WalFailed or OSError.
        """
        number = self._replaceable()
        if number is None or self._written_marks(number):
            return
        if self._checkpoint:
            # First: without its marks the segments after it give heads of their own, without them it would give halves.
            discard_checkpoint(self._directory, self._checkpoint, self._files)
            self._checkpoint = self._checkpoint_bytes = 0
        self._writer().truncate_before(number + 1)
        self._forget(number)

    def plan_checkpoint(self, log_bytes: int) -> CheckpointPlan | None:
        """Return the checkpoint that is worth writing, if any.

        A small one replaces segments that no living head needs and that cannot be deleted alone. One that copies what
        living heads need is due once the log is larger than ``log_bytes`` and more than half of what it would replace
        is not needed.
        """
        number = self._replaceable()
        if number is not None:
            written = self._written_marks(number)
            return CheckpointPlan(number, self._checkpoint, written) if written else None
        wal = self._writer()
        number = last_replaced([one for one in wal.finished_segments if one > self._checkpoint])
        if number is None or number <= self._failed_checkpoint or self.log_bytes <= log_bytes:
            return None
        heads = self.heads()
        living = frozenset(head.part_id for head in heads)
        extents = [self._extents[ulid] for ulid in living]
        needed = sum(size for extent in extents for segment, size in extent.items() if segment <= number)
        if 2 * needed > wal.bytes_up_to(number) + self._checkpoint_bytes:
            return None
        orphans = frozenset(head.tenant for head in heads if head.part_id in self._orphan_heads)
        return CheckpointPlan(number, self._checkpoint, self._written_marks(number), True, living, orphans)

    def adopt_checkpoint(self, plan: CheckpointPlan) -> None:
        """Let a checkpoint that was written take the place of what it stands for. Raises WalFailed or OSError; what was
        not deleted then is not read any more, and goes at the next truncation or start.
        """
        self._checkpoint = plan.number
        self._checkpoint_bytes = self._size_of_checkpoint()
        self._forget(plan.number)
        self._extents = {ulid: _replaced(extent, plan.number) for ulid, extent in self._extents.items()}
        self._writer().truncate_before(plan.number + 1)
        for number in list_checkpoints(self._directory):
            if number < plan.number:
                discard_checkpoint(self._directory, number, self._files)

    # --------------------------------------------------------------------------------------------- from any thread

    def write_checkpoint(self, plan: CheckpointPlan) -> None:
        """Write a planned checkpoint; nothing may be truncated meanwhile, commits may go on.

        Raises WalError or OSError; then the log is as it was, and the next plan waits until it has grown.
        """
        log = LogReplay(self._directory, plan.previous, False, self._files, up_to=plan.number)
        try:
            write_checkpoint(
                self._directory, plan.number, checkpoint_records(log, plan), self._segment_bytes, self._files
            )
        except (WalError, OSError):
            self._failed_checkpoint = plan.number
            raise

    def heads(self) -> list[Head]:
        """Return every head that has no block."""
        with self._lock:
            return [head for heads in list(self._tenants.values()) for head in heads.all()]

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
            return [heads.open for heads in list(self._tenants.values()) if heads.open is not None]

    def sealed_heads(self) -> list[Head]:
        """Return the heads that wait for their block."""
        with self._lock:
            return [head for heads in list(self._tenants.values()) for head in heads.sealed]

    def let_go(self, head: Head) -> None:
        """Forget a sealed head, for its block is there; the caller holds the lock."""
        self._tenants[head.tenant].sealed.remove(head)

    @property
    def log_bytes(self) -> int:
        """Bytes of the log on the disk."""
        return self._checkpoint_bytes + self._wal.size_bytes if self._wal is not None else 0

    @property
    def log_segments(self) -> int:
        """Segments of the log."""
        return self._wal.last_segment - self._wal.first_segment + 1 if self._wal is not None else 0

    def _replaceable(self) -> int | None:
        """Return the highest segment up to which no living head needs anything; None when the oldest is needed."""
        extents = [self._extents[head.part_id] for head in self.heads()]
        wal = self._writer()
        number = min((min(extent) for extent in extents), default=wal.last_segment) - 1
        return number if number >= max(wal.first_segment, self._checkpoint + 1) else None

    def _written_marks(self, number: int) -> tuple[HeadMark, ...]:
        """Return a mark for each head with a block that has records both up to this segment and after it."""
        living = {head.part_id for head in self.heads()}
        gone = [one for one in self._extents.items() if one[0] not in living]
        return tuple(
            HeadMark(self._tenant_of[ulid], ulid, self._now_ns())
            for ulid, extent in gone
            if min(extent) <= number < max(extent)
        )

    def _forget(self, number: int) -> None:
        """Forget heads with a block that have no record after this segment."""
        living = {head.part_id for head in self.heads()}
        self._extents = {
            ulid: extent for ulid, extent in self._extents.items() if ulid in living or max(extent) > number
        }
        self._tenant_of = {ulid: tenant for ulid, tenant in self._tenant_of.items() if ulid in self._extents}
        self._orphan_heads &= living

    def _size_of_checkpoint(self) -> int:
        return directory_bytes(self._directory / checkpoint_name(self._checkpoint)) if self._checkpoint else 0

    def _writer(self) -> WalWriter:
        if self._wal is None:
            raise RuntimeError("the store is not open")
        return self._wal


def _replaced(extent: Extent, number: int) -> Extent:
    """Move what lies in the segments up to ``number`` into the checkpoint."""
    moved: Extent = {}
    for segment, size in extent.items():
        place = CHECKPOINT_SEGMENT if segment <= number else segment
        moved[place] = moved.get(place, 0) + size
    return moved


def _watched(log: Iterable[WalRecord], progress: Callable[[WalRecord], None]) -> Iterable[WalRecord]:
    for record in log:
        progress(record)
        yield record
