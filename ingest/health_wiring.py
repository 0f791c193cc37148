"""The composition root of the status page: what each part is asked, and what its answer means."""

from __future__ import annotations

import os
import time
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db import connection

from ingest import wiring
from ingest.adapters.keys import TICK_KEY
from ingest.adapters.storages_bucket import BLOCKS_ALIAS
from ingest.administration.health import Component, Health, HealthChecks, Question
from ingest.parts import once
from ingest.profiles.quantities import format_bytes

_STARTED_SECONDS = time.monotonic()
#: No object is called that; asking for it costs what asking for any costs.
_PROBE_OBJECT = "status-probe"
#: Rounds that may be missed before the scheduler or the worker counts as down, and what a round may take.
_ROUNDS, _ROUND_SECONDS = 3, 15.0

_CHANGING = ("PENDING", "JOINING", "LEAVING", "LEFT")


def uptime_seconds() -> float:
    """Return for how long this process has run."""
    return time.monotonic() - _STARTED_SECONDS


def get_health_checks() -> HealthChecks:
    """Return what asks the services and the periodic work."""

    def build() -> HealthChecks:
        questions = (
            Question("redis", "service", _redis),
            Question("database", "service", _database),
            Question("bucket", "service", _bucket),
            Question("beat and worker", "process", _rounds, is_timed=False),
        )
        return HealthChecks(questions, time.monotonic)

    return once("health_checks", build)


def ingester_components() -> list[Component]:
    """Return how each ingester of the ring does, by its heartbeat and its own word."""
    view = wiring.get_ring_view()
    components = []
    for card in view.instances():
        member, why = card.member, card.status.get("why_not_ready", "")
        heartbeat = f"heartbeat {member.heartbeat_age_seconds:.0f} s ago"
        details = [member.shown_state, member.zone, heartbeat, str(why or "")]
        health = _ingester_health(member.shown_state, bool(why), view.stale_seconds() > 0)
        components.append(Component(member.id, "ingester", health, None, ", ".join(filter(None, details))))
    return components


def _ingester_health(shown_state: str, is_unready: bool, is_stale: bool) -> Health:
    if is_stale or shown_state == "UNHEALTHY":
        return Health.DOWN
    return Health.CHANGING if is_unready or shown_state in _CHANGING else Health.OK


def _redis() -> str:
    info: Any = wiring.get_redis().info()
    used = f"{int(info['used_memory']) / (1 << 20):.1f} MiB"
    bound = int(info.get("maxmemory", 0))
    version = info.get("valkey_version") or info.get("redis_version", "")
    return f"version {version}, {used} used" + (f" of {format_bytes(bound)}" if bound else "")


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
        return str(connection.display_name)
    finally:
        connection.close()  # it is this thread's own


def _bucket() -> str:
    storage = storages[BLOCKS_ALIAS]
    if isinstance(storage, FileSystemStorage):
        location = storage.location
        if os.path.exists(location) and not os.access(location, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(f"{location} cannot be written")
        return "folder"
    storage.exists(_PROBE_OBJECT)
    return f"S3, bucket {settings.S3_BUCKET}"


def _rounds() -> str:
    found: Any = wiring.get_redis().get(TICK_KEY)
    if found is None:
        raise LookupError("No periodic round within the last hour.")
    age_seconds = max(0.0, time.time() - int(found) / 1000)
    sentence = f"last periodic round {age_seconds:.0f} s ago"
    if age_seconds > _ROUNDS * settings.INGEST.tick_seconds + _ROUND_SECONDS:
        raise TimeoutError(sentence)
    return sentence
