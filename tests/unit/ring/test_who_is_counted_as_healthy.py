"""Counting members: all of them, those that take writes, and those of one zone."""

from __future__ import annotations

import pytest

from ring.core.states import WRITE
from tests.unit.ring.rings import NOW_MS, instance, snapshot

MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("states", "ages_minutes", "timeout_ms", "count"),
    [
        pytest.param("AAA", (0, 0, 0), MINUTE_MS, 3, id="three active"),
        pytest.param("AAL", (0, 0, 0), MINUTE_MS, 2, id="one of them leaves"),
        pytest.param("AAA", (0, 0, 5), MINUTE_MS, 2, id="one has been silent for five minutes"),
        pytest.param("AAA", (0, 0, 5), 10 * MINUTE_MS, 3, id="silent for five minutes, which ten are allowed"),
    ],
)
def test_active_and_fresh_instances_count(
    states: str, ages_minutes: tuple[int, ...], timeout_ms: int, count: int
) -> None:
    members = [
        instance(f"i{number}", (number,), state, heartbeat_ms=NOW_MS - age * MINUTE_MS)
        for number, (state, age) in enumerate(zip(states, ages_minutes, strict=True))
    ]
    assert len(snapshot(members, timeout_ms=timeout_ms).healthy_instances(WRITE, NOW_MS)) == count


def test_counts_follow_each_instance_that_comes() -> None:
    """Seven come one after the other, two of which have not joined; the last count is of the zone of the newcomer."""
    arrivals = [("a", "A"), ("a", "P"), ("a", "A"), ("b", "A"), ("c", "P"), ("c", "A"), ("b", "A")]
    seen = []
    for number in range(1, len(arrivals) + 1):
        ring = snapshot(
            instance(f"i{index}", (index,) if state == "A" else (), state, f"zone-{zone}")
            for index, (zone, state) in enumerate(arrivals[:number])
        )
        healthy = ring.healthy_instances(WRITE, NOW_MS)
        own_zone = f"zone-{arrivals[number - 1][0]}"
        in_own_zone = sum(one.zone == own_zone for one in healthy)
        seen.append((len(ring), len(healthy), len(ring.ring.zones()), in_own_zone))
    assert seen == [(1, 1, 1, 1), (2, 1, 1, 1), (3, 2, 1, 2), (4, 3, 2, 1), (5, 3, 3, 0), (6, 4, 3, 1), (7, 5, 3, 2)]
