"""The composition root of what pages and people keep beside the profiles: settings of pages, uploads to look at."""

from __future__ import annotations

import time

from ulid import ULID

from ingest.adapters.orm_adhoc import OrmAdHocProfiles
from ingest.adapters.orm_page_settings import OrmPageSettings
from ingest.parts import once


def get_page_settings() -> OrmPageSettings:
    """Return what pages remember for tenants."""
    return once("page_settings", OrmPageSettings)


def get_adhoc_profiles() -> OrmAdHocProfiles:
    """Return the profiles that somebody uploaded to look at."""
    return once("adhoc_profiles", lambda: OrmAdHocProfiles(lambda: time.time_ns() // 1_000_000, lambda: str(ULID())))
