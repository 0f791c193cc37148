"""The push inbox over REST: what became of a tenant's pushes, for the page, for scripts and for following along."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ingest.api.compression import compress
from ingest.api.rest import inbox_shapes as shapes
from ingest.api.rest.answers import json_response
from ingest.api.rest.serializers import ErrorAnswer
from ingest.api.rest.view import ApiView
from ingest.inbox.documents import words_of
from ingest.inbox.types import Row
from ingest.inbox_wiring import get_inbox


class InboxView(ApiView):
    """What became of pushes."""

    @extend_schema(
        operation_id="inbox",
        parameters=[shapes.InboxQuery],
        responses={200: shapes.InboxAnswer, 400: ErrorAnswer, 503: ErrorAnswer},
    )
    def get(self, request: Request) -> HttpResponse:
        """List what became of the tenant's pushes, the last ones first.

        Profiles of one source that fared alike are one row, whose `count` grows. To follow along, send the `cursor` of
        the last answer as `after`: only rows that changed since then come back. A row appears within a second of its
        push.
        """
        query = self.read_query(shapes.InboxQuery)
        rows = get_inbox().rows(self.tenant())
        chosen = [row for row in rows if row.sequence > query["after"] and _is_wanted(row.document, query)]
        document = {
            "rows": [_shown(row) for row in chosen[: query["limit"]]],
            "cursor": max((row.sequence for row in rows), default=query["after"]),
            "enabled": settings.INGEST.inbox_rows > 0,
        }
        return compress(json_response(document), request.META.get("HTTP_ACCEPT_ENCODING", ""))


class InboxHoursView(ApiView):
    """How pushes of the last day fared."""

    @extend_schema(operation_id="inboxHours", responses={200: shapes.HoursAnswer, 400: ErrorAnswer, 503: ErrorAnswer})
    def get(self, request: Request) -> HttpResponse:
        """Count the tenant's profiles of the last 24 hours and the hour that has begun, by verdict and reason."""
        now_ms = time.time_ns() // 1_000_000
        counts = [asdict(one) for one in get_inbox().hours(self.tenant(), now_ms)]
        return json_response({"now_ms": now_ms, "counts": counts, "enabled": settings.INGEST.inbox_rows > 0})


def _is_wanted(document: dict[str, Any], query: dict[str, Any]) -> bool:
    if query["verdict"] and document["verdict"] not in query["verdict"]:
        return False
    if query["trouble"] and document["verdict"] == "accepted" and not document["suspects"]:
        return False
    reasons = {document["reason"], *document["suspects"]}
    wanted = ((query["service_name"], {document["service_name"]}), (query["client"], {document["client"]}))
    return all(not value or value in found for value, found in (*wanted, (query["reason"], reasons)))


def _shown(row: Row) -> dict[str, Any]:
    document = dict(row.document)
    del document["v"]
    return {
        "sequence": row.sequence,
        "count": row.count,
        "first_ms": row.first_ms,
        "last_ms": document.pop("at_ms"),
        "skew_ms": None,
        **document,
        "words": words_of(row.document),
    }
