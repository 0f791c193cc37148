"""A head that holds nothing leaves nothing behind, however often it is flushed."""

from __future__ import annotations

from pathlib import Path

from ingest.profiles.record import encode_record
from tests.unit.ingester.stores import STORED, TENANT, Ingesters, held, once, payload
from tests.unit.storage.pushes import Group, Sample, plain, push


def test_a_head_without_rows_is_not_sealed_and_takes_the_next_push(tmp_path: Path) -> None:
    ingesters = Ingesters(tmp_path / "ingester")
    store = ingesters.open()
    nothing = push(Group((Sample(plain("main"), (0, 0)),), number=1, time_ns=1), tenant=TENANT)
    assert store.commit([encode_record(TENANT, 0, nothing.symbols, nothing.groups)]) == [STORED]
    for _ in range(2):
        store.seal_all("flush")
        assert store.write_blocks() == 0
    assert (store.status().heads, store.status().sealed_heads) == (1, 0)
    assert list((ingesters.directory / "blocks").rglob("*.parquet")) == []
    store.commit([payload(2)])
    store.seal_all("flush")
    assert store.write_blocks() == 1
    assert held(store) == once(2)
    assert len(list((ingesters.directory / "blocks").glob("*/*/meta.json"))) == 1
