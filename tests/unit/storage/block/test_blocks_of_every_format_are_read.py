"""Blocks that were written earlier are still read: buckets outlive the version that wrote them.

The blocks in ``golden`` are never regenerated. A new format adds one.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.profiles.sample_choice import SampleChoice
from ingest.storage.block.reader import Block
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.head.head import Head
from ingest.storage.part import Part
from tests.unit.storage.pushes import ALWAYS, Group, Sample, plain, push, read_names, read_stacks

GOLDEN = Path(__file__).parent / "golden"
ULID = "01J0000000000000000000001A"
TRACE = 0x7C9E66797425440DE944BE07FC1F90AE
WEB = (("__name__", "process_cpu"), ("service_name", "web"))


def groups(trace: int) -> list[Group]:
    """Return what the golden blocks hold; the first of them has no traces."""
    first = (Sample(plain("main", "work"), (1, 10), 7, trace), Sample(plain("main"), (2, 0)))
    second = Group((Sample(plain("main", "wait"), (3, 30)),), number=2, time_ns=2000, labels=WEB)
    return [Group(first, number=1, time_ns=1000), second]


def head_of(trace: int) -> Head:
    head = Head(ULID, "team-a", "ingester-1", 5)
    head.append(push(*groups(trace)))
    return head


def of_trace(part: Part, trace: int) -> dict[tuple[str, ...], int]:
    rows = part.rows(part.select_series(()), *ALWAYS).row_index
    choice = SampleChoice(traces=(trace.to_bytes(16, "big"),))
    return read_names(part.merge(rows, by_name=True, choice=choice))


@pytest.mark.parametrize(("version", "trace"), [("version-1", 0), ("version-2", TRACE)])
def test_a_block_of_this_format_is_read(version: str, trace: int) -> None:
    block, head = Block.open(GOLDEN / version / ULID), head_of(trace)
    assert read_stacks(block) == read_stacks(head)
    assert read_stacks(block, spans={7}) == read_stacks(head, spans={7}) == {plain("main", "work"): 11}
    assert of_trace(block, TRACE) == of_trace(head, TRACE) == ({("main", "work"): 11} if trace else {})
    assert of_trace(block, TRACE ^ 1) == {}


@pytest.mark.parametrize(("trace", "format_of_profiles"), [(0, 1), (TRACE, 2)])
def test_only_a_block_with_traces_has_the_format_with_traces(
    tmp_path: Path, trace: int, format_of_profiles: int
) -> None:
    write_block(head_of(trace).snapshot().content(), BlockIdentity(ULID, "team-a", "ingester-1", 5), tmp_path)
    meta = json.loads((tmp_path / ULID / "meta.json").read_bytes())
    assert meta["formats"]["profiles.parquet"] == format_of_profiles
    # What compaction reads keeps them.
    again = tmp_path / "again"
    write_block(Block.open(tmp_path / ULID).content(), BlockIdentity(ULID, "team-a", "ingester-1", 5), again)
    assert of_trace(Block.open(again / ULID), TRACE) == of_trace(head_of(trace), TRACE)
