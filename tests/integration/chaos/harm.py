"""One way to harm a cluster under load, and what that came to: refused, lost, doubled, and how long recovery took."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.pushers import Book, Pushers, audit

#: ``make chaos`` harms for longer than the tests do.
IS_LONG = os.environ.get("PHLARE_CHAOS_LONG") == "1"
RECOVERY_SECONDS = 180.0
#: Messages that may wait for an ingester that has caught up: some are always on their way under load.
QUEUE_OF_ONE_THAT_KEEPS_UP = 20
_PUSHES_BEFORE = 50
_PUSHES_AFTER = 50

#: What makes a small cluster do in seconds what a real one does in an hour.
QUICK = {
    "PHLARE_HEAD_MAX_AGE_SECONDS": "6",
    "PHLARE_TICK_SECONDS": "2",
    "PHLARE_UPLOAD_INTERVAL_SECONDS": "2",
    "PHLARE_UPLOAD_RETRY_MAX_SECONDS": "4",
    "PHLARE_RING_HEARTBEAT_PERIOD_SECONDS": "1",
    "PHLARE_RING_HEARTBEAT_TIMEOUT_SECONDS": "5",
}


def lasting(short_seconds: float, long_seconds: float) -> float:
    """Return how long a harm lasts in this run."""
    return long_seconds if IS_LONG else short_seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    """The count of one run."""

    harm: str
    lasted_seconds: float
    acknowledged: int
    refused: int
    lost: int
    doubled: int
    recovered_after_seconds: float


def suffer(
    cluster: Cluster,
    harm: str,
    inject: Callable[[], object],
    heal: Callable[[], object],
    lasting_seconds: float,
    ingesters: int,
) -> Outcome:
    """Push, harm the cluster for so long, heal it, wait until it is whole again, and audit. Prints the outcome."""
    book = Book(service=harm)
    started_ms = time.time_ns() // 1_000_000 - 1000
    cluster.wait_until_whole(ingesters)
    with Pushers(cluster, book, "harmed", pushers=8) as pushers:
        pushers.wait_for_more(_PUSHES_BEFORE, 60)
        harmed = time.monotonic()
        inject()
        threading.Event().wait(lasting_seconds)
        heal()
        healed = time.monotonic()
        pushers.wait_for_more(_PUSHES_AFTER, RECOVERY_SECONDS)
        cluster.wait_until_whole(ingesters, RECOVERY_SECONDS)
        wait_for(lambda: has_caught_up(cluster), RECOVERY_SECONDS, "every queue is drained")
        recovered = time.monotonic()
    found = audit(cluster, book, started_ms)
    outcome = Outcome(
        harm=harm,
        lasted_seconds=round(healed - harmed, 1),
        acknowledged=len(book.acknowledged),
        refused=book.refused,
        lost=len(found.lost),
        doubled=len(found.doubled),
        recovered_after_seconds=round(recovered - healed, 1),
    )
    print(json.dumps(asdict(outcome)), flush=True)
    assert not found.strange
    assert found.is_clean, f"{outcome}; lost {found.lost[:5]}, doubled {found.doubled[:5]}"
    return outcome


def has_caught_up(cluster: Cluster) -> bool:
    """Whether no ingester has more messages waiting than are always on their way."""
    try:
        status, body, _ = cluster.request("GET", "/ring", headers={"Accept": "application/json"}, timeout_seconds=5)
    except (OSError, http.client.HTTPException):
        return False
    members = json.loads(body)["instances"] if status == 200 else []
    depths = [member["queue_depth"] for member in members]
    return bool(depths) and all(depth is not None and depth <= QUEUE_OF_ONE_THAT_KEEPS_UP for depth in depths)
