"""Everything one ingester holds: its two logs, its heads and its local blocks, as one unit that survives kill -9.

In-order profiles go to one :class:`~ingest.ingester.lane.Lane` with the write-ahead log, late ones to another with the
write-behind log; :mod:`ingest.ingester.admission` decides.

Threads: ``commit``, ``seal`` and ``truncate_log`` belong to one thread, the committer. Maintenance writes blocks of
sealed heads, and readers take parts, from any thread.

Invariants:

* a record is acknowledged only after the log that holds it was flushed, and is readable before it is acknowledged;
* the log says which head took a record: HEAD_OPEN precedes the first record of a head and HEAD_SEALED follows its last,
  so a replay rebuilds heads with the same ULIDs and the same content, and skips those whose block exists;
* in-order heads of a tenant follow each other without overlap in time, as long as the tenant has data here;
* at every moment each row is readable in a head or in its block; the block replaces the head under the lock;
* a segment is deleted only when every head with a record in it has a complete, flushed block.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.ingester.admission import Admission, TenantTimes, after_part
from ingest.ingester.checkpoint import CheckpointPlan
from ingest.ingester.disk import probe, shortage
from ingest.ingester.intake import Received, admit_all, receive, tenant_bytes
from ingest.ingester.lane import Lane, LaneOpened
from ingest.ingester.local_blocks import LocalBlocks
from ingest.ingester.replay import ReplayRoom
from ingest.ingester.retention import ROOM_FACTOR, make_room
from ingest.profiles.record import PushRecord
from ingest.profiles.record_columns import RecordError
from ingest.profiles.symbols import SymbolStoreFull
from ingest.storage.acks import AckCode
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.errors import WalError
from ingest.storage.fs import DISK, Files, fsync_dir, remove_leftovers
from ingest.storage.head.head import AppendOutcome, Head
from ingest.storage.head.states import HeadState
from ingest.storage.part import Part
from ingest.storage.wal.format import RECORD_HEADER_BYTES
from ingest.storage.wal.reader import WalRecord


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Bounds of one ingester's store."""

    instance: str
    directory: Path
    head_max_bytes: int  #: one head is sealed at this size
    heads_max_bytes: int  #: all heads together, sealed ones included; beyond it writes are refused
    head_max_age_ns: int
    wal_segment_bytes: int
    wal_checkpoint_bytes: int  #: a log that is larger is freed of what no head needs by a checkpoint
    min_free_disk_bytes: int  #: below it the ingester only reads


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What a store holds, for pages and metrics."""

    heads: int  #: open heads
    sealed_heads: int
    late_heads: int  #: of both kinds, those of late profiles
    head_bytes: int
    head_profiles: int
    head_series: int
    wal_bytes: int
    wal_segments: int
    wbl_bytes: int
    wbl_segments: int
    local_blocks: int
    damaged_blocks: int  #: set aside because they cannot be read
    quarantine_bytes: int  #: of those, and copies of damaged places of the logs
    read_only: bool
    read_only_reason: str  #: a sentence; empty while writes are taken
    oldest_unuploaded_ms: int | None  #: since when it holds what the bucket does not; None when that is nothing


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a store met."""

    wal: LaneOpened
    wbl: LaneOpened
    damaged_blocks: tuple[str, ...]
    blocks_written: int  #: blocks of sealed heads that were written to keep memory within its bound
    write_failure: str  #: why no more of them could be written; empty when nothing failed


class IngesterStore:
    """Logs, heads and local blocks of one ingester."""

    def __init__(
        self,
        config: StoreConfig,
        now_ns: Callable[[], int],
        new_ulid: Callable[[], str],
        hash_seed: int,
        window_ns_of: Callable[[str], int],
        files: Files = DISK,
    ) -> None:
        """``hash_seed`` should be unpredictable, so that no sender can choose symbols that collide. ``window_ns_of``
        is a tenant's limit on late profiles; it is asked once a commit, on the committer's thread.
        """
        self._config = config
        self._hash_seed = hash_seed
        self._window_ns_of = window_ns_of
        self._files = files
        self._now_ns = now_ns
        self._lock = threading.Lock()

        def lane(name: str, late: bool) -> Lane:
            directory, segment_bytes = config.directory / name, config.wal_segment_bytes
            return Lane(directory, late, self._new_head, new_ulid, now_ns, segment_bytes, self._lock, files)

        self._lanes = {Admission.IN_ORDER: lane("wal", late=False), Admission.LATE: lane("wbl", late=True)}
        self._times: dict[str, TenantTimes] = {}  # the committer's alone
        self.blocks = LocalBlocks(config.directory / "blocks")
        #: Why writes are refused for want of a disk that takes them; empty while they are taken.
        self.read_only_reason = ""
        #: Called on the committer's thread after a head was sealed for its size: its memory is wanted back soon.
        self.on_sealed_for_size: Callable[[], None] = _nothing

    def open(self, progress: Callable[[int, int], None] = lambda done_bytes, total_bytes: None) -> Opened:
        """Open local blocks, replay the write-ahead log and then the write-behind log, and begin a new segment of each.

        Heads take no more memory meanwhile than they are allowed while serving: beyond it the blocks of sealed ones are
        written. ``progress(done_bytes, total_bytes)`` is called for each record. Must return before anything else
        but ``status`` is called.
        """
        remove_leftovers(self._config.directory, files=self._files)
        damaged = self.blocks.open()
        total_bytes = sum([lane.prepare() for lane in self._lanes.values()])
        done_bytes = 0

        def watch(record: WalRecord) -> None:
            nonlocal done_bytes
            done_bytes += RECORD_HEADER_BYTES + len(record.data)
            progress(done_bytes, total_bytes)

        room = ReplayRoom(self._config.heads_max_bytes // 2, self.write_blocks, self._held_bytes)
        wal, wbl = (lane.open(self.blocks.has, room, watch) for lane in self._lanes.values())
        self._recall_times()
        progress(total_bytes, total_bytes)
        return Opened(wal, wbl, damaged, room.written, room.failure)

    def close(self) -> None:
        """Flush and close the logs. Heads stay in them for the next start."""
        for lane in self._lanes.values():
            lane.close()

    # ------------------------------------------------------------------------------------------------ committer

    def commit(self, payloads: Sequence[bytes]) -> list[bytes]:
        """Log, flush and append payloads; returns one :class:`AckCode` byte for each record of each payload."""
        received = [receive(payload) for payload in payloads]
        refusal = self._refusal()
        if refusal is not None:
            return [bytes([refusal]) * len(one.records) for one in received]
        times = admit_all(received, self._times, self._config.head_max_age_ns // 2, self._window_ns_of)
        logged = {admission: self._log(admission, received) for admission in self._lanes}
        if any(outcome is not None for outcome in logged.values()):
            self.read_only_reason = next((why for why in logged.values() if why), "")
        if not logged[Admission.IN_ORDER]:
            self._times.update(times)
        codes = [
            bytes([self._append(*one, logged) for one in zip(found.records, found.admissions, strict=True)])
            for found in received
        ]
        try:
            self._seal_large()
        except WalError as error:
            # What was committed stays committed; the next commit tries to seal again.
            self.read_only_reason = _log_refused(error)
        return codes

    def seal(self, tenants: Iterable[str], why: str) -> None:
        """Seal the open heads of these tenants; each gets a HEAD_SEALED record, flushed before this returns."""
        names = list(tenants)
        for lane in self._lanes.values():
            self._seal(lane, names, why)

    def seal_due(self) -> None:
        """Seal heads that reached their age."""
        oldest_ns = self._now_ns() - self._config.head_max_age_ns
        for lane in self._lanes.values():
            self._seal(lane, [head.tenant for head in lane.open_heads() if head.created_at_ns <= oldest_ns], "age")

    def seal_all(self, why: str) -> None:
        """Seal every head that holds something."""
        for lane in self._lanes.values():
            self._seal(lane, [head.tenant for head in lane.open_heads()], why)

    def truncate_log(self) -> None:
        """Delete the segments that no head without a block needs."""
        for lane in self._lanes.values():
            lane.truncate()

    def look_at_disk(self) -> None:
        """Turn read-only when the disk has too little room, and back once it has and takes a file."""
        directory, files = self._config.directory, self._files
        still = probe(directory, files) if self.read_only_reason else ""
        self.read_only_reason = shortage(directory, self._config.min_free_disk_bytes, files) or still

    def plan_checkpoints(self) -> list[tuple[Lane, CheckpointPlan]]:
        """Return the checkpoints that are worth writing now, for :meth:`Lane.write_checkpoint`."""
        plans = [(lane, lane.plan_checkpoint(self._config.wal_checkpoint_bytes)) for lane in self._lanes.values()]
        return [(lane, plan) for lane, plan in plans if plan is not None]

    # ------------------------------------------------------------------------------------------------ maintenance

    def write_blocks(self) -> int:
        """Write the block of every sealed head and let it take the head's place; returns how many were written.

        Raises StorageError or OSError when a block cannot be written; its head stays readable and is tried again.
        """
        written = 0
        for lane in self._lanes.values():
            for head in lane.sealed_heads():
                self._write_block(lane, head)
                written += 1
        return written

    def make_room(self) -> int:
        """Evict uploaded blocks before their time while the disk is short of room; returns how many went."""
        wanted = ROOM_FACTOR * self._config.min_free_disk_bytes
        directory = self._config.directory
        return make_room(
            self.blocks.uploaded(), lambda: self._files.free_bytes(directory), wanted, lambda ulid: self.evict([ulid])
        )

    def evict(self, ulids: Sequence[str]) -> None:
        """Stop serving uploaded local blocks and delete them."""
        with self._lock:
            self.blocks.evict(ulids)

    def trim_memory(self) -> None:
        """Have local blocks forget what they read into memory when it is too much."""
        with self._lock:
            self.blocks.trim_memory()

    # ---------------------------------------------------------------------------------------------------- readers

    def parts(self, tenant: str) -> list[Part]:
        """Return what a query may read of a tenant: every row is in exactly one of the parts, but for repeats."""
        with self._lock:
            heads = [head for lane in self._lanes.values() for head in lane.heads_of(tenant)]
            parts: list[Part] = [head.snapshot() for head in heads if head.row_count]
            return parts + list(self.blocks.of(tenant))

    def has_unshipped(self) -> bool:
        """Whether there are rows that are not in the bucket: in a head, or in a block that is not uploaded."""
        heads = [head for lane in self._lanes.values() for head in lane.heads()]
        if any(head.row_count for head in heads):
            return True
        with self._lock:
            return bool(self.blocks.to_upload())

    def status(self) -> StoreStatus:
        """Return what the store holds now."""
        wal, wbl = self._lanes.values()
        late = wbl.heads()
        every = wal.heads() + late
        sealed = sum(head.state is not HeadState.OPEN for head in every)
        since_ns = [head.created_at_ns for head in every]  # before the blocks: a head may become one in between
        with self._lock:
            since_ns += self.blocks.waiting_since_ns()
        return StoreStatus(
            heads=len(every) - sealed,
            sealed_heads=sealed,
            late_heads=len(late),
            head_bytes=sum(head.memory_bytes for head in every),
            head_profiles=sum(head.profile_count for head in every),
            head_series=sum(len(head.series) for head in every),
            wal_bytes=wal.log_bytes,
            wal_segments=wal.log_segments,
            wbl_bytes=wbl.log_bytes,
            wbl_segments=wbl.log_segments,
            local_blocks=len(self.blocks),
            damaged_blocks=self.blocks.damaged_blocks,
            quarantine_bytes=self.blocks.damaged_bytes + wal.quarantine_bytes + wbl.quarantine_bytes,
            read_only=bool(self.read_only_reason),
            read_only_reason=self.read_only_reason,
            oldest_unuploaded_ms=min(since_ns) // 1_000_000 if since_ns else None,
        )

    # --------------------------------------------------------------------------------------------------- internals

    def _new_head(self, tenant: str, ulid: str, created_at_ns: int) -> Head:
        return Head(ulid, tenant, self._config.instance, created_at_ns, hash_seed=self._hash_seed)

    def _recall_times(self) -> None:
        """Learn the times of each tenant from what it has here."""
        for lane in self._lanes.values():
            for head in lane.heads():
                if head.row_count:
                    self._note_part(head, not lane.late and head.state is not HeadState.OPEN)
        for block in self.blocks.all():
            if block.meta.stats.rows:
                self._note_part(block, not block.meta.out_of_order)

    def _note_part(self, part: Part, sealed_in_order: bool) -> None:
        self._times[part.tenant] = after_part(self._times.get(part.tenant), part.max_time_ns, sealed_in_order)

    def _held_bytes(self) -> int:
        return sum(head.memory_bytes for lane in self._lanes.values() for head in lane.heads())

    def _log(self, admission: Admission, received: Sequence[Received]) -> str | None:
        """Log the records with this admission; returns why they are not durable, empty when they are, None when there
        were none.
        """
        payloads = [cut for one in received if (cut := one.cut_to(admission)) is not None]
        if not payloads:
            return None
        try:
            self._lanes[admission].append(payloads, tenant_bytes(received, admission))
        except WalError as error:
            return _log_refused(error)
        return ""

    def _append(
        self, record: PushRecord | RecordError, admission: Admission | None, logged: dict[Admission, str | None]
    ) -> int:
        if isinstance(record, RecordError) or admission is None:
            return AckCode.DAMAGED
        if admission is Admission.TOO_OLD:
            return AckCode.TOO_OLD
        if logged[admission]:
            return AckCode.LOG_FAILED
        head = self._lanes[admission].open_head(record.tenant)
        if head is None:
            raise RuntimeError("a record reached a tenant without an open head")
        try:
            outcomes = head.append(record)
        except SymbolStoreFull:
            return AckCode.OVERLOADED
        return AckCode.STORED if AppendOutcome.STORED in outcomes else AckCode.DUPLICATE

    def _seal(self, lane: Lane, tenants: Iterable[str], why: str) -> None:
        for head in lane.seal(tenants, why):
            self._note_part(head, sealed_in_order=not lane.late)

    def _seal_large(self) -> None:
        """Seal heads over their bound, and the largest one while all together take more than half of theirs."""
        heads = [(head.memory_bytes, head.tenant, lane) for lane in self._lanes.values() for head in lane.open_heads()]
        heads.sort(key=lambda one: one[0])
        total = sum(size for size, _, _ in heads)
        due: list[tuple[Lane, str]] = []
        while heads and (heads[-1][0] > self._config.head_max_bytes or 2 * total > self._config.heads_max_bytes):
            size, tenant, lane = heads.pop()
            total -= size
            due.append((lane, tenant))
        for lane in self._lanes.values():
            self._seal(lane, [tenant for its_lane, tenant in due if its_lane is lane], "size")
        if due:
            self.on_sealed_for_size()

    def _write_block(self, lane: Lane, head: Head) -> None:
        directory = self.blocks.directory_of(head.tenant)
        identity = BlockIdentity(head.part_id, head.tenant, head.owner, head.created_at_ns, out_of_order=lane.late)
        if (directory / head.part_id).exists():
            fsync_dir(directory, self._files)  # all that had failed was to make the name of the whole block durable
        else:
            write_block(head.snapshot().content(), identity, directory, self._files)
        head.advance(HeadState.WRITTEN, self._now_ns(), "block complete")
        with self._lock:
            self.blocks.add(directory / head.part_id)
            lane.let_go(head)

    def _refusal(self) -> AckCode | None:
        """Why writes are refused now, if they are."""
        if self._held_bytes() > self._config.heads_max_bytes:
            return AckCode.OVERLOADED
        why = shortage(self._config.directory, self._config.min_free_disk_bytes, self._files)
        if why:
            self.read_only_reason = why
            return AckCode.LOG_FAILED
        return None


def _log_refused(error: WalError) -> str:
    return f"The log cannot be written: {error}."


def _nothing() -> None:
    """What happens when nobody wants to know."""
