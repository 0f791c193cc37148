"""Which tenants a request is about, and whether whoever sends it may do what it wants with them."""

from __future__ import annotations

from django.conf import settings

from ingest.access.policy import allowed_tenants
from ingest.access.types import Scope
from ingest.api.credentials import Request, principal_of, tell_denial
from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.tenant import DEFAULT_TENANT, validate_tenant, validate_tenants

__all__ = ["Request", "Scope", "no_tenant", "only_one", "tenants_of"]


def tenants_of(request: Request, scope: Scope) -> tuple[str, ...] | Rejection:
    """Return the tenant ids, or why the request names none or may not do what it wants.

    Only a query may name several; they are sorted. The header ``X-Scope-OrgID`` counts only while multi-tenancy is on;
    otherwise everybody is one tenant and the header is not even looked at, so that a client configured for a hosted
    service works unchanged. While access control is off nothing is asked of whoever reaches this server. While it is on
    the credentials decide, and may name the tenant where the header does not.
    """
    if not settings.ACCESS_ENABLED:
        return _named(request, scope)
    principal = principal_of(request)
    if isinstance(principal, Rejection):
        tell_denial(request, principal)
        return principal
    named: tuple[str, ...] | Rejection = ()
    if request.META.get("HTTP_X_SCOPE_ORGID") or not settings.INGEST.multitenancy_enabled:
        named = _named(request, scope)
    if isinstance(named, Rejection):
        return named
    allowed = allowed_tenants(principal, named, scope)
    if isinstance(allowed, Rejection) and allowed.reason is Reason.FORBIDDEN:
        tell_denial(request, allowed, principal.name, "|".join(named))
    return allowed


def no_tenant(request: Request) -> tuple[str, ...] | Rejection:
    """Return nothing for a call that is about no tenant, or why whoever sends it is answered nothing at all."""
    principal = principal_of(request) if settings.ACCESS_ENABLED else None
    if isinstance(principal, Rejection):
        tell_denial(request, principal)
        return principal
    return ()


def only_one(tenants: tuple[str, ...]) -> str | Rejection:
    """Return the tenant of a request that cannot be about several."""
    if len(tenants) > 1:
        return Rejection(Reason.BAD_TENANT, "exactly one tenant id is allowed here, several were sent")
    return tenants[0]


def _named(request: Request, scope: Scope) -> tuple[str, ...] | Rejection:
    """Return the tenants that the request is about by itself, whoever sends it."""
    if not settings.INGEST.multitenancy_enabled:
        return (DEFAULT_TENANT,)
    named = request.META.get("HTTP_X_SCOPE_ORGID", "")
    if scope is Scope.QUERY:
        return validate_tenants(named)
    tenant = validate_tenant(named)
    return tenant if isinstance(tenant, Rejection) else (tenant,)
