"""Tokens that are computed: the same for the same id, and almost equal shares for all."""

from __future__ import annotations

import random

import pytest

from ring.core.desc import RingDesc
from ring.core.spread_tokens import TOKENS_AN_INSTANCE, SpreadMinimizing, instance_number, spread_tokens
from ring.core.topology import build_topology
from tests.unit.ring.rings import instance

ZONES = ("zone-a", "zone-b", "zone-c")
RNG = random.Random(1)


@pytest.mark.parametrize(("instance_id", "number"), [("instance-zone-a-10", 10), ("store-gateway-zone-c-7", 7)])
def test_the_number_is_what_the_id_ends_in(instance_id: str, number: int) -> None:
    assert instance_number(instance_id) == number


@pytest.mark.parametrize("instance_id", ["instance-zone-c", "", "7", "a-7b"])
def test_an_id_without_a_number_is_refused(instance_id: str) -> None:
    with pytest.raises(ValueError, match="does not end in"):
        instance_number(instance_id)


@pytest.mark.parametrize(
    ("zone", "zones"),
    [
        pytest.param("a", (), id="no zones"),
        pytest.param("z1", tuple(f"z{n}" for n in range(9)), id="nine zones"),
        pytest.param("z", ("a", "b"), id="the own zone is not among them"),
    ],
)
def test_zones_that_cannot_be_used_are_refused(zone: str, zones: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="zone"):
        SpreadMinimizing(zone, zones)


@pytest.mark.parametrize("zones", [("a", "b"), ("a",), tuple("abcdefgh")])
def test_one_to_eight_zones_with_the_own_among_them_can_be_used(zones: tuple[str, ...]) -> None:
    assert len(SpreadMinimizing("a", zones)("x-1", 512, set(), RNG)) == 512


def test_the_first_instance_has_equal_steps_from_the_index_of_its_zone() -> None:
    tokens = SpreadMinimizing("zone-b", ZONES)("ingester-zone-b-0", 512, set(), RNG)
    assert tokens == tuple(1 + (step << 23) for step in range(512))


def test_the_same_id_always_has_the_same_tokens_whatever_the_order_of_the_zones() -> None:
    one = SpreadMinimizing("zone-b", ZONES)("x-7", 512, set(), random.Random(1))
    other = SpreadMinimizing("zone-b", ZONES[::-1])("y-7", 512, set(), random.Random(2))
    assert one == other


def test_nobody_gets_more_than_512_nor_a_taken_one() -> None:
    source = SpreadMinimizing("zone-a", ZONES)
    assert len(source("x-3", 10_000, set(), RNG)) == TOKENS_AN_INSTANCE
    every = source("x-3", 512, set(), RNG)
    assert source("x-3", 512, {every[0]}, RNG) == every[1:]
    few = source("x-3", 5, set(), RNG)
    assert len(few) == 5
    assert set(few) < set(every)


def test_no_two_instances_of_any_zone_share_a_token_and_zones_are_shifted_copies() -> None:
    tokens = {
        (zone, number): SpreadMinimizing(zone, ZONES)(f"x-{number}", 512, set(), RNG)
        for zone in ZONES
        for number in range(20)
    }
    everything = [token for held in tokens.values() for token in held]
    assert len(everything) == len(set(everything)) == 3 * 20 * 512
    for index, zone in enumerate(ZONES):
        for number in range(20):
            assert {token % 8 for token in tokens[zone, number]} == {index}
            assert tokens[zone, number] == tuple(token + index for token in tokens["zone-a", number])


@pytest.mark.parametrize("count", [2, 3, 7, 30])
def test_shares_differ_by_less_than_a_quarter_of_a_percent(count: int) -> None:
    ring = RingDesc.of(instance(f"x-{n}", spread_tokens(n)) for n in range(count))
    owned = build_topology(ring).owned
    assert (owned.max() - owned.min()) / owned.max() < 0.0025
