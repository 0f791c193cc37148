"""``manage.py tenant``: look at the settings of tenants and change them."""

from __future__ import annotations

import getpass
import re
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ingest.adapters.tenant_records import LIMIT_OF, PROPAGATION, SHARD_SIZE, save_tenant, values_of
from ingest.models import Tenant, TenantChange

#: What is written on the command line -> column of Tenant.
_COLUMNS = {"shard-size": "ingestion_tenant_shard_size", "out-of-order-window": "out_of_order_window"}
_NAMES = {column: name for name, column in _COLUMNS.items()}
_DEFAULT = "default"
_DURATION = re.compile(r"(\d{1,9})(s|m|h|d)", re.ASCII)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

_EXAMPLES = """
Every process follows a change within seconds; writes follow a changed shard size half a minute later, and
queries go on asking the ingesters of the former size as long as data can be there.

examples:
  manage.py tenant list
  manage.py tenant show team-a
  manage.py tenant set team-a shard-size 6
  manage.py tenant set team-a out-of-order-window 10m
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
        show = actions.add_parser("show", help="show every setting of a tenant, and which ones are its own")
        show.add_argument("tenant", help="id of the tenant as requests give it")
        change = actions.add_parser("set", help="change one setting of a tenant")
        change.add_argument("tenant", help="id of the tenant as requests give it")
        change.add_argument("setting", choices=list(_COLUMNS), help="what to change")
        change.add_argument(
            "value",
            help="shard-size: a number of ingesters, 0 for all; out-of-order-window: a duration such as 90s, 10m or "
            f"2h, 0 for none; {_DEFAULT}: the default of all tenants again",
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
            own = {column: value for column, value in values_of(tenant).items() if value is not None}
            self.stdout.write(f"{tenant.name}  " + "  ".join(f"{_NAMES[c]}={_shown(c, v)}" for c, v in own.items()))
        self.stdout.write(f"{Tenant.objects.count()} tenants have settings of their own")

    def _show(self, name: str) -> None:
        tenant = Tenant.objects.filter(name=name).first() or _checked(Tenant(name=name))
        for column, value in values_of(tenant).items():
            default = getattr(settings.LIMITS, LIMIT_OF[column])
            origin = "default" if value is None else f"its own; the default is {_shown(column, default)}"
            self.stdout.write(f"{_NAMES[column]}  {_shown(column, default if value is None else value)}  ({origin})")

    def _set(self, name: str, setting: str, text: str) -> None:
        tenant = Tenant.objects.filter(name=name).first() or Tenant(name=name)
        column = _COLUMNS[setting]
        setattr(tenant, column, None if text == _DEFAULT else _parsed(column, text))
        save_tenant(_checked(tenant), _who())
        value = values_of(tenant)[column]
        when = f"; writes follow in {PROPAGATION.total_seconds():.0f} s" if column == SHARD_SIZE else ""
        self.stdout.write(f"{setting} of {name} is {_DEFAULT if value is None else _shown(column, value)}{when}")

    def _history(self, name: str | None, limit: int) -> None:
        changes = TenantChange.objects.filter(tenant=name) if name else TenantChange.objects.all()
        for change in changes[: max(1, limit)]:
            value = _DEFAULT if change.value is None else _shown(change.setting, change.value)
            self.stdout.write(
                f"{change.changed_at:%Y-%m-%dT%H:%M:%SZ}  {change.tenant or '(default)'}  "
                f"{_NAMES.get(change.setting, change.setting)}={value}  by {change.changed_by}"
            )


def _parsed(column: str, text: str) -> int | timedelta:
    if column == SHARD_SIZE:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
            raise CommandError(f"{text!r} is not a number of ingesters, and not {_DEFAULT}.")
        return int(text)
    match = _DURATION.fullmatch(text)
    if match is None and text != "0":
        raise CommandError(f"{text!r} is not a duration such as 90s, 10m or 2h, and not {_DEFAULT}.")
    return timedelta(seconds=int(match[1]) * _UNIT_SECONDS[match[2]]) if match else timedelta(0)


def _checked(tenant: Tenant) -> Tenant:
    try:
        tenant.full_clean(validate_unique=tenant.pk is None)
    except (ValidationError, OverflowError) as error:
        messages = error.messages if isinstance(error, ValidationError) else [str(error)]
        raise CommandError(" ".join(messages)) from error
    return tenant


def _shown(column: str, value: int) -> str:
    return str(timedelta(microseconds=value // 1000)) if LIMIT_OF.get(column, "").endswith("_ns") else str(value)


def _who() -> str:
    """Return who runs the command, for the history."""
    try:
        return f"{getpass.getuser()} with manage.py"
    except (KeyError, OSError):
        return "an unnamed user with manage.py"
