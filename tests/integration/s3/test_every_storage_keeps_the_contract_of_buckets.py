"""What is promised of a bucket, over Django storages: a folder, memory, and S3 by way of a real server."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage, InMemoryStorage

from ingest.adapters import s3_blocks
from ingest.adapters.s3_blocks import S3Blocks
from ingest.adapters.storages_bucket import StorageBucket
from ingest.storage.bucket import Bucket
from ingest.storage.errors import BucketError, InvalidKey, NotFound
from tests.integration.s3.server import S3Server

pytestmark = pytest.mark.integration

_numbers = itertools.count()


class OverwritingMemory(InMemoryStorage):
    """Django's storage in memory has no option to replace what it has."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        if self.exists(name):
            self.delete(name)
        return name


@pytest.fixture(params=["folder", "memory", "s3", "s3 below a prefix"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    if request.param == "folder":
        return StorageBucket(FileSystemStorage(location=tmp_path / "bucket", allow_overwrite=True))
    if request.param == "memory":
        return StorageBucket(OverwritingMemory(location=str(tmp_path / "memory")))
    server: S3Server = request.getfixturevalue("s3")
    if request.param == "s3 below a prefix":
        return StorageBucket(S3Blocks(**server.options(f"some/where/{next(_numbers)}")))
    client = server.client()
    for key in server.stored():
        client.delete_object(Bucket=server.options()["bucket_name"], Key=key)
    return StorageBucket(S3Blocks(**server.options()))


def test_bytes_and_files_are_stored_and_read_back(bucket: Bucket, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.write_bytes(b"from a file" * 100_000)
    assert bucket.put("t%2e/1/a", b"bytes") == 5
    assert bucket.put("t%2e/1/b", local) == 1_100_000
    assert bucket.put("t%2e/1/empty", b"") == 0
    assert (bucket.get("t%2e/1/a"), bucket.get("t%2e/1/b"), bucket.get("t%2e/1/empty")) == (
        b"bytes",
        local.read_bytes(),
        b"",
    )
    assert (bucket.size("t%2e/1/a"), bucket.size("t%2e/1/b"), bucket.size("t%2e/1/empty")) == (5, 1_100_000, 0)
    assert bucket.exists("t%2e/1/a")
    for name, content in (("b", local.read_bytes()), ("empty", b"")):
        bucket.download(f"t%2e/1/{name}", tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == content
    assert local.exists(), "a put copies, it does not move"


def test_putting_the_same_again_is_harmless(bucket: Bucket) -> None:
    for _ in range(2):
        bucket.put("t/k", b"same")
    assert bucket.get("t/k") == b"same"
    assert list(bucket.list("")) == ["t/k"]


@pytest.mark.parametrize(
    "key", [pytest.param("absent", id="nothing"), pytest.param("t", id="a folder"), pytest.param("t/1", id="a deeper")]
)
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
    bucket.delete("never/was/there")
    assert list(bucket.list("")) == ["t/2/a"]
    bucket.put("t/1/a", b"again")
    assert bucket.get("t/1/a") == b"again"


def test_keys_are_listed_in_order_below_any_prefix(bucket: Bucket) -> None:
    keys = ["a-b/1/x", "a/1/x", "a/1/y", "a/10/x", "a/2/x", "b/1/x", "top"]
    for key in reversed(keys):
        bucket.put(key, key.encode())
    assert list(bucket.list("")) == sorted(keys)
    for prefix in ("a", "a/", "a/1", "a/1/", "a/1/x", "b/", "absent/", "absent/deeper/", "top"):
        assert list(bucket.list(prefix)) == sorted(key for key in keys if key.startswith(prefix)), prefix


def test_more_keys_than_one_page_of_an_answer_are_all_listed(s3: S3Server) -> None:
    bucket = StorageBucket(S3Blocks(**s3.options("pages")))
    client = s3.client()
    for number in range(1_001):
        client.put_object(Bucket=s3.options()["bucket_name"], Key=f"pages/t/{number:05d}", Body=b"")
    assert len(list(bucket.list("t/"))) == 1_001


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.tmp", "a\\b", "/etc/passwd"])
def test_a_key_that_could_leave_its_place_is_refused(bucket: Bucket, key: str, tmp_path: Path) -> None:
    calls: tuple[Callable[[], object], ...] = (
        lambda: bucket.put(key, b"x"),
        lambda: bucket.get(key),
        lambda: bucket.exists(key),
        lambda: bucket.size(key),
        lambda: bucket.delete(key),
        lambda: bucket.download(key, tmp_path / "out"),
    )
    for call in calls:
        with pytest.raises(InvalidKey):
            call()


def test_a_prefix_cannot_lead_outside(bucket: Bucket) -> None:
    for prefix in ("../", "a/../../", "/etc/"):
        with pytest.raises(InvalidKey):
            list(bucket.list(prefix))


def test_a_local_file_that_is_missing_is_not_taken_for_a_missing_object(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(BucketError) as caught:
        bucket.put("t/a", tmp_path / "absent")
    assert not isinstance(caught.value, NotFound)
    assert not caught.value.transient
    assert list(bucket.list("")) == []


def test_a_storage_that_renames_is_refused_and_keeps_no_stray_copy(tmp_path: Path) -> None:
    bucket = StorageBucket(FileSystemStorage(location=tmp_path))
    bucket.put("t/a", b"first")
    with pytest.raises(BucketError, match="let it overwrite") as caught:
        bucket.put("t/a", b"second")
    assert not caught.value.transient
    assert list(bucket.list("")) == ["t/a"]
    assert bucket.get("t/a") == b"first"


def test_a_server_that_is_away_may_come_back_and_one_that_refuses_will_not(s3: S3Server) -> None:
    bucket = StorageBucket(S3Blocks(**s3.options("away")))
    bucket.put("t/a", b"x")
    s3.gate.shut()
    calls: tuple[Callable[[], object], ...] = (
        lambda: bucket.put("t/a", b"x"),
        lambda: bucket.get("t/a"),
        lambda: bucket.exists("t/a"),
        lambda: bucket.size("t/a"),
        lambda: list(bucket.list("")),
    )
    for call in calls:
        with pytest.raises(BucketError) as caught:
            call()
        assert caught.value.transient
        assert not isinstance(caught.value, NotFound), "a server that is away says nothing of the object"
    s3.gate.open()
    assert bucket.get("t/a") == b"x"
    elsewhere = StorageBucket(S3Blocks(**{**s3.options(), "bucket_name": "no-such-bucket"}))
    with pytest.raises(BucketError) as caught:
        elsewhere.put("t/a", b"x")
    assert not caught.value.transient


def test_a_server_that_hangs_is_given_up_within_seconds(s3: S3Server) -> None:
    config = S3Blocks(**s3.options()).connection.meta.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (
        s3_blocks.CONNECT_TIMEOUT_SECONDS,
        s3_blocks.READ_TIMEOUT_SECONDS,
    )
    assert config.retries["total_max_attempts"] == s3_blocks.ATTEMPTS
    assert config.s3["addressing_style"] == "path", "what the operator chose is kept"
