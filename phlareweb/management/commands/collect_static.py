"""``manage.py collect_static``: static files under names that hold a digest of their content, and compressed."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from phlareweb import static_files


class Command(BaseCommand):
    """Collect the static files below the data directory. Nothing needs it; browsers then keep the files for good."""

    help = "Copy all static files below the data directory, named by their content and compressed, unless they are."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        if static_files.is_collected():
            self.stdout.write("The static files are collected.")
            return
        call_command("collectstatic", interactive=False, clear=True, verbosity=0, skip_checks=True)
        static_files.write_stamp()
