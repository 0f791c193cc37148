"""Six ingesters in three zones: one zone is halted, or killed again and again, and nobody notices."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.chaos.harm import QUICK, lasting, suffer
from tests.integration.cluster.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3600)]

INGESTERS = 6
#: ``up`` deals zones in turn: ingester 0 and 3 are in the first of three.
ZONE_A = ("ingester-0", "ingester-3")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp("zones")
    made = Cluster(folder / "data", arguments=(f"--ingesters={INGESTERS}", "--zones=3"), environment=QUICK)
    made.start()
    yield made
    made.kill_everything()


def test_a_zone_that_hangs_beyond_its_heartbeat_timeout(cluster: Cluster) -> None:
    def send(number: signal.Signals) -> None:
        for role in ZONE_A:
            for pid in cluster.processes()[role]:
                os.kill(pid, number)

    outcome = suffer(
        cluster,
        "a zone hangs",
        inject=lambda: send(signal.SIGSTOP),
        heal=lambda: send(signal.SIGCONT),
        lasting_seconds=lasting(12, 90),
        ingesters=INGESTERS,
    )
    assert outcome.refused == 0, outcome


def test_a_zone_that_is_killed(cluster: Cluster) -> None:
    outcome = suffer(
        cluster,
        "a zone is killed",
        inject=lambda: [cluster.kill(role) for role in ZONE_A],
        heal=lambda: None,
        lasting_seconds=lasting(2, 10),
        ingesters=INGESTERS,
    )
    assert outcome.refused == 0, outcome
