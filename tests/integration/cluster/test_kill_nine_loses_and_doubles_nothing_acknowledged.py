"""Sixteen pushers, and in each round a kill -9 of some process or of all of them: every acknowledged profile is there
once.

``PHLARE_CHAOS_ROUNDS`` sets the number of rounds (3 here, 20 by ``make chaos``); ``PHLARE_CHAOS_SEED`` repeats a run.
"""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile, push

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3600)]

ROUNDS = int(os.environ.get("PHLARE_CHAOS_ROUNDS", "3"))
SEED = int(os.environ.get("PHLARE_CHAOS_SEED", str(int(time.time()))))
PUSHERS = 16
ROUND_SECONDS = 4.0
VICTIMS = ("ingester-0", "ingester-1", "ingester-2", "web", "worker", "redis", "everything")


class Pushers:
    """Threads that push marked profiles, retry refused ones unchanged, and note what was acknowledged."""

    def __init__(self, cluster: Cluster, round_number: int) -> None:
        self._cluster = cluster
        self._round = round_number
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self.acknowledged: set[str] = set()
        self.attempted: set[str] = set()
        self.refused = 0
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(PUSHERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        sequence = 0
        while not self._stopping.is_set():
            sequence += 1
            mark = f"mark-{self._round}-{number}-{sequence}"
            raw = marked_profile(mark)
            with self._lock:
                self.attempted.add(mark)
            while not self._push_once(mark, raw, number) and not self._stopping.is_set():
                self._stopping.wait(0.05)

    def _push_once(self, mark: str, raw: bytes, number: int) -> bool:
        try:
            status = push(self._cluster, raw, {"service_name": "chaos", "pusher": str(number)}, timeout_seconds=15)
        except (OSError, http.client.HTTPException):
            status = 0
        with self._lock:
            if status == 200:
                self.acknowledged.add(mark)
            else:
                self.refused += 1
        return status == 200


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    made = Cluster(
        tmp_path / "data",
        environment={
            "PHLARE_HEAD_MAX_AGE_SECONDS": "6",
            "PHLARE_TICK_SECONDS": "2",
            "PHLARE_UPLOAD_INTERVAL_SECONDS": "2",
        },
    )
    made.start()
    return made


def test_every_acknowledged_profile_is_there_exactly_once(cluster: Cluster) -> None:
    rng = random.Random(SEED)
    acknowledged: set[str] = set()
    attempted: set[str] = set()
    started_ms = time.time_ns() // 1_000_000 - 1000
    try:
        for number in range(ROUNDS):
            victim = VICTIMS[number % len(VICTIMS)] if len(VICTIMS) <= ROUNDS else rng.choice(VICTIMS)
            cluster.wait_until_whole(3)
            refused = _one_round(cluster, number, victim, rng, acknowledged, attempted)
            assert refused == 0 or not victim.startswith("ingester-"), f"{refused} pushes noticed the death of {victim}"
            print(f"round {number}: killed {victim}, acknowledged {len(acknowledged)} so far, {refused} refused")
        _check(cluster, acknowledged, attempted, started_ms)
        cluster.kill_everything()
        cluster.start()
        _check(cluster, acknowledged, attempted, started_ms)
    finally:
        cluster.kill_everything()
    print(f"seed {SEED}: {len(acknowledged)} acknowledged, 0 lost, 0 doubled in {ROUNDS} rounds")


def _one_round(
    cluster: Cluster, number: int, victim: str, rng: random.Random, acknowledged: set[str], attempted: set[str]
) -> int:
    pushers = Pushers(cluster, number)
    pushers.start()
    try:
        time.sleep(rng.uniform(0.5, ROUND_SECONDS / 2))
        if victim == "everything":
            cluster.kill_everything()
            cluster.start()
        else:
            cluster.kill(victim)
        time.sleep(ROUND_SECONDS / 2)
        before = len(pushers.acknowledged)
        wait_for(lambda: len(pushers.acknowledged) > before, 60, "pushes are acknowledged again")
    finally:
        pushers.stop()
    acknowledged |= pushers.acknowledged
    attempted |= pushers.attempted
    return pushers.refused


def _check(cluster: Cluster, acknowledged: set[str], attempted: set[str], started_ms: int) -> None:
    """Ask until the answer is complete, then hold it against what was acknowledged."""
    found: dict[str, int] = {}

    def is_complete() -> bool:
        try:
            marks, complete = counted_marks(cluster, "chaos", started_ms, time.time_ns() // 1_000_000 + 60_000)
        except (OSError, http.client.HTTPException, AssertionError):
            return False
        found.clear()
        found.update(marks)
        return complete

    wait_for(is_complete, 120, "a query is answered completely")
    lost = sorted(acknowledged - found.keys())
    doubled = sorted(mark for mark, count in found.items() if count != 1)
    strange = sorted(found.keys() - attempted)
    assert not lost, f"{len(lost)} of {len(acknowledged)} lost, e.g. {lost[:5]} (seed {SEED})"
    assert not doubled, f"{len(doubled)} counted other than once, e.g. {doubled[:5]} (seed {SEED})"
    assert not strange
