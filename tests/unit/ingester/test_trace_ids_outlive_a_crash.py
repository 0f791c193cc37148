"""The trace ids of samples are there after a crash, wherever the head stood, and in the block that it becomes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.ingester.store import IngesterStore
from ingest.profiles.record import encode_record
from ingest.profiles.sample_choice import SampleChoice
from tests.unit.ingester.stores import STORED, TENANT, Ingesters, payload
from tests.unit.storage.pushes import ALWAYS, Group, Sample, plain, push, read_names

TRACE = 0x7C9E66797425440DE944BE07FC1F90AE


def traced() -> bytes:
    samples = (Sample(plain("main", "work"), (1, 0), span=7, trace=TRACE), Sample(plain("main", "wait"), (2, 0)))
    record = push(Group(samples, number=9, time_ns=9), tenant=TENANT)
    return encode_record(record.tenant, 0, record.symbols, record.groups)


def of_trace(store: IngesterStore) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = {}
    for part in store.parts(TENANT):
        rows = part.rows(part.select_series(()), *ALWAYS).row_index
        choice = SampleChoice(traces=(TRACE.to_bytes(16, "big"),))
        found |= read_names(part.merge(rows, by_name=True, choice=choice))
    return found


def stay(store: IngesterStore) -> None:
    """Leave the head open."""


def become_a_block(store: IngesterStore) -> None:
    store.seal_all("test")
    store.write_blocks()
    store.truncate_log()


@pytest.mark.parametrize("advance", [stay, become_a_block])
def test_trace_ids_outlive_a_crash(tmp_path: Path, advance: Callable[[IngesterStore], None]) -> None:
    ingesters = Ingesters(tmp_path / "ingester")
    store = ingesters.open()
    # A record without traces before and after it in the same message and log.
    assert store.commit([payload(1) + traced(), payload(2)]) == [STORED * 2, STORED]
    assert of_trace(store) == {("main", "work"): 1}
    advance(store)
    assert of_trace(store) == {("main", "work"): 1}
    assert of_trace(ingesters.open()) == {("main", "work"): 1}
