"""kill -9 of one random process after another, faster than they can recover.

``PHLARE_CHAOS_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import threading
import time
from pathlib import Path

import pytest

from tests.integration.chaos.harm import QUICK, lasting, suffer
from tests.integration.cluster.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3600)]

SEED = int(os.environ.get("PHLARE_CHAOS_SEED", str(int(time.time()))))
VICTIMS = ("ingester-0", "ingester-1", "ingester-2", "web", "worker", "beat", "redis")


def test_a_storm_of_kills(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "data", environment=QUICK)
    cluster.start()
    rng = random.Random(SEED)
    stopping = threading.Event()

    def storm() -> None:
        while not stopping.wait(rng.uniform(0.2, 1.0)):
            cluster.kill(rng.choice(VICTIMS))

    killer = threading.Thread(target=storm)

    def end() -> None:
        stopping.set()
        killer.join()

    try:
        suffer(cluster, f"a storm of kills (seed {SEED})", killer.start, end, lasting(10, 120), ingesters=3)
    finally:
        if killer.is_alive():
            end()
        cluster.kill_everything()
