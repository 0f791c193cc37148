"""The pages. They hold no data: scripts of theirs ask the API, so a page shows nothing a program could not get."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ingest import wiring
from ingest.api.rest.answers import json_response


@require_safe
def explore(request: HttpRequest) -> HttpResponse:
    """Show services, their profile types, a timeline and a flame graph."""
    context = {"nav": "explore", "multitenancy": settings.INGEST.multitenancy_enabled, "origin": _origin(request)}
    return render(request, "ingest/explore.html", context)


@require_safe
def ring(request: HttpRequest) -> HttpResponse:
    """Show the ring and what every ingester does; as JSON when the Accept header asks for that."""
    if not _wants_json(request.META.get("HTTP_ACCEPT", "")):
        response = render(request, "ingest/ring.html", {"nav": "ring"})
    else:
        response = json_response(_ring_document())
    # One address, two forms: without this a browser's Back button may show the JSON.
    response["Vary"] = "Accept"
    response["Cache-Control"] = "no-store"
    return response


def _ring_document() -> dict[str, Any]:
    """Return the ring as of now; when the store is away, the last known ring with its age."""
    view = wiring.get_ring_view()
    document = view.status().as_json()
    document["stale_seconds"] = view.stale_seconds()
    live = {card.member.id: card for card in view.instances()}
    for member in document["instances"]:
        card = live.get(member["id"])
        member["queue_depth"] = None if card is None else card.queue_depth
        member["read_queue_depth"] = None if card is None else card.read_queue_depth
        member["status"] = {} if card is None else dict(card.status)
    return document


def _wants_json(accept: str) -> bool:
    """Whether JSON is named, and before any HTML: browsers name HTML, programs JSON, curl neither."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    json_at = kinds.index("application/json") if "application/json" in kinds else len(kinds)
    html_at = kinds.index("text/html") if "text/html" in kinds else len(kinds)
    return json_at < html_at


def _origin(request: HttpRequest) -> str:
    return f"{request.scheme}://{request.get_host()}"
