"""A full or failing disk: what the writer says, what it still can do, and what a replay finds."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from ingest.storage.errors import WalError, WalFailed, WalFull
from ingest.storage.wal.format import RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES
from ingest.storage.wal.reader import Damage
from ingest.storage.wal.writer import WalWriter, list_segments
from tests.unit.storage.faulty_files import FaultyFiles
from tests.unit.storage.wal.logs import read_all, segment_path

BATCH = [(1, b"A" * 100), (2, b"B" * 50)]
BATCH_BYTES = 2 * RECORD_HEADER_BYTES + 150
BEFORE = b"synced before"


def opened(tmp_path: Path, segment_bytes: int = 10_000) -> tuple[WalWriter, FaultyFiles]:
    """Return a writer with one synced record and its disk."""
    files = FaultyFiles()
    writer = WalWriter(tmp_path, segment_bytes, files)
    writer.append([(1, BEFORE)])
    writer.sync()
    return writer, files


@pytest.mark.parametrize("room_bytes", [*range(0, BATCH_BYTES, 7), BATCH_BYTES - 1])
def test_a_batch_the_disk_has_no_room_for_is_cut_off_and_the_writer_goes_on_when_there_is_room(
    tmp_path: Path, room_bytes: int
) -> None:
    writer, files = opened(tmp_path)
    size = segment_path(tmp_path).stat().st_size
    files.room_bytes = room_bytes
    with pytest.raises(WalFull):
        writer.append(BATCH)
    assert segment_path(tmp_path).stat().st_size == size, "nothing of the batch stays"
    files.room_bytes = None
    assert writer.append([(1, b"after")]).segment == 1
    writer.sync()
    assert read_all(tmp_path, repair=False) == ([BEFORE, b"after"], ())


@pytest.mark.parametrize("room_bytes", [0, 1, SEGMENT_HEADER_BYTES - 1])
def test_a_segment_there_is_no_room_to_begin_leaves_nothing_behind(tmp_path: Path, room_bytes: int) -> None:
    writer, files = opened(tmp_path)
    writer.cut()
    files.room_bytes = room_bytes
    for _ in range(2):
        with pytest.raises(WalFull):
            writer.append(BATCH)
    assert list_segments(tmp_path) == [1]
    files.room_bytes = None
    assert writer.append([(1, b"after")]).segment == 2
    writer.close()
    assert read_all(tmp_path) == ([BEFORE, b"after"], ())


def test_a_batch_larger_than_a_segment_that_failed_is_tried_again_in_the_segment_begun_for_it(tmp_path: Path) -> None:
    files = FaultyFiles()
    writer = WalWriter(tmp_path, 100, files)
    for _ in range(3):
        files.room_bytes = SEGMENT_HEADER_BYTES + 10
        with pytest.raises(WalFull):
            writer.append(BATCH)
    assert list_segments(tmp_path) == [1], "a disk that stays full is not filled with empty segments"


def test_opening_a_log_on_a_full_disk_works_and_appending_says_that_it_is_full(tmp_path: Path) -> None:
    files = FaultyFiles()
    files.failing["create"] = errno.ENOSPC
    writer = WalWriter(tmp_path, files=files)
    with pytest.raises(WalFull):
        writer.append(BATCH)
    writer.sync()


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        pytest.param(errno.ENOSPC, WalFull, id="no space"),
        pytest.param(errno.EDQUOT, WalFull, id="quota used up"),
        pytest.param(errno.EIO, WalFailed, id="input/output error"),
        pytest.param(errno.EFBIG, WalFailed, id="file too large"),
    ],
)
def test_the_error_tells_a_full_disk_from_a_failing_one(tmp_path: Path, number: int, kind: type[WalError]) -> None:
    writer, files = opened(tmp_path)
    files.failing["writev"] = number
    with pytest.raises(kind) as caught:
        writer.append(BATCH)
    assert type(caught.value) is kind
    assert "segment 1" in str(caught.value)


def test_after_a_failed_write_the_next_record_goes_to_another_segment_and_older_ones_are_flushed(
    tmp_path: Path,
) -> None:
    writer, files = opened(tmp_path)
    writer.append([(1, b"not yet synced")])
    files.failing["writev"] = errno.EIO
    with pytest.raises(WalFailed):
        writer.append(BATCH)
    assert files.calls[-2:] == ["truncate", "sync_data"]
    files.failing.clear()
    assert writer.append([(1, b"after")]).segment == 2
    writer.sync()
    assert read_all(tmp_path) == ([BEFORE, b"not yet synced", b"after"], ())


def test_a_partial_batch_that_cannot_be_cut_off_is_left_in_its_segment_and_reported_by_the_replay(
    tmp_path: Path,
) -> None:
    writer, files = opened(tmp_path)
    files.room_bytes = 40
    files.failing["truncate"] = errno.EIO
    with pytest.raises(WalFull):
        writer.append(BATCH)
    files.room_bytes = None
    files.failing.clear()
    assert writer.append([(1, b"after")]).segment == 2
    writer.sync()
    payloads, damages = read_all(tmp_path)
    assert payloads == [BEFORE, b"after"]
    assert [(damage.segment, damage.what, damage.length) for damage in damages] == [(1, Damage.TORN, 40)]


def test_a_failed_flush_is_reported_and_never_tried_again_on_the_same_file(tmp_path: Path) -> None:
    writer, files = opened(tmp_path)
    writer.append(BATCH)
    files.failing["sync_data"] = errno.EIO
    with pytest.raises(WalFailed):
        writer.sync()
    files.failing.clear()
    files.calls.clear()
    writer.sync()
    assert "sync_data" not in files.calls, "the lost pages would be called good"
    assert writer.append([(1, b"after")]).segment == 2
    writer.sync()
    assert files.calls.count("sync_data") == 1


def test_a_flush_that_fails_for_lack_of_room_says_so(tmp_path: Path) -> None:
    writer, files = opened(tmp_path)
    writer.append(BATCH)
    files.failing["sync_data"] = errno.ENOSPC
    with pytest.raises(WalFull):
        writer.sync()


def test_a_flush_that_fails_while_a_segment_is_cut_is_reported_by_the_next_sync_once(tmp_path: Path) -> None:
    """The newer segment is sound and flushes well; the records of the older one must not be acknowledged with it."""
    writer, files = opened(tmp_path, segment_bytes=300)
    writer.append(BATCH)
    files.failing["sync_data"] = errno.EIO
    assert writer.append(BATCH).segment == 2
    files.failing.clear()
    with pytest.raises(WalFailed):
        writer.sync()
    writer.sync()
    writer.append([(1, b"after")])
    writer.sync()


def test_a_flush_that_fails_in_an_explicit_cut_or_at_the_end_is_reported(tmp_path: Path) -> None:
    writer, files = opened(tmp_path)
    writer.append(BATCH)
    files.failing["sync_data"] = errno.EIO
    assert writer.cut() == 2
    with pytest.raises(WalFailed):
        writer.sync()
    files.failing.clear()
    writer.append(BATCH)
    files.failing["sync_data"] = errno.EIO
    with pytest.raises(WalFailed):
        writer.close()


def test_a_segment_whose_name_cannot_be_made_durable_is_not_used(tmp_path: Path) -> None:
    writer, files = opened(tmp_path)
    writer.cut()
    files.failing["sync"] = errno.EIO
    with pytest.raises(WalFailed):
        writer.append(BATCH)
    files.failing.clear()
    assert list_segments(tmp_path) == [1]
    assert writer.append(BATCH).segment == 2


def test_a_number_whose_file_cannot_be_taken_back_is_not_used_again(tmp_path: Path) -> None:
    writer, files = opened(tmp_path)
    writer.cut()
    files.failing |= {"sync": errno.EIO, "unlink": errno.EIO}
    with pytest.raises(WalFailed):
        writer.append(BATCH)
    files.failing.clear()
    assert writer.append([(1, b"after")]).segment == 3
    writer.close()
    assert read_all(tmp_path) == ([BEFORE, b"after"], ())


def test_a_deletion_that_fails_can_be_repeated(tmp_path: Path) -> None:
    writer, files = opened(tmp_path)
    writer.cut()
    writer.append(BATCH)
    files.failing["unlink"] = errno.EIO
    with pytest.raises(WalFailed):
        writer.truncate_before(2)
    files.failing.clear()
    assert writer.truncate_before(2) == 1
    assert list_segments(tmp_path) == [2]


def test_sync_flushes_only_what_was_not_flushed(tmp_path: Path) -> None:
    writer, files = opened(tmp_path)
    files.calls.clear()
    writer.sync()
    assert files.calls == []
    writer.append(BATCH)
    writer.sync()
    assert files.calls == ["writev", "sync_data"]
