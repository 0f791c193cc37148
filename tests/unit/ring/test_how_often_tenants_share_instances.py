"""Shuffle sharding: two tenants rarely share an instance, as often as drawing without looking would make them."""

from __future__ import annotations

from collections import Counter
from math import comb

import pytest

from ring.core.hashring import Snapshot
from tests.unit.ring.rings import random_ring, snapshot

TENANTS = 400


def shared_instances(ring: Snapshot, size: int) -> dict[int, float]:
    """Return the part of all pairs of tenants by the number of instances they share."""
    shards = [frozenset(ring.shuffle_shard(f"tenant-{number}", size).ring.instances) for number in range(TENANTS)]
    pairs = Counter(len(one & other) for index, one in enumerate(shards) for other in shards[:index])
    return {number: count / pairs.total() for number, count in pairs.items()}


@pytest.mark.parametrize(
    ("instances", "zones", "size", "expected"),
    [
        pytest.param(50, ("",), 4, {0: 0.71, 1: 0.26, 2: 0.027, 3: 0.0008, 4: 0.000004}, id="four of fifty"),
        pytest.param(90, "abc", 3, {0: 0.9022, 1: 0.0955, 2: 0.00222, 3: 0.0000085}, id="one of thirty in three zones"),
    ],
)
def test_pairs_of_tenants_share_as_few_as_the_arithmetic_says(
    instances: int, zones: str, size: int, expected: dict[int, float]
) -> None:
    ring = snapshot(random_ring(instances, zones, tokens=128), zones=len(zones) > 1)
    found = shared_instances(ring, size)
    for number, part in expected.items():
        # Instances own uneven parts of the circle, which makes a few pairs more likely to meet than in an ideal ring.
        assert found.get(number, 0.0) == pytest.approx(part, rel=0.15, abs=0.002), number
    assert found.get(size, 0.0) < 0.0005, "sharing everything stays a rare accident"


def test_the_expected_figures_are_those_of_drawing_without_replacement() -> None:
    for shared, part in {0: 0.71, 1: 0.26, 2: 0.027, 3: 0.0008, 4: 0.000004}.items():
        assert comb(4, shared) * comb(46, 4 - shared) / comb(50, 4) == pytest.approx(part, rel=0.1)
    assert comb(50, 4) == 230_300
