"""Files that are whole under their final name or not there."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from ingest.storage.fs import (
    TMP_SUFFIX,
    directory_bytes,
    free_bytes,
    fsync_file,
    is_full,
    remove_leftovers,
    rename_durably,
    write_file_durably,
)
from tests.unit.storage.faulty_files import FaultyFiles


@pytest.mark.parametrize("data", [b"new", [b"n", b"", memoryview(b"ew")], (piece for piece in (b"ne", b"w"))])
def test_a_file_gets_its_content_and_then_its_name(tmp_path: Path, data: object) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"old and longer")
    files = FaultyFiles()
    write_file_durably(path, data, files)  # type: ignore[arg-type]
    assert path.read_bytes() == b"new"
    assert [each for each in files.calls if each != "writev"] == ["create", "sync", "replace", "open", "sync"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("method", ["create", "writev", "sync", "replace"])
def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path, method: str) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"old")
    files = FaultyFiles()
    files.failing[method] = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        write_file_durably(path, b"new", files)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("room_bytes", [0, 1, 2])
def test_a_full_disk_leaves_the_old_content_and_nothing_half_written(tmp_path: Path, room_bytes: int) -> None:
    path = tmp_path / "state"
    path.write_bytes(b"old")
    files = FaultyFiles()
    files.room_bytes = room_bytes
    with pytest.raises(OSError, match="No space") as caught:
        write_file_durably(path, b"new", files)
    assert is_full(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_is_renamed_and_its_parent_flushed(tmp_path: Path) -> None:
    source = tmp_path / "block.tmp"
    source.mkdir()
    (source / "file").write_bytes(b"content")
    files = FaultyFiles()
    fsync_file(source / "file", files)
    rename_durably(source, tmp_path / "block", files)
    assert files.calls == ["open", "sync", "replace", "open", "sync"]
    assert (tmp_path / "block" / "file").read_bytes() == b"content"


def test_leftovers_are_removed_and_named_and_everything_else_stays(tmp_path: Path) -> None:
    (tmp_path / "block.tmp" / "inner").mkdir(parents=True)
    (tmp_path / "block.tmp" / "inner" / "file").write_bytes(b"x")
    (tmp_path / "file.tmp").write_bytes(b"x")
    (tmp_path / "block").mkdir()
    (tmp_path / "block" / "inside.tmp").write_bytes(b"not ours")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").write_bytes(b"x")
    (tmp_path / "link.tmp").symlink_to(tmp_path / "outside")
    files = FaultyFiles()
    assert remove_leftovers(tmp_path, files=files) == ("block.tmp", "file.tmp", "link.tmp")
    assert files.calls[-2:] == ["open", "sync"], "else a removed name may come back after power loss"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["block", "outside"]
    assert (tmp_path / "outside" / "kept").exists(), "a link is removed, not what it points to"
    assert (tmp_path / "block" / "inside.tmp").exists()
    assert remove_leftovers(tmp_path) == ()
    assert remove_leftovers(tmp_path / "absent", TMP_SUFFIX) == ()


def test_sizes_of_a_directory_and_of_the_room_left(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(1000))
    (tmp_path / "c").write_bytes(bytes(24))
    assert directory_bytes(tmp_path) == 1024
    assert directory_bytes(tmp_path / "absent") == 0
    assert free_bytes(tmp_path) > 0
