"""What a tenant may send and ask for, and how much of it is taken now."""

from __future__ import annotations

from dataclasses import asdict

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from ingest import wiring
from ingest.api.rest import serializers as shapes
from ingest.api.rest.answers import json_response
from ingest.api.rest.view import ApiView
from ingest.profiles.limit_report import limit_rows
from ingest.profiles.limits import Limits


class LimitsView(ApiView):
    """Limits."""

    @extend_schema(
        operation_id="limits", responses={200: shapes.LimitsAnswer, 400: shapes.ErrorAnswer, 401: shapes.ErrorAnswer}
    )
    def get(self, request: Request) -> HttpResponse:
        """Return every limit of the tenant: the default, its own value, and what is in force.

        `used` is there for limits that are counted over time: bytes of the burst that are used up, and active series.
        """
        tenant = self.tenant()
        in_force, own = wiring.get_limits(tenant), wiring.get_tenant_settings().overrides().get(tenant, {})
        rows = limit_rows(settings.LIMITS, own, in_force, used_now(tenant, in_force))
        return json_response({"tenant": tenant, "limits": [asdict(row) for row in rows]})


class TenantLimitsView(ApiView):
    """Limits in the shape of the field."""

    @extend_schema(
        operation_id="tenantLimits",
        responses={200: shapes.TenantLimitsAnswer, 400: shapes.ErrorAnswer, 401: shapes.ErrorAnswer},
    )
    def get(self, request: Request) -> HttpResponse:
        """Return the limits of the tenant that tools of Pyroscope ask for."""
        limits = wiring.get_limits(self.tenant())
        return json_response(
            {
                "ingestion_rate": limits.ingestion_rate_bytes_per_second,
                "ingestion_burst_size": limits.ingestion_burst_bytes,
                "max_global_series_per_user": limits.max_global_series_per_tenant,
            }
        )


def used_now(tenant: str, limits: Limits) -> dict[str, int]:
    """Return how much of the limits that are counted is taken now, by the field of Limits; what is not known is not
    there.
    """
    shared = wiring.get_shared_limits()
    used: dict[str, int] = {}
    if limits.ingestion_rate_bytes_per_second:
        level = shared.level_bytes(tenant, limits.ingestion_rate_bytes_per_second, limits.ingestion_burst_bytes)
        if level is not None:
            used["ingestion_burst_bytes"] = limits.ingestion_burst_bytes - level
    if limits.max_global_series_per_tenant:
        active = shared.active_series(tenant, limits.max_global_series_per_tenant)
        if active is not None:
            used["max_global_series_per_tenant"] = active
    return used
