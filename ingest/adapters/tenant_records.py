"""Tenants' settings in the relational database, and the history of every change of them.

Whoever changes a setting calls :func:`save_tenant` or :func:`delete_tenant`: both write what changed beside the row, in
one transaction. Processes follow the history, so a change made in another way is not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import close_old_connections, transaction
from django.db.models import Count, Max
from django.db.models.functions import Coalesce, Now

from ingest.access.types import AccessAction
from ingest.adapters.orm_audit import record_access
from ingest.administration.types import Actor
from ingest.models import Tenant, TenantChange, limit_value
from ingest.profiles.limit_table import LIMIT_TABLE
from ring.core.shard_sizes import SizeChange, in_order

SHARD_SIZE = "ingestion_tenant_shard_size"
#: How long after a change of the shard size writers follow: long enough for every reader to have seen it.
PROPAGATION = timedelta(seconds=30)

#: The settings of a tenant without any.
_NOTHING: dict[str, int | str | None] = dict.fromkeys(info.column for info in LIMIT_TABLE)


@dataclass(frozen=True, slots=True)
class Revision:
    """Which changes there are. Two numbers, because of two transactions the later one may be seen first."""

    changes: int
    last: int
    now_ms: int = field(compare=False)  #: by the clock of the database


@dataclass(frozen=True, slots=True)
class TenantRecords:
    """All settings of all tenants."""

    limits: Mapping[str, Mapping[str, int | str]]  #: tenant -> field of Limits -> value; shard sizes are not among them
    sizes: Mapping[str, tuple[SizeChange, ...]]  #: tenant -> its shard sizes in order; empty name = the default


def revision() -> Revision:
    """Return what there is to load, in one query. Raises django.db.DatabaseError."""
    close_old_connections()
    found = TenantChange.objects.aggregate(changes=Count("id"), last=Max("id"), now=Coalesce(Max(Now()), Now()))
    return Revision(found["changes"], found["last"] or 0, _ms(found["now"]))


def load() -> TenantRecords:
    """Return all settings. Raises django.db.DatabaseError."""
    limits: dict[str, dict[str, int | str]] = {}
    for tenant in Tenant.objects.all():
        limits[tenant.name] = {name: value for name, value in tenant.own_limits().items() if name != SHARD_SIZE}
    sizes: dict[str, list[SizeChange]] = {}
    changes = TenantChange.objects.filter(setting=SHARD_SIZE).order_by("id")
    for tenant_name, effective_at, size in changes.values_list("tenant", "effective_at", "value"):
        sizes.setdefault(tenant_name, []).append(SizeChange(_ms(effective_at), size))
    return TenantRecords(limits, {name: in_order(changes) for name, changes in sizes.items()})


def values_of(tenant: Tenant) -> dict[str, int | str | None]:
    """Return the settings of a row by column, durations in nanoseconds; None is the default."""
    return {info.column: limit_value(getattr(tenant, info.column)) for info in LIMIT_TABLE}


def save_tenant(tenant: Tenant, changed_by: str, source: str = "") -> None:
    """Write a row, new or changed, with the history of what it changes; ``source`` is the address it came from.

    Raises django.db.DatabaseError.
    """
    with transaction.atomic():
        before = Tenant.objects.select_for_update().filter(pk=tenant.pk).first()
        if before is not None and before.name != tenant.name:
            _record(before.name, values_of(before), _NOTHING, changed_by, source)
            before = None
        tenant.save()
        had = values_of(before) if before is not None else _NOTHING
        _record(tenant.name, had, values_of(tenant), changed_by, source)


def delete_tenant(tenant: Tenant, changed_by: str, source: str = "") -> None:
    """Delete a row: the tenant has the defaults again. Raises django.db.DatabaseError."""
    with transaction.atomic():
        _record(tenant.name, values_of(tenant), _NOTHING, changed_by, source)
        tenant.delete()


def record_default_size(size: int, changed_by: str) -> None:
    """Note the shard size of tenants that have none, if it is another one than was noted last.

    Raises django.db.DatabaseError.
    """
    with transaction.atomic():
        noted = TenantChange.objects.filter(tenant="", setting=SHARD_SIZE).order_by("-id").first()
        # Without any note the size is 0; see ring.core.shard_sizes.size_at.
        _record("", {SHARD_SIZE: noted.value if noted is not None else 0}, {SHARD_SIZE: size}, changed_by)


def _record(
    tenant: str,
    before: Mapping[str, int | str | None],
    after: Mapping[str, int | str | None],
    changed_by: str,
    source: str = "",
) -> None:
    for column, value in after.items():
        if before[column] != value:
            delay = PROPAGATION if column == SHARD_SIZE else timedelta(0)
            TenantChange.objects.create(
                tenant=tenant,
                setting=column,
                value=None if isinstance(value, str) else value,
                text=value if isinstance(value, str) else None,
                changed_at=Now(),
                effective_at=Now() + delay,
                changed_by=changed_by[:255],
            )
            if tenant:
                told = f"{column}: {_told(before[column])} -> {_told(value)}"
                record_access(Actor(changed_by, source), AccessAction.CHANGE_SETTING, tenant, told)


def _told(value: int | str | None) -> str:
    return "default" if value is None else str(value)


def _ms(moment: Any) -> int:
    return round(moment.timestamp() * 1000)
