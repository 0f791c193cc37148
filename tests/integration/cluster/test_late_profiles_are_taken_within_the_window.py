"""A real cluster with a window of ten minutes: late profiles are taken, older ones refused by name, each read once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.integration.cluster.cluster import Cluster
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile, push

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

MINUTE_NS = 60 * 10**9


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    environment = {
        "PHLARE_LIMIT_OUT_OF_ORDER_WINDOW": "10m",
        "PHLARE_LIMIT_REJECT_OLDER_THAN": "0",
        # What is in order reaches back half a minute.
        "PHLARE_HEAD_MAX_AGE_SECONDS": "1m",
    }
    made = Cluster(tmp_path_factory.mktemp("late") / "data", environment=environment)
    made.start()
    made.wait_until_whole(3)
    yield made
    made.kill_everything()


def marks(cluster: Cluster, now_ns: int) -> tuple[dict[str, int], bool]:
    return counted_marks(cluster, "late", (now_ns - 120 * MINUTE_NS) // 10**6, now_ns // 10**6 + 1)


def late_heads(cluster: Cluster) -> int:
    _, body, _ = cluster.request("GET", "/ring", headers={"Accept": "application/json"})
    return sum(one["status"].get("late_heads", 0) for one in json.loads(body)["instances"])


def test_late_is_taken_too_old_is_refused_and_each_is_read_once_wherever_it_lies(cluster: Cluster) -> None:
    now_ns = time.time_ns()
    labels = {"service_name": "late"}
    ages = {"mark-now": 0, "mark-late": MINUTE_NS, "mark-old": 60 * MINUTE_NS}
    raw = {mark: marked_profile(mark, now_ns - age_ns) for mark, age_ns in ages.items()}
    assert [push(cluster, raw[mark], labels) for mark in ages] == [200, 200, 400]
    expected = ({"mark-now": 1, "mark-late": 1}, True)
    assert marks(cluster, now_ns) == expected
    cluster.kill_everything()
    cluster.start()
    cluster.wait_until_whole(3)
    assert late_heads(cluster) == 3
    assert marks(cluster, now_ns) == expected
    cluster.manage("flush")
    assert [push(cluster, raw[mark], labels) for mark in ages] == [200, 200, 400]
    assert marks(cluster, now_ns) == expected
