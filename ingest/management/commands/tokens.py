"""``manage.py tokens``: API tokens of tenants."""

from __future__ import annotations

import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ingest.access.types import Scope
from ingest.access_wiring import (
    create_token,
    find_token_by_prefix,
    list_tokens,
    revoke_token,
    token_document,
    unsaved_token,
)
from ingest.administration.types import Actor
from ingest.api.rest.time_range import parse_duration_ms
from ingest.management.operator_name import operator_name
from ingest.models import ApiToken

_EXAMPLES = """
A token is printed when it is made and never again. Every process follows within seconds. Tokens count while
PHLARE_ACCESS_ENABLED is on.

examples:
  manage.py tokens create team-a --name "alloy in eu-west" --scope push
  manage.py tokens create team-a --name grafana --scope query --expires-in 90d
  manage.py tokens list team-a --json
  manage.py tokens revoke phl_mfzwizlt
"""


class Command(BaseCommand):
    """Makes, lists and revokes tokens."""

    help = "Make, list and revoke the API tokens of tenants."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Keep the lines of the examples."""
        kwargs.update(epilog=_EXAMPLES, formatter_class=RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a token and print it")
        create.add_argument("tenant", help="id of the tenant; anonymous while multi-tenancy is off")
        create.add_argument("--name", required=True, help="what it is for, such as the agent that has it")
        create.add_argument(
            "--scope", action="append", required=True, choices=list(Scope), help="what it may do; repeat for several"
        )
        create.add_argument("--expires-in", help="how long it works, such as 12h or 90d (default: for ever)")
        listing = actions.add_parser("list", help="list tokens, those that work no more too")
        listing.add_argument("tenant", nargs="?", help="only those of this tenant")
        revoke = actions.add_parser("revoke", help="make a token useless, for good")
        revoke.add_argument("prefix", help="its beginning, as the list shows it")
        for action in (create, listing, revoke):
            action.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the action."""
        try:
            match options["action"]:
                case "create":
                    self._create(options)
                case "list":
                    self._list(options["tenant"], options["json"])
                case "revoke":
                    self._revoke(options["prefix"], options["json"])
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}") from error

    def _create(self, options: dict[str, Any]) -> None:
        expires_at = None if options["expires_in"] is None else _end(options["expires_in"])
        scopes = [Scope(name) for name in options["scope"]]
        token = unsaved_token(options["tenant"], options["name"], scopes, expires_at)
        try:
            text = create_token(token, _actor())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if options["json"]:
            self._print({**token_document(token), "token": text})
        else:
            self.stdout.write(text)
            self.stderr.write(f"{_line(token)}\nIt is not shown again.")

    def _list(self, tenant: str | None, as_json: bool) -> None:
        tokens = list_tokens(tenant)
        if as_json:
            self._print([token_document(token) for token in tokens])
            return
        for token in tokens:
            self.stdout.write(_line(token))
        self.stdout.write(f"{len(tokens)} tokens")

    def _revoke(self, prefix: str, as_json: bool) -> None:
        token = find_token_by_prefix(prefix)
        if token is None:
            raise CommandError(f"There is no token {prefix}.")
        was_live = revoke_token(token, _actor())
        if as_json:
            self._print(token_document(token))
        else:
            self.stdout.write(f"{prefix} is revoked" if was_live else f"{prefix} was revoked before")

    def _print(self, document: Any) -> None:
        self.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def _end(text: str) -> datetime:
    """Return when a token that works for so long ends."""
    try:
        return datetime.fromtimestamp(time.time() + parse_duration_ms(text) / 1000, UTC)
    except (ValueError, OverflowError) as error:
        raise CommandError(str(error)) from error


def _line(token: ApiToken) -> str:
    shown = token_document(token)
    parts = [shown["prefix"], shown["tenant"], ",".join(shown["scopes"]), repr(shown["name"])]
    parts += [f"until {shown['expires_at']}"] if shown["expires_at"] else []
    parts += [f"revoked {shown['revoked_at']}"] if shown["revoked_at"] else []
    parts.append(f"last used {shown['last_used_at']}" if shown["last_used_at"] else "never used")
    return "  ".join(parts)


def _actor() -> Actor:
    return Actor(operator_name(), "manage.py")
