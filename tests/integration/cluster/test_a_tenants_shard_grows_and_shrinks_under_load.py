"""Six ingesters in three zones: a tenant's shard shrinks and grows under load and a zone dies; nothing is hidden."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile, push

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

SERVICE = "sharded"


class Pusher:
    """A thread that pushes profiles of ever new series and notes what was acknowledged."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged: list[str] = []
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._stopping.is_set():
            number += 1
            mark = f"mark-{number}"
            try:
                status = push(self._cluster, marked_profile(mark), {"service_name": SERVICE, "pod": str(number)})
            except (OSError, http.client.HTTPException):
                status = 0
            if status == 200:
                self.acknowledged.append(mark)
            self._stopping.wait(0.02)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "data", arguments=("--ingesters=6", "--zones=3"))
    made.start()
    try:
        made.wait_until_whole(6)
        yield made
    finally:
        made.kill_everything()


def series_by_ingester(cluster: Cluster) -> dict[str, int]:
    _, body, _ = cluster.request("GET", "/ring", headers={"Accept": "application/json"})
    return {one["id"]: one["status"].get("head_series", -1) for one in json.loads(body)["instances"]}


def growing(cluster: Cluster) -> set[str]:
    """Return the ingesters that take new series now: looks twice, farther apart than they tell of themselves."""
    before = series_by_ingester(cluster)
    time.sleep(5)
    after = series_by_ingester(cluster)
    return {name for name in before if after[name] > before[name]}


def check(cluster: Cluster, pusher: Pusher, started_ms: int) -> None:
    """Nothing that was acknowledged before the question is missing from the answer, and nothing counts twice."""
    acknowledged = list(pusher.acknowledged)
    marks, complete = counted_marks(cluster, SERVICE, started_ms, time.time_ns() // 1_000_000 + 60_000)
    assert complete
    assert not set(acknowledged) - marks.keys()
    assert set(marks.values()) == {1}


def test_writes_follow_the_size_and_queries_never_miss_what_was_acknowledged(cluster: Cluster) -> None:
    started_ms = time.time_ns() // 1_000_000 - 1000
    pusher = Pusher(cluster)
    try:
        wait_for(lambda: len(growing(cluster)) == 6, 120, "all take writes without a shard")
        check(cluster, pusher, started_ms)

        cluster.manage("tenant", "set", "anonymous", "shard-size", "3")
        check(cluster, pusher, started_ms)
        wait_for(lambda: len(growing(cluster)) == 3, 180, "three take the writes of a shard of three")
        check(cluster, pusher, started_ms)

        cluster.manage("tenant", "set", "anonymous", "shard-size", "0")
        wait_for(lambda: len(growing(cluster)) == 6, 180, "all take writes again")
        check(cluster, pusher, started_ms)

        for ingester in ("ingester-0", "ingester-3"):  # one zone of three
            cluster.kill(ingester)
        before = len(pusher.acknowledged)
        wait_for(lambda: len(pusher.acknowledged) > before, 60, "pushes go on without a zone")
        check(cluster, pusher, started_ms)
    finally:
        pusher.stop()
    check(cluster, pusher, started_ms)
