"""Nothing of the site answers a stranger while access control is on, whether its view asks or not.

A view decides what its caller may see of which tenant (:mod:`ingest.api.tenancy`). This comes before it and holds for
every address, also for one that is added tomorrow: without credentials a page leads to the sign-in, and everything else
is 401. The push door and gRPC do not come through the site; their calls ask by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import constant_time_compare

from ingest.access.types import Principal
from ingest.api.administrators import staff_refusal
from ingest.api.credentials import principal_of, tell_denial
from ingest.api.rest.errors import refusal
from ingest.profiles.reasons import Reason, Rejection, http_status

#: Where views of pages are from; those of the admin stand in front of Django's.
_PAGES = ("ingest.ui.", "ingest.admin_pages.", "unfold.", "django.")

View = TypeVar("View", bound=Callable[..., Any])


class Audience(StrEnum):
    """Whom a view is for."""

    EVERYBODY = "everybody"  #: it says nothing of any tenant and lets nobody do anything
    KNOWN = "known"  #: whoever has credentials; what they may see is up to the view
    STAFF = "staff"  #: it tells of all tenants, or of the machines
    METRICS = "metrics"  #: the same, and whoever holds the token for metrics


def audience(whom: Audience, is_page: bool = False) -> Callable[[View], View]:
    """Say whom a view, or a class of views, is for; one that says nothing is for those who are known.

    ``is_page``: people look at it, so that they are led to the sign-in; pages of :mod:`ingest.ui` need not say that.
    """

    def mark(view: View) -> View:
        view.audience = whom  # type: ignore[attr-defined]
        view.is_page = is_page  # type: ignore[attr-defined]
        return view

    return mark


class AccessMiddleware:
    """Looks at credentials before any view runs, and leaves the principal in ``request.principal``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass a request on; the work is done once its view is known. No cache on the way may keep the answer."""
        response = self._get_response(request)
        if settings.ACCESS_ENABLED and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Return the refusal of a request; None to go on."""
        whom = audience_of(view)
        if not settings.ACCESS_ENABLED or whom is Audience.EVERYBODY:
            return None
        if whom is Audience.METRICS and _has_metrics_token(request):
            return None
        principal = principal_of(request)
        rejection: Rejection | None
        if isinstance(principal, Rejection):
            rejection, name = principal, ""
        else:
            request.principal = principal
            rejection, name = (None if whom is Audience.KNOWN else staff_refusal(principal)), principal.name
        if rejection is None:
            return None
        tell_denial(request, rejection, name)
        return _refused(request, rejection, _is_for_a_person(request, view), principal)


def audience_of(view: Any) -> Audience:
    """Return whom a view is for; a class of views is asked for its own word."""
    of_class = getattr(view, "cls", None) or getattr(view, "view_class", view)
    found: Audience = getattr(of_class, "audience", Audience.KNOWN)
    return found


def _is_for_a_person(request: HttpRequest, view: Any) -> bool:
    """Whether a person looks at the answer: a page of the site, asked for as anything but JSON."""
    is_read = request.method in ("GET", "HEAD")
    is_ours = str(view.__module__).startswith(_PAGES) or getattr(view, "is_page", False)
    return is_read and is_ours and "application/json" not in request.META.get("HTTP_ACCEPT", "")


def _refused(
    request: HttpRequest, rejection: Rejection, for_a_person: bool, principal: Principal | Rejection
) -> HttpResponse:
    if for_a_person and rejection.reason is Reason.UNAUTHENTICATED and not request.META.get("HTTP_AUTHORIZATION"):
        return redirect_to_login(request.get_full_path())
    if for_a_person and isinstance(principal, Principal):
        return render(
            request, "ingest/refused.html", {"message": rejection.message}, status=http_status(rejection.reason)
        )
    response = refusal(rejection)
    response["Phlare-Reason"] = rejection.reason.value
    return response


def _has_metrics_token(request: HttpRequest) -> bool:
    kind, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return bool(
        settings.METRICS_TOKEN
        and kind.lower() == "bearer"
        and constant_time_compare(text.strip(), settings.METRICS_TOKEN)
    )
