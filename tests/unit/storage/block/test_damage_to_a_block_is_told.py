"""A damaged block raises BlockDamaged naming the file; it never gives a wrong answer and never another exception."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.storage.block import meta
from ingest.storage.block.errors import BlockDamaged
from ingest.storage.block.meta import FORMATS, BlockMeta
from ingest.storage.block.reader import Block
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.errors import StorageError
from ingest.storage.head.head import Head
from tests.unit.profiles.stack_model import plain
from tests.unit.storage.pushes import Group, Sample, push, read_rows, read_stacks

ULID = "01J0000000000000000000BLOK"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    head = Head(ULID, "team-a", "ingester-1", 5)
    for number in range(50):
        stacks = [plain("main", f"f{number % 7}", f"g{i}") for i in range(20)]
        labels = (("__name__", "cpu"), ("pod", str(number % 4)), ("service_name", "s"))
        found = tuple(Sample(stack, (i + number, i * 1000 + number), span=i % 3) for i, stack in enumerate(stacks))
        head.append(push(Group(found, number, number, labels)))
    directory = tmp_path_factory.mktemp("written")
    write_block(head.snapshot().content(), BlockIdentity(ULID, "team-a", "ingester-1", 5), directory)
    return directory / ULID


@pytest.fixture
def block(written: Path, tmp_path: Path) -> Path:
    copy = tmp_path / ULID
    shutil.copytree(written, copy)
    return copy


def read_all(directory: Path) -> object:
    block = Block.open(directory)
    content = block.content()
    return (
        read_rows(block),
        read_stacks(block),
        read_stacks(block, spans={1}),
        content.duration_ns.tolist(),
        content.period.tolist(),
    )


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change_meta(change: Callable[[dict[str, Any]], object], *, resign: bool) -> Callable[[Path], None]:
    def damage(directory: Path) -> None:
        path = directory / "meta.json"
        body = json.loads(path.read_bytes())
        change(body)
        if resign:
            body.pop("xxh64", None)
            body["xxh64"] = meta._checksum(body)
        path.write_text(json.dumps(body))

    return damage


def cut_and_tell_nobody(directory: Path) -> None:
    """Cut a file and correct the size in the meta, so that only the file itself can tell."""
    truncate(directory / "stacks.parquet")
    size = (directory / "stacks.parquet").stat().st_size

    def correct(body: dict[str, Any]) -> None:
        next(entry for entry in body["files"] if entry["path"] == "stacks.parquet")["size_bytes"] = size

    change_meta(correct, resign=True)(directory)


META, PROFILES = "meta.json", "profiles.parquet"


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Change the meta and give it the checksum that belongs to the change."""
    return change_meta(change, resign=True)


def overwritten(data: bytes) -> Callable[[Path], None]:
    """Replace the meta."""
    return lambda at: (at / META).write_bytes(data) and None


DAMAGES = [
    *(pytest.param(lambda at, p=p: (at / p).unlink(), p, "No such file", id=f"{p} is missing") for p in FORMATS),
    *(pytest.param(lambda at, p=p: truncate(at / p), p, "meta.json says", id=f"{p} is cut") for p in FORMATS),
    pytest.param(cut_and_tell_nobody, "stacks.parquet", "footer", id="a file is cut and the meta agrees"),
    pytest.param(lambda at: (at / META).unlink(), META, "No such file", id="the meta is missing"),
    pytest.param(lambda at: truncate(at / META), META, "not JSON", id="the meta is cut"),
    pytest.param(overwritten(b"[1]"), META, "not a JSON object", id="the meta is a list"),
    pytest.param(overwritten(b"\xff\xfe{}"), META, "not JSON", id="the meta is not text"),
    pytest.param(overwritten(b"[" * 100_000), META, "not JSON", id="the meta nests too deep"),
    pytest.param(edited(lambda b: b.update(version=2)), META, "version 2", id="a later version"),
    pytest.param(edited(lambda b: b.pop("version")), META, "version None", id="no version"),
    pytest.param(change_meta(lambda b: b.update(tenant="x"), resign=False), META, "checksum", id="a changed tenant"),
    pytest.param(edited(lambda b: b.pop("stats")), META, "stats", id="a field is missing"),
    pytest.param(edited(lambda b: b.update(more=1)), META, "more", id="an unknown field"),
    pytest.param(edited(lambda b: b.update(level="1")), META, "level", id="text for a number"),
    pytest.param(edited(lambda b: b.update(level=-1)), META, "level", id="a negative count"),
    pytest.param(edited(lambda b: b.update(ulid="01X")), META, "is of block '01X'", id="the meta of another block"),
    pytest.param(edited(lambda b: b["files"].pop()), META, "files", id="a file is not listed"),
    pytest.param(edited(lambda b: b["files"][0].update(path="../x")), META, "files", id="a path that leaves the block"),
    pytest.param(edited(lambda b: b["formats"].update({PROFILES: 3})), META, "formats", id="a later file format"),
    pytest.param(edited(lambda b: b["formats"].update({PROFILES: 2})), PROFILES, "trace_ids", id="a column is missing"),
    pytest.param(edited(lambda b: b["files"][0].update(rows=7)), PROFILES, "says 7", id="another number of rows"),
    pytest.param(edited(lambda b: b["stats"].update(series=1)), PROFILES, "series_index", id="fewer series"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "file", "why"), DAMAGES)
def test_damage_names_the_file_and_the_reason(block: Path, damage: Callable[[Path], None], file: str, why: str) -> None:
    damage(block)
    with pytest.raises(BlockDamaged) as caught:
        read_all(block)
    assert (caught.value.block, caught.value.file) == (ULID, file)
    assert why in caught.value.why
    assert isinstance(caught.value, StorageError)


@pytest.mark.parametrize("path", [*FORMATS, "meta.json"])
def test_a_flipped_byte_is_told_or_changes_no_answer(written: Path, block: Path, path: str) -> None:
    expected = read_all(written)
    whole = (written / path).read_bytes()
    chance = random.Random(path)
    told = 0
    for position in chance.sample(range(len(whole)), min(40, len(whole))):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << chance.randrange(8)
        (block / path).write_bytes(damaged)
        try:
            assert read_all(block) == expected, f"byte {position} of {path} changed the answer"
        except BlockDamaged:
            told += 1
    assert told >= 20


def test_the_meta_survives_its_own_text(written: Path) -> None:
    data = (written / "meta.json").read_bytes()
    read = BlockMeta.from_json(data, ULID)
    assert read.to_json() == data
    assert read.file("profiles.parquet").rows == read.stats.rows == 100
    with pytest.raises(KeyError):
        read.file("other.parquet")
