"""Hinted hand-off: what is pushed while an ingester is away waits in its queue, so that its own replica has it all."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from ingest.adapters.keys import write_queue
from tests.integration.cluster.asking import client_of, held_by, push_numbered, shown_states, wait_until_drained
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import counted_marks

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

INGESTERS = ("ingester-0", "ingester-1", "ingester-2")
ENVIRONMENT = {
    "PHLARE_RING_HEARTBEAT_PERIOD_SECONDS": "1s",
    "PHLARE_RING_HEARTBEAT_TIMEOUT_SECONDS": "4s",
    # The machine may be busy; what is held up only makes the test wait.
    "PHLARE_PUSH_DEADLINE_SECONDS": "20",
    "PHLARE_TICK_SECONDS": "2",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("h") / "data", environment=ENVIRONMENT)
    made.start()
    made.wait_until_whole(3)
    yield made
    made.kill_everything()


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[redis.Redis]:
    made = client_of(cluster)
    yield made
    made.close()


def wait_until_unhealthy(cluster: Cluster, ingester: str) -> None:
    wait_for(lambda: shown_states(cluster)[ingester] == "UNHEALTHY", 60, f"{ingester} is unhealthy")


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process inside the ``with`` block, as a host that hangs does."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def assert_each_once(cluster: Cluster, service: str, count: int) -> None:
    now_ms = time.time_ns() // 1_000_000
    marks, complete = counted_marks(cluster, service, now_ms - 600_000, now_ms)
    assert complete
    assert marks == {f"mark-{number}": 1 for number in range(count)}


def test_one_that_hung_has_every_profile_once_it_is_back(cluster: Cluster, client: redis.Redis) -> None:
    pushed = push_numbered(cluster, "hung", range(10))
    (pid,) = cluster.processes()["ingester-1"]
    with stopped(pid):
        wait_until_unhealthy(cluster, "ingester-1")
        pushed |= push_numbered(cluster, "hung", range(10, 60))
        assert client.llen(write_queue("ingester-1")) > 0, "hints wait for it"
        payloads = client.keys("phlare:payload:*")
        assert len(payloads) >= 50
    cluster.wait_until_whole(3)
    wait_until_drained(client, *INGESTERS)
    for ingester in INGESTERS:
        wait_for(lambda: held_by(client, ingester, "hung") == Counter(pushed), 60, f"{ingester} has all")  # noqa: B023
    assert_each_once(cluster, "hung", 60)
    # Its answers, late as they are, let the payloads go long before they expire.
    wait_for(lambda: not client.exists(*payloads), 30, "no payload is left")
    page = cluster.request("GET", "/metrics")[1].decode()
    [sent] = [line for line in page.splitlines() if line.startswith('phlare_hints_sent_total{ingester="ingester-1"}')]
    assert float(sent.rpartition(" ")[2]) > 0


def test_one_that_was_killed_and_is_started_later_takes_up_its_queue(cluster: Cluster, client: redis.Redis) -> None:
    pushed = push_numbered(cluster, "killed", range(10))
    wait_until_drained(client, *INGESTERS)
    with stopped(cluster.supervisor_pid):
        cluster.kill("ingester-2")
        wait_until_unhealthy(cluster, "ingester-2")
        pushed |= push_numbered(cluster, "killed", range(10, 60))
        assert client.llen(write_queue("ingester-2")) > 0
    cluster.wait_until_whole(3)
    wait_until_drained(client, *INGESTERS)
    for ingester in INGESTERS:
        wait_for(lambda: held_by(client, ingester, "killed") == Counter(pushed), 60, f"{ingester} has all")  # noqa: B023
    assert_each_once(cluster, "killed", 60)


def test_after_the_window_the_queue_is_drained_and_nothing_is_lost_or_doubled(
    cluster: Cluster, client: redis.Redis
) -> None:
    before = push_numbered(cluster, "late", range(10))
    wait_until_drained(client, *INGESTERS)
    (pid,) = cluster.processes()["ingester-0"]
    with stopped(pid):
        wait_until_unhealthy(cluster, "ingester-0")
        missed = push_numbered(cluster, "late", range(10, 40))
        # The window is ten minutes; nothing but the payloads' time tells that it is over.
        names = client.keys("phlare:payload:*")
        assert len(names) >= 30
        for name in names:
            client.pexpire(name, 1)
        wait_for(lambda: not client.keys("phlare:payload:*"), 30, "the payloads have expired")
        waiting = client.llen(write_queue("ingester-0"))
    assert waiting >= 30
    cluster.wait_until_whole(3)
    wait_until_drained(client, *INGESTERS)
    after = push_numbered(cluster, "late", range(40, 50))
    everything = Counter(before | missed | after)
    for ingester in ("ingester-1", "ingester-2"):
        wait_for(lambda: held_by(client, ingester, "late") == everything, 60, f"{ingester} has all")  # noqa: B023
    wait_for(
        lambda: held_by(client, "ingester-0", "late") == Counter(before | after), 60, "it has what it was there for"
    )
    assert_each_once(cluster, "late", 50)
