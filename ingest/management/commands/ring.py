"""``manage.py ring``: look at the ring and act on it by hand.

Actions are those of REST and of the ring page, audited alike. ``ready`` is a probe that runs every few seconds, so what
the actions need is imported by name, by the subcommands that use it.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from ingest.adapters.keys import ingester_status_key
from ingest.administration.types import Actor, QueueFate, Result
from ingest.management.operator_name import operator_name
from ring.config import RingConfig
from ring.core.hashring import Snapshot
from ring.redis_store import HISTORY_ENTRIES, RedisRingStore
from ring.status import InstanceStatus, RingStatus, ring_status

#: How long the command waits for Redis.
_TIMEOUT_SECONDS = 5.0


class Command(BaseCommand):
    """Shows the ring, its history, and changes entries."""

    help = "Show the ring and its history, or act on one instance."
    #: They load the web side, which the probe has no time for.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        status = actions.add_parser("status", help="show every instance and what is wrong")
        status.add_argument("--json", action="store_true", help="print JSON")
        history = actions.add_parser("history", help="list what changed, newest first")
        history.add_argument("--json", action="store_true", help="print JSON")
        history.add_argument("--limit", type=int, default=50)
        ready = actions.add_parser("ready", help="end with 0 if an ingester is ready, else say why not and end with 1")
        ready.add_argument("instance")
        forget = actions.add_parser("forget", help="delete the entry of an instance that will not come back")
        forget.add_argument("instance")
        forget.add_argument("--force", action="store_true", help="even if its heartbeat is fresh")
        fates = [fate.value for fate in QueueFate]
        forget.add_argument("--queue", choices=fates, default=fates[0], help="what becomes of what waits for it")
        read_only = actions.add_parser("read-only", help="keep pushes away from an instance that still answers queries")
        read_only.add_argument("instance")
        read_only.add_argument("--off", action="store_true", help="take new series again")
        flush = actions.add_parser("flush", help="have an ingester upload what it holds")
        flush.add_argument("instance")
        flush.add_argument("--wait", action="store_true", help="return when it has")
        prepare = actions.add_parser("prepare-shutdown", help="have the next stop upload everything and unregister")
        prepare.add_argument("instance")
        choice = prepare.add_mutually_exclusive_group()
        choice.add_argument("--off", action="store_true", help="go by the settings again")
        choice.add_argument("--show", action="store_true", help="only say how it is")
        shutdown = actions.add_parser("shutdown", help="have an ingester upload everything and leave the ring now")
        shutdown.add_argument("instance")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the subcommand."""
        if options["action"] in ("status", "history", "ready"):
            self._look(options)
        else:
            self._act(options)

    def _look(self, options: dict[str, Any]) -> None:
        config: RingConfig = settings.RING
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        )
        store = RedisRingStore(client, config.name)
        try:
            match options["action"]:
                case "status":
                    self._status(store, config, options["json"])
                case "history":
                    self._history(store, options["json"], options["limit"])
                case "ready":
                    self._ready(client, options["instance"])
        except (redis.RedisError, OSError) as error:
            raise CommandError(f"Redis cannot be asked: {error}") from error
        finally:
            client.close()

    def _act(self, options: dict[str, Any]) -> None:
        actions = import_string("ingest.administration_wiring.get_ring_actions")()
        instance, actor = options["instance"], Actor(operator_name(), "manage.py")
        match options["action"]:
            case "forget":
                result = actions.forget(actor, instance, options["force"], QueueFate(options["queue"]))
            case "read-only":
                result = actions.set_read_only(actor, instance, not options["off"])
            case "flush":
                result = actions.flush(actor, instance, options["wait"])
            case "shutdown":
                result = actions.shutdown(actor, instance)
            case _ if options["show"]:
                result = actions.prepared(instance)
            case _ if options["off"]:
                result = actions.cancel_shutdown(actor, instance)
            case _:
                result = actions.prepare_shutdown(actor, instance)
        self._tell(result)

    def _tell(self, result: Result) -> None:
        if not result.is_good:
            raise CommandError(result.message)
        self.stdout.write(result.message)

    def _ready(self, client: redis.Redis, instance: str) -> None:
        """End with 0 or 1: ``exec`` probes read nothing else."""
        why = _why_not_ready(_said(client, instance))
        if why:
            self.stdout.write(f"{instance} is not ready: {why}")
            sys.exit(1)
        self.stdout.write(f"{instance} is ready.")

    def _status(self, store: RedisRingStore, config: RingConfig, as_json: bool) -> None:
        loaded = store.load()
        snapshot = Snapshot(loaded.view.ring, config.rules)
        status = ring_status(snapshot, loaded.view.ring_ms, config.name, loaded.view.revision)
        not_ready = {one.id: _why_not_ready(_said(store.client, one.id)) for one in status.instances}
        if as_json:
            document = {**status.as_json(), "damaged": loaded.damaged, "why_not_ready": not_ready}
            self.stdout.write(json.dumps(document, indent=2))
            return
        for line in _table(status):
            self.stdout.write(line)
        for instance_id, why in not_ready.items():
            if why:
                self.stdout.write(self.style.WARNING(f"{instance_id} is not ready: {why}"))
        for instance_id in loaded.damaged:
            self.stdout.write(self.style.ERROR(f"The entry of {instance_id} cannot be read and is left out."))
        for problem in status.problems:
            self.stdout.write(self.style.ERROR(problem))
        for notice in status.notices:
            self.stdout.write(self.style.WARNING(notice))

    def _history(self, store: RedisRingStore, as_json: bool, limit: int) -> None:
        entries = store.history(max(1, min(limit, HISTORY_ENTRIES)))
        if as_json:
            self.stdout.write(json.dumps([asdict(entry) for entry in entries], indent=2))
            return
        for entry in entries:
            change = f"{entry.before or 'absent'} -> {entry.after or 'absent'}"
            self.stdout.write(f"{_time(entry.at_ms / 1000)}  {entry.instance_id}  {change}  {entry.reason}")


def _said(client: redis.Redis, instance: str) -> Mapping[str, Any]:
    """Return what an ingester last said of itself; empty when it was silent for a minute."""
    raw: Any = client.get(ingester_status_key(instance))
    said = json.loads(raw) if raw else {}
    return said if isinstance(said, dict) else {}


def _why_not_ready(said: Mapping[str, Any]) -> str:
    """Return what keeps an ingester from being ready; empty when nothing does."""
    if not said:
        return "It has said nothing of itself for a minute."
    return str(said.get("why_not_ready", ""))


def _table(status: RingStatus) -> list[str]:
    """Return the instances as aligned lines under a headline."""
    headline = (
        f"Ring {status.name}: {status.healthy_count} of {len(status.instances)} instances healthy, "
        f"replication {status.replication_factor}, revision {status.revision}"
    )
    header = ("INSTANCE", "ZONE", "STATE", "HEARTBEAT", "TOKENS", "OWNS", "REGISTERED", "READ-ONLY", "ADDRESS")
    rows = [header, *(_cells(instance) for instance in status.instances)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [headline, *lines]


def _cells(instance: InstanceStatus) -> tuple[str, ...]:
    return (
        instance.id,
        instance.zone or "-",
        instance.shown_state,
        f"{instance.heartbeat_age_seconds:.1f} s ago",
        str(instance.tokens),
        f"{instance.ownership * 100:.1f} %",
        _time(instance.registered_at) if instance.registered_at is not None else "unknown",
        "yes" if instance.read_only else "no",
        instance.addr,
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
