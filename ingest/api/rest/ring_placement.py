"""Where series lie on the ring, for staff: a tenant's shard, and the owners of one series."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypeVar

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ingest import wiring
from ingest.api.access_middleware import Audience, audience
from ingest.api.rest import ring_shapes as shapes
from ingest.api.rest.answers import json_response
from ingest.api.rest.errors import Refused
from ingest.api.rest.serializers import ErrorAnswer
from ingest.api.rest.view import ApiView
from ingest.distributor.ports import NoReplicaSet, ReplicaSet
from ingest.profiles.labels import placement_string
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.tenant import validate_tenant
from ingest.profiles.written_series import parse_series

T = TypeVar("T")

_ERRORS = {400: ErrorAnswer, 503: ErrorAnswer}


@audience(Audience.STAFF)
class ShardView(ApiView):
    """The shard of a tenant."""

    scope = None

    @extend_schema(
        operation_id="ringShard", parameters=[shapes.ShardQuery], responses={200: shapes.ShardAnswer, **_ERRORS}
    )
    def get(self, request: Request) -> HttpResponse:
        """Show which ingesters take the writes of a tenant, and why these."""
        return json_response(_shard(_tenant(self.read_query(shapes.ShardQuery))))


@audience(Audience.STAFF)
class OwnersView(ApiView):
    """The owners of a series."""

    scope = None

    @extend_schema(
        operation_id="ringOwners", parameters=[shapes.OwnersQuery], responses={200: shapes.OwnersAnswer, **_ERRORS}
    )
    def get(self, request: Request) -> HttpResponse:
        """Show where one series lies and which ingesters would get a push of it now, as the distributor finds them."""
        query = self.read_query(shapes.OwnersQuery)
        tenant = _tenant(query)
        labels = _accepted(parse_series(query["labels"], wiring.get_limits(tenant)))
        placement = placement_string(labels)
        placed = wiring.get_placement().owner(tenant, placement)
        document = {"series": placement, "token": placed.token, **_target(placed.target)}
        return json_response({**document, "shard": _shard(tenant)})


def _target(found: ReplicaSet | NoReplicaSet) -> dict[str, Any]:
    if isinstance(found, NoReplicaSet):
        return {"instances": [], "max_errors": 0, "absent": [], "why_not": found.message}
    return {
        "instances": list(found.instances),
        "max_errors": found.max_errors,
        "absent": list(found.absent),
        "why_not": "",
    }


def _tenant(query: dict[str, Any]) -> str:
    return _accepted(validate_tenant(query["tenant"]))


def _accepted(found: T | Rejection) -> T:
    if isinstance(found, Rejection):
        raise Refused(found)
    return found


def _shard(tenant: str) -> dict[str, Any]:
    report = wiring.get_placement().shard(tenant)
    if isinstance(report, NoReplicaSet):
        raise Refused(Rejection(Reason.INGESTER_UNAVAILABLE, report.message))
    return asdict(report)
