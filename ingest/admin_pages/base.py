"""What the pages of the admin have in common: rows to look at, who acts, and asking before many rows change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin

from ingest.access_wiring import request_source
from ingest.administration.types import Actor

#: Rows named on a page that asks; the others are only counted.
MAX_NAMED = 20


class ToLookAt(ModelAdmin):
    """Rows that nobody adds, changes or deletes by hand."""

    list_filter_submit = True
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows are added by what they tell of."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened stays."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Each page says what would be lost."""
        return False


class TakesEffect(ModelAdmin):
    """Rows that are edited: each page says when what is saved there is gone by."""

    takes_effect = ""  #: a sentence
    list_before_template = "ingest/admin/takes_effect_in_list.html"
    change_form_before_template = "ingest/admin/takes_effect_in_form.html"


def actor_of(request: HttpRequest) -> Actor:
    """Return who acts, for the audit log."""
    user: Any = request.user
    return Actor(user.get_username(), request_source(request.META))


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the person has seen the page that asks, and said yes."""
    return request.POST.get("confirmed") == "yes"


def confirmation(
    model_admin: ModelAdmin, request: HttpRequest, action: str, rows: Sequence[Model], question: str, consequence: str
) -> TemplateResponse:
    """Return the page that asks whether an action on several rows is meant; its yes is the same request again."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": question,
        "opts": model_admin.model._meta,
        "media": model_admin.media,
        "action": action,
        "checkbox_name": ACTION_CHECKBOX_NAME,
        "rows": rows,
        "named": rows[:MAX_NAMED],
        "unnamed": max(0, len(rows) - MAX_NAMED),
        "consequence": consequence,
    }
    return TemplateResponse(request, "ingest/admin/confirm.html", context)
