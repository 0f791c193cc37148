"""Real Celery workers of one ingester each, on a real Redis of the test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import ROOT, clean_environment
from tests.integration.ring.conftest import Server, server

__all__ = ["server"]

SERVING = "ingester_serving"


@dataclass
class Worker:
    """A worker process that believes to be an ingester, and its log."""

    process: subprocess.Popen[bytes]
    path: Path

    def events(self) -> list[dict[str, object]]:
        """Return the events of the log so far, the exceptions of Celery's own lines included as text."""
        return [json.loads(line) for line in self.path.read_text().splitlines() if line.startswith("{")]

    def serves(self) -> bool:
        """Whether it takes pushes."""
        return any(event["event"] == SERVING for event in self.events())

    def end(self) -> int:
        """Wait for its end; returns the exit code."""
        return self.process.wait(120)


@dataclass
class Machine:
    """A data directory, a Redis, and the workers started there."""

    folder: Path
    redis: Server
    workers: list[Worker] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def start(self, *pool: str, instance: str = "ingester-0") -> Worker:
        environment = {
            **clean_environment(),
            "DJANGO_SETTINGS_MODULE": "phlareweb.settings",
            "PHLARE_DATA_DIR": str(self.folder / "data"),
            "PHLARE_REDIS_URL": f"unix://{self.redis.socket}",
            "PHLARE_ROLE": "ingester",
            "PHLARE_REPLICATION_FACTOR": "1",
            **self.settings,
            **({"PHLARE_INSTANCE_ID": instance} if instance else {}),
        }
        queues = f"ingester.{instance},ingester.{instance}.read"
        command = [sys.executable, "-m", "celery", "-A", "phlareweb", "--quiet", "worker", "-n", f"{instance}@%h"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        path = self.folder / f"worker-{len(self.workers)}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                [*command, "-Q", queues, *pool, *quiet],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.workers.append(Worker(process, path))
        return self.workers[-1]


@pytest.fixture
def machine(tmp_path: Path, server: Server) -> Iterator[Machine]:
    made = Machine(tmp_path, server)
    yield made
    for worker in made.workers:
        if worker.process.poll() is None:
            os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
