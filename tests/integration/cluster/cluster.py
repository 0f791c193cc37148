"""A real cluster for tests: ``manage.py up`` in a data directory of its own, with every process within reach of a kill.

Nothing is replaced: Redis, the web server, the ingesters, the worker and the scheduler are the ones a user runs.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[3]
#: A cold start compiles every kernel; a warm one takes seconds.
START_SECONDS = 240.0


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], timeout_seconds: float, what: str) -> None:
    """Wait until ``condition`` holds; fails the test naming ``what`` after the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} within {timeout_seconds:g} s")
        time.sleep(0.05)


#: Settings of a cluster that takes and shows profiles of any time, such as recordings of years ago.
OF_ANY_TIME = {
    "PHLARE_LIMIT_REJECT_OLDER_THAN": "0",
    "PHLARE_LIMIT_REJECT_NEWER_THAN": "0",
    "PHLARE_LIMIT_OUT_OF_ORDER_WINDOW": "366d",
    "PHLARE_LIMIT_MAX_QUERY_LOOKBACK": "0",
    "PHLARE_LIMIT_MAX_QUERY_LENGTH": "0",
    "PHLARE_HEAD_MAX_AGE_SECONDS": "3600",
}


@dataclass
class Cluster:
    """One ``manage.py up``."""

    data_dir: Path
    port: int = field(default_factory=free_port)
    grpc_port: int = 0  #: 0 = not served
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    _supervisor: subprocess.Popen[bytes] | None = None

    def start(self, timeout_seconds: float = START_SECONDS) -> float:
        """Start and wait until it takes pushes; returns the seconds that took."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        started = time.monotonic()
        with (self.data_dir / "up.log").open("ab") as log:
            self._supervisor = subprocess.Popen(
                [
                    sys.executable,
                    "manage.py",
                    "up",
                    f"--port={self.port}",
                    f"--grpc-port={self.grpc_port}",
                    f"--data-dir={self.data_dir}",
                    *self.arguments,
                ],
                cwd=ROOT,
                env={**clean_environment(), **self.environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        try:
            self.wait_until_ready(timeout_seconds)
        except BaseException:
            self.kill_everything()  # nobody was given it who could
            raise
        return time.monotonic() - started

    def wait_until_ready(self, timeout_seconds: float = START_SECONDS) -> None:
        """Wait until ``/ready`` says so with every ingester in the ring."""
        wait_for(self._is_ready_or_dead, timeout_seconds, f"no cluster is ready (see {self.data_dir / 'up.log'})")
        assert self._supervisor is not None
        if self._supervisor.poll() is not None:
            raise AssertionError(f"up ended with {self._supervisor.returncode}:\n{self.log()[-4000:]}")

    def wait_until_whole(self, ingesters: int, timeout_seconds: float = START_SECONDS) -> None:
        """Wait until this many ingesters are ACTIVE, healthy and serving."""

        def is_whole() -> bool:
            try:
                status, body, _ = self.request(
                    "GET", "/ring", headers={"Accept": "application/json"}, timeout_seconds=5
                )
            except (OSError, http.client.HTTPException):
                return False
            members = json.loads(body)["instances"] if status == 200 else []
            # What a killed process last said of itself is shown for a while: only the living ones count.
            living = {pid for pids in self.processes().values() for pid in pids}
            serving = [
                one
                for one in members
                if one["writable"] and one["status"].get("phase") == "serving" and one["status"].get("pid") in living
            ]
            return len(serving) == ingesters

        wait_for(is_whole, timeout_seconds, f"{ingesters} ingesters serve")

    def stop(self, timeout_seconds: float = 120.0) -> int:
        """Stop as Ctrl-C does; returns the exit code."""
        assert self._supervisor is not None
        self._supervisor.send_signal(signal.SIGINT)
        return self._supervisor.wait(timeout_seconds)

    def kill_everything(self) -> None:
        """kill -9 of the supervisor and of every process below it."""
        assert self._supervisor is not None
        victims = [process.pid for process in self._below()]
        for pid in [self._supervisor.pid, *victims]:
            _kill(pid)
        self._supervisor.wait(30)
        wait_for(lambda: not any(psutil.pid_exists(pid) for pid in victims), 30, "killed processes are still there")

    def manage(self, *arguments: str) -> str:
        """Run a management command on this cluster's data; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**clean_environment(), **self.environment, "PHLARE_DATA_DIR": str(self.data_dir)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def processes(self) -> dict[str, list[int]]:
        """Return the process ids by role: ``web``, ``worker``, ``beat``, ``redis`` and each ingester by its id."""
        found: dict[str, list[int]] = {}
        for process in self._below():
            try:
                name = _role(process)
            except psutil.Error:
                continue
            if name:
                found.setdefault(name, []).append(process.pid)
        return found

    @property
    def supervisor_pid(self) -> int:
        """The process id of ``manage.py up`` itself."""
        assert self._supervisor is not None
        return self._supervisor.pid

    def kill(self, role: str) -> None:
        """kill -9 of all processes of a role."""
        for pid in self.processes().get(role, []):
            _kill(pid)

    @contextmanager
    def halted(self, *roles: str) -> Iterator[None]:
        """Halt all processes of these roles, and let them go on at the end."""
        pids = [pid for role in roles for pid in self.processes()[role]]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 40.0,
    ) -> tuple[int, bytes, dict[str, str]]:
        """Make one HTTP request; raises OSError or http.client.HTTPException when the server is not there."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_seconds)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())
        finally:
            connection.close()

    def log(self) -> str:
        """Return what all processes said."""
        return (self.data_dir / "up.log").read_text(errors="replace")

    def _is_ready_or_dead(self) -> bool:
        assert self._supervisor is not None
        if self._supervisor.poll() is not None:
            return True
        try:
            return all(self.request("GET", "/ready", timeout_seconds=5)[0] == 200 for _ in range(self._looks))
        except (OSError, http.client.HTTPException):
            return False

    @property
    def _looks(self) -> int:
        """How often to ask for readiness: several web processes share the port, and each answers for itself."""
        return 16 if any(one.startswith("--web-workers") for one in self.arguments) else 1

    def _below(self) -> list[psutil.Process]:
        assert self._supervisor is not None
        try:
            return psutil.Process(self._supervisor.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


def _role(process: psutil.Process) -> str:
    environment = process.environ()
    role = environment.get("PHLARE_ROLE", "")
    if role == "ingester":
        return environment.get("PHLARE_INSTANCE_ID", "")
    if role:
        return role
    return "redis" if "-server" in Path(process.exe()).name else ""


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def clean_environment() -> dict[str, str]:
    """The environment without settings of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PHLARE_", "DJANGO_"))}
    return {**kept, "PYTHONWARNINGS": "", "PHLARE_LOG_FORMAT": "json"}
