"""What an ingester says of itself: how many profiles it stored, and whether its last upload went through."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ingest.ingester.committer import WriteMessage
from ingest.ingester.directory_lock import DirectoryLock
from ingest.ingester.maintenance import MaintenanceConfig
from ingest.ingester.service import Ingester
from ingest.storage.acks import Ack
from ingest.storage.bucket import MemoryBucket
from ingest.storage.errors import StorageError
from ingest.storage.shipper import Meta
from tests.unit.ingester.stores import Ingesters, payload


class Answers:
    """Counts the answers as they go out."""

    def __init__(self) -> None:
        self.sent = threading.Semaphore(0)

    def send(self, acks: Sequence[tuple[str, Ack]]) -> None:
        for _ in acks:
            self.sent.release()


class Catalogue:
    """Takes blocks unless it is down."""

    def __init__(self) -> None:
        self.is_down = False

    def add(self, meta: Meta, prefix: str) -> None:
        if self.is_down:
            raise StorageError("the catalogue is away")


class Scene:
    """An ingester whose answers and catalogue are within reach."""

    def __init__(self, directory: Path) -> None:
        self.answers, self.catalogue = Answers(), Catalogue()
        self.ingester = Ingester(
            "ingester-1",
            DirectoryLock(directory),
            Ingesters(directory).open(),
            self.answers,
            MemoryBucket(),
            self.catalogue,
            MaintenanceConfig(3600, 3600, 3600),
            on_commit=lambda codes: None,
            on_shipped=lambda shipped: None,
            on_crash=lambda error: None,
        )
        self.ingester.lock()

    def write(self, *numbers: int) -> None:
        self.ingester.write(WriteMessage("batch", "me", {"payload": payload(*numbers)}))
        assert self.answers.sent.acquire(timeout=30)
        self.ingester.maintenance.round()  # runs on the thread that counts, after it has counted


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.ingester.close()


def test_each_profile_counts_once_however_often_it_comes(scene: Scene) -> None:
    assert scene.ingester.status().stored_profiles == 0
    scene.write(1, 2, 3)
    scene.write(3)
    scene.write(4)
    status = scene.ingester.status()
    assert status.stored_profiles == 4
    assert status.stored_profiles_per_second > 0


def test_an_upload_that_fails_is_told_until_one_goes_through(scene: Scene) -> None:
    def said() -> tuple[bool, bool]:
        status = scene.ingester.status()
        return status.last_upload_seconds is not None, status.is_upload_failing

    assert said() == (False, False)
    scene.write(1)
    scene.catalogue.is_down = True
    assert not scene.ingester.flush()
    assert said() == (False, True)
    assert scene.ingester.status().last_error == "StorageError: the catalogue is away"
    scene.catalogue.is_down = False
    assert scene.ingester.flush()
    assert said() == (True, False)
