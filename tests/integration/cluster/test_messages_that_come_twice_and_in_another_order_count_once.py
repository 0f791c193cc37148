"""Delivery may repeat and reorder messages: real ones, taken from a real queue, copied, shuffled and put back."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from ingest.adapters.keys import write_queue
from tests.integration.cluster.asking import client_of, held_by, push_numbered, wait_until_drained
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import counted_marks

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

INGESTERS = ("ingester-0", "ingester-1", "ingester-2")
PROFILES = 60


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("d") / "data", environment={"PHLARE_PUSH_DEADLINE_SECONDS": "20"})
    made.start()
    made.wait_until_whole(3)
    yield made
    made.kill_everything()


def test_each_profile_is_stored_once_by_every_ingester_and_counted_once(cluster: Cluster) -> None:
    client = client_of(cluster)
    shuffle = random.Random(7)
    (pid,) = cluster.processes()["ingester-1"]
    os.kill(pid, signal.SIGSTOP)
    try:
        pushed = push_numbered(cluster, "twice", range(PROFILES))
        queue = write_queue("ingester-1")
        messages = client.lrange(queue, 0, -1)
        assert len(messages) > PROFILES // 2
        payloads = client.keys("phlare:payload:*")
        for name in payloads:
            client.copy(name, name + b"-kept")
        # The one that stands still gets each message three times in a random order ...
        again = messages * 3
        shuffle.shuffle(again)
        client.delete(queue)
        client.lpush(queue, *again)
        # ... and those that have stored them long ago get them once more.
        for other in ("ingester-0", "ingester-2"):
            client.lpush(write_queue(other), *shuffle.sample(messages, len(messages)))
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until_drained(client, *INGESTERS)
    # And all of it again, long after everybody has answered: the payloads that were dropped meanwhile are put back.
    for name in payloads:
        client.rename(name + b"-kept", name)
    for ingester in INGESTERS:
        client.lpush(write_queue(ingester), *shuffle.sample(messages, len(messages)))
    wait_until_drained(client, *INGESTERS)
    for ingester in INGESTERS:
        wait_for(
            lambda one=ingester: held_by(client, one, "twice") == Counter(pushed),  # type: ignore[misc]
            60,
            f"{ingester} has every profile once",
        )
    now_ms = time.time_ns() // 1_000_000
    marks, complete = counted_marks(cluster, "twice", now_ms - 600_000, now_ms)
    assert complete
    assert marks == {f"mark-{number}": 1 for number in range(PROFILES)}
    page = cluster.request("GET", "/metrics")[1].decode()
    repeats = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in page.splitlines()
        if line.startswith("phlare_ingester_records_total{") and 'answer="duplicate"' in line
    }
    assert len(repeats) == 3
    assert all(count >= len(messages) for count in repeats.values()), "the repeats did arrive"
    client.close()
