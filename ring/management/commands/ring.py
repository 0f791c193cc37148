"""``manage.py ring``: look at the ring and mend it by hand."""

from __future__ import annotations

import getpass
import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import redis
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ring.config import RingConfig
from ring.core.hashring import Snapshot
from ring.redis_store import HISTORY_ENTRIES, RedisRingStore
from ring.status import InstanceStatus, RingStatus, ring_status

#: How long the command waits for Redis.
_TIMEOUT_SECONDS = 5.0


class Command(BaseCommand):
    """Shows the ring, its history, and changes entries."""

    help = "Show the ring, forget an instance, set it read-only, or list what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True)
        status = actions.add_parser("status", help="show every instance and what is wrong")
        status.add_argument("--json", action="store_true", help="print JSON")
        forget = actions.add_parser("forget", help="delete the entry of an instance that will not come back")
        forget.add_argument("instance")
        forget.add_argument("--force", action="store_true", help="even if its heartbeat is fresh")
        read_only = actions.add_parser("read-only", help="keep new series of sharded tenants away from an instance")
        read_only.add_argument("instance")
        read_only.add_argument("--off", action="store_true", help="take new series again")
        history = actions.add_parser("history", help="list what changed, newest first")
        history.add_argument("--json", action="store_true", help="print JSON")
        history.add_argument("--limit", type=int, default=50)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the subcommand."""
        config: RingConfig = settings.RING
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        )
        try:
            self._run(RedisRingStore(client, config.name), config, options)
        except (redis.RedisError, OSError) as error:
            raise CommandError(f"Redis cannot be asked: {error}") from error
        finally:
            client.close()

    def _run(self, store: RedisRingStore, config: RingConfig, options: dict[str, Any]) -> None:
        match options["action"]:
            case "status":
                self._status(store, config, options["json"])
            case "forget":
                self._forget(store, config, options["instance"], options["force"])
            case "read-only":
                self._read_only(store, options["instance"], not options["off"])
            case "history":
                self._history(store, options["json"], options["limit"])

    def _status(self, store: RedisRingStore, config: RingConfig, as_json: bool) -> None:
        loaded = store.load()
        snapshot = Snapshot(loaded.view.ring, config.rules)
        status = ring_status(snapshot, loaded.view.ring_ms, config.name, loaded.view.revision)
        if as_json:
            self.stdout.write(json.dumps({**status.as_json(), "damaged": loaded.damaged}, indent=2))
            return
        for line in _table(status):
            self.stdout.write(line)
        for instance_id in loaded.damaged:
            self.stdout.write(self.style.ERROR(f"The entry of {instance_id} cannot be read and is left out."))
        for problem in status.problems:
            self.stdout.write(self.style.ERROR(problem))
        for notice in status.notices:
            self.stdout.write(self.style.WARNING(notice))

    def _forget(self, store: RedisRingStore, config: RingConfig, instance_id: str, force: bool) -> None:
        found, now_ms = store.entry(instance_id)
        if found is not None and found.is_fresh(now_ms, config.rules.heartbeat_timeout_ms) and not force:
            raise CommandError(
                f"{instance_id} is alive: it would register again at once. Stop it first, or use --force."
            )
        if not store.remove(instance_id, f"forgotten by {_who()}"):
            raise CommandError(f"There is no instance {instance_id} in the ring {config.name}.")
        self.stdout.write(f"{instance_id} is forgotten.")

    def _read_only(self, store: RedisRingStore, instance_id: str, read_only: bool) -> None:
        if not store.set_read_only(instance_id, read_only, f"set by {_who()}"):
            raise CommandError(f"There is no instance {instance_id} in the ring.")
        self.stdout.write(f"{instance_id} is {'read-only' if read_only else 'read-write'}.")

    def _history(self, store: RedisRingStore, as_json: bool, limit: int) -> None:
        entries = store.history(max(1, min(limit, HISTORY_ENTRIES)))
        if as_json:
            self.stdout.write(json.dumps([asdict(entry) for entry in entries], indent=2))
            return
        for entry in entries:
            change = f"{entry.before or 'absent'} -> {entry.after or 'absent'}"
            self.stdout.write(f"{_time(entry.at_ms / 1000)}  {entry.instance_id}  {change}  {entry.reason}")


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


def _who() -> str:
    """Return who runs the command, for the history."""
    try:
        return f"{getpass.getuser()} with manage.py"
    except (KeyError, OSError):
        return "an unnamed user with manage.py"
