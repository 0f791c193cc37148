"""Row groups of a block: so many rows each, together all of them, in the order of series, time and identity."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingest.profiles.columns import SampleType
from ingest.storage.block import writer
from ingest.storage.block.reader import Block
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.head.head import Head
from tests.unit.storage.faulty_files import FaultyFiles
from tests.unit.storage.pushes import Group, Sample, plain, push, read_rows

IDENTITY = BlockIdentity("01J0000000000000000000ROWS", "team-a", "ingester-1", 5)


def hundred_rows() -> Head:
    """Return a head with a hundred rows in five series, pushed in no order."""
    head = Head(IDENTITY.ulid, "team-a", "ingester-1", 5)
    for number in range(100):
        scattered = number * 37 % 100
        labels = (("__name__", "cpu"), ("pod", str(scattered % 5)), ("service_name", "checkout"))
        one_type = (SampleType("cpu", "nanoseconds"),)
        head.append(push(Group((Sample(plain("main"), (1,)),), number, scattered, labels, one_type)))
    return head


@pytest.mark.parametrize(("rows_a_group", "groups"), [(10, 10), (30, 4), (100, 1), (1000, 1)])
def test_a_hundred_rows_are_divided_by_the_bound_and_stay_sorted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_a_group: int, groups: int
) -> None:
    monkeypatch.setattr(writer, "ROW_GROUP_ROWS", rows_a_group)
    head = hundred_rows()
    write_block(head.snapshot().content(), IDENTITY, tmp_path)
    found = pq.ParquetFile(tmp_path / IDENTITY.ulid / "profiles.parquet")
    assert found.num_row_groups == groups
    sizes = [found.metadata.row_group(number).num_rows for number in range(groups)]
    assert sum(sizes) == 100
    assert max(sizes) <= rows_a_group
    table = found.read(columns=["series_index", "time_ns"]).to_pydict()
    order = list(zip(table["series_index"], table["time_ns"], strict=True))
    assert order == sorted(order)
    assert sorted(read_rows(Block.open(tmp_path / IDENTITY.ulid)), key=repr) == sorted(read_rows(head), key=repr)


@pytest.mark.parametrize("method", ["sync", "writev", "replace"])
def test_a_disk_that_fails_while_a_block_is_written_leaves_nothing_of_it(tmp_path: Path, method: str) -> None:
    files = FaultyFiles()
    files.failing[method] = 28
    head = hundred_rows()
    with pytest.raises(OSError, match="No space left"):
        write_block(head.snapshot().content(), IDENTITY, tmp_path, files)
    assert list(tmp_path.iterdir()) == []
    assert len(read_rows(head)) == 100, "the head still answers"
    write_block(head.snapshot().content(), IDENTITY, tmp_path)
