"""What every page has: its place in the navigation, where the site is, and which modules are called what."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe

#: Name of the page in its context, words in the bar, name of its address.
NAVIGATION = (
    ("explore", "Explore", "explore"),
    ("diff", "Diff", "diff-page"),
    ("upload", "Upload", "upload-page"),
    ("ring", "Ring", "ring"),
    ("inbox", "Inbox", "inbox"),
    ("start", "Start", "start"),
    ("status", "Status", "status"),
    ("limits", "Limits", "limits-page"),
    ("docs", "API", "api-docs"),
    ("admin", "Admin", "admin:index"),
)
#: Pages that only staff users see while access control is on.
STAFF_PAGES = frozenset({"ring", "status", "admin"})


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return what :file:`templates/base.html` needs of every page; a context processor."""
    return {
        "navigation": [page for page in NAVIGATION if page[0] not in STAFF_PAGES or not _is_led_away(request)],
        "base_path": settings.BASE_PATH,
        "now_ms": time.time_ns() // 1_000_000,
        "import_map": import_map(),
        "multitenancy": settings.INGEST.multitenancy_enabled,
        "access_enabled": settings.ACCESS_ENABLED,
        "version": settings.VERSION,
    }


def _is_led_away(request: HttpRequest) -> bool:
    """Whether pages for staff users would refuse whoever looks. Before a sign-in nobody is told what there is not."""
    user: Any = getattr(request, "user", None)
    return settings.ACCESS_ENABLED and user is not None and user.is_authenticated and not user.is_staff


@cache
def import_map() -> SafeString:
    """Return the import map: the address each module has by its plain name, to the one that names its content.

    Modules import each other as neighbours (``./page.js``), which the browser turns into the plain address.
    """
    imports = {f"{settings.STATIC_URL}{name}": static(name) for name in sorted(_modules())}
    return mark_safe(json.dumps({"imports": imports}, separators=(",", ":")))


@cache
def content_security_policy() -> str:
    """Return what a page may load: files of this server, and the one inline script, its import map, by its digest."""
    digest = base64.b64encode(hashlib.sha256(import_map().encode()).digest()).decode()
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'sha256-{digest}'",
            "img-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _modules() -> set[str]:
    listed = (name for finder in finders.get_finders() for name, _ in finder.list(None))
    return {name for name in listed if name.startswith("phlare/") and name.endswith(".js")}
