"""The pages. They hold no data: scripts of theirs ask the API, so a page shows nothing a program could not get."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from ingest.administration.types import QueueFate
from ingest.administration_wiring import get_ring_actions
from ingest.api.access_middleware import Audience, audience
from ingest.api.administrators import administrator_of
from ingest.api.rest.answers import json_response
from ingest.api.rest.errors import refusal
from ingest.api.rest.ring import rejection_of
from ingest.api.ring_document import ring_document, with_shards
from ingest.api.status_document import status_document, status_text
from ingest.profiles.reasons import Reason, Rejection
from ingest.ui.files import file_context
from ingest.ui.snippets import SNIPPETS, filled

#: The sides of a diff: what the API calls them, their letters, and what they are.
_SIDES = (("left", "A", "baseline"), ("right", "B", "compared with it"))


@require_safe
def explore(request: HttpRequest) -> HttpResponse:
    """Show services, their profile types, a timeline and a flame graph."""
    return render(request, "ingest/explore.html", {"nav": "explore", "origin": origin(request)})


@require_safe
def diff(request: HttpRequest) -> HttpResponse:
    """Show two queries against each other."""
    return render(request, "ingest/diff.html", {"nav": "diff", "sides": _SIDES})


@require_safe
def upload(request: HttpRequest) -> HttpResponse:
    """Show files that are not stored."""
    return render(request, "ingest/upload.html", {"nav": "upload", **file_context()})


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what became of pushes."""
    return render(request, "ingest/inbox.html", {"nav": "inbox", "origin": origin(request)})


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Show how to send the first profile, and whether it has come."""
    needs_token = settings.ACCESS_ENABLED
    needs_tenant = settings.INGEST.multitenancy_enabled and not needs_token
    snippets = [
        one._replace(code=filled(one.code, origin(request), needs_token=needs_token, needs_tenant=needs_tenant))
        for one in SNIPPETS
    ]
    return render(request, "ingest/start.html", {"nav": "start", "origin": origin(request), "snippets": snippets})


@require_safe
def limits(request: HttpRequest) -> HttpResponse:
    """Show what a tenant may send, how much it does, and what was refused."""
    return render(request, "ingest/limits.html", {"nav": "limits"})


@audience(Audience.STAFF)
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Show how every part of the database does; as JSON or plain text when the Accept header asks for that."""
    accept = request.META.get("HTTP_ACCEPT", "")
    if preferred(accept, "application/json"):
        response = json_response(status_document())
    elif preferred(accept, "text/plain"):
        response = HttpResponse(status_text(status_document()), content_type="text/plain; charset=utf-8")
    else:
        response = render(request, "ingest/status.html", {"nav": "status"})
    response["Vary"] = "Accept, Cookie"
    response["Cache-Control"] = "no-store"
    return response


@audience(Audience.STAFF)
@csrf_exempt  # an action is checked by administrator_of, which knows when a token has to come along
@require_http_methods(["GET", "HEAD", "POST"])
def ring(request: HttpRequest) -> HttpResponse:
    """Show the ring and what every ingester does; as JSON when the Accept header asks for that. POST acts on it."""
    if request.method == "POST":
        return _forget(request)
    if not preferred(request.META.get("HTTP_ACCEPT", ""), "application/json"):
        user: Any = request.user
        response = render(
            request, "ingest/ring.html", {"nav": "ring", "may_act": user.is_authenticated and user.is_staff}
        )
    else:
        response = json_response(with_shards(ring_document(with_tokens=True)))
    # One address, two forms: without this a browser's Back button may show the JSON.
    response["Vary"] = "Accept, Cookie"
    response["Cache-Control"] = "no-store"
    return response


def _forget(request: HttpRequest) -> HttpResponse:
    """Forget the instance that the form field ``forget`` names, as the ring pages of the field do."""
    actor = administrator_of(request)
    if isinstance(actor, Rejection):
        return refusal(actor)
    instance = request.POST.get("forget", "")
    if not instance:
        return refusal(Rejection(Reason.BAD_REQUEST, "The form has to name an instance in its field forget."))
    is_forced = request.POST.get("force", "") == "true"
    rejection = rejection_of(get_ring_actions().forget(actor, instance, is_forced, QueueFate.REROUTE))
    return HttpResponseRedirect(request.path) if rejection is None else refusal(rejection)


def preferred(accept: str, kind: str) -> bool:
    """Whether a content type is named, and before any HTML: browsers name HTML, programs JSON, curl neither."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    kind_at = kinds.index(kind) if kind in kinds else len(kinds)
    html_at = kinds.index("text/html") if "text/html" in kinds else len(kinds)
    return kind_at < html_at


def origin(request: HttpRequest) -> str:
    """Return the address that agents push to."""
    return f"{request.scheme}://{request.get_host()}{settings.BASE_PATH}"
