"""Load for a running server: ``python -m tests.bench.load`` pushes over many connections from one process.

Built to cost little, because it shares the machine with what it measures: raw sockets, one thread, requests made before
the clock runs. Talks to its parent in lines: says ``ready``, waits for a line, says ``measuring`` after the warm-up and
``{...}``, its figures, at the end.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import selectors
import socket
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingest.api.proto import profile_pb2, push_pb2

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("PHLARE_CORPUS_DIR") or ROOT.parent / "shared" / "corpus")
RECORDINGS = ROOT / "ingest" / "demo" / "recordings"
PUSH_PATH = "/push.v1.PusherService/Push"
SERVICES, PODS = 4, 64
_RECEIVE_BYTES = 1 << 16


def recorded_profile() -> Path:
    """Return the recorded Go CPU profile that is pushed."""
    found = CORPUS / "pprof" / "go_cpu.pb.gz"
    return found if found.is_file() else min(RECORDINGS.glob("go_cpu_*.pb.gz"))


def profiles(path: Path, first_time_ns: int) -> Iterator[bytes]:
    """Yield the profile again and again, each with another time: gzip as Go's profiler writes it, at its best speed.

    Everything but the time is compressed once, which makes a profile in a tenth of a millisecond.
    """
    message = profile_pb2.Profile.FromString(gzip.decompress(path.read_bytes()))
    message.time_nanos = 0
    packer = zlib.compressobj(zlib.Z_BEST_SPEED, zlib.DEFLATED, 31)
    begin = packer.compress(message.SerializeToString()) + packer.flush(zlib.Z_SYNC_FLUSH)
    for number in range(1 << 62):
        rest = packer.copy()
        # A message may come in pieces: this one adds the time to what came before.
        time_alone = profile_pb2.Profile(time_nanos=first_time_ns + 1000 * number).SerializeToString()
        yield begin + rest.compress(time_alone) + rest.flush()


def requests(path: Path, first_time_ns: int, headers: str = "") -> Iterator[bytes]:
    """Yield whole HTTP requests, each pushing one profile of one of ``PODS`` pods; ``headers`` are further lines."""
    for number, profile in enumerate(profiles(path, first_time_ns)):
        body = push_pb2.PushRequest()
        series = body.series.add()
        for name, value in labels(number % PODS):
            series.labels.add(name=name, value=value)
        series.samples.add(raw_profile=profile)
        encoded = body.SerializeToString()
        head = f"POST {PUSH_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/proto\r\n{headers}"
        yield f"{head}Content-Length: {len(encoded)}\r\n\r\n".encode() + encoded


def labels(pod: int) -> list[tuple[str, str]]:
    """Return labels as an agent in a cluster attaches them."""
    service = f"checkout-{pod % SERVICES}"
    return [
        ("__name__", "process_cpu"),
        ("cluster", "production-eu-west"),
        ("container", "app"),
        ("namespace", "shop"),
        ("node", f"node-{pod % 13}"),
        ("pod", f"{service}-7f9c5d6b8-{pod:05d}"),
        ("service_git_ref", "9a8c1e4"),
        ("service_name", service),
    ]


class Connection:
    """One persistent connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._received = b""

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int:
        """Take what has arrived; returns the status once the answer is whole, else 0. Raises ConnectionError."""
        data = self.socket.recv(_RECEIVE_BYTES)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return 0
        name = b"content-length:"
        at = head.lower().find(name)
        length = int(head[at + len(name) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        return int(head[9:12]) if len(body) >= length else 0


def run(
    port: int,
    connections: int,
    ready: list[bytes],
    warm_seconds: float,
    seconds: float,
    on_measuring: Callable[[], None],
) -> dict[str, Any]:
    """Push over all connections at once, each as soon as its last answer came; returns counts and latencies (s).

    ``on_measuring`` is called once the warm-up is over.
    """
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    following = iter(ready)
    under_way = 0
    for _ in range(connections):
        connection = Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(next(following))
        under_way += 1
    begin = time.perf_counter() + warm_seconds
    end = begin + seconds
    said = False
    while under_way:
        for key, _ in selector.select():
            connection = key.data
            status = connection.receive()
            if not status:
                continue
            now = time.perf_counter()
            if now >= begin and not said:
                said = True
                on_measuring()
            if begin <= now < end:
                latencies.append(now - connection.sent_at)
                statuses[status] = statuses.get(status, 0) + 1
            request = next(following, None) if now < end else None
            if request is None:
                under_way -= 1
                if now < end:
                    end = now  # nothing left to push: the rest would be measured with fewer connections
            else:
                connection.send(request)
    return {"seconds": end - begin, "statuses": statuses, "latencies": latencies}


def main() -> None:
    """Run as told by the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--requests", type=int, default=12_000)
    parser.add_argument("--warm-seconds", type=float, default=1.5)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    made = requests(recorded_profile(), time.time_ns())
    ready = [next(made) for _ in range(arguments.requests)]
    print("ready", flush=True)
    sys.stdin.readline()
    found = run(
        arguments.port,
        arguments.connections,
        ready,
        arguments.warm_seconds,
        arguments.seconds,
        lambda: print("measuring", flush=True),
    )
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
