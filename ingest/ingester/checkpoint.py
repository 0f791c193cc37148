"""What a log's checkpoint keeps: the records of heads that have no block yet. Pure but for the log it is given.

Which head a push belongs to follows from the marks before it, as in a replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ingest.ingester.marks import HeadMark, decode_mark, encode_mark
from ingest.profiles.record import iter_records, record_tenant
from ingest.profiles.record_columns import RecordError
from ingest.storage.errors import WalFailed
from ingest.storage.fs import Buffer
from ingest.storage.wal.checkpoint import LogReplay
from ingest.storage.wal.format import RecordKind


@dataclass(frozen=True, slots=True)
class CheckpointPlan:
    """A checkpoint to write. Heads that die meanwhile are kept needlessly, none that lives is left out."""

    number: int  #: it stands for the segments up to this one
    previous: int  #: the checkpoint that is there, 0 for none
    written: tuple[HeadMark, ...]  #: heads with a block whose pushes go on after ``number``
    reads_log: bool = False  #: whether what is replaced holds anything that a living head needs
    living: frozenset[str] = frozenset()  #: ULIDs of the heads without a block
    orphan_tenants: frozenset[str] = frozenset()  #: tenants with a living head whose HEAD_OPEN was lost to damage


def checkpoint_records(log: LogReplay, plan: CheckpointPlan) -> Iterator[tuple[int, Buffer]]:
    """Yield (kind, payload) of all that a checkpoint keeps: what living heads need, in the order of the log, and which
    of the pushes after it are not needed.

    Raises WalFailed at the end of a damaged log: it is left as it is, for the damage may be the disk's whim of now.
    """
    if plan.reads_log:
        yield from _living_records(log, plan)
    for mark in plan.written:
        yield RecordKind.HEAD_WRITTEN, encode_mark(mark)


def _living_records(log: LogReplay, plan: CheckpointPlan) -> Iterator[tuple[int, Buffer]]:
    sieve = _Sieve(plan)
    for record in log:
        kept: Buffer | None = record.data
        match record.kind:
            case RecordKind.HEAD_OPEN:
                kept = record.data if sieve.open(record.data) else None
            case RecordKind.HEAD_SEALED:
                kept = record.data if sieve.seal(record.data) else None
            case RecordKind.HEAD_WRITTEN:
                kept = None  # of the checkpoint before; those that still matter are in the plan
                sieve.open(record.data)
            case RecordKind.PUSH:
                kept = sieve.cut(record.data)
        if kept is not None:
            yield record.kind, kept
    if log.report.damages:
        raise WalFailed(f"{len(log.report.damages)} damaged places; no checkpoint is made of them")


class _Sieve:
    """Follows the marks of a log and lets through what belongs to living heads."""

    def __init__(self, plan: CheckpointPlan) -> None:
        self._plan = plan
        self._head_of: dict[str, str | None] = {}  # tenant -> ULID of the head that takes its pushes; None: unknown

    def open(self, payload: Buffer) -> bool:
        mark = decode_mark(payload)
        self._head_of[mark.tenant] = mark.ulid
        return mark.ulid in self._plan.living

    def seal(self, payload: Buffer) -> bool:
        mark = decode_mark(payload)
        current = self._head_of.get(mark.tenant)
        if current == mark.ulid or current not in self._plan.living:
            self._head_of[mark.tenant] = None
        return mark.ulid in self._plan.living

    def cut(self, payload: memoryview) -> Buffer | None:
        """Return the records of living heads; the payload as it came when they are all of it."""
        kept: list[memoryview] = []
        size = 0
        try:
            for view in iter_records(payload):
                if self._is_needed(view):
                    kept.append(view)
                    size += len(view)
        except RecordError:
            return payload  # it can be told apart no further; a replay counts it as unreadable
        if size == len(payload):
            return payload
        return b"".join(kept) or None

    def _is_needed(self, view: memoryview) -> bool:
        try:
            tenant = record_tenant(view)
        except RecordError:
            return True
        head = self._head_of.get(tenant)
        return tenant in self._plan.orphan_tenants if head is None else head in self._plan.living
