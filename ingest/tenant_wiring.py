"""The composition root of tenants' settings, apart from the rest because it is light: the admin's pages are loaded by
every process.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from ingest.adapters import tenant_records
from ingest.adapters.tenant_settings import TenantSettings
from ingest.parts import once
from ingest.profiles.limits import Limits, strictest


def get_limits(tenant: str) -> Limits:
    """Return the limits of a tenant: one look into a dictionary."""
    return get_tenant_settings().limits(tenant)


def get_strictest_limits(tenants: Sequence[str]) -> Limits:
    """Return the limits of a request that is about several tenants."""
    return strictest([get_limits(tenant) for tenant in tenants])


def get_tenant_settings() -> TenantSettings:
    """Return the tenants' settings, kept current by a thread of their own."""

    def build() -> TenantSettings:
        # Whoever places writes says what the default is: others may still run with the settings of yesterday.
        made = TenantSettings(settings.LIMITS, tenant_records, notes_default=settings.ROLE == "web")
        made.start()
        return made

    return once("tenant_settings", build)
