"""``catalogue rebuild``: the rows afterwards are those of the bucket, whatever an ingester uploads meanwhile."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.forms.models import model_to_dict

from ingest.adapters.catalogue_rebuild import Rebuilt, rebuild_catalogue
from ingest.adapters.orm_catalogue import OrmCatalogue
from ingest.models import BlockRecord
from ingest.storage.block.meta import FORMATS, BlockFile, BlockMeta, BlockStats
from ingest.storage.bucket import LocalBucket, MemoryBucket
from ingest.storage.errors import BucketError
from ingest.storage.fs import escape_component

pytestmark = pytest.mark.django_db


def meta(number: int, tenant: str = "Team A") -> BlockMeta:
    ulid = f"01{number:024d}"
    files = tuple(BlockFile(path, 100 + number, 1, "0" * 16) for path in FORMATS)
    stats = BlockStats(series=1, rows=2, profiles=1, samples=3)
    return BlockMeta(1, ulid, tenant, "ingester-0", 10**18, number, number + 5, 1, (ulid,), stats, files, FORMATS)


def key_of(block: BlockMeta) -> str:
    return f"{escape_component(block.tenant)}/{block.ulid}/meta.json"


@dataclass
class Upload:
    """An ingester's two last steps, each before the operation of the bucket with its number (or at the very end)."""

    block: BlockMeta
    put_at: int
    add_at: int
    bucket: MemoryBucket = field(init=False)
    operations: int = 0

    def before(self, operation: str, key: str) -> None:
        number, self.operations = self.operations, self.operations + 1
        self.run(number)

    def run(self, number: int) -> None:
        if number == self.put_at:
            self.bucket.objects[key_of(self.block)] = self.block.to_json()
        if number == self.add_at:
            OrmCatalogue().add(json.loads(self.block.to_json()), escape_component(self.block.tenant))

    def finish(self) -> None:
        """Take the steps that the rebuild was too short for."""
        for number in range(self.operations, max(self.put_at, self.add_at) + 1):
            self.run(number)


def rows() -> dict[str, dict[str, object]]:
    left = ("id", "registered_at")
    return {row.ulid: model_to_dict(row, exclude=left) for row in BlockRecord.objects.all()}


def rebuild(bucket: MemoryBucket) -> Rebuilt:
    return rebuild_catalogue(bucket, OrmCatalogue(), lambda keys: keys)


def uploaded(*blocks: BlockMeta) -> MemoryBucket:
    bucket = MemoryBucket()
    for block in blocks:
        bucket.put(key_of(block), block.to_json())
        OrmCatalogue().add(json.loads(block.to_json()), escape_component(block.tenant))
    return bucket


def test_after_losing_every_row_a_rebuild_brings_the_same_rows() -> None:
    bucket = uploaded(*(meta(number) for number in range(450)), meta(1000, "anonymous"))
    before = rows()
    BlockRecord.objects.all().delete()
    assert rebuild(bucket) == Rebuilt(451, (), ())
    assert rows() == before
    assert len(before) == 451


def test_a_rebuild_of_a_catalogue_that_is_right_changes_nothing() -> None:
    bucket = uploaded(meta(1), meta(2))
    before, identifiers = rows(), set(BlockRecord.objects.values_list("id", "registered_at"))
    assert rebuild(bucket) == Rebuilt(2, (), ())
    assert rows() == before
    assert set(BlockRecord.objects.values_list("id", "registered_at")) == identifiers


def test_a_row_that_says_something_else_is_mended() -> None:
    bucket = uploaded(meta(1))
    before = rows()
    BlockRecord.objects.update(tenant="somebody else", prefix="elsewhere", max_time_ns=0, size_bytes=1)
    rebuild(bucket)
    assert rows() == before


def test_a_row_without_a_block_is_removed_and_named() -> None:
    bucket = uploaded(meta(1), meta(2))
    bucket.delete(key_of(meta(2)))
    assert rebuild(bucket).removed == (meta(2).ulid,)
    assert set(rows()) == {meta(1).ulid}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(meta(2).to_json()[:-40], "not JSON", id="cut off"),
        pytest.param(meta(2).to_json().replace(b"Team A", b"Team B"), "checksum differs", id="changed"),
        pytest.param(meta(3).to_json(), "is of block", id="of another block"),
        pytest.param(meta(2, "Team B").to_json(), "not that of its tenant", id="in the folder of another tenant"),
        pytest.param(b"\xff\xfe", "not JSON", id="not even text"),
        pytest.param(b"[" * 100_000, "not JSON", id="nested too deep"),
    ],
)
@pytest.mark.parametrize("has_row", [True, False])
def test_a_damaged_meta_is_left_out_and_named_and_costs_the_others_nothing(
    content: bytes, reason: str, has_row: bool
) -> None:
    bucket = uploaded(meta(1), *([meta(2)] if has_row else []))
    bucket.objects[key_of(meta(2))] = content
    done = rebuild(bucket)
    assert len(done.left_out) == 1
    assert done.left_out[0].startswith(f"{key_of(meta(2))}: ")
    assert reason in done.left_out[0]
    assert set(rows()) == {meta(1).ulid}


def test_objects_that_only_look_like_metas_are_left_out() -> None:
    bucket = uploaded(meta(1))
    bucket.objects["meta.json"] = b"{}"
    bucket.objects["anonymous/meta.json"] = b"{}"
    bucket.objects[f"anonymous/{meta(2).ulid}/deeper/meta.json"] = meta(2).to_json()
    assert len(rebuild(bucket).left_out) == 2
    assert set(rows()) == {meta(1).ulid}


@pytest.mark.parametrize("stale_row", [False, True])
@pytest.mark.parametrize(("put_at", "add_at"), list(itertools.combinations_with_replacement(range(9), 2)))
def test_an_upload_at_any_moment_of_a_rebuild_is_not_lost(put_at: int, add_at: int, stale_row: bool) -> None:
    """``stale_row``: the catalogue had the block before, and the bucket had lost it."""
    upload = Upload(meta(2), put_at, add_at)
    bucket = upload.bucket = MemoryBucket(before=upload.before)
    bucket.objects |= uploaded(meta(1), meta(3)).objects
    if stale_row:
        uploaded(meta(2))
    BlockRecord.objects.filter(ulid=meta(1).ulid).delete()
    rebuild(bucket)
    upload.finish()
    assert set(rows()) == {meta(1).ulid, meta(2).ulid, meta(3).ulid}


def test_the_interleavings_above_reach_past_the_end_of_a_rebuild() -> None:
    upload = Upload(meta(2), 100, 100)
    upload.bucket = MemoryBucket(before=upload.before)
    upload.bucket.objects |= uploaded(meta(1), meta(3)).objects
    uploaded(meta(2))
    rebuild(upload.bucket)
    assert 4 <= upload.operations < 9


def test_a_bucket_that_cannot_be_read_removes_nothing() -> None:
    bucket = uploaded(meta(1), meta(2))
    before = rows()
    for broken in ("list", "get"):

        def fail(operation: str, key: str, broken: str = broken) -> None:
            if operation == broken:
                raise BucketError("away", transient=True)

        failing = MemoryBucket(before=fail)
        failing.objects |= {key: content for key, content in bucket.objects.items() if meta(1).ulid in key}
        with pytest.raises(BucketError):
            rebuild(failing)
        assert rows() == before


def test_the_command_names_what_it_leaves_out_and_removes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = LocalBucket(tmp_path)
    monkeypatch.setattr("ingest.management.commands.catalogue.blocks_bucket", lambda: bucket)
    bucket.put(key_of(meta(1)), meta(1).to_json())
    bucket.put(key_of(meta(2)), b"{")
    uploaded(meta(3))
    call_command("catalogue", "rebuild")
    said = capsys.readouterr()
    assert "1 blocks in the catalogue, 1 left out, 1 removed" in said.out
    assert f"left out {key_of(meta(2))}" in said.err
    assert f"removed {meta(3).ulid}" in said.err
    monkeypatch.setattr(bucket, "list", lambda prefix: _away())
    with pytest.raises(CommandError, match="no block was removed"):
        call_command("catalogue", "rebuild")


def _away() -> Iterator[str]:
    raise BucketError("away", transient=True)
