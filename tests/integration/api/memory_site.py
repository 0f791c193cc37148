"""The site in front of a database in memory, for a real web server to serve."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402

from ingest import wiring  # noqa: E402
from tests.django.api.fakes import MemoryDistributor, MemoryQuerier, default_settings  # noqa: E402

_now_ms = time.time_ns() // 1_000_000
_distributor = MemoryDistributor(_now_ms)
_parts = ExitStack()
_parts.enter_context(
    wiring.override(
        distributor=_distributor,
        querier=MemoryQuerier(_distributor.rows, _now_ms),
        tenant_settings=default_settings(),
    )
)
application = get_wsgi_application()
