"""How much a tenant's blocks hold is summed by the database, over blocks that overlap the range."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.adapters.orm_catalogue import OrmCatalogue
from ingest.models import BlockRecord
from ingest.querier.ports import BlockTotals


def block(number: int, tenant: str, first_ns: int, last_ns: int) -> None:
    BlockRecord.objects.create(
        ulid=f"01J{number:023}", tenant=tenant, owner="a", prefix="p", min_time_ns=first_ns, max_time_ns=last_ns,
        series=number, profiles=10 * number, rows=20 * number, samples=100 * number, size_bytes=1000 * number,
        objects_count=7, created_at=datetime.now(UTC),
    )  # fmt: skip


@pytest.mark.django_db
def test_totals_are_those_of_the_overlapping_blocks_of_the_tenant() -> None:
    block(1, "alice", 10, 20)
    block(2, "alice", 15, 40)
    block(4, "alice", 41, 50)
    block(8, "bob", 0, 100)
    catalogue = OrmCatalogue()
    assert catalogue.totals("alice", 20, 41) == BlockTotals(2, 10, 40, 3, 30, 300, 3000)
    assert catalogue.totals("alice", -(2**63), 2**63 - 1) == BlockTotals(3, 10, 50, 7, 70, 700, 7000)
    assert catalogue.totals("alice", 51, 60) == BlockTotals()
    assert catalogue.totals("nobody", 0, 100) == BlockTotals()
