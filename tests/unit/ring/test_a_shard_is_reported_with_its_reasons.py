"""The report of a tenant's shard: the members that writers use, and sentences that say why these."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ring.core.shard_report import shard_report
from ring.core.tenant_shards import write_shard
from tests.unit.ring.rings import random_ring, snapshot

ONE_ZONE, THREE_ZONES = ("",), ("a", "b", "c")


@pytest.mark.parametrize(
    ("count", "zones", "configured", "size", "expected"),
    [
        pytest.param(0, ONE_ZONE, 3, 3, ["The ring is empty."], id="nobody"),
        pytest.param(9, ONE_ZONE, 0, 0, ["The shard size is 0", "whole ring"], id="no size"),
        pytest.param(9, ONE_ZONE, 4, 4, ["4 instances of 9 are drawn by the name"], id="a part"),
        pytest.param(9, ONE_ZONE, 1, 3, ["size 1 counts as 3", "3 instances of 9"], id="smaller than the copies"),
        pytest.param(9, ONE_ZONE, 12, 12, ["There are 9 instances, so the shard is the whole ring."], id="larger"),
        pytest.param(
            9, THREE_ZONES, 4, 4, ["takes 2 instances from each of 3 zones", "6 instances of 9"], id="rounded up a zone"
        ),
    ],
)
def test_why_these(count: int, zones: tuple[str, ...], configured: int, size: int, expected: list[str]) -> None:
    ring = snapshot(random_ring(count, zones), 3, zones is THREE_ZONES)
    report = shard_report(ring, "team-a", configured)
    assert (report.configured_size, report.size) == (configured, size)
    for part in expected:
        assert part in " ".join(report.reasons)


@pytest.mark.parametrize("zones", [ONE_ZONE, THREE_ZONES])
@pytest.mark.parametrize("configured", [0, 1, 3, 5, 50])
def test_the_members_are_those_that_writers_use(zones: tuple[str, ...], configured: int) -> None:
    ring = snapshot(random_ring(12, zones), 3, zones is THREE_ZONES)
    used = write_shard(ring, "team-b", configured)
    assert shard_report(ring, "team-b", configured).members == tuple(one.id for one in used.instances)


def test_who_is_read_only_is_named_and_in_no_shard() -> None:
    first, *others = random_ring(4)
    report = shard_report(snapshot([replace(first, read_only=True), *others]), "team-a", 0)
    assert report.read_only == (first.id,)
    assert first.id not in report.members
    assert f"{first.id} is read-only and takes no pushes." in report.reasons
