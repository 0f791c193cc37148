"""The admin's pages: catalogue, audit log and history of settings to look at; settings, tokens and roles to change."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from ingest.access_wiring import create_token, request_source
from ingest.adapters.membership_records import delete_membership, save_membership
from ingest.adapters.tenant_records import delete_tenant, save_tenant
from ingest.adapters.token_records import revoke_token, save_changed_token
from ingest.administration.types import Actor
from ingest.limit_fields import LimitField
from ingest.models import ApiToken, AuditEntry, BlockRecord, Membership, Tenant, TenantChange
from ingest.profiles.limit_table import BY_COLUMN, LIMIT_TABLE, format_limit
from ingest.tenant_wiring import get_limits


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
    """Who did what or was refused, newest first. A log that could be edited would be none: only age removes a line."""

    list_display = ("at", "actor", "action", "tenant", "instance", "outcome", "detail", "source")
    list_filter = ("action", "outcome")
    search_fields = ("actor", "instance", "tenant", "detail")


@admin.register(TenantChange)
class TenantChangeAdmin(ToLookAt):
    """The history of settings. Queries find a tenant's older data by its former shard sizes."""

    list_display = ("changed_at", "tenant", "setting", "value", "text", "effective_at", "changed_by")
    list_filter = ("setting",)
    search_fields = ("tenant", "changed_by")


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin):
    """Settings of single tenants. Every process follows within seconds; what was changed stays in the history."""

    list_display = ("name", "own_settings")
    search_fields = ("name",)
    readonly_fields = ("in_force",)
    fieldsets = (
        (None, {"fields": ("name",)}),
        *(
            (group, {"fields": [info.column for info in LIMIT_TABLE if info.group == group]})
            for group in dict.fromkeys(info.group for info in LIMIT_TABLE)
        ),
        ("In force", {"fields": ("in_force",)}),
    )

    @admin.display(description="settings of its own")
    def own_settings(self, tenant: Tenant) -> str:
        """Return what differs from the defaults, in one line."""
        own = tenant.own_limits()
        shown = [f"{info.column}={format_limit(info, own[info.name])}" for info in LIMIT_TABLE if info.name in own]
        return ", ".join(shown) or "none"

    @admin.display(description="now")
    def in_force(self, tenant: Tenant) -> str:
        """Return a table of every limit: the default, the tenant's own value, and what this process goes by now."""
        if not tenant.pk:
            return "Save the tenant first."
        own, now = tenant.own_limits(), get_limits(tenant.name)
        rows = (
            (
                info.column,
                format_limit(info, info.value_in(settings.LIMITS)),
                format_limit(info, own[info.name]) if info.name in own else "",
                format_limit(info, info.value_in(now)),
            )
            for info in LIMIT_TABLE
        )
        cells = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
        head = format_html(
            "<tr><th>{}</th><th>{}</th><th>{}</th><th>{}</th></tr>", "limit", "default", "own", "in force"
        )
        return format_html("<table>{}{}</table>", head, cells)

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Have limits written as people write sizes and durations."""
        info = BY_COLUMN.get(db_field.name)
        if info is None:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return LimitField(info, info.value_in(settings.LIMITS))

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


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """API tokens. One is shown when it is made and never again; those that work no more stay, so that they have a name.

    Every process follows within seconds.
    """

    list_display = (
        "prefix",
        "name",
        "tenant",
        "can_push",
        "can_query",
        "can_admin",
        "expires_at",
        "revoked_at",
        "last_used_at",
    )
    list_filter = ("tenant",)
    search_fields = ("prefix", "name", "tenant")
    readonly_fields = ("prefix", "created_at", "created_by", "revoked_at", "last_used_at")
    actions = ("revoke",)

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        """Whoever has a token keeps it: it never becomes one of another tenant."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "tenant")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token is revoked; its row stays."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Make the token and show it, or write what was changed."""
        if change:
            save_changed_token(obj, _actor(request))
            return
        text = create_token(obj, _actor(request))
        self.message_user(request, f"The token is {text} Copy it now: it is not shown again.", messages.WARNING)

    @admin.action(description="Revoke the selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Make them useless for good."""
        revoked = sum(revoke_token(token, _actor(request)) for token in queryset)
        self.message_user(request, f"{revoked} tokens were revoked; processes follow within seconds.")


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    """Which user has which role in which tenant. In force at the user's next request."""

    list_display = ("user", "tenant", "role")
    list_filter = ("tenant", "role")
    search_fields = ("user__username", "tenant")
    autocomplete_fields = ("user",)

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        """A role is changed; another user or tenant is another row."""
        return () if obj is None else ("user", "tenant")

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        """Write the role, and the audit log with it."""
        save_membership(obj, _actor(request))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        """Take the role away."""
        delete_membership(obj, _actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        """Take each of these roles away."""
        for membership in queryset:
            delete_membership(membership, _actor(request))


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user.get_username(), request_source(request.META))


def _who(request: HttpRequest) -> str:
    return f"{request.user.get_username()} in the admin"
