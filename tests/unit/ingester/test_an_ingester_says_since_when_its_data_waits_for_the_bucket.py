"""Queries look back as far as an ingester says that it has data which is not in the bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.config import IngestConfig
from tests.unit.ingester.stores import TENANT, Ingesters, payload

SECOND_NS = 10**9


def test_the_oldest_of_heads_and_waiting_blocks_counts_until_it_is_uploaded(tmp_path: Path) -> None:
    ingesters = Ingesters(tmp_path)
    ingesters.now_ns = 100 * SECOND_NS
    store = ingesters.open()
    assert store.status().oldest_unuploaded_ms is None

    store.commit([payload(1)])
    assert store.status().oldest_unuploaded_ms == 100_000

    ingesters.now_ns = 200 * SECOND_NS
    store.seal_all("test")
    store.write_blocks()
    store.commit([payload(2)])
    assert store.status().oldest_unuploaded_ms == 100_000, "a block that waits counts from its head's beginning"

    reopened = ingesters.open()
    assert reopened.status().oldest_unuploaded_ms == 100_000, "also after a restart"
    for _, path in reopened.blocks.to_upload():
        reopened.blocks.mark_uploaded(path)
    assert reopened.status().oldest_unuploaded_ms == 200_000
    assert [part.tenant for part in reopened.parts(TENANT)] == [TENANT, TENANT]

    ingesters.now_ns = 300 * SECOND_NS
    assert ingesters.open().status().oldest_unuploaded_ms == 200_000, "what is uploaded stays uploaded"


@pytest.mark.parametrize(("lookback_seconds", "problems"), [(3915.0, 0), (3914.0, 1)])
def test_a_look_back_shorter_than_data_stays_on_ingesters_is_refused(
    tmp_path: Path, lookback_seconds: float, problems: int
) -> None:
    config = IngestConfig(
        tmp_path,
        head_max_age_seconds=3600,
        upload_interval_seconds=15,
        upload_retry_max_seconds=300,
        shard_lookback_seconds=lookback_seconds,
    )
    found = config.validate()
    assert len(found) == problems
    assert all("so queries could miss them" in sentence for sentence in found)


@pytest.mark.parametrize(("delay_seconds", "problems"), [(90.0, 0), (89.0, 1), (0.0, 1)])
def test_a_deletion_that_does_not_wait_for_queries_is_refused(
    tmp_path: Path, delay_seconds: float, problems: int
) -> None:
    found = IngestConfig(
        tmp_path, query_deadline_seconds=30, retention_delay_seconds=delay_seconds
    ).validate_retention()
    assert len(found) == problems
    assert all("shorter than a query may read a block" in sentence for sentence in found)
