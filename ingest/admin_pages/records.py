"""What the admin has to look at: the catalogue of blocks, the audit log, the history of settings."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from ingest.adapters.orm_audit import BEGUN, REFUSED
from ingest.admin_pages.base import ToLookAt
from ingest.admin_pages.filters import (
    ActorFilter,
    AuditActionFilter,
    AuditOutcomeFilter,
    BlockStateFilter,
    OwnerFilter,
    SettingFilter,
    TenantNameFilter,
)
from ingest.admin_pages.limits_shown import change_value
from ingest.administration.types import GOOD, Outcome
from ingest.models import AuditEntry, BlockRecord, Tenant, TenantChange
from ingest.profiles.limit_table import BY_COLUMN
from ingest.profiles.readable import shown_bytes, shown_ns
from ingest.retention.plan import BlockState

#: Colour of each outcome; an outcome without one is neither good nor bad.
_OUTCOME_LABELS = {
    **{outcome.value: "danger" for outcome in Outcome if outcome not in GOOD},
    **{outcome.value: "success" for outcome in GOOD},
    REFUSED: "warning",
    BEGUN: "info",
}


class BlockRecordAdmin(ToLookAt):
    """Blocks by tenant and time. A row repeats what the bucket says; without it, data in the bucket would be hidden."""

    list_display = ("ulid", "of_tenant", "owner", "fate", "first", "last", "series", "profiles", "size")
    list_filter = (TenantNameFilter, OwnerFilter, BlockStateFilter, ("created_at", RangeDateTimeFilter))
    search_fields = ("ulid",)
    search_help_text = "Identifier of a block"
    date_hierarchy = "created_at"
    list_fullwidth = True
    fieldsets = (
        (None, {"fields": ("ulid", "of_tenant", "owner", "prefix")}),
        ("What is in it", {"fields": ("first", "last", "series", "profiles", "rows", "samples")}),
        ("In the bucket", {"fields": ("size", "objects_count", "created_at", "registered_at", "fate")}),
    )
    readonly_fields = ("of_tenant", "first", "last", "size", "fate")

    @display(description="tenant", ordering="tenant")
    def of_tenant(self, block: BlockRecord) -> str:
        """Return the tenant, with a link to its settings or to a form for them."""
        found = Tenant.objects.filter(name=block.tenant).values_list("pk", flat=True).first()
        if found is None:
            return str(block.tenant)
        return format_html('<a href="{}">{}</a>', reverse("admin:ingest_tenant_change", args=[found]), block.tenant)

    @display(description="first profile (UTC)", ordering="min_time_ns")
    def first(self, block: BlockRecord) -> str:
        """Return the time of its first profile."""
        return shown_ns(block.min_time_ns)

    @display(description="last profile (UTC)", ordering="max_time_ns")
    def last(self, block: BlockRecord) -> str:
        """Return the time of its last profile."""
        return shown_ns(block.max_time_ns)

    @display(description="size", ordering="size_bytes")
    def size(self, block: BlockRecord) -> str:
        """Return its size in the bucket."""
        return shown_bytes(block.size_bytes)

    @display(description="state (UTC)", ordering="state")
    def fate(self, block: BlockRecord) -> str:
        """Return whether queries see it, and from when on its objects go unless the period is lengthened."""
        match BlockState(block.state):
            case BlockState.KEPT:
                return "kept"
            case BlockState.MARKED:
                go_ns = block.state_since_ms * 1_000_000 + round(settings.INGEST.retention_delay_seconds * 1e9)
                return f"hidden, goes {shown_ns(go_ns)}"
            case BlockState.DELETING:
                return "being deleted"
            case BlockState.GONE:
                return f"deleted {shown_ns(block.state_since_ms * 1_000_000)}"


class AuditEntryAdmin(ToLookAt):
    """Who did what or was refused, newest first. A log that could be edited would be none: only age removes a line."""

    list_display = ("at", "actor", "action", "tenant", "instance", "came_of_it", "detail", "source")
    list_filter = (
        AuditActionFilter,
        AuditOutcomeFilter,
        ActorFilter,
        TenantNameFilter,
        ("at", RangeDateTimeFilter),
    )
    search_fields = ("actor", "instance", "tenant", "detail")
    date_hierarchy = "at"
    list_fullwidth = True

    @display(description="outcome", ordering="outcome", label=_OUTCOME_LABELS)
    def came_of_it(self, entry: AuditEntry) -> str:
        """Return the outcome, in its colour."""
        return str(entry.outcome)


class TenantChangeAdmin(ToLookAt):
    """The history of settings. Queries find a tenant's older data by its former shard sizes."""

    list_display = ("changed_at", "of_tenant", "name", "became", "effective_at", "changed_by")
    list_filter = (SettingFilter, TenantNameFilter, ("changed_at", RangeDateTimeFilter))
    search_fields = ("tenant", "changed_by")
    date_hierarchy = "changed_at"
    fields = ("of_tenant", "name", "became", "changed_at", "effective_at", "changed_by")
    readonly_fields = ("of_tenant", "name", "became")

    @display(description="tenant", ordering="tenant")
    def of_tenant(self, change: TenantChange) -> str:
        """Return the tenant."""
        return change.tenant or "all without a value of their own"

    @display(description="setting", ordering="setting")
    def name(self, change: TenantChange) -> str:
        """Return the setting as the form of a tenant calls it."""
        info = BY_COLUMN.get(change.setting)
        return info.title if info is not None else str(change.setting)

    @display(description="became")
    def became(self, change: TenantChange) -> str:
        """Return the value as people write it."""
        return change_value(change)
