"""A log of five segments with a flipped byte in the third: one record is lost, and writing goes on behind the fifth."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.storage.wal.format import RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES
from ingest.storage.wal.reader import Damage, replay
from ingest.storage.wal.writer import WalWriter, list_segments
from tests.unit.storage.wal.logs import payloads_of, segment_path

SEGMENTS = 5
RECORDS_A_SEGMENT = 3
RECORD = b"0123456789" * 4
STEP = RECORD_HEADER_BYTES + len(RECORD)


def name(segment: int, record: int) -> bytes:
    return b"%d.%d " % (segment, record) + RECORD[4:]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    writer = WalWriter(tmp_path)
    for segment in range(1, SEGMENTS + 1):
        for record in range(RECORDS_A_SEGMENT):
            writer.append([(1, name(segment, record))])
        writer.cut()
    writer.close()
    return tmp_path


ALL = [name(segment, record) for segment in range(1, SEGMENTS + 1) for record in range(RECORDS_A_SEGMENT)]


@pytest.mark.parametrize("record", range(RECORDS_A_SEGMENT))
@pytest.mark.parametrize("byte", [0, RECORD_HEADER_BYTES, STEP - 1], ids=["header", "first byte", "last byte"])
def test_later_segments_survive_and_the_next_append_opens_another(directory: Path, record: int, byte: int) -> None:
    path = segment_path(directory, 3)
    content = bytearray(path.read_bytes())
    content[SEGMENT_HEADER_BYTES + record * STEP + byte] ^= 1
    path.write_bytes(content)
    survivors = [one for one in ALL if one != name(3, record)]
    for _ in range(2):
        run = replay(directory)
        assert payloads_of(run) == survivors
        assert [damage.segment for damage in run.report.damages] == [3]
    assert list_segments(directory) == [1, 2, 3, 4, 5]
    writer = WalWriter(directory)
    assert writer.append([(1, b"next")]).segment == SEGMENTS + 1
    writer.close()
    assert payloads_of(replay(directory)) == [*survivors, b"next"]


@pytest.mark.parametrize("torn_bytes", [1, RECORD_HEADER_BYTES, STEP - 1])
def test_a_torn_end_is_cut_off_and_the_next_append_opens_another_segment(directory: Path, torn_bytes: int) -> None:
    path = segment_path(directory, SEGMENTS)
    path.write_bytes(path.read_bytes()[:-torn_bytes])
    run = replay(directory)
    assert payloads_of(run) == ALL[:-1]
    assert [(damage.what, damage.truncated) for damage in run.report.damages] == [(Damage.TORN, True)]
    writer = WalWriter(directory)
    assert writer.append([(1, b"next")]).segment == SEGMENTS + 1
    writer.close()
    assert payloads_of(replay(directory)) == [*ALL[:-1], b"next"]
