"""Tenants in the admin: their limits, what is in force, what changed, and boxes to try rules and periods in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, F, Field, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.module_loading import import_string
from unfold.decorators import action, display

from ingest.adapters.retention_preview import limits_in_force
from ingest.adapters.tenant_records import delete_tenant, save_tenant
from ingest.admin_pages.base import TakesEffect, actor_of, confirmation, is_confirmed
from ingest.admin_pages.filters import OwnSettingFilter
from ingest.admin_pages.limits_shown import MAX_CHANGES, shown_changes, shown_limits, used_share
from ingest.admin_pages.navigation import list_url
from ingest.admin_pages.retention_box import RetentionBox, default_keeping, tried_period
from ingest.admin_pages.rules_box import RulesBox, tried
from ingest.limit_fields import LimitField
from ingest.models import ApiToken, BlockRecord, Tenant
from ingest.profiles.limit_table import BY_COLUMN, LIMIT_TABLE, LimitKind, format_limit
from ingest.profiles.readable import shown_bytes, shown_ns
from ingest.retention.plan import BlockState
from ingest.retention.preview import PERIOD
from ingest.tenant_wiring import get_limits

SERIES = "max_global_series_per_tenant"


def _rows_of(group: str) -> list[Any]:
    """Return the fields of a group of limits: texts by themselves, numbers two a row."""
    infos = [info for info in LIMIT_TABLE if info.group == group]
    texts = [info.column for info in infos if info.kind is LimitKind.TEXT]
    numbers = [info.column for info in infos if info.kind is not LimitKind.TEXT]
    return [*(tuple(numbers[at : at + 2]) for at in range(0, len(numbers), 2)), *texts]


class TenantAdmin(TakesEffect):
    """Settings of single tenants. Every process follows within seconds; what was changed stays in the history.

    A tenant needs no row here to push and query: it has the defaults then.
    """

    takes_effect = (
        "What is saved is in force within seconds in every process; nothing restarts. A shard size is used half a "
        "minute later. A tenant needs no row here to push and query: it has the defaults then."
    )
    list_display = ("name", "own_settings", "active_series", "live_tokens", "stored", "newest")
    list_filter = (OwnSettingFilter,)
    list_filter_submit = True
    list_per_page = 50
    search_fields = ("name",)
    search_help_text = "Part of a tenant's id"
    readonly_fields = ("in_force", "changes")
    actions = ("reset_to_defaults",)
    actions_detail = ("try_rules", "preview_retention")
    delete_confirmation_template = "ingest/admin/tenant_delete.html"
    compressed_fields = False
    warn_unsaved_form = True
    fieldsets: tuple[Any, ...] = (
        (None, {"fields": ("name",)}),
        ("In force now", {"fields": ("in_force",)}),
        *((group, {"fields": _rows_of(group)}) for group in dict.fromkeys(info.group for info in LIMIT_TABLE)),
        (f"The last {MAX_CHANGES} changes", {"fields": ("changes",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Tenant | None = None) -> Any:
        """Of a tenant that is yet to be added nothing is known."""
        known = ("in_force", "changes")
        return [row for row in self.fieldsets if obj is not None or not set(row[1]["fields"]) & set(known)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Return tenants with what the catalogue and the tokens say of them."""
        rows = BlockRecord.objects.filter(tenant=OuterRef("name")).exclude(state=BlockState.GONE)
        blocks = rows.order_by().values("tenant")
        tokens = ApiToken.objects.filter(tenant=OuterRef("name"), revoked_at=None).order_by().values("tenant")
        return (
            super()
            .get_queryset(request)
            .annotate(
                stored_bytes=Coalesce(Subquery(blocks.annotate(found=Sum("size_bytes")).values("found")), 0),
                newest_ns=Subquery(blocks.annotate(found=Max("max_time_ns")).values("found")),
                tokens=Coalesce(Subquery(tokens.annotate(found=Count("id")).values("found")), 0),
            )
        )

    @display(description="limits of its own")
    def own_settings(self, tenant: Tenant) -> str:
        """Return what differs from the defaults, in one line."""
        own = tenant.own_limits()
        shown = [
            f"{info.column}={' '.join(format_limit(info, own[info.name]).split())[:40]}"
            for info in LIMIT_TABLE
            if info.name in own
        ]
        return ", ".join(shown) or "none"

    @display(description="active series")
    def active_series(self, tenant: Tenant) -> str:
        """Return how many series are counted, and of how many."""
        used, limit = _used_of(tenant.name).get(SERIES), get_limits(tenant.name).max_global_series_per_tenant
        return "not counted" if used is None else used_share(used, limit)

    @display(description="tokens that work", ordering="tokens")
    def live_tokens(self, tenant: Any) -> str:
        """Return how many tokens are not revoked, with a link to them."""
        return format_html('<a href="{}?tenant={}">{}</a>', list_url("ingest.apitoken"), tenant.name, tenant.tokens)

    @display(description="stored", ordering="stored_bytes")
    def stored(self, tenant: Any) -> str:
        """Return the size of its blocks, with a link to them."""
        size = shown_bytes(tenant.stored_bytes)
        return format_html('<a href="{}?tenant={}">{}</a>', list_url("ingest.blockrecord"), tenant.name, size)

    @display(description="newest profile stored (UTC)", ordering=F("newest_ns").asc(nulls_first=True))
    def newest(self, tenant: Any) -> str:
        """Return the time of the last profile that is in a block."""
        return "" if tenant.newest_ns is None else shown_ns(tenant.newest_ns)

    @display(description="")
    def in_force(self, tenant: Tenant) -> str:
        """Return a table of every limit: the default, the tenant's own value, and what this process goes by now."""
        rows = shown_limits(tenant, datetime.now(UTC), get_limits(tenant.name), _used_of(tenant.name))
        return render_to_string("ingest/admin/limits_table.html", {"rows": rows})

    @display(description="")
    def changes(self, tenant: Tenant) -> str:
        """Return a table of the newest changes, with a link to all."""
        all_url = f"{list_url('ingest.tenantchange')}?tenant={tenant.name}"
        return render_to_string(
            "ingest/admin/changes_table.html", {"changes": shown_changes(tenant.name), "all_url": all_url}
        )

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Have limits written as people write sizes and durations."""
        info = BY_COLUMN.get(db_field.name)
        if info is None:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        return LimitField(info, info.value_in(settings.LIMITS))

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """Write the row and the history of the change."""
        _save(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Say what a changed retention period deletes; by now it is saved."""
        super().save_related(request, form, formsets, change)
        if PERIOD.column in form.changed_data:
            tenant = form.instance.name
            trial = tried_period(tenant, limits_in_force(tenant).compactor_blocks_retention_period_ns)
            level = messages.WARNING if trial.deletes_something else messages.INFO
            self.message_user(request, f"{trial.title}. {' '.join(trial.sentences)}", level)

    def delete_model(self, request: HttpRequest, obj: Tenant) -> None:
        """Give the tenant the defaults again."""
        _delete(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        """Give each of these tenants the defaults again."""
        for tenant in queryset:
            _delete(request, tenant)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Ask, with what the defaults mean for the tenant's profiles."""
        return super().delete_view(request, object_id, {**(extra_context or {}), "keeping": default_keeping()})

    @admin.action(description="Give the selected tenants the default limits", permissions=["change"])
    def reset_to_defaults(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> HttpResponse | None:
        """Ask, then empty every limit of theirs."""
        tenants = [tenant for tenant in queryset if tenant.own_limits()]
        if not tenants:
            self.message_user(request, "These tenants have the defaults already.")
            return None
        if not is_confirmed(request):
            consequence = (
                "Every limit and relabelling rule of theirs is removed and the defaults are in force within seconds; "
                f"shard sizes follow half a minute later. {default_keeping() or 'Their profiles stay.'} What they had "
                "stays in the history."
            )
            question = f"Give {len(tenants)} tenant{'s' if len(tenants) > 1 else ''} the default limits?"
            return confirmation(self, request, "reset_to_defaults", tenants, question, consequence)
        for tenant in tenants:
            for info in LIMIT_TABLE:
                setattr(tenant, info.column, None)
            _save(request, tenant)
        self.message_user(request, f"Default limits: {', '.join(tenant.name for tenant in tenants)}.")
        return None

    @action(description="Try relabelling rules", url_path="try-rules", permissions=["view"])
    def try_rules(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what rules do to a series, step by step. Nothing is saved."""
        tenant = self.get_object(request, object_id)
        if tenant is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        box = RulesBox(request.POST) if request.method == "POST" else RulesBox(initial=_rules_of(tenant))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Try relabelling rules of {tenant.name}",
            "opts": self.model._meta,
            "original": tenant,
            "form": box,
            "trial": tried(box) if request.method == "POST" and box.is_valid() else None,
        }
        return TemplateResponse(request, "ingest/admin/rules_box.html", context)

    @action(description="Preview retention", url_path="preview-retention", permissions=["view"])
    def preview_retention(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a retention period would delete of the tenant's blocks, and when. Nothing is saved."""
        tenant = self.get_object(request, object_id)
        if tenant is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        is_asked = request.method == "POST"
        own = {"period": getattr(tenant, PERIOD.column)}
        box = (
            RetentionBox(request.POST, tenant=tenant.name)
            if is_asked
            else RetentionBox(initial=own, tenant=tenant.name)
        )
        context = {
            **self.admin_site.each_context(request),
            "title": f"Preview retention of {tenant.name}",
            "opts": self.model._meta,
            "original": tenant,
            "form": box,
            "trial": tried_period(tenant.name, box.cleaned_data["period"]) if is_asked and box.is_valid() else None,
        }
        return TemplateResponse(request, "ingest/admin/retention_box.html", context)


def _rules_of(tenant: Tenant) -> dict[str, str]:
    """Return what the box begins with: the rules the tenant has, saved a moment ago or not, and a series."""
    limits, own = settings.LIMITS, tenant.own_limits()
    names = (
        "ingestion_relabeling_rules",
        "ingestion_relabeling_default_rules_position",
        "sample_type_relabeling_rules",
    )
    rules, position, sample_type_rules = (str(own.get(name, getattr(limits, name))) for name in names)
    return {"rules": rules, "position": position, "sample_type_rules": sample_type_rules}


def _used_of(tenant: str) -> dict[str, int]:
    used: dict[str, int] = import_string("ingest.admin_pages.live.used_of")(tenant)
    return used


def _save(request: HttpRequest, tenant: Tenant) -> None:
    actor = actor_of(request)
    save_tenant(tenant, actor.name, actor.source)


def _delete(request: HttpRequest, tenant: Tenant) -> None:
    actor = actor_of(request)
    delete_tenant(tenant, actor.name, actor.source)
