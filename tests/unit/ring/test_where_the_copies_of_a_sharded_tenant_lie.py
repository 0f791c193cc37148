"""The copies of a tenant's series lie in its shard: as many copies as ever, on as many instances as the shard has."""

from __future__ import annotations

import pytest

from ring.core.replication import ReplicaSet
from ring.core.states import WRITE
from ring.core.tokens import token_for
from tests.unit.ring.rings import NOW_MS, random_ring, snapshot

SERIES = 50


@pytest.mark.parametrize(
    ("size", "instances"),
    [
        pytest.param(3, 3, id="a shard of as many as copies"),
        pytest.param(9, 9, id="a shard of nine"),
        pytest.param(0, 10, id="no sharding"),
        pytest.param(27, 10, id="a shard larger than the ring"),
    ],
)
def test_fifty_series_have_three_copies_each_on_the_instances_of_the_shard(size: int, instances: int) -> None:
    shard = snapshot(random_ring(10, tokens=128)).shuffle_shard("tenant-1", size)
    tokens = [token_for("tenant-1", f'{{__name__="cpu", service_name="s-{number}"}}') for number in range(SERIES)]
    found = shard.replica_sets(tokens, WRITE, NOW_MS)
    holders = [name for one in found if isinstance(one, ReplicaSet) for name in one.ids]
    assert len(holders) == 3 * SERIES
    assert len(set(holders)) == instances
    assert set(holders) == set(shard.ring.instances)
