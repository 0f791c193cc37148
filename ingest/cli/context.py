"""What all commands share: the server, and how they answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from ingest.cli.server import Server

DEFAULT_URL = "http://127.0.0.1:4040"


@dataclass(frozen=True, slots=True)
class Context:
    """The options that stand before a command or after it."""

    url: str = DEFAULT_URL
    token: str = ""
    tenant: str = ""
    as_json: bool = False

    def server(self, **more: Any) -> Server:
        """Return the server to talk to."""
        return Server(self.url, self.token, self.tenant, **more)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every command has; the command gets them as its ``context``."""

    @wraps(command)
    def run(url: str, token: str, tenant: str, as_json: bool, **more: Any) -> Any:
        return command(context=Context(url, token, tenant, as_json), **more)

    described = run
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs."),
        click.option("--tenant", envvar="PHLARE_TENANT", default="", help="Tenant, where several are served."),
        click.option("--token", envvar="PHLARE_TOKEN", default="", help="Token, where the server asks for one."),
        click.option(
            "--url", envvar="PHLARE_URL", default=DEFAULT_URL, show_default=True, help="Address of the server."
        ),
    ):
        described = option(described)
    return described
