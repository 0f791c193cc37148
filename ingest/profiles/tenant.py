"""Tenant ids: the only text from a request that becomes part of paths, object keys and queue names."""

from __future__ import annotations

import re

from ingest.profiles.reasons import Reason, Rejection

#: Longest tenant id in bytes (all valid characters are ASCII).
MAX_TENANT_BYTES = 150

#: Most tenants one query may read together; they are read one after the other.
MAX_TENANTS = 32

#: Tenant of every request while multi-tenancy is off.
DEFAULT_TENANT = "anonymous"

_VALID = re.compile(r"[A-Za-z0-9!\-_.*'()]+")


def validate_tenant(text: str) -> str | Rejection:
    """Return the tenant id that the value of an ``X-Scope-OrgID`` header names.

    1 to 150 letters, digits or ``! - _ . * ' ( )``, but not ``.`` or ``..`` because an id is used as a folder name.
    Metadata after a colon is cut off. Several ids joined by ``|`` are refused.

    Returns ``Rejection(missing_tenant)`` for an empty text and ``Rejection(bad_tenant)`` for an invalid one.
    """
    if not text:
        return Rejection(Reason.MISSING_TENANT, "no tenant id: send the header X-Scope-OrgID")
    tenant = text.split(":", 1)[0]
    if not tenant:
        return Rejection(Reason.BAD_TENANT, "tenant id is empty before the colon")
    if len(tenant) > MAX_TENANT_BYTES:
        return Rejection(
            Reason.BAD_TENANT, f"tenant id has {len(tenant)} characters, at most {MAX_TENANT_BYTES} are allowed"
        )
    if "|" in tenant:
        return Rejection(Reason.BAD_TENANT, "exactly one tenant id is allowed here, several were sent")
    if tenant in (".", ".."):
        return Rejection(Reason.BAD_TENANT, f"tenant id must not be {tenant!r}")
    if _VALID.fullmatch(tenant) is None:
        bad = next(char for char in tenant if _VALID.fullmatch(char) is None)
        return Rejection(Reason.BAD_TENANT, f"tenant id contains {bad!r}; letters, digits and !-_.*'() are allowed")
    return tenant


def validate_tenants(text: str) -> tuple[str, ...] | Rejection:
    """Return the tenants that a header names for a read, joined by ``|``: sorted, each once, at most 32.

    Rejections are those of :func:`validate_tenant`, for the first id that is not one.
    """
    named = text.split("|", MAX_TENANTS)
    if len(named) > MAX_TENANTS:
        return Rejection(Reason.BAD_TENANT, f"at most {MAX_TENANTS} tenants can be read together")
    tenants: set[str] = set()
    for one in named:
        tenant = (
            validate_tenant(one) if one or len(named) == 1 else Rejection(Reason.BAD_TENANT, "a tenant id is empty")
        )
        if isinstance(tenant, Rejection):
            return tenant
        tenants.add(tenant)
    return tuple(sorted(tenants))
