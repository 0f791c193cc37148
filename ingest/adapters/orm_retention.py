"""The catalogue as retention sees it: which blocks are too old, and how far each is on its way out."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q, QuerySet

from ingest.access.types import AccessAction
from ingest.adapters.database import database
from ingest.adapters.orm_audit import record_access
from ingest.adapters.retention_preview import database_now_ns, limits_in_force, tenants_with_blocks
from ingest.administration.types import Actor
from ingest.models import BlockRecord
from ingest.profiles.limits import Limits
from ingest.profiles.readable import counted, shown_ns
from ingest.retention.plan import BlockState, HeldBlock
from ingest.retention.service import Unreadable

#: Who the audit log says it was.
RETENTION = Actor("retention", "worker")
_MS_NS = 1_000_000


class OrmRetention:
    """Reads and moves :class:`ingest.models.BlockRecord`. Safe to use from long-lived threads."""

    def now_ns(self) -> int:
        """Return the time of the database's clock."""
        with database(Unreadable):
            return database_now_ns()

    def tenants(self) -> Sequence[str]:
        """Return who has blocks, by name."""
        with database(Unreadable):
            return tenants_with_blocks()

    def limits(self, tenant: str) -> Limits:
        """Return the limits of a tenant, its own before the defaults."""
        with database(Unreadable):
            return limits_in_force(tenant)

    def candidates(self, tenant: str, before_ns: int | None, waited_since_ns: int, most: int) -> Sequence[HeldBlock]:
        """Return what a plan could have a step for: so many of each kind at most, those that are due longest first."""
        rows = BlockRecord.objects.filter(tenant=tenant)
        is_old = Q(max_time_ns__lt=before_ns) if before_ns is not None else Q(pk__in=[])
        is_marked, is_deleting = Q(state=BlockState.MARKED), Q(state=BlockState.DELETING)
        has_waited = is_deleting | Q(state_since_ms__lte=waited_since_ns // _MS_NS)
        kinds = (
            rows.filter(is_marked).exclude(is_old).order_by("-max_time_ns", "ulid"),
            rows.exclude(state=BlockState.KEPT)
            .exclude(is_marked & ~is_old)
            .filter(has_waited)
            .order_by("state_since_ms", "ulid"),
            rows.filter(is_old, state=BlockState.KEPT).order_by("max_time_ns", "ulid"),
        )
        with database(Unreadable):
            return [_held(row) for kind in kinds for row in kind[:most]]

    def move(self, blocks: Sequence[HeldBlock], to: BlockState, since_ns: int) -> int:
        """Write the state of those blocks that are still as they were read; return how many that were."""
        with database(Unreadable), transaction.atomic():
            return sum(_as_read(block).update(state=to, state_since_ms=since_ns // _MS_NS) for block in blocks)

    def forget(self, block: HeldBlock) -> bool:
        """Remove the row of a block that is still as it was read; return whether it was."""
        with database(Unreadable):
            return _as_read(block).delete()[0] == 1

    def tell(self, tenant: str, deleted: Sequence[HeldBlock]) -> None:
        """Write into the audit log what was deleted."""
        size_bytes = sum(block.size_bytes for block in deleted)
        first = shown_ns(min(block.min_time_ns for block in deleted))
        last = shown_ns(max(block.max_time_ns for block in deleted))
        blocks = counted(len(deleted), "block")
        detail = f"deleted {blocks} of {size_bytes} bytes, with profiles from {first} UTC to {last} UTC"
        with database(Unreadable), transaction.atomic():
            record_access(RETENTION, AccessAction.DELETE_BLOCKS, tenant, detail)


def _as_read(block: HeldBlock) -> QuerySet[BlockRecord]:
    return BlockRecord.objects.filter(
        ulid=block.ulid, state=block.state, state_since_ms=block.since_ns // _MS_NS, max_time_ns=block.max_time_ns
    )


def _held(row: BlockRecord) -> HeldBlock:
    return HeldBlock(
        row.ulid,
        row.tenant,
        row.prefix,
        row.min_time_ns,
        row.max_time_ns,
        row.size_bytes,
        BlockState(row.state),
        row.state_since_ms * _MS_NS,
    )
