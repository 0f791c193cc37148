"""The bucket refuses connections for a while (ten minutes in the long run): nothing is refused, and blocks follow."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.chaos.harm import QUICK, lasting, suffer
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.s3.server import S3Server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3600)]


def test_object_storage_may_be_away(tmp_path: Path) -> None:
    store = S3Server(tmp_path / "s3.log")
    store.start()
    cluster = Cluster(tmp_path / "data", environment={**QUICK, **store.environment()})
    cluster.start()
    try:
        outcome = suffer(
            cluster, "object storage is away", store.gate.shut, store.gate.open, lasting(12, 600), ingesters=3
        )
        assert outcome.refused == 0, outcome
        assert '"maintenance_failed"' in cluster.log(), "no upload was due while the bucket was away"
        cluster.manage("flush")
        wait_for(lambda: _uploaded(store) == _listed(cluster) > 0, 120, "every block is uploaded and in the catalogue")
    finally:
        cluster.kill_everything()
        store.stop()


def _uploaded(store: S3Server) -> int:
    return sum(key.endswith("/meta.json") for key in store.stored())


def _listed(cluster: Cluster) -> int:
    return len(cluster.manage("catalogue", "list").splitlines()) - 1
