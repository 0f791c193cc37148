"""``manage.py compile_kernels``: compile every numeric kernel into the cache, so that no process has to later."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from numba.core.dispatcher import Dispatcher

from ingest.profiles import jit
from phlareweb.data_dir import kernels_stamp
from phlareweb.up import kernel_stamp

#: Below this a filled cache was only checked, which is not worth a line.
_SILENT_SECONDS = 2.0
_BAR_WIDTH = 20


class Command(BaseCommand):
    """Compile the numeric kernels."""

    help = (
        "Compile the numeric kernels into their cache. The first time takes about half a minute, later ones a second."
    )
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        names = jit.kernel_modules()
        started = time.monotonic()

        def progress(name: str) -> None:
            if time.monotonic() - started > _SILENT_SECONDS:
                done = names.index(name) * _BAR_WIDTH // len(names)
                bar = "#" * done + "." * (_BAR_WIDTH - done)
                self.stdout.write(f"compiling [{bar}] {names.index(name) + 1}/{len(names)} {name}")
                self.stdout.flush()

        jit.warm_up_all(progress)
        kernel_stamp.write(kernels_stamp(settings.DATA_DIR), settings.BASE_DIR, _cache_folders(names))
        took = time.monotonic() - started
        if took > _SILENT_SECONDS:
            self.stdout.write(f"compiled [{'#' * _BAR_WIDTH}] in {took:.0f} s")


def _cache_folders(modules: list[str]) -> set[Path]:
    """Return where the compiler keeps the kernels of loaded modules."""
    values = [value for name in modules for value in vars(sys.modules[name]).values()]
    return {
        Path(value.stats.cache_path) for value in values if isinstance(value, Dispatcher) and value.stats.cache_path
    }
