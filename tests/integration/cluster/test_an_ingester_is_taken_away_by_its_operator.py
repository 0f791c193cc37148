"""An operator takes an ingester out of a cluster under load, over REST: nothing is refused, lost or doubled."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.chaos.harm import QUICK, has_caught_up
from tests.integration.cluster.cluster import ROOT, Cluster, clean_environment, wait_for
from tests.integration.cluster.pushers import Book, Pushers, audit

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

LEAVER = "ingester-3"


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    settings = {**QUICK, "PHLARE_PUSH_DEADLINE_SECONDS": "10"}
    made = Cluster(tmp_path_factory.mktemp("drain") / "data", arguments=("--ingesters=4",), environment=settings)
    made.start()
    made.wait_until_whole(4)
    yield made
    made.kill_everything()


def act(cluster: Cluster, method: str, path: str) -> tuple[int, dict[str, Any]]:
    token = (cluster.data_dir / "admin_token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    status, body, _ = cluster.request(method, f"/api/v1/ring/{path}", headers=headers, timeout_seconds=100)
    return status, json.loads(body)


def members(cluster: Cluster) -> list[str]:
    return [one["id"] for one in json.loads(cluster.request("GET", "/api/v1/ring")[1])["instances"]]


def probe(cluster: Cluster, instance: str) -> tuple[int, str]:
    """Run the probe of a service manager; returns its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "manage.py", "ring", "ready", instance],
        cwd=ROOT,
        env={**clean_environment(), "PHLARE_DATA_DIR": str(cluster.data_dir)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout


def test_it_uploads_everything_leaves_the_ring_and_is_not_started_again(cluster: Cluster) -> None:
    book = Book(service="drain")
    started_ms = time.time_ns() // 1_000_000 - 1000
    pids = cluster.processes()[LEAVER]
    wait_for(lambda: probe(cluster, LEAVER)[0] == 0, 120, "the probe finds it ready")
    with Pushers(cluster, book, "drained", pushers=4) as pushers:
        pushers.wait_for_more(30, 60)
        assert act(cluster, "POST", f"instances/{LEAVER}/forget")[0] == 409, "it is alive"
        assert act(cluster, "POST", f"instances/{LEAVER}/read-only")[0] == 200
        status, answer = act(cluster, "POST", f"instances/{LEAVER}/shutdown")
        assert (status, answer["outcome"]) == (200, "done"), answer
        assert members(cluster) == ["ingester-0", "ingester-1", "ingester-2"]
        pushers.wait_for_more(30, 60)
        assert act(cluster, "POST", f"instances/{LEAVER}/shutdown")[1]["outcome"] == "unchanged"
    wait_for(lambda: has_caught_up(cluster), 120, "every queue is drained")
    assert book.refused == 0, book.answers
    found = audit(cluster, book, started_ms)
    assert found.is_clean, (found.lost[:5], found.doubled[:5])
    assert cluster.processes()[LEAVER] == pids, "its process stays and was not started again"
    wait_for(lambda: probe(cluster, LEAVER)[0] == 1, 60, "the probe finds it not ready")
    assert "has left the ring" in probe(cluster, LEAVER)[1]
    lines = act(cluster, "GET", "audit")[1]["entries"]
    assert [(line["actor"], line["action"], line["outcome"]) for line in lines] == [
        ("admin token", "shutdown", "unchanged"),
        ("admin token", "shutdown", "done"),
        ("admin token", "set-read-only", "done"),
        ("admin token", "forget", "conflict"),
    ]
