"""The admin's pages: the catalogue, the audit log and the history of settings to look at, and tenants' settings."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ingest.adapters.tenant_records import delete_tenant, save_tenant
from ingest.models import AuditEntry, BlockRecord, Tenant, TenantChange


class ToLookAt(admin.ModelAdmin):
    """Rows that nobody adds, changes or deletes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are added by what they tell of."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Each page says what would be lost."""
        return False


@admin.register(BlockRecord)
class BlockRecordAdmin(ToLookAt):
    """Blocks by tenant and time. A row repeats what the bucket says; without it, data in the bucket would be hidden."""

    list_display = ("ulid", "tenant", "owner", "series", "profiles", "samples", "size_bytes", "created_at")
    list_filter = ("tenant", "owner")
    search_fields = ("ulid", "tenant")


@admin.register(AuditEntry)
class AuditEntryAdmin(ToLookAt):
    """What operators did, newest first. A log that could be edited would be none: only age removes a line."""

    list_display = ("at", "actor", "action", "instance", "outcome", "detail", "source")
    list_filter = ("action", "outcome")
    search_fields = ("actor", "instance")


@admin.register(TenantChange)
class TenantChangeAdmin(ToLookAt):
    """The history of settings. Queries find a tenant's older data by its former shard sizes."""

    list_display = ("changed_at", "tenant", "setting", "value", "effective_at", "changed_by")
    list_filter = ("setting",)
    search_fields = ("tenant", "changed_by")


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


def _who(request: HttpRequest) -> str:
    return f"{request.user.get_username()} in the admin"
