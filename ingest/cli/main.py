"""The command ``phlare``: the database from a terminal and from scripts."""

from __future__ import annotations

import click

from ingest.cli import reading, watching
from ingest.cli.doctor import doctor
from ingest.cli.pushing import push
from ingest.cli.tokens import tokens


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Push profiles to phlareweb, ask it, and find out why there is no data.

    Every command talks to the server at --url (PHLARE_URL), with --token (PHLARE_TOKEN) where it asks for one, and
    answers in JSON with --json. Exit codes: 0 done, 1 refused, 2 wrong use, 3 no server.
    """


for command in (
    push,
    reading.types,
    reading.query,
    reading.top,
    reading.diff,
    reading.export,
    watching.tail,
    doctor,
    watching.limits,
    tokens,
):
    cli.add_command(command)
