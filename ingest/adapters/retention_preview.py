"""What a retention period would do to the blocks of a tenant, and the settings and the clock that retention goes by.

Nothing here comes from a memory. A process that follows tenants' settings has the defaults until it could read them
once, and a tenant whose own period is longer must not lose blocks by the default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from ingest.adapters import tenant_records
from ingest.models import BlockRecord, Tenant
from ingest.profiles.limits import Limits
from ingest.retention.plan import BlockState, cutoff_ns
from ingest.retention.preview import Preview, Total

_MS_NS = 1_000_000


def preview(tenant: str, period_ns: int) -> Preview:
    """Return what would become of the blocks of a tenant if it had this period. Raises django.db.DatabaseError."""
    now_ns = database_now_ns()
    delay_ns = round(settings.INGEST.retention_delay_seconds * 1e9)
    cutoff = cutoff_ns(period_ns, now_ns)
    is_old = Q(max_time_ns__lt=cutoff) if cutoff is not None else Q(pk__in=[])
    blocks = BlockRecord.objects.filter(tenant=tenant)
    kept, marked = blocks.filter(state=BlockState.KEPT), blocks.filter(state=BlockState.MARKED)
    first_ms = marked.filter(is_old).aggregate(first=Min("state_since_ms"))["first"]
    return Preview(
        now_ns=now_ns,
        to_mark=_total(kept.filter(is_old)),
        files_go_ns=now_ns + delay_ns,
        marked=_total(marked.filter(is_old)),
        marked_go_ns=max(now_ns, (first_ms or 0) * _MS_NS + delay_ns),
        to_unmark=_total(marked.exclude(is_old)),
        kept=_total(kept.exclude(is_old)),
    )


def tenants_with_blocks() -> Sequence[str]:
    """Return who has blocks, by name. Raises django.db.DatabaseError."""
    return list(BlockRecord.objects.order_by("tenant").values_list("tenant", flat=True).distinct())


def limits_in_force(tenant: str) -> Limits:
    """Return the limits of a tenant as they are in the database now. Raises django.db.DatabaseError."""
    row = Tenant.objects.filter(name=tenant).first()
    own: dict[str, Any] = row.own_limits() if row is not None else {}
    return replace(settings.LIMITS, **own)


def database_now_ns() -> int:
    """Return the time of the database's clock. Raises django.db.DatabaseError."""
    return tenant_records.revision().now_ms * _MS_NS


def _total(rows: QuerySet[BlockRecord]) -> Total:
    found = rows.aggregate(
        blocks=Count("pk"),
        size=Sum("size_bytes", default=0),
        first=Min("min_time_ns", default=0),
        last=Max("max_time_ns", default=0),
    )
    return Total(found["blocks"], found["size"], found["first"], found["last"])
