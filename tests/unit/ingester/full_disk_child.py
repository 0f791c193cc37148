"""An ingester that is not allowed to write files for a while, in a process that then ends without closing anything."""

from __future__ import annotations

import itertools
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ingest.ingester.committer import WriteMessage
from ingest.ingester.directory_lock import DirectoryLock
from ingest.ingester.maintenance import MaintenanceConfig
from ingest.ingester.service import Ingester
from ingest.ingester.store import IngesterStore, StoreConfig
from ingest.profiles.record import encode_record
from ingest.profiles.selector import matchers_to_json
from ingest.storage.acks import Ack
from ingest.storage.bucket import MemoryBucket
from ingest.storage.read_messages import ReadOp, ReadReply, ReadRequest
from ingest.storage.shipper import Meta
from tests.unit.storage.pushes import Group, push, samples

MIB = 1 << 20
TENANT = "team-a"


class Answers:
    """Waits for the answer to one message at a time."""

    def __init__(self) -> None:
        self._arrived = threading.Semaphore(0)
        self._codes: list[int] = []

    def send(self, acks: Sequence[tuple[str, Ack]]) -> None:
        for _, ack in acks:
            self._codes.append(ack.codes["payload"][0])
            self._arrived.release()

    def next(self) -> int:
        assert self._arrived.acquire(timeout=30)
        return self._codes.pop(0)


class Register:
    """A catalogue that forgets."""

    def add(self, meta: Meta, prefix: str) -> None:
        """Do nothing."""


def let_write(may: bool) -> None:
    """Let this process write files, or none. A pipe is not a file: what it says still arrives."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if may else 0, hard))


def main(directory: Path) -> None:
    numbers = itertools.count()
    config = StoreConfig("ingester-1", directory, 64 * MIB, 512 * MIB, 3600 * 10**9, MIB, 256 * MIB, 0)
    store = IngesterStore(
        config, time.time_ns, lambda: f"01{next(numbers):024d}", hash_seed=7, window_ns_of=lambda tenant: 0
    )
    answers = Answers()
    ingester = Ingester(
        "ingester-1",
        DirectoryLock(directory),
        store,
        answers,
        MemoryBucket(),
        Register(),
        MaintenanceConfig(3600, 3600, 3600),
        on_commit=lambda codes: None,
        on_shipped=lambda shipped: None,
        on_crash=lambda error: os._exit(70),
    )
    ingester.lock()
    ingester.open()

    def write(number: int) -> int:
        record = push(Group(samples(main__work=1), number=number, time_ns=number), tenant=TENANT)
        payload = encode_record(record.tenant, 0, record.symbols, record.groups)
        ingester.write(WriteMessage(f"batch-{number}", "me", {"payload": payload}))
        return answers.next()

    def read_series() -> int:
        replies: list[ReadReply | str] = []
        arrived = threading.Event()

        def take(reply: ReadReply | str) -> None:
            replies.append(reply)
            arrived.set()

        ingester.read(ReadRequest(ReadOp.PROJECT, TENANT, matchers_to_json(()), 0, 1000, labels=["service_name"]), take)
        assert arrived.wait(30)
        assert isinstance(replies[0], ReadReply), replies[0]
        return len(replies[0].series)

    said: dict[str, object] = {"before": write(1)}
    let_write(False)
    said["full"] = [write(2) for _ in range(3)]
    said["round while full"] = ingester.maintenance.round(flush=True)
    said["read while full"] = read_series()
    said["reason"] = ingester.status().read_only_reason
    let_write(True)
    said["still read-only"] = ingester.status().read_only
    ingester.maintenance.round()
    said["read-only after a round"] = ingester.status().read_only
    said["with room"] = write(2)
    said["round with room"] = ingester.maintenance.round(flush=True)
    said["last"] = write(3)
    print(json.dumps(said), flush=True)
    os._exit(9)  # nothing is closed or flushed any more


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "ingester")
