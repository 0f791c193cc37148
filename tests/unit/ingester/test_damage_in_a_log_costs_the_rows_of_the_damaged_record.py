"""One damaged record in a log: its own rows are gone, every other row is there, and the store goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ingest.profiles.record import decode_record, iter_records
from ingest.storage.wal.format import RECORD_HEADER_BYTES, RecordKind, segment_name
from ingest.storage.wal.reader import WalRecord, replay
from tests.unit.ingester.stores import STORED, Ingesters, held, once, payload
from tests.unit.storage.pushes import read_rows

TENANTS = ("team-a", "team-b")
#: Records of the log that :func:`filled` leaves.
RECORDS = 11


def filled(directory: Path, with_blocks: bool) -> Ingesters:
    """Return ingesters over a log of pushes, opened heads and sealed heads; ``with_blocks`` of the sealed ones."""
    ingesters = Ingesters(directory)
    store = ingesters.open()
    store.commit([payload(1), payload(2, tenant="team-b")])
    store.seal(["team-a"], "test")
    store.commit([payload(3, 4)])
    store.seal_all("test")
    store.commit([payload(5, tenant="team-b")])
    if with_blocks:
        store.write_blocks()
    store.close()
    return ingesters


def rows_of(record: WalRecord) -> dict[str, set[int]]:
    rows: dict[str, set[int]] = {tenant: set() for tenant in TENANTS}
    if record.kind == RecordKind.PUSH:
        for view in iter_records(record.data):
            push = decode_record(view)
            rows[push.tenant] |= {group.time_ns for group in push.groups}
    return rows


def flip(directory: Path, record: WalRecord) -> None:
    path = directory / "wal" / segment_name(record.segment)
    content = bytearray(path.read_bytes())
    content[record.offset + RECORD_HEADER_BYTES + len(record.data) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("with_blocks", [False, True], ids=["heads only", "blocks written"])
def test_every_other_row_is_there_whichever_record_is_damaged(tmp_path: Path, with_blocks: bool) -> None:
    ingesters = filled(tmp_path / "whole", with_blocks)
    records = list(replay(ingesters.directory / "wal", repair=False))
    assert len(records) == RECORDS
    whole = ingesters.open()
    blocks = {
        tenant: {row.time_ns for block in whole.blocks.of(tenant) for row in read_rows(block)} for tenant in TENANTS
    }
    for number, damaged in enumerate(records):
        copy = tmp_path / f"damaged-{number}"
        shutil.copytree(ingesters.directory, copy)
        flip(copy, damaged)
        store = Ingesters(copy).open()
        for tenant in TENANTS:
            sound = {time_ns for record in records if record is not damaged for time_ns in rows_of(record)[tenant]}
            found = held(store, tenant)
            assert set(found) == sound | blocks[tenant], (damaged.kind, number)
            if not with_blocks:
                assert set(found.values()) <= {1}, "without a block nothing can be in two places"
        assert store.commit([payload(9)]) == [STORED]
        assert held(Ingesters(copy).open())[9] == 1


def test_a_head_whose_opening_is_lost_gets_another_name_and_keeps_its_rows(tmp_path: Path) -> None:
    ingesters = filled(tmp_path / "whole", with_blocks=False)
    names = {part.part_id for part in ingesters.open().parts("team-a")}
    opening = next(
        record for record in replay(ingesters.directory / "wal", repair=False) if record.kind == RecordKind.HEAD_OPEN
    )
    flip(ingesters.directory, opening)
    store = ingesters.open()
    assert held(store) == once(1, 3, 4)
    assert ingesters.opened is not None
    assert ingesters.opened.wal.replayed.orphans == 1
    assert len({part.part_id for part in store.parts("team-a")} & names) == len(names) - 1
