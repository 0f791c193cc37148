"""Which tenants a request is about."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

from django.conf import settings

from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.tenant import DEFAULT_TENANT, validate_tenant, validate_tenants


class Scope(StrEnum):
    """What a request wants to do with a tenant's data."""

    PUSH = "push"
    QUERY = "query"
    ADMIN = "admin"


class Request(Protocol):
    """What is looked at of a request, whatever transport it came by; Django's own request is one."""

    META: dict[str, Any]  #: headers as ``HTTP_<NAME>``, in the manner of WSGI


def tenants_of(request: Request, scope: Scope) -> tuple[str, ...] | Rejection:
    """Return the tenant ids, or why the request names none or may not do what it wants.

    Only a query may name several; they are sorted. The header ``X-Scope-OrgID`` counts only while multi-tenancy is on;
    otherwise everybody is one tenant and the header is not even looked at, so that a client configured for a hosted
    service works unchanged. Nothing is asked of whoever reaches this server, so every scope is granted.
    """
    if not settings.INGEST.multitenancy_enabled:
        return (DEFAULT_TENANT,)
    named = request.META.get("HTTP_X_SCOPE_ORGID", "")
    if scope is Scope.QUERY:
        return validate_tenants(named)
    tenant = validate_tenant(named)
    return tenant if isinstance(tenant, Rejection) else (tenant,)


def only_one(tenants: tuple[str, ...]) -> str | Rejection:
    """Return the tenant of a request that cannot be about several."""
    if len(tenants) > 1:
        return Rejection(Reason.BAD_TENANT, "exactly one tenant id is allowed here, several were sent")
    return tenants[0]
