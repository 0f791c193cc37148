"""The admin's view of the catalogue: to look at, not to edit, since the bucket says what is true."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from ingest.models import BlockRecord


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
