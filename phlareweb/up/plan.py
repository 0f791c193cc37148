"""What ``up`` runs: each process with its command, environment, probe and place in the order of start and stop."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from phlareweb.up.machine import Rules

#: Migrating, compiling, collecting and starting Redis need nothing of each other; all others need them. Kernels for
#: formats that only some clients send are compiled while the server serves.
_STAGE_PREPARE, _STAGE_SERVE, _STAGE_LATER = range(3)
#: Pushes end first, then periodic work, then the work on blocks; ingesters have to find Redis until they left the ring.
_STOP_WEB, _STOP_BEAT, _STOP_WORKER, _STOP_INGESTERS, _STOP_REDIS = range(5)

WEB_STOP_SECONDS = 15.0
WORKER_STOP_SECONDS = 30.0
#: Beyond the time an ingester has to flush: to end its tasks and to leave the ring.
INGESTER_STOP_MARGIN_SECONDS = 15.0


class Probe(StrEnum):
    """How a started process is found ready."""

    RUNS = "runs"
    REDIS = "redis"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator chose on the command line, and the settings the supervisor needs."""

    data_dir: Path
    bind: str
    port: int
    grpc_port: int  #: 0 = gRPC is not served
    ingesters: int
    zones: int
    replication_factor: int
    web_workers: int
    web_threads: int
    leave_timeout_seconds: float  #: the final sleep included
    #: Command of the embedded Redis, or None when another one is configured.
    redis_command: tuple[str, ...] | None
    #: Whether the catalogue has to be brought up to date, the kernels compiled and the static files collected. A
    #: process of its own takes seconds to find that out, so the supervisor does.
    must_migrate: bool = True
    must_compile: bool = True
    must_collect: bool = True
    #: Whether every process is profiled by ``phlareweb.agent`` and pushes what it does to this web server.
    profiles_itself: bool = False

    @property
    def is_zone_aware(self) -> bool:
        """Whether copies go to different zones. With fewer zones than copies, one copy a zone would be too few."""
        return self.zones >= self.replication_factor

    def zone_of(self, number: int) -> str:
        """Return the zone of an ingester."""
        return f"zone-{chr(ord('a') + number % self.zones)}"

    @property
    def metrics_dir(self) -> Path:
        """Where all processes keep their metrics for ``/metrics`` to add up. Wiped at each start."""
        return self.data_dir / "metrics"

    @property
    def run_dir(self) -> Path:
        """Where the lock lies and what is written for the processes."""
        return self.data_dir / "run"

    @property
    def web_log_config(self) -> Path:
        """The web server's logging configuration."""
        return self.run_dir / "web-logging.json"

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the plan."""

    rules: Rules
    command: tuple[str, ...]
    probe: Probe = Probe.RUNS
    #: Variables of this process beyond those all share.
    environment: Mapping[str, str] = field(default_factory=dict)


def plan(options: Options) -> list[Process]:
    """Return the processes in the order they are shown."""
    processes = [
        *([_task("migrate", "migrate", "--verbosity", "0", "--skip-checks")] if options.must_migrate else []),
        *([_task("kernels", "compile_kernels", "--core")] if options.must_compile else []),
        *([_task("static", "collect_static")] if options.must_collect else []),
        _web(options),
        *(_ingester(number, options) for number in range(options.ingesters)),
        _worker(),
        _beat(),
        *([_formats()] if options.must_compile else []),
    ]
    if options.profiles_itself:
        processes = [_profiled(process, options) for process in processes]
    return [_redis(options.redis_command), *processes] if options.redis_command else processes


def _profiled(process: Process, options: Options) -> Process:
    role = process.environment.get("PHLARE_ROLE")
    if role is None:
        return process
    profiled = {
        "PHLARE_AGENT_URL": options.url,
        "PHLARE_AGENT_APPLICATION": f"phlareweb-{role}",
        # Pushes go around the middleware, and an ingester at rest is worth seeing as well.
        "PHLARE_AGENT_START": "at-once",
    }
    return replace(process, environment={**process.environment, **profiled})


def shared_environment(options: Options) -> dict[str, str]:
    """Return the variables that every process gets."""
    return {
        "DJANGO_SETTINGS_MODULE": "phlareweb.settings",
        "PHLARE_DATA_DIR": str(options.data_dir),
        "PHLARE_BIND": options.bind,
        "PHLARE_REPLICATION_FACTOR": str(options.replication_factor),
        "PHLARE_RING_ZONE_AWARENESS_ENABLED": str(int(options.is_zone_aware)),
        "PROMETHEUS_MULTIPROC_DIR": str(options.metrics_dir),
        "PYTHONUNBUFFERED": "1",
        # Threads that each get an arena of malloc's own make idle processes larger for nothing.
        "MALLOC_ARENA_MAX": "2",
        # Columns of heads come and go in megabytes. From maps of their own they go back to the machine at once; left to
        # itself, malloc moves them to its heap after the first is freed, where the gaps stay.
        "MALLOC_MMAP_THRESHOLD_": str(512 * 1024),
        "MALLOC_TRIM_THRESHOLD_": str(4 * 1024 * 1024),
    }


def _task(name: str, *arguments: str) -> Process:
    rules = Rules(name, start_stage=_STAGE_PREPARE, stop_stage=_STOP_WEB, is_task=True)
    return Process(rules, (sys.executable, "manage.py", *arguments))


def _formats() -> Process:
    rules = Rules("formats", _STAGE_LATER, _STOP_WEB, is_task=True, is_needed=False)
    return Process(rules, (sys.executable, "manage.py", "compile_kernels", "--low-priority"))


def _redis(command: tuple[str, ...]) -> Process:
    return Process(Rules("redis", _STAGE_PREPARE, _STOP_REDIS), command, Probe.REDIS)


def _web(options: Options) -> Process:
    command = [sys.executable, "-m", "granian", "phlareweb.wsgi:application", "--interface", "wsgi", "--no-ws"]
    command += ["--host", options.bind, "--port", str(options.port), "--workers", str(options.web_workers)]
    # Granian's own default of hundreds of threads fights over the interpreter's lock.
    command += ["--blocking-threads", str(options.web_threads), "--loop", "asyncio", "--no-access-log"]
    command += ["--log-config", str(options.web_log_config), "--workers-kill-timeout", f"{WEB_STOP_SECONDS - 3:g}s"]
    if options.web_workers > 1:
        command.append("--respawn-failed-workers")
    environment = {
        "PHLARE_ROLE": "web",
        "PHLARE_GRPC_BIND": options.bind,
        "PHLARE_GRPC_PORT": str(options.grpc_port),
    }
    rules = Rules("web", _STAGE_SERVE, _STOP_WEB, stop_timeout_seconds=WEB_STOP_SECONDS)
    return Process(rules, tuple(command), Probe.WEB, environment)


def _celery(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "phlareweb.celery_main", *arguments)


def _celery_worker(name: str, queues: str, *pool: str) -> tuple[str, ...]:
    """A worker that talks to nobody but its queues: gossip, mingle and heartbeats have no reader here."""
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return _celery("worker", "-n", f"{name}@%h", "-Q", queues, *pool, *quiet)


def _ingester(number: int, options: Options) -> Process:
    """One ingester: a worker of a single process, because the heads live in its memory."""
    name = f"ingester-{number}"
    timeout = options.leave_timeout_seconds + INGESTER_STOP_MARGIN_SECONDS
    return Process(
        Rules(name, _STAGE_SERVE, _STOP_INGESTERS, stop_timeout_seconds=timeout),
        _celery_worker(name, f"ingester.{name},ingester.{name}.read", "-P", "solo"),
        environment={"PHLARE_ROLE": "ingester", "PHLARE_INSTANCE_ID": name, "PHLARE_ZONE": options.zone_of(number)},
    )


def _worker() -> Process:
    rules = Rules("worker", _STAGE_SERVE, _STOP_WORKER, stop_timeout_seconds=WORKER_STOP_SECONDS)
    command = _celery_worker("worker", "phlare.general,phlare.blocks", "-P", "threads", "-c", "2")
    return Process(rules, command, environment={"PHLARE_ROLE": "worker"})


def _beat() -> Process:
    command = _celery("beat", "--pidfile=")
    return Process(Rules("beat", _STAGE_SERVE, _STOP_BEAT), command, environment={"PHLARE_ROLE": "beat"})
