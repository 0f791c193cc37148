"""``manage.py up`` as an operator sees it: the whole database from one command."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS, STOP_SECONDS = 120.0, 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Up:
    """One run of the command and what it has written so far."""

    def __init__(self, data_dir: Path, output: Path, *options: str) -> None:
        self.port = free_port()
        self._output = output
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PHLARE_")}
        with output.open("wb") as stream:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "manage.py",
                    "up",
                    "--port",
                    str(self.port),
                    "--grpc-port",
                    "0",
                    "--data-dir",
                    str(data_dir),
                    *options,
                ],
                cwd=ROOT,
                env={**clean, "DJANGO_SETTINGS_MODULE": "phlareweb.settings"},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self._output.read_text()

    def wait_for(self, pattern: str, times: int = 1) -> None:
        deadline = time.monotonic() + START_SECONDS
        while len(re.findall(pattern, self.text(), re.MULTILINE)) < times:
            assert self.process.poll() is None, f"up ended:\n{self.text()}"
            assert time.monotonic() < deadline, f"{pattern!r} was not written {times} times:\n{self.text()}"
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        self.wait_for(rf"phlareweb is ready at http://127\.0\.0\.1:{self.port} ")

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return int(response.status)

    def processes(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def find(self, part: str) -> psutil.Process:
        (found,) = [process for process in self.processes() if part in " ".join(process.cmdline())]
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Return a function that runs the command on the test's data directory with one ingester, to be quick."""
    runs: list[Up] = []

    def start(*options: str) -> Up:
        options = options or ("--ingesters", "1")
        runs.append(Up(tmp_path / "data", tmp_path / f"output-{len(runs)}", *options))
        return runs[-1]

    yield start
    for run in runs:
        run.process.kill()
        run.process.wait()


def test_it_gets_ready_and_ends_from_the_door_inwards(start):
    up = start("--ingesters", "2", "--replication-factor", "3")
    up.wait_until_ready()
    assert "Note: The replication factor is 3 but the ring has 2 instances: only 2 copies" in up.text()
    token = Path(re.findall(r"The token of the administration is in (.+)", up.text())[0])
    assert len(token.read_text().strip()) >= 50
    assert up.get("/ready") == 200
    children = up.processes()
    assert up.stop() == 0, up.text()
    assert psutil.wait_procs(children, timeout=5)[1] == []
    ends = [up.text().index(sign) for sign in ("Granian shutdown", "ingester_stopped", "Received SIGTERM")]
    assert ends == sorted(ends)


def test_a_killed_ingester_comes_back_to_the_same_place_and_the_operator_is_told(start):
    up = start()
    up.wait_until_ready()
    up.find("ingester-0@").send_signal(signal.SIGKILL)
    up.wait_for("ingester-0 was killed by signal 9; starting it again in")
    up.wait_for("ingester_serving", times=2)
    assert up.stop() == 0, up.text()


def test_a_killed_web_server_comes_back_on_its_port(start):
    up = start()
    up.wait_until_ready()
    granian = [process for process in up.processes() if "granian" in " ".join(process.cmdline())]
    psutil.Process(min(granian, key=lambda process: process.create_time()).pid).kill()
    up.wait_for("web was killed by signal 9")
    up.wait_for("Started worker-1", times=2)
    assert up.get("/healthz") == 200


def test_killing_the_supervisor_leaves_nothing_behind_and_the_next_start_continues(start):
    first = start()
    first.wait_until_ready()
    children = first.processes()
    first.process.kill()
    assert psutil.wait_procs(children, timeout=20)[1] == []
    second = start()
    second.wait_until_ready()
    assert second.stop() == 0, second.text()


def test_a_second_one_on_the_same_data_is_refused_with_the_number_of_the_first(start):
    first = start()
    first.wait_for("Started worker-1")
    second = start()
    assert second.process.wait(START_SECONDS) == 1
    assert f"Another up (process {first.process.pid}) runs on" in second.text()
    assert "Traceback" not in second.text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(("--ingesters", "1", "--replication-factor", "3"), "so every push is refused.", id="copies"),
        pytest.param(("--ingesters", "0"), "--ingesters must be from 1", id="no ingester"),
        pytest.param(("--zones", "0"), "--zones must be from 1", id="no zone"),
        pytest.param(("--bind", "192.0.2.1"), "Cannot listen on 192.0.2.1", id="an address of another machine"),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence(start, options, words):
    up = start(*options)
    assert up.process.wait(START_SECONDS) == 1
    assert words in up.text()
    assert "Traceback" not in up.text()


def test_a_taken_port_is_refused_with_a_sentence(start, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        up = start("--port", str(taken.getsockname()[1]))
        assert up.process.wait(START_SECONDS) == 1
    assert "Choose another with --port" in up.text()


def test_without_its_port_grpc_is_left_out_with_a_sentence(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = start("--grpc-port", str(port))
        up.wait_until_ready()
        assert f"Note: gRPC is not served, because port {port} cannot be had" in up.text()
        assert "Choose another with --grpc-port" in up.text()
