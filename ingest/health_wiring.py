"""The composition root of the status page: what each part is asked, and what its answer means."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db import connection

from ingest import wiring
from ingest.adapters.keys import BLOCKS_QUEUE, TICK_KEY, read_queue
from ingest.adapters.redis_sources import RedisSources
from ingest.adapters.ring_view import InstanceCard
from ingest.adapters.storages_bucket import BLOCKS_ALIAS
from ingest.administration.health import WAIT_SECONDS, Component, Health, HealthChecks, Question, worst
from ingest.parts import once
from ingest.profiles.quantities import format_bytes
from ingest.querier.ports import BUCKET
from ingest.storage.read_messages import ReadOp, ReadRequest

_STARTED_SECONDS = time.monotonic()
#: No object is called that; asking for it costs what asking for any costs.
_PROBE_OBJECT = "status-probe"
#: A read of a tenant that has nothing: whoever is asked has nothing to look up.
_PROBE_READ = ReadRequest(ReadOp.LABEL_NAMES, "status-probe", "[]", 0, 1)
#: So many reads may wait for a source; behind more none is put: watching must not fill the queue of one that is away.
_MAX_WAITING_READS = 20
#: Rounds that may be missed before the scheduler or the worker counts as down, and what a round may take.
_ROUNDS, _ROUND_SECONDS = 3, 15.0

_INGESTER = "ingester"
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
            Question("worker", "process", _worker),
        )
        return HealthChecks(questions, time.monotonic)

    return once("health_checks", build)


def all_components() -> list[Component]:
    """Return how the services, the periodic work and each ingester of the ring do.

    An ingester is judged by its heartbeat and its own word, and by how soon it answers a read where it can be asked.
    """
    view = wiring.get_ring_view()
    cards = view.instances()
    stale_seconds = view.stale_seconds()
    members = [card.member for card in cards if card.member.readable and not stale_seconds]
    ask = get_source_probe()
    found = get_health_checks().components([Question(one.id, _INGESTER, partial(ask, one.id)) for one in members])
    answers = {one.name: one for one in found if one.kind == _INGESTER}
    others = [one for one in found if one.kind != _INGESTER]
    return others + [_ingester(card, answers.get(card.member.id), stale_seconds) for card in cards]


def _ingester(card: InstanceCard, answer: Component | None, stale_seconds: float) -> Component:
    member, why = card.member, str(card.status.get("why_not_ready", ""))
    heartbeat = f"heartbeat {member.heartbeat_age_seconds:.0f} s ago"
    said = Component(
        member.id, _INGESTER, _ingester_health(member.shown_state, bool(why), stale_seconds > 0), None, why
    )
    both = [said] if answer is None else [said, answer]
    silence = f"reads: {answer.detail}" if answer and answer.detail else ""
    unheard = f"last known: Redis has not answered for {stale_seconds:.0f} s" if stale_seconds else ""
    details = ", ".join(filter(None, (member.shown_state, member.zone, heartbeat, why, silence, unheard)))
    return Component(member.id, _INGESTER, worst(both), answer.latency_ms if answer else None, details)


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


def get_source_probe() -> Callable[[str], str]:
    """Return what finds out whether a source answers: see :func:`_read`."""
    return once("source_probe", lambda: _read)


def _worker() -> str:
    get_source_probe()(BUCKET)
    return "answers reads of blocks"


def _read(source: str) -> str:
    """Ask a source as queries do. Returns nothing of note, or raises with the reason why it does not answer."""
    client = wiring.get_redis()
    waiting: Any = client.llen(BLOCKS_QUEUE if source == BUCKET else read_queue(source))
    if waiting >= _MAX_WAITING_READS:
        raise TimeoutError(f"{waiting} reads wait in its queue")
    answer = RedisSources(client).ask({source: _PROBE_READ}, WAIT_SECONDS, lambda _: False)[source]
    if isinstance(answer, str):
        raise TimeoutError(answer)
    return ""


def _rounds() -> str:
    found: Any = wiring.get_redis().get(TICK_KEY)
    if found is None:
        raise LookupError("No periodic round within the last hour.")
    age_seconds = max(0.0, time.time() - int(found) / 1000)
    sentence = f"last periodic round {age_seconds:.0f} s ago"
    if age_seconds > _ROUNDS * settings.INGEST.tick_seconds + _ROUND_SECONDS:
        raise TimeoutError(sentence)
    return sentence
