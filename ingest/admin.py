"""The admin's view of the catalogue and the audit log: to look at, not to edit.

The bucket says what blocks there are, and an audit log that could be edited would be none.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ingest.models import AuditEntry, BlockRecord


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
