"""Rebuilding heads from a log after a restart. Pure but for the log it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ingest.ingester.marks import HeadMark, decode_mark
from ingest.profiles.record import decode_record, iter_records
from ingest.profiles.record_columns import RecordError
from ingest.profiles.symbols import SymbolStoreFull
from ingest.storage.head.head import Head
from ingest.storage.head.states import HeadState
from ingest.storage.wal.format import RecordKind
from ingest.storage.wal.reader import WalRecord

#: Bytes of push records by the segment they lie in: ascending, since a log only grows.
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
    extents: dict[str, Extent] = field(default_factory=dict)  #: head ULID -> where its records lie
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
    ) -> None:
        """``new_head(tenant, ulid, created_at_ns)``; ``has_block(ulid)`` says whether a complete local block exists."""
        self._new_head = new_head
        self._new_ulid = new_ulid
        self._now_ns = now_ns
        self._has_block = has_block
        self._skipping: set[str] = set()
        self.result = Replayed()

    def feed(self, records: Iterable[WalRecord]) -> Replayed:
        """Apply the records in order and return what they amount to."""
        for record in records:
            match record.kind:
                case RecordKind.PUSH:
                    self._push(record)
                case RecordKind.HEAD_OPEN:
                    self._open(decode_mark(record.data), record.segment)
                case RecordKind.HEAD_SEALED:
                    self._seal(decode_mark(record.data))
        return self.result

    def _tenant(self, tenant: str) -> TenantHeads:
        return self.result.tenants.setdefault(tenant, TenantHeads())

    def _open(self, mark: HeadMark, segment: int) -> None:
        heads = self._tenant(mark.tenant)
        if heads.open is not None and heads.open.part_id != mark.ulid:
            # The record that sealed the former head was lost to damage. Its rows are all there: seal it now.
            self._seal(HeadMark(mark.tenant, heads.open.part_id, mark.at_ns))
        self._skipping.discard(mark.tenant)
        if self._has_block(mark.ulid):
            self._skipping.add(mark.tenant)
        elif heads.open is None:
            self._begin(mark, segment)

    def _begin(self, mark: HeadMark, segment: int) -> Head:
        head = self._new_head(mark.tenant, mark.ulid, mark.at_ns)
        self._tenant(mark.tenant).open = head
        self.result.extents[mark.ulid] = {segment: 0}
        return head

    def _seal(self, mark: HeadMark) -> None:
        self._skipping.discard(mark.tenant)
        heads = self._tenant(mark.tenant)
        if heads.open is not None and heads.open.part_id == mark.ulid:
            heads.open.advance(HeadState.SEALED, mark.at_ns, "replayed")
            heads.sealed.append(heads.open)
            heads.open = None

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
        if push.tenant in self._skipping:
            self.result.skipped += 1
            return
        head = self._tenant(push.tenant).open
        if head is None:
            head = self._begin(HeadMark(push.tenant, self._new_ulid(), self._now_ns()), segment)
            self.result.orphan_heads.add(head.part_id)
            self.result.orphans += 1
        extent = self.result.extents[head.part_id]
        extent[segment] = extent.get(segment, 0) + len(view)
        try:
            head.append(push)
        except SymbolStoreFull:
            self.result.unreadable += 1
