"""Reading creates nothing, and a tenant sees its own labels alone."""

from __future__ import annotations

from pathlib import Path

from ingest.ingester.store import IngesterStore
from ingest.profiles.selector import matchers_to_json
from ingest.storage.read import answer
from ingest.storage.read_messages import ReadOp, ReadRequest
from tests.unit.ingester.stores import STORED, Ingesters, payload


def label_names(store: IngesterStore, tenant: str) -> list[str]:
    request = ReadRequest(ReadOp.LABEL_NAMES, tenant, matchers_to_json(()), 0, 1000)
    return answer(request, store.parts(tenant)).strings


def test_an_unknown_tenant_has_no_labels_and_comes_into_being_by_a_push_only(tmp_path: Path) -> None:
    ingesters = Ingesters(tmp_path / "ingester")
    store = ingesters.open()
    assert store.commit([payload(1, tenant="team-a")]) == [STORED]
    before = store.status()
    assert label_names(store, "team-b") == []
    assert store.status() == before
    assert (before.heads, before.wal_segments) == (1, 1)
    assert "service_name" in label_names(store, "team-a")
    assert list((ingesters.directory / "blocks").iterdir()) == []


def test_values_of_one_tenant_are_no_values_of_another(tmp_path: Path) -> None:
    store = Ingesters(tmp_path / "ingester").open()
    store.commit([payload(1, tenant="team-a"), payload(2, tenant="team-b")])
    store.seal(["team-b"], "test")
    store.write_blocks()
    for tenant, number in (("team-a", 1), ("team-b", 2)):
        request = ReadRequest(ReadOp.DIGESTS, tenant, matchers_to_json(()), number, number + 1)
        assert len(answer(request, store.parts(tenant)).digests) == 1
        other = ReadRequest(ReadOp.DIGESTS, tenant, matchers_to_json(()), 3 - number, 4 - number)
        assert answer(other, store.parts(tenant)).digests == []
