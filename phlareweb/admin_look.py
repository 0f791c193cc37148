"""How the admin looks: the colours of the pages, its sidebar and its scripts. Read by django-unfold."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static

#: Greys and blues of static/phlare/theme.css as steps from light to dark. Text keeps a contrast of 4.5 in both themes.
_BASE = {
    "50": "#f5f6f8", "100": "#eceef2", "200": "#cfd4dc", "300": "#c3c9d2", "400": "#a3aab5", "500": "#525a66",
    "600": "#434a55", "700": "#3d4450", "800": "#2b3139", "900": "#14171c", "950": "#0e1014",
}  # fmt: skip
_PRIMARY = {
    "50": "#eef3fe", "100": "#dde8fd", "200": "#c2d5fb", "300": "#a8c3fa", "400": "#96b7f8", "500": "#86abf7",
    "600": "#2153b8", "700": "#1c479e", "800": "#183c85", "900": "#15346f", "950": "#0f2450",
}  # fmt: skip
_FONT = {
    "subtle-light": "#525a66", "subtle-dark": "#a3aab5", "default-light": "#1a1d23", "default-dark": "#dfe2e7",
    "important-light": "#0e1014", "important-dark": "#f1f3f6",
}  # fmt: skip


def _style(request: HttpRequest) -> str:
    return str(static("phlare/admin.css"))


def _script(request: HttpRequest) -> str:
    return str(static("phlare/admin.js"))


def _icon(request: HttpRequest) -> str:
    return str(static("phlare/icon.svg"))


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "phlareweb",
    "SITE_HEADER": "phlareweb",
    "SITE_SUBHEADER": "administration",
    "SITE_URL": "ingest.admin_pages.navigation.pages_url",
    "SITE_ICON": _icon,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "BORDER_RADIUS": "6px",
    # Django's history of a row misses what commands and the API did; the audit log and the changes of settings do not.
    "SHOW_HISTORY": False,
    "COLORS": {"base": _BASE, "primary": _PRIMARY, "font": _FONT},
    "STYLES": [_style],
    "SCRIPTS": [_script],
    "SIDEBAR": {"navigation": "ingest.admin_pages.navigation.sidebar"},
}
