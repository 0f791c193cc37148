"""Sixteen pushers, and in each round a kill -9 of some process or of all of them: every acknowledged profile is there
once.

``PHLARE_CHAOS_ROUNDS`` sets the number of rounds (3 here, 20 by ``make chaos``); ``PHLARE_CHAOS_SEED`` repeats a run.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.integration.cluster.cluster import Cluster
from tests.integration.cluster.pushers import Book, Pushers, audit

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3600)]

ROUNDS = int(os.environ.get("PHLARE_CHAOS_ROUNDS", "3"))
SEED = int(os.environ.get("PHLARE_CHAOS_SEED", str(int(time.time()))))
ROUND_SECONDS = 4.0
VICTIMS = ("ingester-0", "ingester-1", "ingester-2", "web", "worker", "redis", "everything")


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
    book = Book()
    started_ms = time.time_ns() // 1_000_000 - 1000
    try:
        for number in range(ROUNDS):
            victim = VICTIMS[number % len(VICTIMS)] if len(VICTIMS) <= ROUNDS else rng.choice(VICTIMS)
            cluster.wait_until_whole(3)
            refused = _one_round(cluster, number, victim, rng, book)
            assert refused == 0 or not victim.startswith("ingester-"), f"{refused} pushes noticed the death of {victim}"
            print(f"round {number}: killed {victim}, acknowledged {len(book.acknowledged)} so far, {refused} refused")
        _check(cluster, book, started_ms)
        cluster.kill_everything()
        cluster.start()
        _check(cluster, book, started_ms)
    finally:
        cluster.kill_everything()
    print(f"seed {SEED}: {len(book.acknowledged)} acknowledged, 0 lost, 0 doubled in {ROUNDS} rounds")


def _one_round(cluster: Cluster, number: int, victim: str, rng: random.Random, book: Book) -> int:
    refused_before = book.refused
    with Pushers(cluster, book, str(number)) as pushers:
        time.sleep(rng.uniform(0.5, ROUND_SECONDS / 2))
        if victim == "everything":
            cluster.kill_everything()
            cluster.start()
        else:
            cluster.kill(victim)
        time.sleep(ROUND_SECONDS / 2)
        pushers.wait_for_more(1, 60)
    return book.refused - refused_before


def _check(cluster: Cluster, book: Book, started_ms: int) -> None:
    """Hold what the database has against what was promised."""
    found = audit(cluster, book, started_ms)
    assert not found.lost, f"{len(found.lost)} of {len(book.acknowledged)} lost, e.g. {found.lost[:5]} (seed {SEED})"
    assert not found.doubled, f"{len(found.doubled)} not counted once, e.g. {found.doubled[:5]} (seed {SEED})"
    assert not found.strange
