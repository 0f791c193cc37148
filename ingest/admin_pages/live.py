"""What only a web process knows: how much of a tenant's limits is taken now.

Named, not imported, by the pages: every process loads the admin, and what this imports costs tens of megabytes.
"""

from __future__ import annotations

from ingest.api.rest.limits import used_now
from ingest.tenant_wiring import get_limits


def used_of(tenant: str) -> dict[str, int]:
    """Return it by the field of Limits; what is not known, as while Redis is away, is not there."""
    return used_now(tenant, get_limits(tenant))
