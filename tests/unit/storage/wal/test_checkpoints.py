"""Checkpoints on the disk: which segments they stand for, and that a crash between any two calls loses nothing."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.storage.errors import WalError
from ingest.storage.fs import DISK, Buffer
from ingest.storage.wal.checkpoint import (
    CHECKPOINT_SEGMENT,
    LogReplay,
    checkpoint_name,
    discard_checkpoint,
    last_replaced,
    list_checkpoints,
    settle_checkpoints,
    write_checkpoint,
)
from ingest.storage.wal.reader import Damage
from ingest.storage.wal.writer import WalWriter, list_segments
from tests.unit.storage.faulty_files import FaultyFiles
from tests.unit.storage.wal.crashes import Crash, CrashingFiles


@pytest.mark.parametrize(
    ("finished", "number"),
    [
        # Segments 0 to 9 with 9 being written: 0 to 5 are replaced.
        (list(range(9)), 5),
        (list(range(1, 10)), 6),
        (list(range(101, 104)), 102),
        # Too few to gain anything.
        ([], None),
        ([4], None),
        ([4, 5], None),
    ],
)
def test_two_thirds_of_the_finished_segments_are_replaced(finished: list[int], number: int | None) -> None:
    assert last_replaced(finished) == number


def fill(directory: Path, segments: int) -> WalWriter:
    """Write one record in each of so many segments; each names its segment."""
    writer = WalWriter(directory, 100)
    for number in range(1, segments + 1):
        writer.append([(1, b"record %d" % number)])
        writer.cut()
    writer.sync()
    return writer


def content(directory: Path) -> list[tuple[int, bytes]]:
    """Segment and payload of all that the log amounts to, as the next start finds it."""
    newest = settle_checkpoints(directory, DISK)
    return [(record.segment, bytes(record.data)) for record in LogReplay(directory, newest, True, DISK)]


def kept(*numbers: int) -> Iterator[tuple[int, Buffer]]:
    yield from ((1, b"record %d" % number) for number in numbers)


def test_a_checkpoint_comes_before_the_segments_after_it_and_stands_for_those_up_to_it(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    write_checkpoint(tmp_path, 3, kept(1, 3), 100, DISK)
    assert content(tmp_path) == [
        (CHECKPOINT_SEGMENT, b"record 1"),
        (CHECKPOINT_SEGMENT, b"record 3"),
        (4, b"record 4"),
    ]
    assert list_segments(tmp_path) == [4], "the start removes what the checkpoint stands for"


def test_many_records_make_a_checkpoint_of_several_segments_in_their_order(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 3, kept(*range(200)), 2000, DISK)
    assert len(list_segments(tmp_path / checkpoint_name(3))) > 2
    assert [data for _, data in content(tmp_path)] == [data for _, data in kept(*range(200))]


def test_an_unfinished_checkpoint_and_older_ones_are_removed_and_never_read(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    write_checkpoint(tmp_path, 1, kept(1), 100, DISK)
    write_checkpoint(tmp_path, 2, kept(2), 100, DISK)
    (tmp_path / checkpoint_name(2)).rename(tmp_path / (checkpoint_name(2) + ".tmp"))
    assert [data for _, data in content(tmp_path)] == [b"record 1", b"record 2", b"record 3", b"record 4"]
    assert not list(tmp_path.glob("*.tmp"))
    write_checkpoint(tmp_path, 3, kept(3), 100, DISK)
    assert [data for _, data in content(tmp_path)] == [b"record 3", b"record 4"]
    assert list_checkpoints(tmp_path) == [3]


def test_segments_begun_after_a_checkpoint_have_higher_numbers_even_when_no_segment_is_left(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 7, kept(1), 100, DISK)
    writer = WalWriter(tmp_path, 100, after=settle_checkpoints(tmp_path, DISK))
    assert writer.append([(1, b"new")]).segment == 8
    writer.close()
    assert [data for _, data in content(tmp_path)] == [b"record 1", b"new"]


def test_damage_in_a_checkpoint_is_reported_and_kept_beside_that_of_segments(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, 7, kept(1, 2), 1000, DISK)
    (segment,) = (tmp_path / checkpoint_name(7)).glob("*.wal")
    data = bytearray(segment.read_bytes())
    data[data.index(b"record 1")] ^= 1
    segment.write_bytes(data)
    log = LogReplay(tmp_path, 7, True, DISK)
    assert [bytes(record.data) for record in log] == [b"record 2"]
    assert [damage.what for damage in log.report.damages] == [Damage.PAYLOAD]
    assert [path.name for path in (tmp_path / "quarantine").iterdir()] == ["checkpoint.00000007-00000001-32.bin"]


@pytest.mark.parametrize("method", ["create", "open", "writev", "sync_data", "sync", "replace"])
def test_a_disk_that_refuses_leaves_the_log_as_it_was(tmp_path: Path, method: str) -> None:
    fill(tmp_path, 4)
    files = FaultyFiles()
    files.failing[method] = errno.EIO
    with pytest.raises((WalError, OSError)):
        write_checkpoint(tmp_path, 3, kept(1), 100, files)
    assert not list(tmp_path.glob("checkpoint.*"))
    assert [data for _, data in content(tmp_path)] == [b"record 1", b"record 2", b"record 3", b"record 4"]
    files.failing.clear()
    write_checkpoint(tmp_path, 3, kept(1), 100, files)
    assert [data for _, data in content(tmp_path)] == [b"record 1", b"record 4"]


def replace_and_cut(directory: Path, files: CrashingFiles) -> None:
    """Do what an ingester does: write the checkpoint, delete what it stands for, and discard the older one."""
    writer = WalWriter(directory, 100, files, after=1)
    write_checkpoint(directory, 3, kept(1, 3), 100, files)
    writer.truncate_before(4)
    discard_checkpoint(directory, 1, files)


def test_a_crash_before_any_call_leaves_all_or_what_the_checkpoint_kept(tmp_path: Path) -> None:
    before = [b"record 1", b"record 2", b"record 3", b"record 4"]
    after = [b"record 1", b"record 3", b"record 4"]
    seen = []
    for calls in itertools.count():
        directory = tmp_path / str(calls)
        write_checkpoint(directory, 1, kept(1), 100, DISK)
        fill(directory, 4)
        try:
            replace_and_cut(directory, CrashingFiles(calls))
        except Crash:
            seen.append([data for _, data in content(directory)])
            assert list_checkpoints(directory) == ([1] if seen[-1] == before else [3])
            assert seen[-1] in (before, after)
        else:
            break
    assert seen[0] == before
    assert seen[-1] == after
    assert len(seen) > 10
