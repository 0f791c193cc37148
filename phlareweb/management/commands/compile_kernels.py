"""``manage.py compile_kernels``: compile every numeric kernel into the cache, so that no process has to later."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from numba.core.dispatcher import Dispatcher

from ingest.profiles import jit
from phlareweb.data_dir import kernels_stamp
from phlareweb.up import kernel_stamp

#: Below this a filled cache was only checked, which is not worth a line.
_SILENT_SECONDS = 2.0
_BAR_WIDTH = 20
_LOWEST_PRIORITY = 19


class Command(BaseCommand):
    """Compile the numeric kernels."""

    help = (
        "Compile the numeric kernels into their cache. The first time takes about half a minute, later ones a second."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--core", action="store_true", help="only what every push and query needs")
        parser.add_argument("--low-priority", action="store_true", help="give way to everything else on the machine")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["low_priority"]:
            os.nice(_LOWEST_PRIORITY)
        started = time.monotonic()
        if options["core"]:
            self._compile_side_by_side(jit.core_kernel_modules(), started)
        else:
            self._compile_everything(started)
        took = time.monotonic() - started
        if took > _SILENT_SECONDS:
            self.stdout.write(f"compiled [{'#' * _BAR_WIDTH}] in {took:.0f} s")

    def _compile_everything(self, started: float) -> None:
        names = jit.kernel_modules()
        self._compile_side_by_side(names, started)
        jit.warm_up_all()  # from the cache; also loads every module here, which tells where the cache lies
        kernel_stamp.write(kernels_stamp(settings.DATA_DIR), settings.BASE_DIR, _cache_folders(names))

    def _compile_side_by_side(self, names: list[str], started: float) -> None:
        """Fill the cache with one process a core: the compiler uses one core only."""
        order = sorted(names, key=_source_bytes, reverse=True)  # the longest compile longest, so they go first
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(len(names), os.cpu_count() or 1), mp_context=spawn) as pool:
            running = [pool.submit(jit.warm_up_module, name) for name in order]
            for number, finished in enumerate(as_completed(running), 1):
                name = finished.result()
                if time.monotonic() - started > _SILENT_SECONDS:
                    done = number * _BAR_WIDTH // len(names)
                    bar = "#" * done + "." * (_BAR_WIDTH - done)
                    self.stdout.write(f"compiling [{bar}] {number}/{len(names)} {name}")
                    self.stdout.flush()


def _source_bytes(module: str) -> int:
    return settings.BASE_DIR.joinpath(*module.split(".")).with_suffix(".py").stat().st_size


def _cache_folders(modules: list[str]) -> set[Path]:
    """Return where the compiler keeps the kernels of loaded modules."""
    values = [value for name in modules for value in vars(sys.modules[name]).values()]
    return {
        Path(value.stats.cache_path) for value in values if isinstance(value, Dispatcher) and value.stats.cache_path
    }
