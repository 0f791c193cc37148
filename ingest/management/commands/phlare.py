"""``manage.py phlare``: the command ``phlare``, where it is not installed."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from ingest.cli.main import cli


class Command(BaseCommand):
    """Passes everything on; the options are those of ``phlare``, not of Django."""

    help = "The command phlare: push, query, diff, top, export, tail, doctor, limits, tokens."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Run with the arguments as they are."""
        cli(args=argv[2:], prog_name="manage.py phlare")
