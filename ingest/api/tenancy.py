"""Which tenant a request belongs to."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

from django.conf import settings

from ingest.profiles.reasons import Rejection
from ingest.profiles.tenant import DEFAULT_TENANT, validate_tenant


class Scope(StrEnum):
    """What a request wants to do with a tenant's data."""

    PUSH = "push"
    QUERY = "query"
    ADMIN = "admin"


class Request(Protocol):
    """What is looked at of a request, whatever transport it came by; Django's own request is one."""

    META: dict[str, Any]  #: headers as ``HTTP_<NAME>``, in the manner of WSGI


def tenant_of(request: Request, scope: Scope) -> str | Rejection:
    """Return the tenant id, or why the request names none or may not do what it wants.

    The header ``X-Scope-OrgID`` counts only while multi-tenancy is on; otherwise everybody is one tenant and the header
    is not even looked at, so that a client configured for a hosted service works unchanged. Nothing is asked of
    whoever reaches this server, so every scope is granted.
    """
    if not settings.INGEST.multitenancy_enabled:
        return DEFAULT_TENANT
    return validate_tenant(request.META.get("HTTP_X_SCOPE_ORGID", ""))
