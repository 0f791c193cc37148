"""``phlare tail``: what becomes of pushes, as it happens; ``phlare limits``: what a tenant may use, and uses."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import click

from ingest.cli.context import Context, server_options
from ingest.cli.output import amount, printable, say_json, table

#: Pause between two looks; a row appears within a second of its push.
PERIOD_SECONDS = 1.0

_COLOURS = {"accepted": "green", "empty": "yellow", "clipped": "yellow", "rejected": "red", "failed": "red"}


@click.command()
@click.option("--trouble", is_flag=True, help="Only what somebody should look at.")
@click.option("--service", "service_name", default="", help="Only this service.")
@click.option("--once", is_flag=True, help="Show what there is and end.")
@server_options
def tail(context: Context, trouble: bool, service_name: str, once: bool) -> None:
    """Follow the push inbox: who pushes what, and what became of it, until Ctrl-C.

    With --json each row is an object on a line of its own.
    """
    wanted = [("trouble", "true")] if trouble else []
    wanted += [("service_name", service_name)] if service_name else []
    server = context.server()
    cursor = 0
    try:
        while True:
            answer = server.get("/api/v1/inbox", [*wanted, ("after", str(cursor)), ("limit", "1000")])
            if not answer["enabled"]:
                raise click.ClickException("This server keeps no inbox (PHLARE_INBOX_ROWS is 0).")
            for row in reversed(answer["rows"]):
                say_json_line(row) if context.as_json else click.echo(row_line(row))
            cursor = max(cursor, answer["cursor"])
            if once:
                return
            time.sleep(PERIOD_SECONDS)
    except KeyboardInterrupt:
        return


@click.command()
@server_options
def limits(context: Context) -> None:
    """Show the limits of the tenant, and how much of each is used now."""
    answer = context.server().get("/api/v1/limits")
    if context.as_json:
        say_json(answer)
        return
    rows = [
        [one["name"], one["shown"].partition("\n")[0], used(one), "default" if one["own"] is None else "tenant"]
        for one in answer["limits"]
    ]
    click.echo(f"tenant {printable(answer['tenant'])}")
    click.echo(table(["limit", "in force", "used", "from"], rows, right=(1, 2)))


def used(row: dict[str, Any]) -> str:
    """Return how much of a limit is taken, where that is counted."""
    return "-" if row["used"] is None else amount(row["used"], row["unit"])


def row_line(row: dict[str, Any]) -> str:
    """Return a row of the inbox as a line: when, verdict, source, what, and why in words."""
    at = datetime.fromtimestamp(row["last_ms"] / 1000, UTC).astimezone().strftime("%H:%M:%S")
    verdict = click.style(f"{row['verdict']:<8}", fg=_COLOURS.get(row["verdict"]))
    source = " ".join(part for part in (row["client"], row["version"]) if part) or row["door"]
    what = ":".join(part for part in (row["service_name"], row["profile"]) if part) or "-"
    count = f" x{row['count']}" if row["count"] > 1 else ""
    said = "; ".join(row["words"]) or (f"{row['samples']} samples, {amount(row['raw_bytes'], 'bytes')}")
    return f"{at} {verdict} {printable(what)} from {printable(source)}{count}: {printable(said)}"


def say_json_line(row: dict[str, Any]) -> None:
    """Print a row as one line of JSON."""
    click.echo(json.dumps(row, ensure_ascii=False))
