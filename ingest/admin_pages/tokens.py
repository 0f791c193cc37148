"""API tokens in the admin: made and shown once, renamed, revoked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import display

from ingest.access_wiring import create_token
from ingest.adapters.token_records import revoke_token, save_changed_token, scopes_of
from ingest.admin_pages.base import TakesEffect, actor_of, confirmation, is_confirmed
from ingest.admin_pages.filters import TenantNameFilter, TokenScopeFilter, TokenStateFilter
from ingest.models import ApiToken


class ApiTokenAdmin(TakesEffect):
    """API tokens. One is shown when it is made and never again; those that work no more stay, so that they have a name.

    Every process follows within seconds.
    """

    takes_effect = (
        "A new token works, a changed one is followed and a revoked one is refused within seconds, in every process. "
        "Tokens are asked for where access control is on."
    )
    list_display = ("prefix", "name", "tenant", "scopes", "state", "expires_at", "last_used_at", "created_by")
    list_filter = (TokenStateFilter, TokenScopeFilter, TenantNameFilter)
    list_filter_submit = True
    list_per_page = 50
    search_fields = ("prefix", "name", "tenant")
    readonly_fields = ("prefix", "state", "created_at", "created_by", "revoked_at", "last_used_at")
    fieldsets = (
        (None, {"fields": ("name", "tenant", "expires_at")}),
        ("What it may do", {"fields": (("can_push", "can_query", "can_admin"),)}),
        ("What is known of it", {"fields": (("prefix", "state"), ("created_at", "created_by"), "last_used_at")}),
    )
    add_fieldsets = fieldsets[:2]
    actions = ("revoke",)

    @display(description="may")
    def scopes(self, token: ApiToken) -> str:
        """Return what it may do, in one line."""
        return ", ".join(sorted(scopes_of(token)))

    @display(description="state", label={"works": "success", "expired": "warning", "revoked": "danger"})
    def state(self, token: ApiToken) -> str:
        """Return whether it works."""
        if token.revoked_at is not None:
            return "revoked"
        is_over = token.expires_at is not None and token.expires_at <= datetime.now(UTC)
        return "expired" if is_over else "works"

    def get_fieldsets(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        """Of a token that is yet to be made nothing is known."""
        return self.add_fieldsets if obj is None else self.fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:
        """Whoever has a token keeps it: it never becomes one of another tenant."""
        return self.readonly_fields if obj is None else (*self.readonly_fields, "tenant")

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """A token that is revoked stays as it is."""
        return super().has_change_permission(request, obj) and (obj is None or obj.revoked_at is None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token is revoked; its row stays."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Make the token and keep it for the answer to this request, or write what was changed."""
        if change:
            save_changed_token(obj, actor_of(request))
            return
        obj.shown_once = create_token(obj, actor_of(request))

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """Show the token in this answer and nowhere else: it goes into no session, cookie or cache."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"Token {obj.name!r} of {obj.tenant}",
            "opts": self.model._meta,
            "token": obj,
            "scopes": self.scopes(obj),
        }
        response = TemplateResponse(request, "ingest/admin/token_made.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(description="Revoke the selected tokens", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> HttpResponse | None:
        """Ask, then make them useless for good."""
        tokens = list(queryset.filter(revoked_at=None))
        if not tokens:
            self.message_user(request, "These tokens were revoked before.")
            return None
        if not is_confirmed(request):
            consequence = "Whoever uses one of them is refused within seconds. A revoked token never works again."
            question = f"Revoke {len(tokens)} token{'s' if len(tokens) > 1 else ''}?"
            return confirmation(self, request, "revoke", tokens, question, consequence)
        revoked = sum(revoke_token(token, actor_of(request)) for token in tokens)
        told = "1 token was" if revoked == 1 else f"{revoked} tokens were"
        self.message_user(request, f"{told} revoked; processes follow within seconds.")
        return None
