"""The sidebar of the admin: its own pages by what they are about, and the way back to the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from ingest.ui.shell import NAVIGATION

#: Title of a group -> its models, each with its title, its permission to look and its symbol.
_GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("Tenants", (("Tenants", "ingest.tenant", "domain"), ("API tokens", "ingest.apitoken", "key"))),
    (
        "People",
        (
            ("Users", "auth.user", "person"),
            ("Memberships", "ingest.membership", "badge"),
            ("Groups", "auth.group", "group"),
        ),
    ),
    (
        "Records",
        (
            ("Blocks", "ingest.blockrecord", "deployed_code"),
            ("Audit log", "ingest.auditentry", "history_edu"),
            ("Changes of settings", "ingest.tenantchange", "history"),
        ),
    ),
)
#: Symbols of the pages outside the admin, by their name in :data:`ingest.ui.shell.NAVIGATION`.
_SYMBOLS = {
    "explore": "local_fire_department",
    "diff": "compare_arrows",
    "upload": "upload_file",
    "ring": "donut_large",
    "inbox": "inbox",
    "start": "rocket_launch",
    "status": "monitor_heart",
    "limits": "speed",
    "docs": "api",
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of links in the form that django-unfold takes."""
    overview = {"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")}
    groups: list[dict[str, Any]] = [{"items": [overview]}]
    for title, models in _GROUPS:
        items = [
            {"title": name, "icon": icon, "link": list_url(model), "permission": _may_look(model)}
            for name, model, icon in models
        ]
        groups.append({"title": title, "separator": True, "items": items})
    pages = [
        {"title": words, "icon": _SYMBOLS[name], "link": reverse(address), "active": False}
        for name, words, address in NAVIGATION
        if name != "admin"
    ]
    groups.append({"title": "Pages", "separator": True, "items": pages})
    return groups


def list_url(model: str) -> str:
    """Return the address of the list of a model, which is given as ``application.model``."""
    return str(reverse(f"admin:{model.replace('.', '_')}_changelist"))


def pages_url(request: HttpRequest) -> str:
    """Return where the name of the site leads: to the pages."""
    return str(reverse("explore"))


def _may_look(model: str) -> Callable[[HttpRequest], bool]:
    application, name = model.split(".")

    def asks(request: HttpRequest) -> bool:
        user: Any = request.user
        return any(user.has_perm(f"{application}.{verb}_{name}") for verb in ("view", "change"))

    return asks
