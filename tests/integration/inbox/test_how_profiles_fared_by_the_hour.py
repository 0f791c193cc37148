"""Counts of a day beside the push inbox, in a real Redis: added up, bounded, and gone with their tenant."""

from __future__ import annotations

import pytest
import redis

from ingest.adapters.keys import inbox_hours_key
from ingest.adapters.redis_inbox import HOURS_KEPT
from ingest.distributor.types import Outcome
from ingest.querier.types import Unavailable
from tests.integration.inbox.test_inboxes_are_bounded_and_followed import Process
from tests.integration.ring.conftest import Server

pytestmark = pytest.mark.integration

HOUR_MS = 3_600_000


def counted(process: Process, tenant: str = "team-a") -> list[tuple[int, str, str, int]]:
    """Return the hour, verdict, reason and count of each line."""
    found = process.inbox.hours(tenant, process.now_ms)
    return [(one.hour_ms // HOUR_MS, one.verdict.value, one.reason, one.count) for one in found]


def test_processes_count_together_by_hour_verdict_and_reason(client: redis.Redis) -> None:
    one, other = Process(client), Process(client)
    for process in (one, other):
        process.now_ms = 100 * HOUR_MS
        for pod in (1, 2):  # two rows of the inbox, one line here
            process.push(pod)
        process.push(1, outcome=Outcome.REJECTED)
        assert process.writer.write()
    one.now_ms += HOUR_MS
    one.push(1)
    assert one.writer.write()
    assert counted(one) == [
        (100, "accepted", "", 4),
        (100, "rejected", "samples_limit", 2),
        (101, "accepted", "", 1),
    ]
    assert counted(one, "team-b") == []


def test_bytes_are_added_up_beside_the_counts(client: redis.Redis) -> None:
    process = Process(client)
    process.now_ms = 100 * HOUR_MS
    for raw_bytes in (300, 4_000):
        process.push(1, raw_bytes=raw_bytes)
    process.push(2, raw_bytes=50_000)
    process.push(1, outcome=Outcome.REJECTED, raw_bytes=7)
    assert process.writer.write()
    process.push(1, raw_bytes=600_000)
    assert process.writer.write()
    found = {one.verdict.value: (one.count, one.raw_bytes) for one in process.inbox.hours("team-a", process.now_ms)}
    assert found == {"accepted": (4, 654_300), "rejected": (1, 7)}


def test_counts_without_bytes_of_a_version_before_are_read(client: redis.Redis) -> None:
    client.hset(inbox_hours_key("team-a"), mapping={"100/accepted/": 3, "hour": 100})
    (one,) = Process(client).inbox.hours("team-a", 100 * HOUR_MS)
    assert (one.count, one.raw_bytes) == (3, 0)


def test_hours_of_more_than_a_day_ago_are_neither_shown_nor_kept(client: redis.Redis) -> None:
    process = Process(client)
    for hour in range(100, 100 + 3 * HOURS_KEPT):
        process.now_ms = hour * HOUR_MS
        process.push(1)
        assert process.writer.write()
        assert client.hlen(inbox_hours_key("team-a")) <= 2 * HOURS_KEPT + 1
    hours = [hour for hour, *_ in counted(process)]
    assert hours == list(range(100 + 2 * HOURS_KEPT, 100 + 3 * HOURS_KEPT))
    process.now_ms += 10 * HOUR_MS  # nothing was pushed meanwhile
    assert counted(process)[0][0] == 110 + 2 * HOURS_KEPT


def test_counts_of_a_tenant_go_with_its_inbox(client: redis.Redis) -> None:
    process = Process(client, max_tenants=2)
    for number in range(4):
        process.now_ms += 1
        process.push(1, f"team-{number}")
        assert process.writer.write()
    assert [client.exists(inbox_hours_key(f"team-{number}")) for number in range(4)] == [0, 0, 1, 1]


def test_the_counts_end_a_day_after_the_last_push(client: redis.Redis) -> None:
    process = Process(client)
    process.push(1)
    assert process.writer.write()
    assert 0 < client.ttl(inbox_hours_key("team-a")) <= (HOURS_KEPT + 1) * 3600


def test_a_redis_that_is_away_is_said(server: Server, client: redis.Redis) -> None:
    process = Process(client)
    server.kill()
    with pytest.raises(Unavailable):
        process.inbox.hours("team-a", 0)
