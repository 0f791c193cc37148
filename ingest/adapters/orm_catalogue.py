"""The catalogue of blocks in the relational database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, close_old_connections
from django.db.models import Count, Max, Min, QuerySet, Sum

from ingest.models import BlockRecord
from ingest.querier.ports import BlockTotals
from ingest.querier.types import Unavailable
from ingest.retention.plan import BlockState
from ingest.storage.block.meta import BlockMeta
from ingest.storage.errors import StorageError
from ingest.storage.read_messages import BlockRef


class CatalogueUnavailable(StorageError):
    """The catalogue could not be written now."""


class OrmCatalogue:
    """Reads and writes :class:`ingest.models.BlockRecord`. Safe to use from long-lived threads."""

    def add(self, meta: Mapping[str, Any], prefix: str) -> None:
        """Make a block visible to queriers. Adding one that is there already changes nothing: not even one that is on
        its way out of the bucket, which is not to come back.
        """
        block = BlockMeta.from_json(json.dumps(meta).encode(), str(meta["ulid"]))
        try:
            close_old_connections()
            BlockRecord.objects.get_or_create(ulid=block.ulid, defaults=_columns(block, prefix))
        except DatabaseError as error:
            raise CatalogueUnavailable(f"the catalogue cannot be written: {error}") from error

    def put_all(self, blocks: Sequence[tuple[BlockMeta, str]]) -> None:
        """Make blocks, each with its prefix, visible with exactly what their metas say."""
        rows = [BlockRecord(ulid=block.ulid, **_columns(block, prefix)) for block, prefix in blocks]
        if rows:
            columns = list(_columns(*blocks[0]))
            BlockRecord.objects.bulk_create(rows, update_conflicts=True, unique_fields=["ulid"], update_fields=columns)

    def remove(self, ulid: str) -> None:
        """Make a block invisible."""
        BlockRecord.objects.filter(ulid=ulid).delete()

    def everything(self) -> Sequence[tuple[str, str]]:
        """Return (ulid, prefix) of every block but those whose objects are being deleted or have been."""
        rows = BlockRecord.objects.exclude(state__in=[BlockState.DELETING, BlockState.GONE])
        return list(rows.order_by("ulid").values_list("ulid", "prefix"))

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        """Return the tenant's blocks that overlap ``start_ns <= time < end_ns``.

        Raises Unavailable when the catalogue cannot be read: an answer without it could miss blocks in silence.
        """
        columns = _overlapping(tenant, start_ns, end_ns).order_by("ulid").values_list("ulid", "prefix", "size_bytes")
        try:
            return [BlockRef(ulid, tenant, prefix, size_bytes) for ulid, prefix, size_bytes in columns]
        except DatabaseError as error:
            raise Unavailable(f"The catalogue of blocks cannot be read: {error}") from error

    def totals(self, tenant: str, start_ns: int, end_ns: int) -> BlockTotals:
        """Return how much the tenant's blocks hold that overlap the range. Raises Unavailable like :meth:`blocks`."""
        sums = {name: Sum(name, default=0) for name in ("series", "profiles", "samples", "size_bytes")}
        try:
            found = _overlapping(tenant, start_ns, end_ns).aggregate(
                blocks=Count("pk"), first=Min("min_time_ns", default=0), last=Max("max_time_ns", default=-1), **sums
            )
        except DatabaseError as error:
            raise Unavailable(f"The catalogue of blocks cannot be read: {error}") from error
        return BlockTotals(
            found["blocks"],
            found["first"],
            found["last"],
            found["series"],
            found["profiles"],
            found["samples"],
            found["size_bytes"],
        )


def _overlapping(tenant: str, start_ns: int, end_ns: int) -> QuerySet[BlockRecord]:
    return BlockRecord.objects.filter(
        tenant=tenant, max_time_ns__gte=start_ns, min_time_ns__lt=end_ns, state=BlockState.KEPT
    )


def _columns(block: BlockMeta, prefix: str) -> dict[str, Any]:
    return {
        "tenant": block.tenant,
        "owner": block.owner,
        "prefix": prefix,
        "min_time_ns": block.min_time_ns,
        "max_time_ns": block.max_time_ns,
        "series": block.stats.series,
        "profiles": block.stats.profiles,
        "rows": block.stats.rows,
        "samples": block.stats.samples,
        "size_bytes": block.size_bytes,
        "objects_count": len(block.files) + 1,
        "created_at": datetime.fromtimestamp(block.created_at_ns / 1e9, UTC),
    }
