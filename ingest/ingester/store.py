"""Everything one ingester holds: its log, its heads and its local blocks, as one unit that survives kill -9.

Threads: ``commit``, ``seal`` and ``truncate_log`` belong to one thread, the committer. Maintenance writes blocks of
sealed heads, and readers take parts, from any thread.

Invariants:

* a record is acknowledged only after the log that holds it was flushed, and is readable before it is acknowledged;
* the log says which head took a record: HEAD_OPEN precedes the first record of a head and HEAD_SEALED follows its last,
  so a replay rebuilds heads with the same ULIDs and the same content, and skips those whose block exists;
* at every moment each row is readable in a head or in its block; the block replaces the head under the lock;
* a segment is deleted only when every head with a record in it has a complete, flushed block.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.ingester.local_blocks import LocalBlocks
from ingest.ingester.replay import HeadMark, Replayed, Replayer, TenantHeads, encode_mark
from ingest.profiles.record import PushRecord, decode_record, iter_records
from ingest.profiles.record_columns import RecordError
from ingest.profiles.symbols import SymbolStoreFull
from ingest.storage.acks import AckCode
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.errors import WalError
from ingest.storage.fs import DISK, Files, free_bytes, fsync_dir
from ingest.storage.head.head import AppendOutcome, Head
from ingest.storage.head.states import HeadState
from ingest.storage.part import Part
from ingest.storage.wal.format import RecordKind
from ingest.storage.wal.reader import ReplayReport, WalRecord, replay
from ingest.storage.wal.writer import WalWriter


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Bounds of one ingester's store."""

    instance: str
    directory: Path
    head_max_bytes: int  #: one head is sealed at this size
    heads_max_bytes: int  #: all heads together, sealed ones included; beyond it writes are refused
    head_max_age_ns: int
    wal_segment_bytes: int
    min_free_disk_bytes: int  #: below it the ingester only reads


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What a store holds, for pages and metrics."""

    heads: int
    sealed_heads: int
    head_bytes: int
    head_profiles: int
    head_series: int
    wal_bytes: int
    wal_segments: int
    local_blocks: int
    read_only: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a store met."""

    replayed: Replayed
    log: ReplayReport
    damaged_blocks: tuple[str, ...]


class IngesterStore:
    """Log, heads and local blocks of one ingester."""

    def __init__(
        self,
        config: StoreConfig,
        now_ns: Callable[[], int],
        new_ulid: Callable[[], str],
        hash_seed: int,
        files: Files = DISK,
    ) -> None:
        """``hash_seed`` should be unpredictable, so that no sender can choose symbols that collide."""
        self._config = config
        self._hash_seed = hash_seed
        self._files = files
        self._now_ns = now_ns
        self._new_ulid = new_ulid
        self._lock = threading.Lock()
        self._tenants: dict[str, TenantHeads] = {}
        self._first_segment: dict[str, int] = {}
        self._wal_dir = config.directory / "wal"
        self._wal: WalWriter | None = None
        self.blocks = LocalBlocks(config.directory / "blocks")
        self.read_only = False
        #: Called on the committer's thread after a head was sealed for its size: its memory is wanted back soon.
        self.on_sealed_for_size: Callable[[], None] = _nothing

    def open(self, progress: Callable[[WalRecord], None] | None = None) -> Opened:
        """Open local blocks, replay the log, then begin a new segment. Must return before anything else is called."""
        damaged = self.blocks.open()
        replayer = Replayer(self._new_head, self._new_ulid, self._now_ns, self.blocks.has)
        log = replay(self._wal_dir)
        replayed = replayer.feed(_watched(log, progress))
        with self._lock:
            self._tenants = replayed.tenants
            self._first_segment = replayed.first_segment
        self._wal = WalWriter(self._wal_dir, self._config.wal_segment_bytes, self._files)
        return Opened(replayed, log.report, damaged)

    def close(self) -> None:
        """Flush and close the log. Heads stay in it for the next start."""
        if self._wal is not None:
            self._wal.close()

    # ------------------------------------------------------------------------------------------------ committer

    def commit(self, payloads: Sequence[bytes]) -> list[bytes]:
        """Log, flush and append payloads; returns one :class:`AckCode` byte for each record of each payload."""
        decoded = [_decode(payload) for payload in payloads]
        refusal = self._refusal()
        if refusal is not None:
            return [bytes([refusal]) * len(records) for records in decoded]
        tenants = {record.tenant for records in decoded for record in records if isinstance(record, PushRecord)}
        opened = {tenant: self._new_ulid() for tenant in sorted(tenants) if self._open_head(tenant) is None}
        now_ns = self._now_ns()
        marks = [HeadMark(tenant, ulid, now_ns) for tenant, ulid in opened.items()]
        batch: list[tuple[int, bytes]] = [(RecordKind.HEAD_OPEN, encode_mark(mark)) for mark in marks]
        batch += [(RecordKind.PUSH, payload) for payload, records in zip(payloads, decoded, strict=True) if records]
        wal = self._writer()
        try:
            position = wal.append(batch)
            wal.sync()
        except WalError:
            self.read_only = True
            return [bytes([AckCode.LOG_FAILED]) * len(records) for records in decoded]
        self.read_only = False
        for mark in marks:
            self._begin_head(mark, position.segment)
        codes = [bytes([self._append(record) for record in records]) for records in decoded]
        try:
            self._seal_large()
        except WalError:
            self.read_only = True  # what was committed stays committed; the next commit tries to seal again
        return codes

    def seal(self, tenants: Iterable[str], why: str) -> None:
        """Seal the open heads of these tenants; each gets a HEAD_SEALED record, flushed before this returns."""
        marks: list[HeadMark] = []
        now_ns = self._now_ns()
        for tenant in tenants:
            head = self._open_head(tenant)
            if head is not None and head.row_count:
                marks.append(HeadMark(tenant, head.part_id, now_ns))
        if not marks:
            return
        wal = self._writer()
        wal.append([(RecordKind.HEAD_SEALED, encode_mark(mark)) for mark in marks])
        wal.sync()
        wal.cut()
        with self._lock:
            for mark in marks:
                heads = self._tenants[mark.tenant]
                head = heads.open
                if head is not None:
                    head.advance(HeadState.SEALED, now_ns, why)
                    heads.sealed.append(head)
                    heads.open = None

    def seal_due(self) -> None:
        """Seal heads that reached their age."""
        oldest_ns = self._now_ns() - self._config.head_max_age_ns
        self.seal([head.tenant for head in self._open_heads() if head.created_at_ns <= oldest_ns], "age")

    def seal_all(self, why: str) -> None:
        """Seal every head that holds something."""
        self.seal([head.tenant for head in self._open_heads()], why)

    def truncate_log(self) -> None:
        """Delete the segments that no head without a block needs."""
        with self._lock:
            kept = [head.part_id for heads in self._tenants.values() for head in _heads_of(heads)]
            self._first_segment = {ulid: self._first_segment[ulid] for ulid in kept if ulid in self._first_segment}
            needed = list(self._first_segment.values())
        wal = self._writer()
        wal.truncate_before(min(needed) if needed else wal.last_segment)

    # ------------------------------------------------------------------------------------------------ maintenance

    def write_blocks(self) -> int:
        """Write the block of every sealed head and let it take the head's place; returns how many were written.

        Raises StorageError or OSError when a block cannot be written; its head stays readable and is tried again.
        """
        written = 0
        for head in self._sealed_heads():
            directory = self.blocks.directory_of(head.tenant)
            identity = BlockIdentity(head.part_id, head.tenant, head.owner, head.created_at_ns)
            if (directory / head.part_id).exists():
                fsync_dir(directory, self._files)  # all that had failed was to make the name of the whole block durable
            else:
                write_block(head.snapshot().content(), identity, directory, self._files)
            head.advance(HeadState.WRITTEN, self._now_ns(), "block complete")
            with self._lock:
                self.blocks.add(directory / head.part_id)
                self._tenants[head.tenant].sealed.remove(head)
            written += 1
        return written

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
        """Return what a query may read of a tenant: every row is in exactly one of the parts."""
        with self._lock:
            heads = self._tenants.get(tenant)
            parts: list[Part] = [head.snapshot() for head in _heads_of(heads) if head.row_count] if heads else []
            return parts + list(self.blocks.of(tenant))

    def status(self) -> StoreStatus:
        """Return what the store holds now."""
        with self._lock:
            open_heads = [heads.open for heads in self._tenants.values() if heads.open is not None]
            sealed = [head for heads in self._tenants.values() for head in heads.sealed]
        every = open_heads + sealed
        wal = self._wal
        return StoreStatus(
            heads=len(open_heads),
            sealed_heads=len(sealed),
            head_bytes=sum(head.memory_bytes for head in every),
            head_profiles=sum(head.profile_count for head in every),
            head_series=sum(len(head.series) for head in every),
            wal_bytes=wal.size_bytes if wal is not None else 0,
            wal_segments=wal.last_segment - wal.first_segment + 1 if wal is not None else 0,
            local_blocks=len(self.blocks),
            read_only=self.read_only,
        )

    # --------------------------------------------------------------------------------------------------- internals

    def _new_head(self, tenant: str, ulid: str, created_at_ns: int) -> Head:
        return Head(ulid, tenant, self._config.instance, created_at_ns, hash_seed=self._hash_seed)

    def _writer(self) -> WalWriter:
        if self._wal is None:
            raise RuntimeError("the store is not open")
        return self._wal

    def _open_head(self, tenant: str) -> Head | None:
        heads = self._tenants.get(tenant)
        return heads.open if heads is not None else None

    def _open_heads(self) -> list[Head]:
        with self._lock:
            return [heads.open for heads in self._tenants.values() if heads.open is not None]

    def _sealed_heads(self) -> list[Head]:
        with self._lock:
            return [head for heads in self._tenants.values() for head in heads.sealed]

    def _begin_head(self, mark: HeadMark, segment: int) -> None:
        head = self._new_head(mark.tenant, mark.ulid, mark.at_ns)
        with self._lock:
            self._tenants.setdefault(mark.tenant, TenantHeads()).open = head
            self._first_segment[mark.ulid] = segment

    def _append(self, record: PushRecord | RecordError) -> int:
        if isinstance(record, RecordError):
            return AckCode.DAMAGED
        head = self._open_head(record.tenant)
        if head is None:
            raise RuntimeError("a record reached a tenant without an open head")
        try:
            outcomes = head.append(record)
        except SymbolStoreFull:
            return AckCode.OVERLOADED
        return AckCode.STORED if AppendOutcome.STORED in outcomes else AckCode.DUPLICATE

    def _seal_large(self) -> None:
        """Seal heads over their bound, and the largest one while all together take more than half of theirs."""
        heads = sorted(self._open_heads(), key=lambda head: head.memory_bytes)
        total = sum(head.memory_bytes for head in heads)
        due: list[str] = []
        while heads and (
            heads[-1].memory_bytes > self._config.head_max_bytes or 2 * total > self._config.heads_max_bytes
        ):
            total -= heads[-1].memory_bytes
            due.append(heads.pop().tenant)
        if due:
            self.seal(due, "size")
            self.on_sealed_for_size()

    def _refusal(self) -> AckCode | None:
        """Why writes are refused now, if they are."""
        with self._lock:
            held = sum(head.memory_bytes for heads in self._tenants.values() for head in _heads_of(heads))
        if held > self._config.heads_max_bytes:
            return AckCode.OVERLOADED
        if free_bytes(self._config.directory) < self._config.min_free_disk_bytes:
            self.read_only = True
            return AckCode.LOG_FAILED
        return None


def _nothing() -> None:
    """What happens when nobody wants to know."""


def _heads_of(heads: TenantHeads) -> list[Head]:
    return [*heads.sealed, *([heads.open] if heads.open is not None else [])]


def _decode(payload: bytes) -> list[PushRecord | RecordError]:
    """Decode every record of a payload; one that is damaged costs the others nothing."""
    decoded: list[PushRecord | RecordError] = []
    try:
        for view in iter_records(payload):
            try:
                decoded.append(decode_record(view))
            except RecordError as error:
                decoded.append(error)
    except RecordError as error:
        decoded.append(error)
    return decoded


def _watched(log: Iterable[WalRecord], progress: Callable[[WalRecord], None] | None) -> Iterable[WalRecord]:
    for record in log:
        if progress is not None:
            progress(record)
        yield record
