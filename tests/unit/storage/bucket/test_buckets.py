"""What every bucket does, and what the folder does besides."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.storage.bucket import Bucket, LocalBucket, MemoryBucket, check_key
from ingest.storage.errors import BucketError, InvalidKey, NotFound


@pytest.fixture(params=["local", "memory"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    return LocalBucket(tmp_path / "bucket") if request.param == "local" else MemoryBucket()


def test_bytes_and_files_are_stored_and_read_back(bucket: Bucket, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.write_bytes(b"from a file")
    assert bucket.put("t/1/a", b"bytes") == 5
    assert bucket.put("t/1/b", local) == 11
    assert (bucket.get("t/1/a"), bucket.get("t/1/b")) == (b"bytes", b"from a file")
    assert (bucket.size("t/1/a"), bucket.exists("t/1/a")) == (5, True)
    bucket.download("t/1/b", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"from a file"
    assert local.exists(), "a put copies, it does not move"


def test_putting_the_same_again_is_harmless(bucket: Bucket) -> None:
    for _ in range(2):
        bucket.put("k", b"same")
    assert bucket.get("k") == b"same"
    assert list(bucket.list("")) == ["k"]


@pytest.mark.parametrize("key", ["absent", "t/1", "t/1/a/below"])
def test_what_is_not_there_is_not_found(bucket: Bucket, key: str, tmp_path: Path) -> None:
    bucket.put("t/1/a", b"x")
    assert not bucket.exists(key)
    for read in (bucket.get, bucket.size, lambda key: bucket.download(key, tmp_path / "out")):
        with pytest.raises(NotFound) as caught:
            read(key)
        assert not caught.value.transient
    assert not (tmp_path / "out").exists()


def test_deleting_is_repeatable_and_leaves_the_others(bucket: Bucket) -> None:
    bucket.put("t/1/a", b"x")
    bucket.put("t/2/a", b"x")
    for _ in range(2):
        bucket.delete("t/1/a")
    assert list(bucket.list("")) == ["t/2/a"]
    bucket.put("t/1/a", b"again")
    assert bucket.get("t/1/a") == b"again"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "../a",
        "a/.",
        ".hidden",
        "a/.tmp",
        "a\\b",
        "a\0b",
        "/etc/passwd",
    ],
)
def test_a_key_that_could_leave_its_place_is_refused(bucket: Bucket, key: str, tmp_path: Path) -> None:
    for call in (
        lambda: bucket.put(key, b"x"),
        lambda: bucket.get(key),
        lambda: bucket.exists(key),
        lambda: bucket.size(key),
        lambda: bucket.delete(key),
        lambda: bucket.download(key, tmp_path / "out"),
    ):
        with pytest.raises(InvalidKey):
            call()
    assert list(tmp_path.iterdir()) == []


def test_a_prefix_cannot_lead_outside(bucket: Bucket) -> None:
    for prefix in ("../", "a/../../", "/etc/"):
        with pytest.raises(InvalidKey):
            list(bucket.list(prefix))


NAMES = st.text("ab-", min_size=1, max_size=3)
KEYS = st.lists(NAMES, min_size=2, max_size=2).map(lambda parts: f"{parts[0]}/d/{parts[1]}")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["put", "delete"]), KEYS), max_size=12), st.text("ab-/d", max_size=4))
def test_the_folder_behaves_like_the_dictionary(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]], prefix: str
) -> None:
    local, memory = LocalBucket(tmp_path_factory.mktemp("bucket")), MemoryBucket()
    for number, (operation, key) in enumerate(steps):
        for bucket in (local, memory):
            if operation == "put":
                bucket.put(key, b"%d" % number)
            else:
                bucket.delete(key)
    assert {key: local.get(key) for key in local.list("")} == memory.objects
    outcomes = []
    for bucket in (local, memory):
        try:
            outcomes.append(list(bucket.list(prefix)))
        except InvalidKey:
            outcomes.append(["refused"])
    assert outcomes[0] == outcomes[1]


def test_keys_are_checked_the_same_way_for_every_bucket() -> None:
    assert check_key("tenant%2e/01H/meta.json") == "tenant%2e/01H/meta.json"


def test_a_local_file_that_is_missing_is_not_taken_for_a_missing_object(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises((BucketError, FileNotFoundError)) as caught:
        bucket.put("t/a", tmp_path / "absent")
    assert not isinstance(caught.value, NotFound)
    assert list(bucket.list("")) == []


def test_deleting_the_last_object_of_a_folder_removes_the_folder_but_never_the_root(tmp_path: Path) -> None:
    bucket = LocalBucket(tmp_path)
    bucket.put("t/1/a", b"x")
    bucket.put("t/2/a", b"x")
    bucket.delete("t/1/a")
    assert sorted(path.name for path in (tmp_path / "t").iterdir()) == ["2"]
    bucket.delete("t/2/a")
    assert tmp_path.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_an_unfinished_upload_is_no_object_and_is_removed_once_it_is_old(tmp_path: Path) -> None:
    bucket = LocalBucket(tmp_path)
    bucket.put("t/1/a", b"x")
    left = tmp_path / "t" / "1" / ".abc.tmp"
    left.write_bytes(b"half")
    os.utime(left, ns=(1_000, 1_000))
    assert list(bucket.list("")) == ["t/1/a"]
    assert bucket.remove_stale_uploads(now_ns=1_999, min_age_ns=1_000) == 0
    assert bucket.remove_stale_uploads(now_ns=2_000, min_age_ns=1_000) == 1
    assert not left.exists()
    assert bucket.get("t/1/a") == b"x"


def test_a_put_that_fails_leaves_nothing(tmp_path: Path) -> None:
    bucket = LocalBucket(tmp_path)
    bucket.put("t/a/file", b"x")
    for key in ("t/a", "t/a/file/below"):  # a folder has this name; a file stands where a folder is needed
        with pytest.raises(BucketError) as caught:
            bucket.put(key, b"y")
        assert not caught.value.transient
        assert not isinstance(caught.value, NotFound)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "file", "t"]


def test_puts_and_deletes_in_one_folder_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    bucket = LocalBucket(tmp_path)
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            for _ in range(60):
                bucket.put(f"t/1/{name}", name.encode())
                assert bucket.get(f"t/1/{name}") == name.encode()
                bucket.delete(f"t/1/{name}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_faults_of_the_memory_bucket_come_before_or_after_the_deed() -> None:
    def fault(operation: str, key: str) -> None:
        if operation == "put":
            raise BucketError("lost", transient=True)

    early, late = MemoryBucket(before=fault), MemoryBucket(after=fault)
    for bucket in (early, late):
        with pytest.raises(BucketError, match="lost"):
            bucket.put("k", b"v")
    assert (early.objects, late.objects) == ({}, {"k": b"v"})


def test_a_put_flushes_the_object_and_the_names_on_the_way_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = set()
    flush = os.fsync

    def watch(fd: int) -> None:
        flushed.add(os.fstat(fd).st_ino)
        flush(fd)

    monkeypatch.setattr(os, "fsync", watch)
    LocalBucket(tmp_path).put("t/1/a", b"x")
    assert flushed == {(tmp_path / name).stat().st_ino for name in (".", "t", "t/1", "t/1/a")}


def test_an_error_of_the_disk_tells_whether_to_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = LocalBucket(tmp_path)
    for number, transient in ((errno.EIO, True), (errno.ENOSPC, True), (errno.EACCES, False), (errno.EROFS, False)):

        def fail(fd: int, number: int = number) -> None:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(BucketError) as caught:
            bucket.put("key", b"x")
        assert caught.value.transient is transient
        assert list(tmp_path.iterdir()) == []
