"""Pushing over REST: one profile a request, its labels in the address. What curl is for."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from ingest import wiring
from ingest.api.body import content_length, read_decoded_body
from ingest.api.pushing import Door, PushOrigin, refuse_unread, store
from ingest.api.rest import serializers as shapes
from ingest.api.rest.answers import json_response
from ingest.api.rest.errors import RETRY_AFTER_SECONDS, Refused, refusal
from ingest.api.rest.view import ApiView
from ingest.api.tenancy import Scope
from ingest.distributor.types import ItemResult, Outcome, PushResult, RawSeries
from ingest.profiles.formats.pprof_upload import inferred_name
from ingest.profiles.reasons import Reason, Rejection

_NAME = "__name__"


class PushView(ApiView):
    """Profiles."""

    scope = Scope.PUSH

    @extend_schema(
        operation_id="push",
        parameters=[
            OpenApiParameter(_NAME, description="Name of the profile; the default follows from its sample types."),
            OpenApiParameter("service_name", description="Where the profile comes from; default `unknown_service`."),
            OpenApiParameter(
                "labels",
                {"type": "object", "additionalProperties": {"type": "string"}},
                description="Every other parameter is a label. Names in double underscores are the server's own.",
            ),
        ],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={
            200: shapes.PushAnswer,
            400: shapes.ErrorAnswer,
            413: shapes.ErrorAnswer,
            429: shapes.ErrorAnswer,
            503: shapes.ErrorAnswer,
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Store one pprof profile, gzipped or not, whatever the content type.

        Answers 200 once the profile is durable on a quorum of ingesters. A profile whose samples carry labels is split;
        when some splits are refused and others stored the answer is 200 and `rejected` says what was left out. 4xx
        means that nothing was stored and nothing will be by trying again; 503 means that trying again may help, and
        never stores anything twice.
        """
        tenant = self.tenant()
        limits = wiring.get_limits(tenant)
        raw = read_decoded_body(request.environ, limits.max_profile_size_bytes, limits.max_decompression_ratio)
        origin = PushOrigin(tenant, Door.REST, request.META.get("HTTP_USER_AGENT", ""), content_length(request.environ))
        if isinstance(raw, Rejection):
            refuse_unread(origin, raw)
            raise Refused(raw)
        if not raw:
            empty = Rejection(Reason.NO_PROFILES, "The body is empty; send a pprof profile.")
            refuse_unread(origin, empty)
            raise Refused(empty)
        labels = [(name, value) for name, values in request.query_params.lists() for value in values]
        if all(name != _NAME for name, _ in labels):
            name = inferred_name(raw, limits)
            if isinstance(name, Rejection):
                refuse_unread(origin, name)
                raise Refused(name)
            labels.append((_NAME, name))
        return push_answer(store(origin, [RawSeries(tuple(labels), (raw,))]))


def push_answer(result: PushResult, **more: str) -> HttpResponse:
    """Return the answer that reports a push of one file, with ``more`` about it when it is a success."""
    if result.request_rejection is not None:
        later = {} if result.retry_after_seconds is None else {"retry_after_seconds": result.retry_after_seconds}
        return refusal(result.request_rejection, push_id=result.push_id, **later)
    failed = next((item for item in result.items if item.outcome is Outcome.FAILED), None)
    if failed is not None:
        return _failure(failed, result)
    rejected = result.first_rejection
    if rejected is not None and not any(item.profile_ids for item in result.items):
        return refusal(_rejection_of(rejected), push_id=result.push_id)
    return json_response(
        {
            "push_id": result.push_id,
            "stored": [_stored(item) for item in result.items if item.profile_ids],
            "rejected": [
                {"reason": (item.reason or Reason.UNKNOWN).value, "message": item.message}
                for item in result.items
                if item.outcome is Outcome.REJECTED
            ],
            "empty": all(item.outcome is Outcome.EMPTY for item in result.items),
            **more,
        }
    )


def _failure(item: ItemResult, result: PushResult) -> HttpResponse:
    retry_after = result.retry_after_seconds or RETRY_AFTER_SECONDS
    reason = item.reason if item.reason in (Reason.DEADLINE, Reason.INGESTER_UNAVAILABLE) else None
    rejection = Rejection(reason or Reason.INGESTER_UNAVAILABLE, item.message)
    return refusal(rejection, push_id=result.push_id, retry_after_seconds=retry_after)


def _rejection_of(item: ItemResult) -> Rejection:
    return Rejection(item.reason or Reason.UNKNOWN, item.message)


def _stored(item: ItemResult) -> dict[str, Any]:
    return {"profile_ids": list(item.profile_ids), "samples": item.samples, "series": item.series_count}
