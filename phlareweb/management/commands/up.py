"""``manage.py up``: the whole database on one machine, supervised in the foreground."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from phlareweb.checks import TAG, open_to_others
from phlareweb.data_dir import admin_token_path, kernels_stamp, redis_socket
from phlareweb.logs import logging_config
from phlareweb.static_files import is_collected
from phlareweb.up import kernel_stamp, probes, redis_server
from phlareweb.up.backoff import Backoff
from phlareweb.up.children import Children
from phlareweb.up.console import Console
from phlareweb.up.machine import Supervision
from phlareweb.up.plan import Options, Probe, Process, plan, shared_environment
from phlareweb.up.supervisor import Supervisor
from ring.core.findings import Weight, placement_findings, zones_given_up
from ring.core.replication import RingRules

MAX_INGESTERS = 64


class Command(BaseCommand):
    """Start Redis, web server, ingesters, worker and scheduler, and keep them running."""

    help = "Start everything on this machine and keep it running until Ctrl-C."
    #: Ours are run below, once the data directory is the right one; all would load the web side into the supervisor.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default=settings.BIND, help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=4040, help="port to listen on (default: %(default)s)")
        parser.add_argument(
            "--grpc-port", type=int, help="port for gRPC, 0 for none (default: PHLARE_GRPC_PORT or 4317)"
        )
        parser.add_argument(
            "--data-dir", type=Path, help="where everything is kept (default: PHLARE_DATA_DIR or data/)"
        )
        parser.add_argument("--ingesters", type=int, default=3, help="number of ingesters (default: %(default)s)")
        parser.add_argument("--zones", type=int, default=3, help="zones the ingesters are spread over (default: 3)")
        parser.add_argument(
            "--replication-factor",
            type=int,
            help="copies of every profile (default: 3, or as many as there are ingesters)",
        )
        parser.add_argument("--web-workers", type=int, default=1, help="web server processes (default: %(default)s)")
        parser.add_argument(
            "--profile-self", action="store_true", help="profile these processes too, as services phlareweb-*"
        )

    def handle(self, *_args: Any, **arguments: Any) -> None:
        if arguments["data_dir"] is not None:
            _restart_on(arguments["data_dir"].expanduser().absolute())
        self.check(tags=[TAG])
        options = _options(arguments)
        exposed = open_to_others(options.bind, settings.ACCESS_ENABLED)
        if exposed is not None and options.bind != settings.BIND:  # else the check has said it
            self.stdout.write(f"Warning: {exposed.message} {exposed.hint}")
        for sentence in _given_up(options):
            self.stdout.write(f"Note: {sentence}")
        is_first_start = not (options.run_dir / "up.lock").exists()
        with _lock(options.run_dir):
            if (why := _why_not_free(options.bind, options.port)) is not None:
                raise CommandError(
                    f"Cannot listen on {options.bind}, port {options.port}: {why}. Choose another with --port."
                )
            if options.grpc_port and (why := _why_not_free(options.bind, options.grpc_port)) is not None:
                self.stdout.write(
                    f"Note: gRPC is not served, because port {options.grpc_port} cannot be had: {why}. "
                    "Choose another with --grpc-port."
                )
                options = replace(options, grpc_port=0)
            _prepare_folders(options)
            if is_first_start and settings.ADMIN_TOKEN_IS_KEPT:
                self.stdout.write(f"The token of the administration is in {admin_token_path(options.data_dir)}")
            self.stdout.flush()
            code = _supervisor(plan(options), options).run()
        if code:
            sys.exit(code)


def _restart_on(data_dir: Path) -> None:
    """Start this command again with ``data_dir`` in its settings, unless they have it: they are read only once."""
    if data_dir != settings.DATA_DIR:
        os.environ["PHLARE_DATA_DIR"] = str(data_dir)
        os.execv(sys.executable, [sys.executable, *sys.argv])


def _options(arguments: dict[str, Any]) -> Options:
    """Return the options, or refuse them with a sentence."""
    ingesters, zones, workers = arguments["ingesters"], arguments["zones"], arguments["web_workers"]
    factor = arguments["replication_factor"] or min(3, ingesters)
    if not 1 <= ingesters <= MAX_INGESTERS:
        raise CommandError(f"--ingesters must be from 1 to {MAX_INGESTERS}.")
    if not 1 <= zones <= 26:
        raise CommandError("--zones must be from 1 to 26.")
    if factor < 1:
        raise CommandError("--replication-factor must be at least 1.")
    if workers < 1:
        raise CommandError("--web-workers must be at least 1.")
    return Options(
        data_dir=settings.DATA_DIR,
        bind=arguments["bind"],
        port=arguments["port"],
        grpc_port=settings.GRPC_PORT if arguments["grpc_port"] is None else arguments["grpc_port"],
        ingesters=ingesters,
        zones=zones,
        replication_factor=factor,
        web_workers=workers,
        web_threads=settings.WEB_THREADS,
        leave_timeout_seconds=settings.INGEST.leave_timeout_seconds + settings.RING.final_sleep_seconds,
        redis_command=_redis_command(settings.DATA_DIR) if settings.REDIS_IS_EMBEDDED else None,
        profiles_itself=arguments["profile_self"],
        must_migrate=_must_migrate(),
        must_compile=not kernel_stamp.is_current(kernels_stamp(settings.DATA_DIR), settings.BASE_DIR),
        must_collect=not (settings.DEBUG or is_collected()),
    )


def _given_up(options: Options) -> list[str]:
    """Return in sentences what these numbers give up. Raises CommandError for those with which no push can succeed."""
    rules = RingRules(options.replication_factor, options.is_zone_aware)
    findings = placement_findings(rules, [options.zone_of(number) for number in range(options.ingesters)])
    if not options.is_zone_aware:
        findings.append(zones_given_up(options.replication_factor, options.zones))
    for finding in findings:
        if finding.weight is Weight.IMPOSSIBLE:
            raise CommandError(finding.sentence)
    return [finding.sentence for finding in findings]


def _must_migrate() -> bool:
    """Whether the database is behind the code, or cannot say: then the migration will, in its own words."""
    try:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError:
        return True
    finally:
        connection.close()


def _redis_command(data_dir: Path) -> tuple[str, ...]:
    program = redis_server.find_server()
    if program is None:
        raise CommandError(
            "No Redis: install the requirements (they bring one), install redis-server, or set PHLARE_REDIS_URL."
        )
    work_dir = data_dir / "redis"
    command = redis_server.server_command(program, redis_socket(data_dir), work_dir, settings.REDIS_MAX_MEMORY_BYTES)
    return tuple(command)


@contextmanager
def _lock(run_dir: Path) -> Iterator[None]:
    """Hold the data directory for this process alone; the kernel lets go of it however the process ends."""
    run_dir.mkdir(parents=True, exist_ok=True)
    with open(run_dir / "up.lock", "a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise CommandError(
                f"Another up (process {holder}) runs on {run_dir.parent}; give this one its own --data-dir and --port."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _why_not_free(bind: str, port: int) -> str | None:
    """Return why nobody can listen on a port, or None. Asked before: web processes share the gRPC port, and would with
    those of another ``up``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        return str(error)
    return None


def _prepare_folders(options: Options) -> None:
    """Make what the processes expect. Metrics of earlier processes would be added up with those of the new ones."""
    shutil.rmtree(options.metrics_dir, ignore_errors=True)
    for folder in (options.metrics_dir, options.data_dir / "redis", redis_socket(options.data_dir).parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    redis_socket(options.data_dir).unlink(missing_ok=True)
    config = logging_config(settings.LOG_FORMAT, settings.LOG_LEVEL)
    options.web_log_config.write_text(json.dumps(config), encoding="utf-8")


def _supervisor(processes: list[Process], options: Options) -> Supervisor:
    names = [process.rules.name for process in processes]
    is_terminal = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    console = Console(_write_to_terminal, names, use_colour=is_terminal)
    return Supervisor(
        processes,
        Supervision([process.rules for process in processes], Backoff(), random.random),
        Children(settings.BASE_DIR, console.output),
        console,
        {**os.environ, **shared_environment(options)},
        {
            Probe.RUNS: lambda: True,
            Probe.REDIS: lambda: probes.redis_answers(redis_socket(options.data_dir)),
            Probe.WEB: probes.Background(lambda: probes.web_is_ready(f"{options.url}/ready")),
        },
        f"phlareweb is ready at {options.url}",
    )


def _write_to_terminal(data: bytes) -> None:
    """Write what the processes say; a reader that went away must not take the database with it."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  lives as long as the process
