"""All ingesters are restarted one after the other under load, whether they stay in the ring meanwhile or leave it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.integration.chaos.harm import QUICK, RECOVERY_SECONDS, has_caught_up, suffer
from tests.integration.cluster.cluster import Cluster, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

INGESTERS = 3
KEEP = {"PHLARE_RING_UNREGISTER_ON_SHUTDOWN": "0", "PHLARE_FLUSH_ON_SHUTDOWN": "0"}
LEAVE = {"PHLARE_RING_UNREGISTER_ON_SHUTDOWN": "1", "PHLARE_FLUSH_ON_SHUTDOWN": "1"}


@pytest.fixture(params=[KEEP, LEAVE], ids=["they stay in the ring", "they leave the ring"])
def cluster(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    # Two of three take every push while the third restarts; on a busy machine they may need longer than five seconds.
    settings = {**QUICK, **request.param, "PHLARE_PUSH_DEADLINE_SECONDS": "10"}
    made = Cluster(tmp_path_factory.mktemp("rolling") / "data", environment=settings)
    made.start()
    yield made
    made.kill_everything()


def test_a_rolling_restart_refuses_loses_and_doubles_nothing(cluster: Cluster) -> None:
    def restart_all() -> None:
        for number in range(INGESTERS):
            (pid,) = cluster.processes()[f"ingester-{number}"]
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda pid=pid: not psutil.pid_exists(pid), 90, f"ingester-{number} ends")  # type: ignore[misc]
            cluster.wait_until_whole(INGESTERS, RECOVERY_SECONDS)
            wait_for(lambda: has_caught_up(cluster), RECOVERY_SECONDS, "it takes what waited for it")

    outcome = suffer(cluster, "rolling restart", restart_all, lambda: None, 0.0, INGESTERS)
    assert outcome.refused == 0, outcome
    assert "killing it" not in cluster.log(), "every ingester ended by itself"
