"""``manage.py tenant``: look at the settings of tenants and change them."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

import redis
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ingest.adapters.tenant_records import PROPAGATION, SHARD_SIZE, save_tenant
from ingest.models import Tenant, TenantChange, column_value
from ingest.profiles.limit_table import BY_COLUMN, BY_OPTION, LIMIT_TABLE, NotALimit, format_limit, parse_limit
from ring.config import RingConfig
from ring.core.hashring import Snapshot
from ring.core.shard_report import shard_report
from ring.redis_store import RedisRingStore

_DEFAULT = "default"
#: How long the command waits for Redis, which knows the ring.
_TIMEOUT_SECONDS = 5.0

_EXAMPLES = """
Every process follows a change within seconds; writes follow a changed shard size half a minute later, and
queries go on asking the ingesters of the former size as long as data can be there.

examples:
  manage.py tenant list
  manage.py tenant show team-a
  manage.py tenant set team-a shard-size 6
  manage.py tenant set team-a out-of-order-window 10m
  manage.py tenant set team-a max-profile-size-bytes 8MiB
  manage.py tenant set team-a shard-size default
  manage.py tenant history team-a
"""


class Command(BaseCommand):
    """Lists, shows and changes settings of tenants, and says who changed what."""

    help = "Show and change the settings of single tenants. Tenants without settings have the defaults."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Keep the lines of the examples."""
        kwargs.update(epilog=_EXAMPLES, formatter_class=RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="list the tenants that have settings of their own")
        show = actions.add_parser("show", help="show every setting of a tenant, which ones are its own, and its shard")
        show.add_argument("tenant", help="id of the tenant as requests give it")
        change = actions.add_parser("set", help="change one setting of a tenant")
        change.add_argument("tenant", help="id of the tenant as requests give it")
        change.add_argument(
            "setting", choices=list(BY_OPTION), metavar="setting", help="what to change: " + ", ".join(BY_OPTION)
        )
        change.add_argument(
            "value",
            help="a number, a size such as 64MiB or a duration such as 90s, 10m or 7d, as `tenant show` writes it; "
            f"{_DEFAULT}: the default of all tenants again",
        )
        history = actions.add_parser("history", help="list the changes, newest first")
        history.add_argument("tenant", nargs="?", help="only those of this tenant")
        history.add_argument("--limit", type=int, default=50, help="how many at most (default: 50)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the action."""
        try:
            match options["action"]:
                case "list":
                    self._list()
                case "show":
                    self._show(options["tenant"])
                case "set":
                    self._set(options["tenant"], options["setting"], options["value"])
                case "history":
                    self._history(options["tenant"], options["limit"])
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}") from error

    def _list(self) -> None:
        for tenant in Tenant.objects.all():
            own = tenant.own_limits()
            shown = [f"{info.option}={format_limit(info, own[info.name])}" for info in LIMIT_TABLE if info.name in own]
            self.stdout.write(f"{tenant.name}  " + "  ".join(shown))
        self.stdout.write(f"{Tenant.objects.count()} tenants have settings of their own")

    def _show(self, name: str) -> None:
        tenant = Tenant.objects.filter(name=name).first() or _checked(Tenant(name=name))
        own = tenant.own_limits()
        for info in LIMIT_TABLE:
            default = format_limit(info, info.value_in(settings.LIMITS))
            if info.name in own:
                self.stdout.write(
                    f"{info.option}  {format_limit(info, own[info.name])}  (its own; the default is {default})"
                )
            else:
                self.stdout.write(f"{info.option}  {default}  (default)")

        self._show_shard(name, int(own.get(SHARD_SIZE, settings.LIMITS.ingestion_tenant_shard_size)))

    def _show_shard(self, name: str, size: int) -> None:
        """Print who takes the tenant's writes; a size that was changed just now counts already."""
        config: RingConfig = settings.RING
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        )
        try:
            snapshot = Snapshot(RedisRingStore(client, config.name).load().view.ring, config.rules)
        except (redis.RedisError, OSError) as error:
            self.stdout.write(f"\nshard: not known, for Redis cannot be asked: {error}")
            return
        finally:
            client.close()
        report = shard_report(snapshot, name, size)
        self.stdout.write(f"\nshard: {', '.join(report.members) or 'nobody'}")
        for reason in report.reasons:
            self.stdout.write(f"  {reason}")

    def _set(self, name: str, setting: str, text: str) -> None:
        tenant = Tenant.objects.filter(name=name).first() or Tenant(name=name)
        info = BY_OPTION[setting]
        value = None if text == _DEFAULT else parse_limit(info, text)
        if isinstance(value, NotALimit):
            raise CommandError(value.message)
        setattr(tenant, info.column, column_value(info, value))
        save_tenant(_checked(tenant), _who())
        when = f"; writes follow in {PROPAGATION.total_seconds():.0f} s" if info.name == SHARD_SIZE else ""
        self.stdout.write(f"{setting} of {name} is {_DEFAULT if value is None else format_limit(info, value)}{when}")

    def _history(self, name: str | None, limit: int) -> None:
        changes = TenantChange.objects.filter(tenant=name) if name else TenantChange.objects.all()
        for change in changes[: max(1, limit)]:
            self.stdout.write(
                f"{change.changed_at:%Y-%m-%dT%H:%M:%SZ}  {change.tenant or '(default)'}  "
                f"{_shown(change)}  by {change.changed_by}"
            )


def _checked(tenant: Tenant) -> Tenant:
    try:
        tenant.full_clean(validate_unique=tenant.pk is None)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return tenant


def _shown(change: TenantChange) -> str:
    info = BY_COLUMN.get(change.setting)
    value = change.text if change.value is None else change.value
    if info is None:  # of another version
        return f"{change.setting}={value}"
    return f"{info.option}={_DEFAULT if value is None else format_limit(info, value)}"


def _who() -> str:
    """Return who runs the command, for the history."""
    try:
        return f"{getpass.getuser()} with manage.py"
    except (KeyError, OSError):
        return "an unnamed user with manage.py"
