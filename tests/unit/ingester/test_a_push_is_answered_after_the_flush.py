"""An answer goes out once the log is on the disk, and not before."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from ingest.ingester.committer import Committer, WriteMessage
from ingest.storage.acks import Ack
from tests.unit.ingester.stores import STORED, Ingesters, held, once, payload
from tests.unit.storage.faulty_files import FaultyFiles


class SlowDisk(FaultyFiles):
    """A disk whose flushes wait for a test."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.may_end = threading.Event()

    def sync_data(self, fd: int) -> None:
        self.entered.set()
        assert self.may_end.wait(30)
        super().sync_data(fd)


class Answers:
    """Keeps what was answered."""

    def __init__(self) -> None:
        self.codes: list[bytes] = []
        self.arrived = threading.Event()

    def send(self, acks: Sequence[tuple[str, Ack]]) -> None:
        self.codes += [ack.codes["payload"] for _, ack in acks]
        self.arrived.set()


def test_while_the_flush_is_under_way_nobody_is_answered(tmp_path: Path) -> None:
    ingesters, disk, answers = Ingesters(tmp_path / "ingester"), SlowDisk(), Answers()
    ingesters.files = disk
    store = ingesters.open()
    crashes: list[BaseException] = []
    committer = Committer("ingester-1", store, answers, lambda codes: None, crashes.append)
    committer.submit(WriteMessage("batch", "me", {"payload": payload(1)}))
    assert disk.entered.wait(30)
    assert answers.codes == []
    disk.may_end.set()
    assert answers.arrived.wait(30)
    committer.close()
    assert (answers.codes, crashes) == ([STORED], [])
    assert held(ingesters.open()) == once(1), "what was answered is found by the next start"
