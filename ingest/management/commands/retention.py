"""``manage.py retention``: what the next rounds of retention delete, or would delete with another period."""

from __future__ import annotations

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from ingest.adapters.retention_preview import limits_in_force, preview, tenants_with_blocks
from ingest.profiles.limit_rules import retention_contradiction
from ingest.profiles.limit_table import NotALimit, format_limit, parse_limit
from ingest.retention.preview import PERIOD, sentences

_EXAMPLES = """
Nothing is deleted or saved by this command: general workers do that, by the settings of `manage.py tenant` and by
their PHLARE_LIMIT_COMPACTOR_BLOCKS_RETENTION_PERIOD. Run it with the same variables as they have.

examples:
  manage.py retention preview
  manage.py retention preview --tenant team-a
  manage.py retention preview --tenant team-a --period 30d
"""


class Command(BaseCommand):
    """Previews retention."""

    help = "Show which blocks retention hides and deletes next, by the periods in force or by another one."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Keep the lines of the examples."""
        kwargs.update(epilog=_EXAMPLES, formatter_class=RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the action."""
        parser.add_argument("action", choices=["preview"], help="what to do")
        parser.add_argument("--tenant", help="only this tenant; otherwise every one with blocks")
        parser.add_argument("--period", help="as if this were the period, such as 30d; 0 is for ever")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the preview of one tenant or of all."""
        try:
            for tenant in [options["tenant"]] if options["tenant"] else tenants_with_blocks():
                self._show(tenant, options["period"])
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}") from error

    def _show(self, tenant: str, text: str | None) -> None:
        limits = limits_in_force(tenant)
        if text is not None:
            parsed = parse_limit(PERIOD, text)
            if isinstance(parsed, NotALimit):
                raise CommandError(parsed.message)
            limits = replace(limits, compactor_blocks_retention_period_ns=int(parsed))
        wrong = retention_contradiction(limits, round(settings.INGEST.held_seconds * 1e9))
        if wrong is not None:
            if text is not None:
                raise CommandError(wrong)
            self.stdout.write(f"{tenant}: nothing is deleted. {wrong}")
            return
        period_ns = limits.compactor_blocks_retention_period_ns
        self.stdout.write(f"{tenant}: kept {f'for {format_limit(PERIOD, period_ns)}' if period_ns else 'for ever'}")
        for sentence in sentences(preview(tenant, period_ns)):
            self.stdout.write(f"  {sentence}")
