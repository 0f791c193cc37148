"""A tenant's shard for reads while instances come, go and are replaced: it holds whoever owned the data lately.

Each ring is written as the instances in the order in which the walk of the tenant meets them, a ``+`` after those that
registered within the lookback.
"""

from __future__ import annotations

import pytest

from ring.core.shuffle import draws, shard_seed
from tests.unit.ring.rings import NOW_MS, instance, snapshot

SINCE_MS = NOW_MS - 3_600_000
FIRST_DRAW = next(draws(shard_seed("tenant-1")))


def shard(ring: str, size: int = 1) -> str:
    """Return the shard for reads of a ring as the names of its instances in order."""
    placed = []
    for place, name in enumerate(ring.split()):
        registered_ms = NOW_MS - 60_000 if name.endswith("+") else SINCE_MS - 60_000
        token = (FIRST_DRAW + 1 + place) % (1 << 32)
        placed.append(instance(name.rstrip("+"), (token,), registered_ms=registered_ms))
    found = snapshot(placed).shuffle_shard("tenant-1", size, SINCE_MS)
    return " ".join(sorted(found.ring.instances))


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        pytest.param([("1 2 3", "1"), ("1 2", "1")], "outside", id="one outside of the shard is removed"),
        pytest.param([("1 2 3", "1"), ("2 3", "2")], "selected", id="the selected one is removed"),
        pytest.param(
            [("1 2 3", "1"), ("1 3", "1"), ("1 2+ 3", "1"), ("1 2+", "1"), ("1 2+ 3+", "1")],
            "others",
            id="all others are replaced one after the other",
        ),
        pytest.param(
            [("1 2 3+", "1"), ("2 3+", "2"), ("1+ 2 3+", "1 2"), ("1+ 3+", "1 3"), ("1+ 2+ 3+", "1 2 3")],
            "all",
            id="the selected one is replaced, then the one that stood in for it",
        ),
        pytest.param(
            [("1 2+ 3+", "1"), ("2+ 3+", "2 3"), ("1+ 2+ 3+", "1 2 3")],
            "selected last",
            id="the selected one is replaced after all others were",
        ),
    ],
)
def test_the_shard_follows_each_change(steps: list[tuple[str, str]], what: str) -> None:
    assert [(ring, shard(ring)) for ring, _ in steps] == steps, what


@pytest.mark.parametrize("size", [2, 3])
def test_a_larger_shard_grows_by_those_that_stood_in(size: int) -> None:
    before, after = set(shard("1 2 3 4 5 6", size).split()), set(shard("7+ 1 2 3 4 5 6", size).split())
    assert len(before) == size
    assert before <= after
