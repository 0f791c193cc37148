"""Local retention: what is uploaded goes after its time, or before it when the disk is short; what is not stays."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ingest.ingester.local_blocks import UPLOADED_MARK
from ingest.ingester.retention import ROOM_FACTOR, make_room
from ingest.ingester.store import IngesterStore
from tests.unit.ingester.stores import MIB, TENANT, Ingesters, held, once, payload
from tests.unit.storage.faulty_files import FaultyFiles


class Disk:
    """Frees so much for each block that is deleted."""

    def __init__(self, free: int, freed_by_each: int) -> None:
        self.free = free
        self.deleted: list[str] = []
        self._freed_by_each = freed_by_each

    def evict(self, ulid: str) -> None:
        self.deleted.append(ulid)
        self.free += self._freed_by_each


@pytest.mark.parametrize(
    ("free", "freed_by_each", "wanted", "deleted"),
    [
        (100, 50, 100, []),
        (101, 50, 100, []),
        # From 0 to 100: the two oldest.
        (0, 50, 100, ["a", "b"]),
        (99, 50, 100, ["a"]),
        # A deletion that frees nothing is the last.
        (0, 0, 100, ["a"]),
        (0, -1, 100, ["a"]),
        # It is not enough, but all there is.
        (0, 10, 100, ["a", "b", "c"]),
        # No space has to be kept free.
        (0, 50, 0, []),
    ],
)
def test_the_oldest_go_one_at_a_time_until_there_is_room_or_it_does_not_help(
    free: int, freed_by_each: int, wanted: int, deleted: Sequence[str]
) -> None:
    disk = Disk(free, freed_by_each)
    assert make_room(["a", "b", "c"], lambda: disk.free, wanted, disk.evict) == len(deleted)
    assert disk.deleted == deleted


@pytest.fixture
def ingesters(tmp_path: Path) -> Ingesters:
    made = Ingesters(tmp_path / "ingester")
    made.config = {"min_free_disk_bytes": 100 * MIB}
    return made


def three_blocks(store: IngesterStore) -> list[Path]:
    """Write three blocks; return their directories, oldest first."""
    for number in range(3):
        store.commit([payload(number)])
        store.seal_all("test")
        store.write_blocks()
        store.truncate_log()
    return [path for _, path in store.blocks.to_upload()]


def test_only_a_block_that_is_uploaded_and_expired_is_let_go(ingesters: Ingesters) -> None:
    store = ingesters.open()
    expired, fresh, not_uploaded = three_blocks(store)
    for path, uploaded_at in ((expired, 1000.0), (fresh, 2000.0)):
        store.blocks.mark_uploaded(path)
        os.utime(path / UPLOADED_MARK, (uploaded_at, uploaded_at))
    os.utime(not_uploaded, (0, 0))
    assert store.blocks.evictable(uploaded_before_seconds=1500.0) == [expired.name]
    store.evict([expired.name])
    assert held(store) == once(1, 2)
    assert not expired.exists()
    assert held(ingesters.open()) == once(1, 2)


class Shrinking(FaultyFiles):
    """A disk whose free space grows by 80 MiB with each block that is gone."""

    def __init__(self, blocks: Path, say: Callable[[int], int]) -> None:
        super().__init__()
        self._blocks = blocks
        self._say = say

    def free_bytes(self, path: Path) -> int:
        return self._say(len(list(self._blocks.glob("*/*/meta.json"))))


def test_on_a_disk_that_is_short_uploaded_blocks_go_before_their_time_and_others_never(ingesters: Ingesters) -> None:
    ingesters.files = Shrinking(ingesters.directory / "blocks", lambda blocks: (100 + 80 * (3 - blocks)) * MIB)
    store = ingesters.open()
    first, second, third = three_blocks(store)
    assert store.make_room() == 0, "nothing is uploaded: nothing may go"
    store.blocks.mark_uploaded(second)
    store.blocks.mark_uploaded(third)
    assert store.make_room() == 2, f"from 100 to 260 MiB; {ROOM_FACTOR} times 100 MiB are wanted"
    assert first.exists()
    assert held(store) == once(0)
    assert [part.part_id for part in store.parts(TENANT)] == [first.name]


def test_a_disk_with_room_keeps_everything(ingesters: Ingesters) -> None:
    ingesters.files = Shrinking(ingesters.directory / "blocks", lambda blocks: 200 * MIB)
    store = ingesters.open()
    for path in three_blocks(store):
        store.blocks.mark_uploaded(path)
    assert store.make_room() == 0
