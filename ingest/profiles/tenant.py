"""Tenant ids: the only text from a request that becomes part of paths, object keys and queue names."""

from __future__ import annotations

import re

from ingest.profiles.reasons import Reason, Rejection

#: Longest tenant id in bytes (all valid characters are ASCII).
MAX_TENANT_BYTES = 150

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
