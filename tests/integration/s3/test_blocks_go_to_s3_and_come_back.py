"""A cluster whose blocks lie in S3: what is pushed is read back from there alone, also after the store was away."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile, push
from tests.integration.s3.server import BUCKET, S3Server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PREFIX = "clusters/one"
REPLICAS = 3
#: Six data files and meta.json.
OBJECTS_A_BLOCK = 7
PROFILES = 20


@pytest.fixture
def cluster(tmp_path: Path, s3: S3Server) -> Iterator[Cluster]:
    made = Cluster(
        tmp_path / "data",
        environment={
            **s3.environment(PREFIX),
            "PHLARE_UPLOAD_INTERVAL_SECONDS": "1",
            "PHLARE_UPLOAD_RETRY_MAX_SECONDS": "2",
        },
    )
    made.start()
    made.wait_until_whole(REPLICAS)
    yield made
    made.kill_everything()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def push_marks(cluster: Cluster, first: int) -> dict[str, int]:
    marks = {f"mark-{number}": 1 for number in range(first, first + PROFILES)}
    for mark in marks:
        assert push(cluster, marked_profile(mark), {"service_name": "s3"}) == 200
    return marks


def found(cluster: Cluster) -> tuple[dict[str, int], bool]:
    return counted_marks(cluster, "s3", now_ms() - 600_000, now_ms())


def metas(s3: S3Server) -> list[str]:
    return [key for key in s3.stored() if key.endswith("/meta.json")]


def listed(cluster: Cluster) -> list[str]:
    """The lines of the catalogue, one a block, without the count below them."""
    return sorted(cluster.manage("catalogue", "list").splitlines()[:-1])


def forget_local_data(cluster: Cluster) -> None:
    """Leave a cluster that knows nothing but its catalogue and its bucket."""
    cluster.kill_everything()
    shutil.rmtree(cluster.data_dir / "ingesters")
    shutil.rmtree(cluster.data_dir / "block-cache", ignore_errors=True)
    cluster.start()
    cluster.wait_until_whole(REPLICAS)


def test_what_is_in_s3_survives_an_outage_the_loss_of_all_local_data_and_of_the_catalogue(
    cluster: Cluster, s3: S3Server
) -> None:
    marks = push_marks(cluster, 0)
    cluster.manage("flush")
    wait_for(lambda: len(metas(s3)) == REPLICAS, 60, "every ingester uploads its block")
    assert len(s3.stored()) == REPLICAS * OBJECTS_A_BLOCK
    assert all(key.startswith(f"{PREFIX}/anonymous/") for key in s3.stored())

    # The store is away while more is flushed: pushes and reads go on, and nothing reaches the catalogue.
    s3.gate.shut()
    marks |= push_marks(cluster, PROFILES)
    cluster.manage("flush")
    wait_for(lambda: '"maintenance_failed"' in cluster.log(), 60, "an upload fails")
    assert len(listed(cluster)) == REPLICAS
    marks |= push_marks(cluster, 2 * PROFILES)
    assert found(cluster)[0] == marks

    # An ingester that dies during the outage still has what it owes.
    cluster.kill("ingester-1")
    cluster.wait_until_whole(REPLICAS)
    s3.gate.open()
    wait_for(lambda: len(metas(s3)) >= 2 * REPLICAS, 120, "the uploads are made up for")
    cluster.manage("flush")
    wait_for(lambda: len(metas(s3)) >= 3 * REPLICAS, 120, "the last blocks are uploaded")
    wait_for(lambda: len(listed(cluster)) == len(metas(s3)), 60, "the catalogue lists every block")
    assert found(cluster) == (marks, True)

    before = listed(cluster)
    forget_local_data(cluster)
    assert found(cluster) == (marks, True), "read from the bucket alone"
    assert any((cluster.data_dir / "block-cache").rglob("meta.json")), "by way of copies of the blocks"

    # The catalogue is an index: a new database and a rebuild answer the same.
    cluster.kill_everything()
    for path in cluster.data_dir.glob("phlareweb.sqlite3*"):
        path.unlink()
    cluster.start()
    cluster.wait_until_whole(REPLICAS)
    assert found(cluster)[0] == {}
    damaged = f"{PREFIX}/anonymous/01ARZ3NDEKTSV4RRFFQ69G5FAV/meta.json"
    s3.client().put_object(Bucket=BUCKET, Key=damaged, Body=json.dumps({"version": 1}).encode())
    said = cluster.manage("catalogue", "rebuild")
    assert f"{len(before)} blocks in the catalogue, 1 left out, 0 removed" in said
    assert listed(cluster) == before
    assert found(cluster) == (marks, True)
