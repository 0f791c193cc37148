"""The admin's pages: the catalogue and the audit log to look at, not to edit, and tenants' settings.

The bucket says what blocks there are, and an audit log that could be edited would be none.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ingest.adapters.tenant_records import delete_tenant, save_tenant
from ingest.models import AuditEntry, BlockRecord, Tenant, TenantChange


@admin.register(BlockRecord)
class BlockRecordAdmin(admin.ModelAdmin):
    """Blocks by tenant and time."""

    list_display = ("ulid", "tenant", "owner", "series", "profiles", "samples", "size_bytes", "created_at")
    list_filter = ("tenant", "owner")
    search_fields = ("ulid", "tenant")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A block is added by the ingester that uploads it."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A row repeats what meta.json says."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Removing the row would hide data that is still in the bucket."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(admin.ModelAdmin):
    """What operators did, newest first."""

    list_display = ("at", "actor", "action", "instance", "outcome", "detail", "source")
    list_filter = ("action", "outcome")
    search_fields = ("actor", "instance")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A line is added by the action it tells of."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened does not change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only age removes a line."""
        return False


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin):
    """Settings of single tenants. Every process follows within seconds; what was changed stays in the history."""

    list_display = ("name", "ingestion_tenant_shard_size", "out_of_order_window")
    search_fields = ("name",)

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """Write the row and the history of the change."""
        save_tenant(obj, _who(request))

    def delete_model(self, request: HttpRequest, obj: Tenant) -> None:
        """Give the tenant the defaults again."""
        delete_tenant(obj, _who(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        """Give each of these tenants the defaults again."""
        for tenant in queryset:
            delete_tenant(tenant, _who(request))


@admin.register(TenantChange)
class TenantChangeAdmin(admin.ModelAdmin):
    """The history of settings: to look at."""

    list_display = ("changed_at", "tenant", "setting", "value", "effective_at", "changed_by")
    list_filter = ("setting",)
    search_fields = ("tenant", "changed_by")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are added by changing a tenant."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Queries find a tenant's older data by its former shard sizes."""
        return False


def _who(request: HttpRequest) -> str:
    return f"{request.user.get_username()} in the admin"
