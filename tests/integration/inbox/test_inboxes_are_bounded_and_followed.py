"""The push inbox in a real Redis: never more than its bounds, counts of several processes together, and no push waits
for it."""

from __future__ import annotations

import threading
from collections import defaultdict
from random import Random

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.adapters.keys import INBOXES_KEY, inbox_keys
from ingest.adapters.redis_inbox import InboxWriter, RedisInbox
from ingest.distributor.types import ItemResult, Outcome, PushResult, RawSeries
from ingest.inbox.buffer import InboxBuffer
from ingest.profiles.reasons import Reason, Rejection
from ingest.querier.types import Unavailable
from tests.integration.ring.conftest import Server, eventually

pytestmark = pytest.mark.integration


def labels_of(pod: int) -> tuple[tuple[str, str], ...]:
    return (("__name__", "process_cpu"), ("pod", str(pod)), ("service_name", "checkout"))


class Process:
    """A web process: what it notes and what carries it to Redis."""

    def __init__(self, client: redis.Redis, max_rows: int = 10, max_tenants: int = 10, keep_seconds: int = 60) -> None:
        self.now_ms = 1_000
        self.buffer = InboxBuffer(lambda: self.now_ms)
        self.inbox = RedisInbox(client, max_rows, max_tenants, keep_seconds)
        self.writer = InboxWriter(self.buffer, self.inbox)

    def push(self, pod: int, tenant: str = "team-a", outcome: Outcome = Outcome.STORED, raw_bytes: int = 0) -> None:
        """Note one profile."""
        reason = Reason.SAMPLES_LIMIT if outcome is Outcome.REJECTED else None
        series = [RawSeries(labels_of(pod), (b"profile",))]
        item = ItemResult(0, 0, outcome, reason, "too many" if reason else "", raw_bytes=raw_bytes)
        result = PushResult("id", (item,))
        self.buffer.note(tenant, "push", "agent/1", 10, series, result)

    def shown(self, tenant: str = "team-a") -> list[tuple[str, str, int]]:
        """Return the pod, verdict and count of each row, the last changed first."""
        found = []
        for row in self.inbox.rows(tenant):
            found.append((row.document["labels"]["pod"], str(row.document["verdict"]), row.count))
        return found


def test_rows_come_back_with_their_counts_the_last_changed_first(client: redis.Redis) -> None:
    process = Process(client)
    for pod in (1, 2, 1, 3):
        process.push(pod)
        assert process.writer.write()
        process.now_ms += 1
    assert process.shown() == [("3", "accepted", 1), ("1", "accepted", 2), ("2", "accepted", 1)]
    row = process.inbox.rows("team-a")[1]
    assert (row.first_ms, row.document["at_ms"]) == (1_000, 1_002)


def test_several_processes_count_together(client: redis.Redis) -> None:
    one, other = Process(client), Process(client)
    for process in (one, other, one):
        process.push(1)
        process.push(1, outcome=Outcome.REJECTED)
        assert process.writer.write()
    assert sorted(other.shown()) == [("1", "accepted", 3), ("1", "rejected", 3)]


def test_a_tenant_sees_its_own_pushes_alone(client: redis.Redis) -> None:
    process = Process(client)
    process.push(1, "team-a")
    process.push(2, "team-b")
    assert process.writer.write()
    assert process.shown("team-a") == [("1", "accepted", 1)]
    assert process.shown("team-b") == [("2", "accepted", 1)]
    assert process.shown("stranger") == []


def test_a_busy_fleet_that_does_well_does_not_push_out_the_one_in_trouble(client: redis.Redis) -> None:
    process = Process(client, max_rows=5)
    process.push(0, outcome=Outcome.REJECTED)
    for pod in range(1, 40):
        process.push(pod)
    assert process.writer.write()
    shown = process.shown()
    assert len(shown) == 6
    assert ("0", "rejected", 1) in shown


def test_the_tenants_that_pushed_longest_ago_lose_their_inbox(client: redis.Redis) -> None:
    process = Process(client, max_tenants=2)
    for tenant in ("a", "b", "a", "c"):
        process.push(1, tenant)
        assert process.writer.write()
        process.now_ms += 1
    assert client.zrange(INBOXES_KEY, 0, -1) == [b"a", b"c"]
    assert [process.shown(tenant) != [] for tenant in "abc"] == [True, False, True]
    assert not client.exists(*inbox_keys("b"))


def test_every_key_of_a_tenant_expires(client: redis.Redis) -> None:
    process = Process(client, keep_seconds=60)
    process.push(1)
    process.push(1, outcome=Outcome.REJECTED)
    assert process.writer.write()
    assert all(0 < client.ttl(key) <= 60 for key in inbox_keys("team-a"))


def test_whoever_follows_an_inbox_misses_nothing_although_redis_has_lost_it(client: redis.Redis) -> None:
    process = Process(client)
    for pod in range(5):
        process.push(pod)
        assert process.writer.write()
    cursor = process.inbox.rows("team-a")[0].sequence
    client.flushall()
    process.push(9)
    assert process.writer.write()
    assert [row.sequence > cursor for row in process.inbox.rows("team-a")] == [True]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from("abc"), st.sampled_from([Outcome.STORED, Outcome.REJECTED])),
        max_size=80,
    ),
    st.integers(0, 2**32),
)
def test_never_more_than_the_bounds_and_always_the_last(
    client: redis.Redis, pushes: list[tuple[int, str, Outcome]], seed: int
) -> None:
    client.flushall()
    rng, process = Random(seed), Process(client, max_rows=4, max_tenants=2)
    model: defaultdict[str, dict[tuple[int, Outcome], None]] = defaultdict(dict)
    for pod, tenant, outcome in pushes:
        process.now_ms += 1
        process.push(pod, tenant, outcome)
        if rng.random() < 0.4:
            assert process.writer.write()
        if tenant in model:
            model[tenant].pop((pod, outcome), None)
        model[tenant][pod, outcome] = None
    assert process.writer.write()
    if pushes:
        pod, tenant, outcome = pushes[-1]
        assert (pod, "accepted" if outcome is Outcome.STORED else "rejected") in {
            (int(pod), verdict) for pod, verdict, _ in process.shown(tenant)
        }
    assert client.zcard(INBOXES_KEY) <= 2
    for tenant in "abc":
        rows_key, *orders = inbox_keys(tenant)
        assert all(client.zcard(order) <= 4 for order in orders)
        assert client.hlen(rows_key) <= 3 * 8 + 1
        shown = {(int(pod), verdict) for pod, verdict, _ in process.shown(tenant)}
        assert shown <= {
            (pod, "accepted" if outcome is Outcome.STORED else "rejected") for pod, outcome in model[tenant]
        }


def test_without_redis_pushes_are_noted_at_once_and_the_writer_goes_on_afterwards(server: Server) -> None:
    client = redis.Redis(unix_socket_path=str(server.socket), socket_timeout=1, retry=None)
    process = Process(client)
    server.kill()
    for number in range(5000):
        process.buffer.note_unread(f"tenant-{number}", "rest", "", 0, Rejection(Reason.BAD_GZIP, "cut off"))
    assert not process.writer.write()
    with pytest.raises(Unavailable):
        process.inbox.rows("team-a")
    server.start()
    process.push(1)
    assert process.writer.write()
    assert process.shown() == [("1", "accepted", 1)]
    client.close()


def test_a_thread_carries_pushes_over_within_a_second(client: redis.Redis) -> None:
    process = Process(client)
    process.writer.start()
    senders = [threading.Thread(target=lambda: [process.push(1) for _ in range(100)]) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    eventually(lambda: process.shown() == [("1", "accepted", 400)], "all pushes are in the inbox")
    process.push(2)
    process.writer.close()
    assert process.shown()[0] == ("2", "accepted", 1)
