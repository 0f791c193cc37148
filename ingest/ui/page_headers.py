"""Headers that hold for every page: what it may load and which powers of the browser it has."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ingest.ui.shell import CONTENT_SECURITY_POLICY

#: The admin is not ours: its pages bring small scripts and styles with them and evaluate expressions in attributes.
_ADMIN_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_POWERS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


class PageHeadersMiddleware:
    """Adds the headers to every answer in HTML that does not bring its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass a request on and add to its answer."""
        response = self._get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            match = request.resolver_match
            is_admin = match is not None and match.namespace == "admin"
            response.setdefault("Content-Security-Policy", _ADMIN_POLICY if is_admin else CONTENT_SECURITY_POLICY)
            response.setdefault("Permissions-Policy", _POWERS)
        return response
