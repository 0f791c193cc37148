"""Real Celery workers that must not become ingesters: each says why in one sentence and ends with an error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import ROOT, clean_environment, wait_for
from tests.integration.ring.conftest import Server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

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
    workers: list[Worker]

    def start(self, *pool: str, instance: str = "ingester-0") -> Worker:
        environment = {
            **clean_environment(),
            "DJANGO_SETTINGS_MODULE": "phlareweb.settings",
            "PHLARE_DATA_DIR": str(self.folder / "data"),
            "PHLARE_REDIS_URL": f"unix://{self.redis.socket}",
            "PHLARE_ROLE": "ingester",
            "PHLARE_REPLICATION_FACTOR": "1",
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
    made = Machine(tmp_path, server, [])
    yield made
    for worker in made.workers:
        if worker.process.poll() is None:
            os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait()


def test_a_pool_of_processes_is_refused_because_each_would_hold_a_part_of_the_heads(machine: Machine) -> None:
    worker = machine.start("-P", "prefork", "-c", "2")
    assert worker.end() != 0
    said = worker.path.read_text()
    assert "An ingester cannot run in the prefork pool" in said
    assert "-P solo" in said
    assert not (machine.folder / "data" / "ingesters").exists(), "nothing was opened"


def test_an_ingester_without_a_name_is_refused(machine: Machine) -> None:
    worker = machine.start("-P", "solo", instance="")
    assert worker.end() != 0
    assert "set PHLARE_INSTANCE_ID" in worker.path.read_text()
    assert not (machine.folder / "data" / "ingesters").exists(), "nothing was opened"


def test_a_second_ingester_on_the_same_data_is_refused_until_the_first_is_killed(machine: Machine) -> None:
    first = machine.start("-P", "solo")
    wait_for(first.serves, 120, "the first ingester serves")
    second = machine.start("-P", "solo")
    assert second.end() != 0
    said = second.path.read_text()
    assert f"{machine.folder / 'data' / 'ingesters' / 'ingester-0'} is in use by process {first.process.pid}" in said
    assert not second.serves()
    assert first.process.poll() is None, "the first goes on"
    os.killpg(first.process.pid, signal.SIGKILL)
    first.process.wait()
    third = machine.start("-P", "solo")
    wait_for(third.serves, 120, "an ingester serves after the kill")
