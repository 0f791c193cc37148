"""A log of several segments and kinds of records, cut at every byte: the store that opens on it holds exactly what the
whole records before the cut amount to, in heads of the same names, and goes on from there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from ingest.ingester.marks import HeadMark
from ingest.ingester.store import IngesterStore
from ingest.profiles.record import decode_record, iter_records
from ingest.profiles.selector import Matcher
from ingest.storage.wal.format import RECORD_HEADER_BYTES, RecordKind
from ingest.storage.wal.reader import WalRecord, replay
from tests.unit.ingester.stores import Ingesters, payload
from tests.unit.storage.pushes import read_rows

CPU_ONLY = [Matcher("__type__", "=", "cpu")]  # a profile has a row for each of its two sample types
TENANTS = ("team-a", "team-b")


class Expected:
    """What a prefix of the log amounts to, kept by the simplest means."""

    def __init__(self) -> None:
        #: tenant -> ULID of a head that holds something -> times of its profiles
        self.rows: dict[str, dict[str, list[int]]] = {tenant: {} for tenant in TENANTS}
        self.open: dict[str, str] = {}  #: tenant -> ULID of its open head
        self.sealed: set[str] = set()

    def take(self, record: WalRecord) -> None:
        if record.kind == RecordKind.PUSH:
            for view in iter_records(record.data):
                push = decode_record(view)
                times = self.rows[push.tenant].setdefault(self.open[push.tenant], [])
                times += [group.time_ns for group in push.groups]
            return
        mark = msgspec.json.decode(record.data, type=HeadMark)
        if record.kind == RecordKind.HEAD_OPEN:
            self.open[mark.tenant] = mark.ulid
        elif record.kind == RecordKind.HEAD_SEALED:
            self.sealed.add(self.open.pop(mark.tenant))


def fill(ingesters: Ingesters) -> None:
    """Leave a log of two segments with pushes, opened heads and sealed heads of two tenants."""
    store = ingesters.open()
    store.commit([payload(1), payload(2, tenant="team-b")])
    store.seal(["team-a"], "test")
    store.commit([payload(3)])
    store.seal_all("test")
    store.close()


def cuts(directory: Path, target: Path, at: Callable[[int, int], bool]) -> Iterator[tuple[Path, int, int]]:
    """Yield a copy of the directory for each byte its log can be cut at, with the segment and the length that is left.

    The segments after the one that is cut are gone: a log that ends early, wherever that is.
    """
    segments = sorted((directory / "wal").glob("*.wal"))
    shutil.copytree(directory, target, ignore=shutil.ignore_patterns("*.wal"))
    for number, segment in enumerate(segments, 1):
        content = segment.read_bytes()
        for size in range(len(content) + 1):
            if at(number, size):
                (target / "wal" / segment.name).write_bytes(content[:size])
                yield target, number, size
        (target / "wal" / segment.name).write_bytes(content)


def end_of(record: WalRecord) -> tuple[int, int]:
    """Return the segment of a record and the byte behind it."""
    return record.segment, record.offset + RECORD_HEADER_BYTES + len(record.data)


def heads_of(store: IngesterStore, tenant: str) -> tuple[set[str], Counter[int]]:
    """Return the names of a tenant's heads that hold something, and how often each of their profiles is there."""
    heads = [part for part in store.parts(tenant) if not store.blocks.has(part.part_id)]
    return {head.part_id for head in heads}, Counter(row.time_ns for head in heads for row in read_rows(head, CPU_ONLY))


def check_every_cut(ingesters: Ingesters, target: Path, at: Callable[[int, int], bool], in_blocks: set[str]) -> int:
    """Open a store on each cut and compare it with the model; ``in_blocks`` are heads whose block is complete."""
    records = list(replay(ingesters.directory / "wal", repair=False))
    assert {record.kind for record in records} == {RecordKind.PUSH, RecordKind.HEAD_OPEN, RecordKind.HEAD_SEALED}
    assert {record.segment for record in records} == {1, 2}
    checked = 0
    for directory, segment, size in cuts(ingesters.directory, target, at):
        expected = Expected()
        for record in records:
            if end_of(record) <= (segment, size):
                expected.take(record)
        store = Ingesters(directory).open()
        where = f"cut at byte {size} of segment {segment}"
        for tenant in TENANTS:
            rows = {ulid: times for ulid, times in expected.rows[tenant].items() if ulid not in in_blocks}
            once = Counter(time_ns for times in rows.values() for time_ns in times)
            assert heads_of(store, tenant) == (set(rows), once), where
        assert store.status().sealed_heads == len(expected.sealed - in_blocks), where
        checked += 1
    return checked


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where the machine has one: each cut is flushed, and there are thousands."""
    in_memory = Path("/dev/shm")
    if not os.access(in_memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=in_memory) as made:
        yield Path(made)


def test_every_cut_gives_the_heads_and_rows_of_the_whole_records_before_it(quick_path: Path) -> None:
    ingesters = Ingesters(quick_path / "ingester")
    fill(ingesters)
    size_bytes = sum(path.stat().st_size for path in (ingesters.directory / "wal").glob("*.wal"))
    checked = check_every_cut(ingesters, quick_path / "copy", lambda segment, size: True, set())
    assert checked == size_bytes + 2


def test_heads_whose_block_is_complete_stay_out_of_memory_wherever_the_log_ends(tmp_path: Path) -> None:
    ingesters = Ingesters(tmp_path / "ingester")
    fill(ingesters)
    ends = {end_of(record) for record in replay(ingesters.directory / "wal", repair=False)}
    store = ingesters.open()
    assert store.write_blocks() == 3
    in_blocks = {part.part_id for tenant in TENANTS for part in store.parts(tenant)}
    checked = check_every_cut(
        ingesters,
        tmp_path / "copy",
        lambda segment, size: any((segment, size + shift) in ends for shift in (-1, 0, 1)),
        in_blocks,
    )
    assert checked >= 3 * len(ends) - 2
