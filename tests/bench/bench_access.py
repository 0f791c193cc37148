"""What limits, inbox and access control cost a push: ``python -m tests.bench.bench_access [--with limits access]``.

Two web servers of one cluster, one with everything on and one with it off, are pushed to in turns, so that whatever
else the machine does hits both. The goal is a ratio of CPU, over all processes that a push passes; that of the web
server alone stands beside it. ``--with`` and nothing compares two equal servers, which shows how far to trust the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import psutil

from tests.bench.load import recorded_profile, requests, run
from tests.integration.cluster.cluster import ROOT, Cluster, clean_environment, free_port, wait_for

GOAL = "<= 1.10"
CONNECTIONS = 16
#: At most so many pushes a second are made ready for a turn.
PUSHES_A_SECOND_AT_MOST = 2000
WARM_SECONDS = 0.2


@dataclass(frozen=True)
class Feature:
    """Something that can be switched by variables."""

    on: Mapping[str, str]
    off: Mapping[str, str]
    needs_token: bool = False


FEATURES = {
    "limits": Feature(
        on={"PHLARE_LIMIT_INGESTION_RATE_BYTES_PER_SECOND": "1GiB"},
        off={"PHLARE_LIMIT_INGESTION_RATE_BYTES_PER_SECOND": "0", "PHLARE_LIMIT_MAX_GLOBAL_SERIES_PER_TENANT": "0"},
    ),
    "inbox": Feature(on={"PHLARE_INBOX_ROWS": "100"}, off={"PHLARE_INBOX_ROWS": "0"}),
    "access": Feature(on={"PHLARE_ACCESS_ENABLED": "1"}, off={"PHLARE_ACCESS_ENABLED": "0"}, needs_token=True),
}


@dataclass
class Server:
    """One of the two web servers, and what was measured of it."""

    port: int
    process: psutil.Process
    headers: str = ""  #: further lines of each request
    pushes: int = 0
    web_seconds: float = 0.0  #: CPU of this server
    all_seconds: float = 0.0  #: CPU of all processes that a push passes
    latencies: list[float] = field(default_factory=list)

    def ms_a_push(self, seconds: float) -> float:
        """Return milliseconds of CPU a push."""
        return seconds * 1e3 / max(1, self.pushes)


def show(name: str, value: float, unit: str, goal: str = "") -> None:
    """Print one figure."""
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "goal": goal}), flush=True)


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds used so far by a process and those below it."""
    times = [one.cpu_times() for one in [process, *process.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


@contextmanager
def second_server(cluster: Cluster, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run one more web server of the cluster; it differs in these variables."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "phlareweb.wsgi:application", "--interface", "wsgi", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "48"]
    command += ["--loop", "asyncio", "--no-access-log"]
    shared = {
        "DJANGO_SETTINGS_MODULE": "phlareweb.settings",
        "PHLARE_DATA_DIR": str(cluster.data_dir),
        "PHLARE_ROLE": "web",
        "PHLARE_GRPC_PORT": "0",
        "PHLARE_REPLICATION_FACTOR": "1",
        "PHLARE_LOG_LEVEL": "warning",
        "PROMETHEUS_MULTIPROC_DIR": str(cluster.data_dir / "metrics"),
        "MALLOC_ARENA_MAX": "2",
    }
    with (cluster.data_dir / "second.log").open("ab") as log:
        started = subprocess.Popen(
            command, cwd=ROOT, env={**clean_environment(), **shared, **environment}, stdout=log, stderr=log
        )
    try:
        probe = Cluster(cluster.data_dir, port=port)
        wait_for(lambda: answers(probe), 120, f"the second server is ready (see {cluster.data_dir / 'second.log'})")
        yield Server(port, psutil.Process(started.pid))
    finally:
        started.terminate()
        started.wait(30)


def answers(server: Cluster) -> bool:
    """Whether a server takes pushes."""
    try:
        return server.request("GET", "/ready", timeout_seconds=5)[0] == 200
    except OSError:
        return False


def take_turn(server: Server, others: Sequence[psutil.Process], seconds: float) -> None:
    """Push to one server for a while and note what it cost."""
    made = requests(recorded_profile(), time.time_ns(), server.headers)
    ready = [next(made) for _ in range(round((seconds + WARM_SECONDS) * PUSHES_A_SECOND_AT_MOST))]
    before: list[float] = []

    def begin() -> None:
        before.extend((cpu_seconds(server.process), sum(map(cpu_seconds, others))))

    found = run(server.port, CONNECTIONS, ready, WARM_SECONDS, seconds, begin)
    web, rest = cpu_seconds(server.process) - before[0], sum(map(cpu_seconds, others)) - before[1]
    assert set(found["statuses"]) == {200}, found["statuses"]
    server.pushes += len(found["latencies"])
    server.web_seconds += web
    server.all_seconds += web + rest
    server.latencies += found["latencies"]


def bench(folder: Path, names: Sequence[str], rounds: int, seconds: float) -> None:
    """Push in turns and print the ratios."""
    features = [FEATURES[name] for name in names]
    on = {name: value for feature in features for name, value in feature.on.items()}
    off = {name: value for feature in FEATURES.values() for name, value in feature.off.items()}
    cluster = Cluster(
        folder / "cluster",
        arguments=("--ingesters=1", "--replication-factor=1"),
        environment={**off, "PHLARE_LOG_LEVEL": "warning"},
    )
    try:
        cluster.start()
        headers = ""
        if any(feature.needs_token for feature in features):
            token = cluster.manage("tokens", "create", "anonymous", "--name", "bench", "--scope", "push", "--json")
            headers = f"Authorization: Bearer {json.loads(token)['token']}\r\n"
        pids = cluster.processes()
        plain = Server(cluster.port, psutil.Process(min(pids["web"])))
        others = [psutil.Process(min(pids[role])) for role in ("redis", "ingester-0")]
        with second_server(cluster, {**off, **on}) as full:
            full.headers = headers
            for server in (plain, full):
                take_turn(replace(server), others, 1.0)  # opens connections and heads; not counted
            for number in range(rounds):
                for server in (plain, full) if number % 2 else (full, plain):
                    take_turn(server, others, seconds)
        report(" + ".join(names) or "nothing", plain, full)
    finally:
        cluster.kill_everything()


def report(what: str, plain: Server, full: Server) -> None:
    """Print what a push cost with and without."""
    show("a push without: CPU of all processes", plain.ms_a_push(plain.all_seconds), "ms")
    show(f"a push with {what}: CPU of all processes", full.ms_a_push(full.all_seconds), "ms")
    ratio = full.ms_a_push(full.all_seconds) / plain.ms_a_push(plain.all_seconds)
    show(f"{what}: CPU of all processes a push, against without", ratio, "times", GOAL)
    web = full.ms_a_push(full.web_seconds) / plain.ms_a_push(plain.web_seconds)
    show(f"{what}: CPU of the web server a push, against without", web, "times")
    medians = [float(np.median(server.latencies)) for server in (plain, full)]
    show(f"{what}: median latency, against without", medians[1] / medians[0], "times")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--with", dest="features", nargs="*", choices=list(FEATURES), default=list(FEATURES))
    parser.add_argument("--rounds", type=int, default=10, help="turns of each server")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of a turn")
    arguments = parser.parse_args()
    os.environ.pop("PHLARE_DATA_DIR", None)
    with tempfile.TemporaryDirectory(prefix="phlareweb-bench-") as name:
        bench(Path(name), arguments.features, arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
