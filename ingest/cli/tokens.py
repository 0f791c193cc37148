"""``phlare tokens``: the API tokens of a tenant."""

from __future__ import annotations

from typing import Any

import click

from ingest.cli.context import Context, server_options
from ingest.cli.output import say_json, table


@click.group()
def tokens() -> None:
    """Make, list and revoke API tokens. It takes a token with the scope admin, or that of the administration."""


@tokens.command("create")
@click.argument("name")
@click.option("--scopes", default="push", show_default=True, help="Any of push, query and admin, separated by commas.")
@click.option("--expires-in", default="", help="How long it works, such as 90d; default for ever.")
@server_options
def create(context: Context, name: str, scopes: str, expires_in: str) -> None:
    """Make a token called NAME, after the agent that will have it. It is shown this once."""
    parameters = [("name", name), ("scopes", scopes), *([("expires_in", expires_in)] if expires_in else [])]
    answer = context.server().request("POST", "/api/v1/tokens", parameters)
    if answer.status != 201:
        raise answer.refusal
    made = answer.document()
    if context.as_json:
        say_json(made)
    else:
        click.echo(made["token"])
        click.echo("Keep it now: it is never shown again. It works within seconds.", err=True)


@tokens.command("list")
@server_options
def list_tokens(context: Context) -> None:
    """List the tokens of the tenant, those that work no more too."""
    answer = context.server().get("/api/v1/tokens")
    if context.as_json:
        say_json(answer)
        return
    rows = [[_text(one.get(column)) for column in _COLUMNS] for one in answer["tokens"]]
    click.echo(table(list(_COLUMNS), rows))


@tokens.command("revoke")
@click.argument("prefix")
@server_options
def revoke(context: Context, prefix: str) -> None:
    """Revoke the token that begins with PREFIX, for good."""
    answer = context.server().request("DELETE", f"/api/v1/tokens/{prefix}")
    if answer.status != 200:
        raise answer.refusal
    if context.as_json:
        say_json(answer.document())
    else:
        click.echo(f"{prefix} is revoked; every process refuses it within seconds.")


_COLUMNS = ("prefix", "name", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at")


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "-")
