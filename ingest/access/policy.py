"""Which tenants a request is about, given who asks and which ones it names.

A refusal says the same of a tenant that exists and of one that does not, for nobody looks.
"""

from __future__ import annotations

from ingest.access.types import Principal, Scope
from ingest.profiles.reasons import Reason, Rejection

_TO_DO = {Scope.PUSH: "push to", Scope.QUERY: "query", Scope.ADMIN: "administer"}


def allowed_tenants(principal: Principal, named: tuple[str, ...], scope: Scope) -> tuple[str, ...] | Rejection:
    """Return the tenants of a request; ``named`` are those of its header, none when it has no header.

    Each that is named has to be granted. Without a name it is the only one that is granted, or the one the session
    chose. Returns ``forbidden``, or ``missing_tenant`` when there are several to choose from.
    """
    for tenant in named:
        if not principal.may(tenant, scope):
            return Rejection(Reason.FORBIDDEN, f"{principal.name} may not {_TO_DO[scope]} tenant {tenant}.")
    if named:
        return named
    granted = sorted(tenant for tenant, scopes in principal.grants.items() if scope in scopes)
    if principal.chosen_tenant and principal.may(principal.chosen_tenant, scope):
        return (principal.chosen_tenant,)
    if len(granted) == 1:
        return (granted[0],)
    if not granted and not principal.is_operator:
        return Rejection(Reason.FORBIDDEN, f"{principal.name} may not {_TO_DO[scope]} any tenant.")
    return Rejection(
        Reason.MISSING_TENANT, f"{principal.name} may {_TO_DO[scope]} several tenants: send the header X-Scope-OrgID"
    )
