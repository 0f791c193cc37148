"""A log of several segments and kinds of records, cut at every byte: the store that opens on it holds exactly what the
whole records before the cut amount to, in heads of the same names.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
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

    def __init__(self, records: Iterable[WalRecord]) -> None:
        #: tenant -> ULID of a head that holds something -> times of its profiles
        self.rows: dict[str, dict[str, list[int]]] = {tenant: {} for tenant in TENANTS}
        self.open: dict[str, str] = {}  #: tenant -> ULID of its open head
        self.sealed: set[str] = set()
        for record in records:
            self.take(record)

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


def fill_late(ingesters: Ingesters) -> None:
    """Leave a log of late profiles beside one of those in order."""
    ingesters.config = {"head_max_age_ns": 2}
    store = ingesters.open()
    store.commit([payload(100), payload(50), payload(60)])
    store.seal_all("test")
    store.close()


def cuts(directory: Path, target: Path, at: Callable[[int, int], bool], log: str) -> Iterator[tuple[Path, int, int]]:
    """Yield a copy of the directory for each byte its log can be cut at, with the segment and the length that is left.

    The segments after the one that is cut are gone: a log that ends early, wherever that is.
    """
    segments = sorted((directory / log).glob("*.wal"))
    shutil.copytree(directory, target)
    for segment in segments:
        (target / log / segment.name).unlink()
    for number, segment in enumerate(segments, 1):
        content = segment.read_bytes()
        for size in range(len(content) + 1):
            if at(number, size):
                (target / log / segment.name).write_bytes(content[:size])
                yield target, number, size
        (target / log / segment.name).write_bytes(content)


def end_of(record: WalRecord) -> tuple[int, int]:
    """Return the segment of a record and the byte behind it."""
    return record.segment, record.offset + RECORD_HEADER_BYTES + len(record.data)


def heads_of(store: IngesterStore, tenant: str) -> tuple[set[str], Counter[int]]:
    """Return the names of a tenant's heads that hold something, and how often each of their profiles is there."""
    heads = [part for part in store.parts(tenant) if not store.blocks.has(part.part_id)]
    return {head.part_id for head in heads}, Counter(row.time_ns for head in heads for row in read_rows(head, CPU_ONLY))


def records_of(directory: Path, log: str) -> list[WalRecord]:
    return list(replay(directory / log, repair=False))


def check_every_cut(
    ingesters: Ingesters,
    target: Path,
    at: Callable[[int, int], bool] = lambda segment, size: True,
    in_blocks: Collection[str] = (),
    log: str = "wal",
) -> int:
    """Open a store on each cut and compare it with the model; ``in_blocks`` are heads whose block is complete."""
    (other,) = {"wal", "wbl"} - {log}
    untouched = Expected(records_of(ingesters.directory, other))
    records = records_of(ingesters.directory, log)
    assert {record.kind for record in records} == {RecordKind.PUSH, RecordKind.HEAD_OPEN, RecordKind.HEAD_SEALED}
    checked = 0
    for directory, segment, size in cuts(ingesters.directory, target, at, log):
        whole = Expected([record for record in records if end_of(record) <= (segment, size)])
        store = Ingesters(directory).open()
        where = f"cut at byte {size} of segment {segment}"
        for tenant in TENANTS:
            rows = {**untouched.rows[tenant], **whole.rows[tenant]}
            rows = {ulid: times for ulid, times in rows.items() if ulid not in in_blocks}
            once = Counter(time_ns for times in rows.values() for time_ns in times)
            assert heads_of(store, tenant) == (set(rows), once), where
        assert store.status().sealed_heads == len((untouched.sealed | whole.sealed) - set(in_blocks)), where
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
    assert {record.segment for record in records_of(ingesters.directory, "wal")} == {1, 2}
    size_bytes = sum(path.stat().st_size for path in (ingesters.directory / "wal").glob("*.wal"))
    assert check_every_cut(ingesters, quick_path / "copy") == size_bytes + 2


def test_every_cut_of_the_log_of_late_profiles_leaves_those_in_order_alone(quick_path: Path) -> None:
    ingesters = Ingesters(quick_path / "ingester")
    fill_late(ingesters)
    size_bytes = sum(path.stat().st_size for path in (ingesters.directory / "wbl").glob("*.wal"))
    assert check_every_cut(ingesters, quick_path / "copy", log="wbl") == size_bytes + 1


def test_heads_whose_block_is_complete_stay_out_of_memory_wherever_the_log_ends(tmp_path: Path) -> None:
    ingesters = Ingesters(tmp_path / "ingester")
    fill(ingesters)
    ends = {end_of(record) for record in records_of(ingesters.directory, "wal")}
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
