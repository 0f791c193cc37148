"""A block in the bucket is complete before anybody can see it, whatever fails on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.storage.bucket import LocalBucket, MemoryBucket
from ingest.storage.errors import BlockIncomplete, BucketError
from ingest.storage.shipper import Meta, Shipped, block_key, ship_block

BLOCK_ID = "01JD0000000000000000000000"
FILES = {"profiles.parquet": b"p" * 300, "symbols/strings.parquet": b"s" * 20, "empty": b""}
PREFIX = "tenant-a"
KEYS = {f"{PREFIX}/{BLOCK_ID}/{name}": content for name, content in FILES.items()}
META_KEY = f"{PREFIX}/{BLOCK_ID}/meta.json"


@pytest.fixture
def block(tmp_path: Path) -> Path:
    """A finished block on the local disk."""
    folder = tmp_path / "blocks" / BLOCK_ID
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    rows = [{"path": name, "size_bytes": len(content)} for name, content in FILES.items()]
    write_meta(folder, {"version": 1, "id": BLOCK_ID, "files": rows})
    return folder


def write_meta(folder: Path, meta: object) -> None:
    (folder / "meta.json").write_text(json.dumps(meta))


def whole(block: Path) -> dict[str, bytes]:
    return {**KEYS, META_KEY: (block / "meta.json").read_bytes()}


def test_data_files_go_first_then_the_meta_and_then_the_block_is_made_visible(block: Path) -> None:
    steps: list[str] = []
    bucket = MemoryBucket(before=lambda operation, key: steps.append(key) if operation == "put" else None)
    shipped = ship_block(block, bucket, PREFIX, lambda meta: steps.append(f"visible {meta['id']}"))
    assert steps == [*KEYS, META_KEY, f"visible {BLOCK_ID}"]
    assert bucket.objects == whole(block)
    assert shipped == Shipped(4, sum(map(len, whole(block).values())), 0)


def test_a_block_that_is_in_the_bucket_is_not_uploaded_again_but_made_visible_again(block: Path) -> None:
    bucket = MemoryBucket()
    ship_block(block, bucket, PREFIX, lambda meta: None)
    seen: list[Meta] = []
    assert ship_block(block, bucket, PREFIX, seen.append) == Shipped(0, 0, 4)
    assert seen == [json.loads((block / "meta.json").read_text())]


def test_files_that_arrived_before_are_skipped_and_one_of_another_size_is_put_again(block: Path) -> None:
    bucket = MemoryBucket()
    bucket.put(f"{PREFIX}/{BLOCK_ID}/profiles.parquet", FILES["profiles.parquet"])
    bucket.put(f"{PREFIX}/{BLOCK_ID}/symbols/strings.parquet", b"short")
    shipped = ship_block(block, bucket, PREFIX, lambda meta: None)
    assert (shipped.objects_put, shipped.objects_skipped) == (3, 1)
    assert bucket.objects == whole(block)


class Crash(BaseException):
    """The process ends here: nothing catches it."""


class CrashAt:
    """Raises at one of the steps it is told of, counted from 0."""

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left == -1:
            raise Crash


def crash_points() -> list[tuple[str, int]]:
    """All calls of a first run: the get of the meta, then size and put for each file, then the put of the meta.

    What is asked for is not there yet, so only puts have an answer that can get lost.
    """
    return [("before", step) for step in range(1 + 2 * len(FILES) + 1)] + [
        ("after", step) for step in range(len(FILES) + 1)
    ]


def checking(bucket: MemoryBucket, block: Path, calls: list[Meta]) -> Callable[[Meta], None]:
    """Return an on_visible that checks at the moment of its call that the bucket holds the whole block."""

    def on_visible(meta: Meta) -> None:
        assert bucket.objects == whole(block)
        calls.append(meta)

    return on_visible


def crash_once(block: Path, place: str, step: int, calls: list[Meta]) -> MemoryBucket:
    crash = CrashAt(step)
    before, after = (crash, None) if place == "before" else (None, crash)
    bucket = MemoryBucket(before, after)
    with pytest.raises(Crash):
        ship_block(block, bucket, PREFIX, checking(bucket, block, calls))
    return bucket


@pytest.mark.parametrize(("place", "step"), crash_points())
def test_after_a_crash_at_any_step_nothing_incomplete_is_visible_and_a_second_run_completes_it(
    block: Path, place: str, step: int
) -> None:
    calls: list[Meta] = []
    bucket = crash_once(block, place, step, calls)
    assert calls == []
    assert META_KEY not in bucket.objects or bucket.objects == whole(block), "a meta means a whole block"
    ship_block(block, bucket, PREFIX, checking(bucket, block, calls))
    assert len(calls) == 1
    assert bucket.objects == whole(block)
    again = ship_block(block, bucket, PREFIX, checking(bucket, block, calls))
    assert again.objects_put == 0


def test_no_byte_is_paid_for_twice_after_a_crash_between_files(block: Path) -> None:
    bucket = crash_once(block, "before", 4, [])
    arrived = dict(bucket.objects)
    assert len(arrived) == 1
    shipped = ship_block(block, bucket, PREFIX, lambda meta: None)
    assert shipped.objects_skipped == 1
    assert shipped.bytes_put == sum(map(len, whole(block).values())) - sum(map(len, arrived.values()))


def test_a_catalogue_that_fails_is_told_again_by_the_next_run(block: Path) -> None:
    bucket = MemoryBucket()
    with pytest.raises(Crash):
        ship_block(block, bucket, PREFIX, CrashAt(0))
    calls: list[Meta] = []
    assert ship_block(block, bucket, PREFIX, checking(bucket, block, calls)).objects_put == 0
    assert len(calls) == 1


def test_an_error_of_the_bucket_reaches_the_caller_and_what_arrived_stays_for_the_next_run(block: Path) -> None:
    def fault(operation: str, key: str) -> None:
        if operation == "put" and key.endswith("strings.parquet"):
            raise BucketError("timeout", transient=True)

    bucket = MemoryBucket(before=fault)
    with pytest.raises(BucketError, match="timeout"):
        ship_block(block, bucket, PREFIX, lambda meta: pytest.fail("visible"))
    assert list(bucket.objects) == [f"{PREFIX}/{BLOCK_ID}/profiles.parquet"]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda folder: (folder / "empty").unlink(), id="a listed file is missing"),
        pytest.param(lambda folder: (folder / "empty").write_bytes(b"x"), id="a listed file has another size"),
        pytest.param(lambda folder: (folder / "meta.json").unlink(), id="there is no meta"),
        pytest.param(lambda folder: (folder / "meta.json").write_text("{"), id="the meta is not JSON"),
        pytest.param(lambda folder: write_meta(folder, []), id="the meta is no object"),
        pytest.param(lambda folder: write_meta(folder, {}), id="the meta lists no files"),
        pytest.param(lambda folder: write_meta(folder, {"files": [{"path": "empty"}]}), id="a size is missing"),
        pytest.param(
            lambda folder: write_meta(folder, {"files": [{"path": 3, "size_bytes": 0}]}), id="a path is no text"
        ),
        pytest.param(
            lambda folder: write_meta(folder, {"files": [{"path": "../x", "size_bytes": 0}]}), id="a path leads outside"
        ),
    ],
)
def test_a_local_block_that_is_not_what_its_meta_says_is_not_uploaded(
    block: Path, damage: Callable[[Path], None]
) -> None:
    damage(block)
    bucket = MemoryBucket()
    with pytest.raises(BlockIncomplete):
        ship_block(block, bucket, PREFIX, lambda meta: pytest.fail("visible"))
    assert bucket.objects == {}


def test_a_block_is_shipped_into_a_folder_as_into_memory(block: Path, tmp_path: Path) -> None:
    bucket = LocalBucket(tmp_path / "bucket")
    ship_block(block, bucket, PREFIX, lambda meta: None)
    assert {key: bucket.get(key) for key in bucket.list("")} == whole(block)


def test_the_key_of_a_file_names_tenant_block_and_file() -> None:
    assert block_key("t%2e", "01H", "meta.json") == "t%2e/01H/meta.json"
