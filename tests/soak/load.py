"""Load for hours: profiles of many services, each with functions and stacks of its own, pushed at a steady pace.

Derived from one recorded Go CPU profile. A service has an eighth of the recorded functions under names of its own, so
that its stacks are no other service's; a variant of a service has samples on some hundred of its stacks. A profile is a
variant with a time that no other has, so that every one of them is new.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import random
import selectors
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.api.proto import profile_pb2

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("PHLARE_CORPUS_DIR") or ROOT.parent / "shared" / "corpus")
RECORDINGS = ROOT / "ingest" / "demo" / "recordings"
SERVICES = 20
VARIANTS = 6
SAMPLES = 300
_PAUSE_AFTER_REFUSAL_SECONDS = 0.1
_ANSWER_SECONDS = 60.0


@dataclass(slots=True)
class Counts:
    """What became of the pushes of one process so far; lives in shared memory."""

    cells: Any  #: float64[4]: accepted, refused, connections lost, seconds waited for accepted pushes

    def add(self, cell: int, value: float = 1.0) -> None:
        self.cells[cell] += value


@dataclass(slots=True)
class _Connection:
    port: int
    socket: socket.socket = field(init=False)
    received: bytes = b""
    sent_at: float = 0.0
    free_at: float = 0.0

    def open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=_ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        self.received, self.sent_at = b"", time.monotonic()
        self.socket.sendall(request)

    def receive(self) -> int:
        """Return the status once the answer is whole, else 0. Raises OSError when the connection is gone."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("closed")
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return 0
        length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        return int(head[9:12]) if len(body) >= int(length or 0) else 0


def recorded_profile() -> Path:
    """Return the recorded Go CPU profile that all load is derived from."""
    found = CORPUS / "pprof" / "go_cpu.pb.gz"
    return found if found.is_file() else min(RECORDINGS.glob("go_cpu_*.pb.gz"))


def variants(service: int, rng: random.Random) -> list[bytes]:
    """Return the messages of a service, without a time."""
    recorded = profile_pb2.Profile.FromString(gzip.decompress(recorded_profile().read_bytes()))
    recorded.time_nanos = 0
    renamed = {function.name for function in recorded.function if function.id % 8 == 0}
    for index in renamed:
        recorded.string_table[index] += f".service{service}"
    stacks = sorted({tuple(s.location_id[drop:]) for s in recorded.sample for drop in range(len(s.location_id))})
    made = []
    for _ in range(VARIANTS):
        del recorded.sample[:]
        for stack in rng.sample(stacks, min(SAMPLES, len(stacks))):
            count = 1 + int(rng.expovariate(0.3))
            recorded.sample.add(location_id=stack, value=[count, count * 10_000_000])
        made.append(recorded.SerializeToString())
    return made


def requests(series: int, seed: int) -> Iterator[bytes]:
    """Yield whole requests, each pushing one profile of one of ``series`` series in turn."""
    rng = random.Random(seed)
    packed = [[_packed(message) for message in variants(service, rng)] for service in range(SERVICES)]
    number = rng.randrange(series)
    while True:
        number += 1
        service = number % series % SERVICES
        begin, packer = rng.choice(packed[service])
        rest = packer.copy()
        body = begin + rest.compress(_time(time.time_ns())) + rest.flush()
        name = f"service-{service}"
        path = f"/api/v1/profiles?__name__=process_cpu&service_name={name}&pod={name}-{number % series:05d}&zone=eu-1"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def _time(time_ns: int) -> bytes:
    """Return a message with a time alone: behind another message it sets the time of that one."""
    return profile_pb2.Profile(time_nanos=time_ns).SerializeToString()


def _packed(message: bytes) -> tuple[bytes, Any]:
    """Return the packed message and the packer after it, so that only the time is packed anew for each push."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(message) + packer.flush(zlib.Z_SYNC_FLUSH), packer


def push_until(
    port: int, connections: int, following: Iterator[bytes], rate: float, counts: Counts, stop: Callable[[], bool]
) -> None:
    """Push over persistent connections until ``stop``: ``rate`` a second, or as fast as answers come when it is 0."""
    selector = selectors.DefaultSelector()
    idle = [_Connection(port) for _ in range(connections)]
    for connection in idle:
        connection.open()
    due = time.monotonic()
    while not stop():
        now = time.monotonic()
        due = max(due, now - 1.0)  # what a stall left undone is not made up for
        ready = [connection for connection in idle if connection.free_at <= now]
        while ready and (not rate or due <= now):
            due += 1 / rate if rate else 0.0
            connection = ready.pop(0)  # the one that waited longest: servers close what is idle for half a minute
            idle.remove(connection)
            with contextlib.suppress(OSError):
                connection.send(next(following))
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        wait = min(max(due - now, 0.001), 0.2) if rate or not selector.get_map() else 0.2
        for key, _ in selector.select(wait):
            if _take_answer(key.data, selector, counts):
                idle.append(key.data)


def _take_answer(connection: _Connection, selector: selectors.BaseSelector, counts: Counts) -> bool:
    """Read what came; returns whether the connection can take another request."""
    try:
        status = connection.receive()
    except (OSError, ValueError):
        selector.unregister(connection.socket)
        connection.socket.close()
        counts.add(2)
        while True:
            with contextlib.suppress(OSError):
                connection.open()
                return True
            time.sleep(1.0)
    if not status:
        return False
    selector.unregister(connection.socket)
    if status == 200:
        counts.add(0)
        counts.add(3, time.monotonic() - connection.sent_at)
    else:
        counts.add(1)
        connection.free_at = time.monotonic() + _PAUSE_AFTER_REFUSAL_SECONDS
    return True
