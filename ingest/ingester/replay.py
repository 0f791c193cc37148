"""Rebuilding heads from a log after a restart. Pure but for the log it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ingest.ingester.marks import HeadMark, decode_mark
from ingest.profiles.record import decode_record, iter_records
from ingest.profiles.record_columns import RecordError
from ingest.profiles.symbols import SymbolStoreFull
from ingest.storage.errors import StorageError
from ingest.storage.head.head import Head
from ingest.storage.head.states import HeadState
from ingest.storage.wal.format import RecordKind
from ingest.storage.wal.reader import WalRecord

#: Bytes of a head's push records by segment; 0 where there are only marks of it.
Extent = dict[int, int]


@dataclass(slots=True)
class TenantHeads:
    """The heads of one tenant: the one that takes appends, and those that wait for their block."""

    open: Head | None = None
    sealed: list[Head] = field(default_factory=list)

    def all(self) -> list[Head]:
        """Return every head, the oldest first."""
        return [*self.sealed, *([self.open] if self.open is not None else [])]


@dataclass(slots=True)
class Replayed:
    """The heads a log amounts to."""

    tenants: dict[str, TenantHeads] = field(default_factory=dict)
    #: Head ULID -> where its records lie; also of heads that have their block.
    extents: dict[str, Extent] = field(default_factory=dict)
    tenant_of: dict[str, str] = field(default_factory=dict)  #: for each head in ``extents``
    orphan_heads: set[str] = field(default_factory=set)  #: heads whose HEAD_OPEN was lost to damage
    records: int = 0
    skipped: int = 0  #: records whose head has its block already
    unreadable: int = 0  #: records that passed the log's checks and could not be decoded
    orphans: int = 0  #: heads made for records whose HEAD_OPEN was lost


class Replayer:
    """Feeds log records, oldest first, into heads."""

    def __init__(
        self,
        new_head: Callable[[str, str, int], Head],
        new_ulid: Callable[[], str],
        now_ns: Callable[[], int],
        has_block: Callable[[str], bool],
        room: ReplayRoom,
    ) -> None:
        """``new_head(tenant, ulid, created_at_ns)``; ``has_block(ulid)`` says whether a complete local block exists.

        ``room`` is told how heads grow and that one was sealed. It may write blocks of sealed heads and take them out
        of ``result.tenants``.
        """
        self._new_head = new_head
        self._new_ulid = new_ulid
        self._now_ns = now_ns
        self._has_block = has_block
        self._room = room
        self._memory_bytes: dict[str, int] = {}  # head ULID -> what the room was told of it
        self._skipping: dict[str, str] = {}  # tenant -> ULID of the head whose records are not needed any more
        self.result = Replayed()

    def feed(self, records: Iterable[WalRecord]) -> Replayed:
        """Apply the records in order and return what they amount to."""
        for record in records:
            match record.kind:
                case RecordKind.PUSH:
                    self._push(record)
                case RecordKind.HEAD_OPEN:
                    self._open(decode_mark(record.data), record.segment)
                case RecordKind.HEAD_WRITTEN:
                    self._skip(decode_mark(record.data), record.segment)
                case RecordKind.HEAD_SEALED:
                    self._seal(decode_mark(record.data), record.segment)
        return self.result

    def _tenant(self, tenant: str) -> TenantHeads:
        return self.result.tenants.setdefault(tenant, TenantHeads())

    def _open(self, mark: HeadMark, segment: int) -> None:
        heads = self._tenant(mark.tenant)
        if heads.open is not None and heads.open.part_id != mark.ulid:
            # The record that sealed the former head was lost to damage. Its rows are all there: seal it now.
            self._seal(HeadMark(mark.tenant, heads.open.part_id, mark.at_ns), segment)
        self._skipping.pop(mark.tenant, None)
        if self._has_block(mark.ulid):
            self._skip(mark, segment)
        elif heads.open is None:
            self._begin(mark, segment)

    def _begin(self, mark: HeadMark, segment: int) -> Head:
        head = self._new_head(mark.tenant, mark.ulid, mark.at_ns)
        self._tenant(mark.tenant).open = head
        self._place(mark, segment)
        self._memory_bytes[mark.ulid] = 0
        return head

    def _skip(self, mark: HeadMark, segment: int) -> None:
        self._skipping[mark.tenant] = mark.ulid
        self._place(mark, segment)

    def _seal(self, mark: HeadMark, segment: int) -> None:
        skipped = self._skipping.pop(mark.tenant, None)
        if skipped is not None:
            self.result.extents[skipped].setdefault(segment, 0)
        heads = self._tenant(mark.tenant)
        if heads.open is not None and heads.open.part_id == mark.ulid:
            heads.open.advance(HeadState.SEALED, mark.at_ns, "replayed")
            heads.sealed.append(heads.open)
            heads.open = None
            self.result.extents[mark.ulid].setdefault(segment, 0)
            self._room.sealed()

    def _push(self, record: WalRecord) -> None:
        try:
            for view in iter_records(record.data):
                self._append(view, record.segment)
        except RecordError:
            self.result.unreadable += 1

    def _append(self, view: memoryview, segment: int) -> None:
        try:
            push = decode_record(view)
        except RecordError:
            self.result.unreadable += 1
            return
        self.result.records += 1
        skipped = self._skipping.get(push.tenant)
        if skipped is not None:
            self.result.skipped += 1
            self._note(skipped, segment, view)
            return
        head = self._tenant(push.tenant).open
        if head is None:
            head = self._begin(HeadMark(push.tenant, self._new_ulid(), self._now_ns()), segment)
            self.result.orphan_heads.add(head.part_id)
            self.result.orphans += 1
        self._note(head.part_id, segment, view)
        try:
            head.append(push)
        except SymbolStoreFull:
            self.result.unreadable += 1
        memory_bytes = head.memory_bytes
        growth = memory_bytes - self._memory_bytes[head.part_id]
        self._memory_bytes[head.part_id] = memory_bytes
        self._room.grown(growth)

    def _place(self, mark: HeadMark, segment: int) -> None:
        self.result.extents[mark.ulid] = {segment: 0}
        self.result.tenant_of[mark.ulid] = mark.tenant

    def _note(self, ulid: str, segment: int, view: memoryview) -> None:
        extent = self.result.extents[ulid]
        extent[segment] = extent.get(segment, 0) + len(view)


class ReplayRoom:
    """Keeps the memory of heads within its bound during a replay, by writing blocks of those that are sealed.

    The bound is the one at which a serving store seals heads: half of what all may take. Before the crash heads that
    were open at one time were below it, so after writing the sealed ones those that are left are too.
    """

    def __init__(self, bound_bytes: int, write_blocks: Callable[[], int], held_bytes: Callable[[], int]) -> None:
        self.written = 0
        self.failure = ""
        self._bound_bytes = bound_bytes
        self._has_sealed = False
        self._write_blocks = write_blocks
        self._measure = held_bytes
        self._held_bytes = 0

    def grown(self, by_bytes: int) -> None:
        """Take note of ``by_bytes`` more; writes blocks when that is too much."""
        self._held_bytes += by_bytes
        self._keep_within()

    def sealed(self) -> None:
        """Take note of a head that can be written now; does so when there is too much already."""
        self._has_sealed = True
        self._keep_within()

    def _keep_within(self) -> None:
        if self._held_bytes <= self._bound_bytes or not self._has_sealed or self.failure:
            return
        try:
            self.written += self._write_blocks()
        except (StorageError, OSError) as error:
            self.failure = f"{type(error).__name__}: {error}"  # a full disk must not keep anyone from reading
        self._held_bytes = self._measure()
        self._has_sealed = False
