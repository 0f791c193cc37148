"""What every page has: its place in the navigation, where the site is, and what it may load."""

from __future__ import annotations

import time
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

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
        "multitenancy": settings.INGEST.multitenancy_enabled,
        "access_enabled": settings.ACCESS_ENABLED,
        "version": settings.VERSION,
    }


def _is_led_away(request: HttpRequest) -> bool:
    """Whether pages for staff users would refuse whoever looks. Before a sign-in nobody is told what there is not."""
    user: Any = getattr(request, "user", None)
    return settings.ACCESS_ENABLED and user is not None and user.is_authenticated and not user.is_staff


#: What a page may load: files of this server. Nothing in it is inline.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
