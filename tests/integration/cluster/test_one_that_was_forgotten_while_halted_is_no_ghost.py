"""A process that is halted until it is forgotten, and goes on: it is a new member, not a ghost of the old one."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.chaos.harm import QUICK, has_caught_up
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.pushers import Book, Pushers, audit

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

GHOST = "ingester-1"


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    settings = {**QUICK, "PHLARE_RING_AUTO_FORGET_SECONDS": "10", "PHLARE_PUSH_DEADLINE_SECONDS": "10"}
    made = Cluster(tmp_path_factory.mktemp("ghost") / "data", environment=settings)
    made.start()
    yield made
    made.kill_everything()


def row(cluster: Cluster) -> dict[str, Any] | None:
    """Return the ring's row of the ghost, or None while it is forgotten."""
    rows = json.loads(cluster.request("GET", "/api/v1/ring")[1])["instances"]
    return next((one for one in rows if one["id"] == GHOST), None)


def changes(cluster: Cluster) -> list[dict[str, Any]]:
    """Return the ring's history of the ghost, newest first."""
    lines = json.loads(cluster.request("GET", "/api/v1/ring/history?limit=50")[1])["changes"]
    return [line for line in lines if line["instance_id"] == GHOST]


def test_it_registers_again_as_of_now_and_nothing_is_lost_or_doubled(cluster: Cluster) -> None:
    cluster.wait_until_whole(3)
    before = row(cluster)
    assert before is not None
    book = Book(service="ghost")
    started_ms = time.time_ns() // 1_000_000 - 1000
    (pid,) = cluster.processes()[GHOST]
    with Pushers(cluster, book, "halted", pushers=4) as pushers:
        pushers.wait_for_more(30, 60)
        os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: row(cluster) is None, 120, "it is forgotten")
        pushers.wait_for_more(30, 60)
        forgotten = changes(cluster)[0]
        os.kill(pid, signal.SIGCONT)
        wait_for(lambda: row(cluster) is not None, 60, "it registers again")
        pushers.wait_for_more(30, 60)
    after = row(cluster)
    assert after is not None
    assert after["registered_at"] * 1000 >= forgotten["at_ms"] > before["registered_at"] * 1000
    assert (forgotten["after"], "silent too long" in forgotten["reason"]) == ("", True)
    assert any("registered again" in line["reason"] for line in changes(cluster))
    assert cluster.processes()[GHOST] == [pid]
    cluster.wait_until_whole(3)
    wait_for(lambda: has_caught_up(cluster), 120, "its queue is drained")
    found = audit(cluster, book, started_ms)
    assert found.is_clean, (found.lost[:5], found.doubled[:5])
