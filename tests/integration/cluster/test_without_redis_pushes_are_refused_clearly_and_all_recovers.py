"""While Redis hangs or is gone pushes are refused clearly and in time, the last ring stays, and all of it recovers."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile, push

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

DEADLINE_SECONDS = 3
#: What a busy machine may add to the deadline.
MARGIN_SECONDS = 5


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    settings = {
        "PHLARE_PUSH_DEADLINE_SECONDS": str(DEADLINE_SECONDS),
        "PHLARE_RING_HEARTBEAT_PERIOD_SECONDS": "1",
        "PHLARE_RING_HEARTBEAT_TIMEOUT_SECONDS": "5",
    }
    made = Cluster(tmp_path_factory.mktemp("r") / "data", environment=settings)
    made.start()
    made.wait_until_whole(3)
    yield made
    made.kill_everything()


def ring(cluster: Cluster) -> dict[str, Any]:
    return dict(json.loads(cluster.request("GET", "/api/v1/ring")[1]))


def assert_refused_clearly(cluster: Cluster) -> None:
    started = time.monotonic()
    status, body, headers = cluster.request(
        "POST", "/api/v1/profiles?__name__=process_cpu&service_name=away", marked_profile("mark-refused")
    )
    waited = time.monotonic() - started
    assert status == 503, body
    assert json.loads(body)["reason"] in ("deadline", "ingester_unavailable", "redis_full")
    assert json.loads(body)["message"]
    assert int({name.lower(): value for name, value in headers.items()}["retry-after"]) >= 1
    assert waited < DEADLINE_SECONDS + MARGIN_SECONDS


def test_pushes_are_refused_in_time_the_ring_stays_and_everything_comes_back(cluster: Cluster) -> None:
    started_ms = time.time_ns() // 1_000_000 - 1000
    assert push(cluster, marked_profile("mark-before"), {"service_name": "away"}) == 200
    tokens = {one["id"]: one["tokens"] for one in ring(cluster)["instances"]}
    (redis,) = cluster.processes()["redis"]
    os.kill(redis, signal.SIGSTOP)
    assert_refused_clearly(cluster)
    # Longer than the heartbeat timeout: nobody's heartbeat can arrive, so nobody is judged by it.
    wait_for(lambda: ring(cluster)["stale_seconds"] > 6, 60, "the page knows for how long Redis is away")
    shown = ring(cluster)
    assert shown["healthy_count"] == 3
    assert shown["problems"][0].startswith("Redis has not answered for")
    assert_refused_clearly(cluster)

    os.kill(redis, signal.SIGKILL)  # and the one that is started in its place is empty
    wait_for(
        lambda: push(cluster, marked_profile("mark-after"), {"service_name": "away"}) == 200, 60, "pushes are taken"
    )
    cluster.wait_until_whole(3)
    wait_for(lambda: ring(cluster)["stale_seconds"] == 0, 60, "the ring is read again")
    assert {one["id"]: one["tokens"] for one in ring(cluster)["instances"]} == tokens

    def is_complete() -> bool:
        marks, complete = counted_marks(cluster, "away", started_ms, time.time_ns() // 1_000_000 + 60_000)
        return complete and {"mark-before", "mark-after"} <= marks.keys()

    wait_for(is_complete, 60, "what was acknowledged is there")
