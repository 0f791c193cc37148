"""Celery's ``worker`` and ``beat`` commands by themselves: ``python -m phlareweb.celery_main worker -P solo ...``.

``celery -A phlareweb worker ...`` does the same. It also loads every other command of Celery's, and with them a library
for interactive shells: 13 MiB and a tenth of a second for each of five processes that never open one.
"""

from __future__ import annotations

import click
from celery.bin.base import CLIContext
from celery.bin.beat import beat
from celery.bin.worker import worker

from phlareweb.celery import app


def main() -> None:
    """Run the command that the arguments name."""
    commands = click.Group("celery", commands={"worker": worker, "beat": beat})
    commands(obj=CLIContext(app=app, no_color=True, workdir=None, quiet=True), auto_envvar_prefix="CELERY")


if __name__ == "__main__":
    main()
