"""Files without an owner are removed at start when they are ours and left alone otherwise; damage is kept, bounded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingest.ingester.local_blocks import UPLOADED_MARK, LocalBlocks
from ingest.storage.fs import directory_bytes
from tests.unit.ingester.stores import Ingesters, held, once, payload

HALF_WRITTEN = "01" + "9" * 24


@pytest.fixture
def ingesters(tmp_path: Path) -> Ingesters:
    return Ingesters(tmp_path / "ingester")


def with_blocks(ingesters: Ingesters, count: int) -> list[Path]:
    """Leave so many blocks on the disk, each of one profile; return their directories, oldest first."""
    store = ingesters.open()
    for number in range(count):
        store.commit([payload(number)])
        store.seal_all("test")
        store.write_blocks()
        store.truncate_log()
    store.close()
    return [path for _, path in store.blocks.to_upload()]


def test_half_written_and_half_deleted_things_are_removed(ingesters: Ingesters) -> None:
    (block,) = with_blocks(ingesters, 1)
    root, tenant = ingesters.directory, block.parent
    half_deleted = tenant / ("01" + "8" * 24)
    half_deleted.mkdir()
    (half_deleted / "profiles.parquet").write_bytes(b"what a deletion left")
    for folder in (tenant / f"{HALF_WRITTEN}.tmp", root / "wal" / "checkpoint.00000001.tmp", root / "blocks" / "gone"):
        folder.mkdir(parents=True)
    for file in (root / "probe.tmp", root / "wal" / "quarantine" / "x.bin.tmp", tenant / "y.tmp"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"half a file")
    assert held(ingesters.open()) == once(0)
    assert not half_deleted.exists()
    assert not list(root.rglob("*.tmp"))
    assert [path.name for path in (root / "blocks").iterdir()] == [tenant.name], "empty folders of tenants go"


@pytest.mark.parametrize("name", ["lost+found", ".snapshot", "Volume Information"])
def test_what_others_put_on_the_disk_is_ignored(ingesters: Ingesters, name: str) -> None:
    (block,) = with_blocks(ingesters, 1)
    strange = [ingesters.directory / "blocks" / name, block.parent / name, ingesters.directory / "wal" / name]
    for folder in strange:
        folder.mkdir()
        (folder / "theirs").write_bytes(b"theirs")
    assert held(ingesters.open()) == once(0)
    assert all((folder / "theirs").exists() for folder in strange)


def damage(block: Path) -> None:
    profiles = block / "profiles.parquet"
    profiles.write_bytes(profiles.read_bytes()[:-1])


def test_damaged_blocks_are_set_aside_counted_and_said_once(ingesters: Ingesters) -> None:
    first, second = with_blocks(ingesters, 2)
    damage(first)
    store = ingesters.open()
    assert held(store) == once(1)
    assert ingesters.opened is not None
    assert [line.split(":")[0] for line in ingesters.opened.damaged_blocks] == [first.name]
    assert (store.status().damaged_blocks, store.status().local_blocks) == (1, 1)
    assert store.status().quarantine_bytes == directory_bytes(first.with_suffix(".damaged")) > 0
    again = ingesters.open()
    assert ingesters.opened.damaged_blocks == ()
    assert again.status().damaged_blocks == 1
    assert second.exists()


def test_a_block_that_is_damaged_twice_does_not_stop_the_start(ingesters: Ingesters) -> None:
    (block,) = with_blocks(ingesters, 1)
    shutil.copytree(block, block.with_suffix(".damaged"))
    damage(block)
    assert ingesters.open().status().damaged_blocks == 1


def test_damaged_blocks_are_bounded_and_those_that_are_in_the_bucket_go_first(ingesters: Ingesters) -> None:
    blocks = with_blocks(ingesters, 4)
    (blocks[2] / UPLOADED_MARK).touch()
    for block in blocks:
        damage(block)
    sizes = [directory_bytes(block) for block in blocks]
    local = LocalBlocks(ingesters.directory / "blocks", max_damaged_bytes=sizes[1] + sizes[3])
    assert len(local.open()) == 4
    kept = sorted(path.stem for path in blocks[0].parent.iterdir())
    assert kept == [blocks[1].name, blocks[3].name]
    assert (local.damaged_blocks, local.damaged_bytes) == (2, sizes[1] + sizes[3])


@pytest.mark.parametrize("log", ["wal", "wbl"])
def test_damage_to_either_log_is_kept_reported_and_costs_only_what_it_covers(ingesters: Ingesters, log: str) -> None:
    ingesters.config = {"head_max_age_ns": 10}
    store = ingesters.open()
    for time_ns in (1000, 1001, 500, 501):
        store.commit([payload(time_ns)])
    store.close()
    segment = ingesters.directory / log / "00000001.wal"
    data = bytearray(segment.read_bytes())
    data[data.rindex(b"PWRP") + 50] ^= 1  # inside of the last push of this log
    segment.write_bytes(data)
    again = ingesters.open()
    assert ingesters.opened is not None
    found = {"wal": ingesters.opened.wal, "wbl": ingesters.opened.wbl}
    assert [(name, len(one.log.damages)) for name, one in found.items() if one.log.damages] == [(log, 1)]
    lost = 1001 if log == "wal" else 501
    assert held(again) == once(*({1000, 1001, 500, 501} - {lost}))
    (copy,) = (ingesters.directory / log / "quarantine").iterdir()
    assert again.status().quarantine_bytes == copy.stat().st_size
