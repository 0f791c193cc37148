"""The admin as a site of its own kind: its first page says how the installation is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from unfold.sites import UnfoldAdminSite


class OperatorsSite(UnfoldAdminSite):
    """The admin with an overview in front."""

    index_title = "Overview"
    index_template = "ingest/admin/overview.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the overview. It is named, not imported: every process loads the admin, only web processes the ring."""
        found = import_string("ingest.admin_pages.overview.overview")(request)
        return super().index(request, {**(extra_context or {}), **found})
