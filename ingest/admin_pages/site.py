"""The admin as a site of its own kind: its first page says how the installation is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from unfold.sites import UnfoldAdminSite


class OperatorsSite(UnfoldAdminSite):
    """The admin with an overview in front."""

    index_title = "Overview"
    index_template = "ingest/admin/overview.html"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ask who it is; whoever has said so and may not come in is told why the question comes again."""
        user: Any = request.user
        if request.method == "GET" and user.is_authenticated and not self.has_permission(request):
            messages.warning(request, f"{user.get_username()} is not a staff user of this site. Sign in as one who is.")
        return super().login(request, extra_context)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the overview. It is named, not imported: every process loads the admin, only web processes the ring."""
        found = import_string("ingest.admin_pages.overview.overview")(request)
        return super().index(request, {**(extra_context or {}), **found})
