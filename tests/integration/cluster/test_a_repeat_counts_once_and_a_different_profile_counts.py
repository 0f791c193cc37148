"""Identity is content: the same push again changes nothing, another profile of the same series and time is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Cluster
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile, push

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("repeats") / "data")
    made.start()
    made.wait_until_whole(3)
    yield made
    made.kill_everything()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_the_same_push_sent_five_times_counts_once(cluster: Cluster) -> None:
    raw = marked_profile("mark-same", value=7)
    for _ in range(5):
        assert push(cluster, raw, {"service_name": "repeats"}) == 200
    assert counted_marks(cluster, "repeats", now_ms() - 60_000, now_ms()) == ({"mark-same": 7}, True)


def test_a_repeat_counts_once_when_its_first_copy_is_in_a_block_already(cluster: Cluster) -> None:
    raw = marked_profile("mark-sealed", value=3)
    assert push(cluster, raw, {"service_name": "sealed"}) == 200
    cluster.manage("flush")
    assert push(cluster, raw, {"service_name": "sealed"}) == 200
    cluster.manage("flush")
    assert counted_marks(cluster, "sealed", now_ms() - 60_000, now_ms()) == ({"mark-sealed": 3}, True)


def test_two_different_profiles_of_one_series_with_equal_times_count_twice(cluster: Cluster) -> None:
    time_ns = time.time_ns()
    assert push(cluster, marked_profile("mark-twin", time_ns, value=1), {"service_name": "twins"}) == 200
    assert push(cluster, marked_profile("mark-twin", time_ns, value=2), {"service_name": "twins"}) == 200
    assert counted_marks(cluster, "twins", now_ms() - 60_000, now_ms()) == ({"mark-twin": 3}, True)


def test_a_query_with_one_of_three_ingesters_dead_is_complete_and_quick(cluster: Cluster, tmp_path: Path) -> None:
    assert push(cluster, marked_profile("mark-dead", value=5), {"service_name": "dead"}) == 200
    cluster.kill("ingester-1")
    started = time.monotonic()
    assert counted_marks(cluster, "dead", now_ms() - 60_000, now_ms()) == ({"mark-dead": 5}, True)
    assert time.monotonic() - started < 10
