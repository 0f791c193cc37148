"""Rebuilding heads from the write-ahead log after a restart. Pure but for the log it is given.

Payloads of the log's records, by kind:

* PUSH: concatenated push records (:mod:`ingest.profiles.record`), as they came;
* HEAD_OPEN and HEAD_SEALED: a JSON object with ``tenant``, ``ulid`` and ``at_ns``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from ingest.profiles.record import decode_record, iter_records
from ingest.profiles.record_columns import RecordError
from ingest.profiles.symbols import SymbolStoreFull
from ingest.storage.head.head import Head
from ingest.storage.head.states import HeadState
from ingest.storage.wal.format import RecordKind
from ingest.storage.wal.reader import WalRecord


class HeadMark(msgspec.Struct, frozen=True):
    """What HEAD_OPEN and HEAD_SEALED say of a head."""

    tenant: str
    ulid: str
    at_ns: int


_mark_decoder = msgspec.json.Decoder(HeadMark)


def encode_mark(mark: HeadMark) -> bytes:
    """Return the payload of a HEAD_OPEN or HEAD_SEALED record."""
    return msgspec.json.encode(mark)


@dataclass(slots=True)
class TenantHeads:
    """The heads of one tenant: the one that takes appends, and those that wait for their block."""

    open: Head | None = None
    sealed: list[Head] = field(default_factory=list)


@dataclass(slots=True)
class Replayed:
    """The heads a log amounts to."""

    tenants: dict[str, TenantHeads] = field(default_factory=dict)
    first_segment: dict[str, int] = field(default_factory=dict)  #: head ULID -> lowest segment with a record of it
    records: int = 0
    skipped: int = 0  #: records whose head has its block already
    unreadable: int = 0  #: records that passed the log's checks and could not be decoded
    orphans: int = 0  #: records whose HEAD_OPEN was lost to damage; they went into a head of their own


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
                    self._open(_mark_decoder.decode(record.data), record.segment)
                case RecordKind.HEAD_SEALED:
                    self._seal(_mark_decoder.decode(record.data))
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
            heads.open = self._new_head(mark.tenant, mark.ulid, mark.at_ns)
            self.result.first_segment[mark.ulid] = segment

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
        heads = self._tenant(push.tenant)
        if heads.open is None:
            self.result.orphans += 1
            ulid = self._new_ulid()
            heads.open = self._new_head(push.tenant, ulid, self._now_ns())
            self.result.first_segment[ulid] = segment
        try:
            heads.open.append(push)
        except SymbolStoreFull:
            self.result.unreadable += 1
