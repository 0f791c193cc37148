"""Write de-amplification, as ``/metrics`` tells it: what is put into the bucket for each profile that was stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import marked_profile, push

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PROFILES = 300
REPLICAS = 3
#: Six data files and meta.json.
OBJECTS_A_BLOCK = 7


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "data")
    made.start()
    made.wait_until_whole(REPLICAS)
    yield made
    made.kill_everything()


def metric(cluster: Cluster, name: str) -> float | None:
    page = cluster.request("GET", "/metrics")[1].decode()
    return next((float(line.split()[-1]) for line in page.splitlines() if line.startswith(f"{name} ")), None)


def test_one_block_an_ingester_holds_all_profiles_of_an_hour(cluster: Cluster) -> None:
    for number in range(PROFILES):
        assert push(cluster, marked_profile(f"mark-{number}"), {"service_name": "batched"}) == 200
    assert metric(cluster, "phlare_uploaded_objects_per_profile") is None
    cluster.manage("flush")
    wait_for(lambda: metric(cluster, "phlare_uploaded_blocks_total") == REPLICAS, 60, "a block an ingester is uploaded")
    assert metric(cluster, "phlare_uploaded_objects_per_profile") == REPLICAS * OBJECTS_A_BLOCK / PROFILES
    sizes = [path.stat().st_size for path in (cluster.data_dir / "bucket").rglob("*") if path.is_file()]
    assert metric(cluster, "phlare_uploaded_bytes_per_profile") == pytest.approx(sum(sizes) / PROFILES)
