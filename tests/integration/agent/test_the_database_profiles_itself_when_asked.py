"""``up --profile-self``: every process is a service in its own database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Cluster, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_each_role_is_a_service(tmp_path: Path) -> None:
    cluster = Cluster(
        tmp_path / "data",
        arguments=("--ingesters", "1", "--profile-self"),
        environment={"PHLARE_AGENT_UPLOAD_SECONDS": "1", "PHLARE_AGENT_CLOCK": "wall"},
    )
    cluster.start()
    try:

        def services() -> set[str]:
            status, body, _ = cluster.request("GET", "/api/v1/labels/service_name/values")
            assert status == 200, body
            return set(json.loads(body)["names"])

        wanted = {f"phlareweb-{role}" for role in ("web", "ingester", "worker", "beat")}
        wait_for(lambda: services() >= wanted, 60, f"profiles of {wanted}")
        assert cluster.stop() == 0
    finally:
        cluster.kill_everything()
