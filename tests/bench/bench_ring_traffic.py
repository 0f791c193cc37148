"""What the ring of 1000 instances costs Redis and those who read it: ``python -m tests.bench.bench_ring_traffic``.

Against a server of its own. Figures are CPU time, of the server as it counts it itself, unless they say otherwise.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import redis

from phlareweb.up.redis_server import find_server, server_command
from ring.client import RingClient
from ring.config import RingConfig
from ring.core.desc import RingDesc
from ring.core.states import InstanceState
from ring.redis_store import LoadedRing, RedisRingStore
from tests.bench.bench_ring import INSTANCES, make_ring, report

READERS = 3
#: Of a start of all instances: each is written once when it registers and once when it has its tokens.
CHANGES = 2 * INSTANCES
CONFIG = RingConfig(zone_awareness_enabled=True)
MAX_MEMORY_BYTES = 256 << 20
PATIENCE_SECONDS = 60.0


class CountingStore(RedisRingStore):
    """Counts how often the whole ring is read."""

    reads = 0

    def load(self) -> LoadedRing:
        self.reads += 1
        return super().load()


@contextmanager
def running_server() -> Iterator[Path]:
    """Run a server for the block; yields its socket."""
    program = find_server()
    assert program is not None, "no server is installed"
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "redis.sock"
        command = server_command(program, socket, Path(folder), MAX_MEMORY_BYTES)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                wait_until(lambda: answers(socket), "the server answers")
                yield socket
            finally:
                server.terminate()


def answers(socket: Path) -> bool:
    """Return whether the server takes commands yet."""
    try:
        with redis.Redis(unix_socket_path=str(socket)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look until ``condition`` holds. Raises TimeoutError naming ``what`` did not come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.01)


def server_seconds(client: redis.Redis) -> float:
    """Return the CPU seconds the server has used."""
    used = client.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


def sent_bytes(client: redis.Redis) -> int:
    """Return the bytes the server has sent."""
    return int(client.info("stats")["total_net_output_bytes"])


def measure(name: str, client: redis.Redis, work: Callable[[int], object], rounds: int) -> None:
    """Report what one of several calls of ``work`` costs both sides, and the bytes of its answer."""
    work(0)
    server, sent, own = server_seconds(client), sent_bytes(client), time.process_time()
    for number in range(rounds):
        work(number)
    own = time.process_time() - own
    report(f"{name}: bytes sent", (sent_bytes(client) - sent) / rounds / 1e3, "kB")
    report(f"{name}: Redis", (server_seconds(client) - server) / rounds * 1e3, "ms")
    report(f"{name}: caller", own / rounds * 1e3, "ms")


def follow(socket: str) -> tuple[int, float, float]:
    """Follow the ring until its last change; returns the whole reads, the moment (monotonic) and the CPU seconds."""
    with redis.Redis(unix_socket_path=socket) as connection:
        client = RingClient(connection, CONFIG)
        client.store = store = CountingStore(connection, CONFIG.name)
        used = time.process_time()
        client.start()
        client.wait_for(lambda: client.revision >= CHANGES, PATIENCE_SECONDS)
        seen, used = time.monotonic(), time.process_time() - used
        client.close()
        return store.reads, seen, used


def measure_a_start(socket: Path, client: redis.Redis, ring: RingDesc) -> None:
    """Let all instances join one after the other, as fast as they are written, while readers follow."""
    store = RedisRingStore(client, CONFIG.name)
    with ProcessPoolExecutor(READERS, get_context("spawn")) as pool:
        readers = [pool.submit(follow, str(socket)) for _ in range(READERS)]
        wait_until(lambda: dict(client.pubsub_numsub(store.channel))[store.channel.encode()] == READERS, "readers")
        server, sent, began = server_seconds(client), sent_bytes(client), time.monotonic()
        for instance in ring:
            pending = replace(instance, state=InstanceState.PENDING, tokens=())
            assert store.publish(pending, None, "started")
            assert store.publish(instance, pending, "joined")
        ended = time.monotonic()
        found = [reader.result() for reader in readers]
    reads, seen, used = zip(*found, strict=True)
    report("start of all: changes written in (wall time)", ended - began, "s")
    report("start of all: whole reads, most of a reader", max(reads), "reads")
    report("start of all: bytes sent to a reader", (sent_bytes(client) - sent) / READERS / 1e6, "MB")
    report("start of all: last change seen after (wall time)", max(seen) - ended, "s")
    report("start of all: Redis", server_seconds(client) - server, "s")
    report("start of all: most of a reader", max(used), "s")


def main() -> None:
    """Measure and print."""
    ring = make_ring()
    ids = sorted(instance.id for instance in ring)
    with running_server() as socket, redis.Redis(unix_socket_path=str(socket)) as client:
        measure_a_start(socket, client, ring)
        store = RedisRingStore(client, CONFIG.name)
        report("memory of the ring", (client.memory_usage(store.key, samples=0) or 0) / 1e6, "MB")
        measure("one heartbeat", client, lambda number: store.heartbeat(ids[number % INSTANCES]), 5_000)
        measure("heartbeats of all, read", client, lambda _: store.heartbeats(ids), 200)
        measure("whole ring, read", client, lambda _: store.load(), 20)


if __name__ == "__main__":
    main()
