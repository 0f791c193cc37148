"""A full disk: pushes are refused, reads go on, writing begins again with room, and what was acknowledged stays."""

from __future__ import annotations

import errno
import itertools
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.ingester.store import IngesterStore, StoreConfig
from ingest.profiles.record import encode_record
from ingest.storage.acks import AckCode
from tests.unit.storage.faulty_files import FaultyFiles
from tests.unit.storage.pushes import Group, push, read_rows, samples

TENANT = "team-a"
MIB = 1 << 20
STORED, LOG_FAILED = bytes([AckCode.STORED]), bytes([AckCode.LOG_FAILED])
ROOT = Path(__file__).resolve().parents[3]


def open_store(directory: Path, files: FaultyFiles, **config: int) -> IngesterStore:
    numbers = itertools.count()
    bounds = {
        "head_max_bytes": 64 * MIB,
        "heads_max_bytes": 512 * MIB,
        "head_max_age_ns": 3600 * 10**9,
        "wal_segment_bytes": MIB,
        "wal_checkpoint_bytes": 256 * MIB,
        "min_free_disk_bytes": 0,
        **config,
    }
    store = IngesterStore(
        StoreConfig(instance="ingester-1", directory=directory, **bounds),
        lambda: 10**9,
        lambda: f"01{next(numbers) + 1000 * len(list(directory.glob('wal/*'))):024d}",
        hash_seed=7,
        window_ns_of=lambda tenant: 10**9,
        files=files,
    )
    store.open()
    return store


def payload(number: int) -> bytes:
    record = push(Group(samples(main__work=1), number=number, time_ns=number), tenant=TENANT)
    return encode_record(record.tenant, 0, record.symbols, record.groups)


def held(store: IngesterStore) -> Counter[int]:
    counted: Counter[int] = Counter()
    for part in store.parts(TENANT):
        counted.update({row.time_ns for row in read_rows(part)})
    return counted


def once(*numbers: int) -> Counter[int]:
    return Counter(dict.fromkeys(numbers, 1))


def no_room(files: FaultyFiles) -> None:
    files.room_bytes = 0


def failing_flush(files: FaultyFiles) -> None:
    files.failing["sync_data"] = errno.ENOSPC


def over_quota(files: FaultyFiles) -> None:
    files.failing["writev"] = errno.EDQUOT


def failing_disk(files: FaultyFiles) -> None:
    files.failing["writev"] = files.failing["truncate"] = errno.EIO


def mend(files: FaultyFiles) -> None:
    files.room_bytes = None
    files.failing.clear()


@pytest.mark.parametrize("fill", [no_room, failing_flush, over_quota, failing_disk])
def test_pushes_are_refused_reads_go_on_and_with_room_writing_begins_again(
    tmp_path: Path, fill: Callable[[FaultyFiles], None]
) -> None:
    files = FaultyFiles()
    store = open_store(tmp_path, files)
    assert store.commit([payload(1)]) == [STORED]
    fill(files)
    for _ in range(3):
        assert store.commit([payload(2), payload(3)]) == [LOG_FAILED, LOG_FAILED]
        assert store.status().read_only
        assert held(store) == once(1)
    mend(files)
    assert store.commit([payload(2)]) == [STORED]
    assert not store.status().read_only
    assert held(store) == once(1, 2)
    found = held(open_store(tmp_path, FaultyFiles()))
    assert {1, 2} <= found.keys() <= {1, 2, 3}, "what was refused may be there, what was acknowledged is"
    assert set(found.values()) == {1}


@pytest.mark.parametrize("room_bytes", [*range(0, 2400, 60)])
def test_wherever_the_room_ends_the_acknowledged_profiles_are_those_that_a_restart_finds(
    tmp_path: Path, room_bytes: int
) -> None:
    """Every commit seals its head because the bound on its size is a byte: the room ends in pushes and in marks."""
    files = FaultyFiles()
    store = open_store(tmp_path, files, head_max_bytes=1)
    files.room_bytes = room_bytes
    acknowledged = [number for number in range(1, 9) if store.commit([payload(number)]) == [STORED]]
    assert held(store) == once(*acknowledged)
    assert held(open_store(tmp_path, FaultyFiles())) == once(*acknowledged)
    mend(files)
    assert store.commit([payload(9)]) == [STORED]
    assert held(open_store(tmp_path, FaultyFiles())) == once(*acknowledged, 9)


def test_the_range_of_rooms_above_covers_none_and_several_profiles(tmp_path: Path) -> None:
    counts = []
    for room_bytes in (0, 2340):
        files = FaultyFiles()
        store = open_store(tmp_path / str(room_bytes), files, head_max_bytes=1)
        files.room_bytes = room_bytes
        counts.append(sum(store.commit([payload(number)]) == [STORED] for number in range(1, 9)))
    assert counts[0] == 0
    assert counts[1] >= 3


def test_a_block_that_finds_no_room_leaves_its_head_readable_and_is_written_later(tmp_path: Path) -> None:
    files = FaultyFiles()
    store = open_store(tmp_path, files)
    store.commit([payload(1)])
    store.seal_all("test")
    no_room(files)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            store.write_blocks()
        assert held(store) == once(1)
    mend(files)
    assert store.write_blocks() == 1
    store.truncate_log()
    assert held(store) == held(open_store(tmp_path, FaultyFiles())) == once(1)


class DiskThatFailsAfterARename(FaultyFiles):
    """Gives files their name and then fails to flush the folder."""

    def replace(self, source: Path, target: Path) -> None:
        super().replace(source, target)
        if target.is_dir():
            self.failing["sync"] = errno.EIO


def test_a_block_whose_name_could_not_be_flushed_is_taken_over_once_it_can(tmp_path: Path) -> None:
    files = DiskThatFailsAfterARename()
    store = open_store(tmp_path, files)
    store.commit([payload(1)])
    store.seal_all("test")
    for _ in range(2):
        with pytest.raises(OSError, match="Input/output"):
            store.write_blocks()
        assert held(store) == once(1)
    mend(files)
    assert store.write_blocks() == 1
    assert held(store) == once(1)
    assert store.status().sealed_heads == 0


def test_below_the_free_space_to_keep_nothing_is_written_before_the_disk_is_full(tmp_path: Path) -> None:
    store = open_store(tmp_path, FaultyFiles())
    store.commit([payload(1)])
    store.close()
    tight = open_store(tmp_path, FaultyFiles(), min_free_disk_bytes=1 << 60)
    assert tight.commit([payload(2)]) == [LOG_FAILED]
    assert tight.status().read_only
    assert held(tight) == once(1)


@pytest.mark.parametrize("fill", [no_room, over_quota, failing_disk])
def test_without_any_push_a_look_at_the_disk_finds_out_that_it_takes_bytes_again(
    tmp_path: Path, fill: Callable[[FaultyFiles], None]
) -> None:
    files = FaultyFiles()
    store = open_store(tmp_path, files)
    fill(files)
    store.commit([payload(1)])
    reason = store.status().read_only_reason
    assert reason.startswith("The log cannot be written")
    store.look_at_disk()
    assert store.status().read_only, "it takes none yet"
    mend(files)
    store.look_at_disk()
    assert (store.status().read_only, store.status().read_only_reason) == (False, "")
    assert not list(tmp_path.glob("probe*"))


def test_a_look_at_the_disk_notices_that_room_ran_short_before_a_push_does(tmp_path: Path) -> None:
    files = FaultyFiles()
    store = open_store(tmp_path, files, min_free_disk_bytes=512 * MIB)
    files.free = 100 * MIB
    store.look_at_disk()
    assert store.status().read_only_reason == (
        "The disk has 100 MiB free, fewer than the 512 MiB that have to stay free."
    )
    assert store.commit([payload(1)]) == [LOG_FAILED]
    files.free = 600 * MIB
    store.look_at_disk()
    assert not store.status().read_only


def test_a_process_that_the_kernel_lets_write_no_file_goes_on_reading(tmp_path: Path) -> None:
    """The kernel's own refusal: a limit of zero bytes on files that a process writes, set and lifted while it runs."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.ingester.full_disk_child", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 9, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert "File too large" in said.pop("reason")
    assert said == {
        "before": AckCode.STORED,
        "full": [AckCode.LOG_FAILED] * 3,
        "round while full": False,
        "read while full": 1,
        "still read-only": True,
        "read-only after a round": False,
        "with room": AckCode.STORED,
        "round with room": True,
        "last": AckCode.STORED,
    }
    assert {1, 2, 3} <= held(open_store(tmp_path / "ingester", FaultyFiles())).keys()
