"""Whom to ask when a read can concern any key."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from ring.core.read_sets import ReadSet, all_healthy, in_states, read_set
from ring.core.replication import Refusal, RefusalKind, ReplicaSet
from ring.core.states import READ, REPORTING, WRITE, InstanceState, Operation
from ring.core.tokens import RING_SIZE
from tests.unit.ring.rings import NOW_MS, instance, random_ring, snapshot, spaced


def in_zones(layout: str) -> list:  # type: ignore[type-arg]
    """Return instances of zones written as ``AA|AS``: a letter an instance, a bar between zones."""
    made = []
    for zone, states in enumerate(layout.split("|")):
        made += [instance(f"z{zone}-{n}", (zone * 100 + n + 1,), s, f"z{zone}") for n, s in enumerate(states)]
    return made


@pytest.mark.parametrize(
    ("operation", "states"), [(READ, {"A", "P", "L"}), (WRITE, {"A"}), (REPORTING, {"A", "P", "J", "L"})]
)
def test_all_that_are_healthy_for_an_operation(operation: Operation, states: set[str]) -> None:
    found = all_healthy(snapshot(spaced("APJLS")), operation, NOW_MS)
    assert isinstance(found, ReadSet)
    assert {"APJLS"[int(one.id[1:])] for one in found.instances} == states
    assert (found.max_errors, found.max_unavailable_zones) == (0, 0)


@pytest.mark.parametrize(
    ("states", "factor", "expected"),
    [
        pytest.param("AAAAA", 1, (5, 0), id="one copy: all are needed"),
        pytest.param("AAAAS", 1, None, id="one copy: none may be missing"),
        pytest.param("AAAAA", 3, (5, 1), id="three copies: one may fail"),
        pytest.param("AAAAS", 3, (4, 0), id="three copies: one is missing already"),
        pytest.param("AAASS", 3, None, id="three copies: two missing may be two copies of one key"),
        pytest.param("AA", 3, (2, 0), id="two instances hold two copies"),
        pytest.param("A", 3, None, id="one instance cannot be a quorum of three"),
        pytest.param("AAAAAA", 5, (6, 2), id="five copies: two may fail"),
    ],
)
def test_without_zones(states: str, factor: int, expected: tuple[int, int] | None) -> None:
    found = read_set(snapshot(spaced(states), factor), WRITE, NOW_MS)
    got = None if isinstance(found, Refusal) else (len(found.instances), found.max_errors)
    assert got == expected


@pytest.mark.parametrize(
    ("layout", "factor", "expected"),
    [
        pytest.param("A", 1, (1, 0), id="one zone"),
        pytest.param("S", 1, None, id="one zone, one unhealthy"),
        pytest.param("A|A", 2, (2, 1), id="two zones"),
        pytest.param("A|S", 2, (1, 0), id="two zones, one unhealthy"),
        pytest.param("A|A|A", 3, (3, 1), id="three zones"),
        pytest.param("A|A|S", 3, (2, 0), id="three zones, one unhealthy"),
        pytest.param("A|S|S", 3, None, id="three zones, two unhealthy"),
        pytest.param("AA|SS|AA", 3, (4, 0), id="a whole zone is gone"),
        pytest.param("AAA|SSA|AAA", 3, (6, 0), id="the healthy rest of a broken zone is not asked"),
        pytest.param("AA|AA", 3, (4, 1), id="fewer zones than copies"),
        pytest.param("AA|AS", 3, (2, 0), id="fewer zones than copies, one unhealthy"),
        pytest.param("AA", 3, (2, 0), id="a single zone tolerates nothing"),
        pytest.param("AS", 3, None, id="a single zone with one unhealthy"),
        pytest.param("AA|AA|AA|AA|AAA", 5, (11, 2), id="five zones"),
        pytest.param("AA|SS|AA|AA|AAA", 5, (9, 1), id="five zones, two unhealthy in one"),
        pytest.param("AS|SA|AA|AA|AAA", 5, (7, 0), id="five zones, two unhealthy in two"),
        pytest.param("AS|SA|AS|AA|AAA", 5, None, id="five zones, three broken"),
    ],
)
def test_with_zones(layout: str, factor: int, expected: tuple[int, int] | None) -> None:
    found = read_set(snapshot(in_zones(layout), factor, zones=True), WRITE, NOW_MS)
    got = None if isinstance(found, Refusal) else (len(found.instances), found.max_unavailable_zones)
    assert got == expected


def test_an_empty_ring_can_answer_nothing() -> None:
    for found in (read_set(snapshot([]), READ, NOW_MS), all_healthy(snapshot([]), READ, NOW_MS)):
        assert isinstance(found, Refusal)
        assert found.kind is RefusalKind.EMPTY_RING


def test_a_refusal_names_the_unhealthy_ones() -> None:
    found = read_set(snapshot(in_zones("A|S|S"), 3, zones=True), WRITE, NOW_MS)
    assert isinstance(found, Refusal)
    assert found.unhealthy == ("z1-0", "z2-0")
    assert "at most 1 of 3 zones" in found.message


def test_answers_of_part_of_a_zone_do_not_count() -> None:
    found = read_set(snapshot(in_zones("AA|AA|AA"), 3, zones=True), WRITE, NOW_MS)
    assert isinstance(found, ReadSet)
    assert found.is_complete({"z0-0", "z0-1", "z2-0", "z2-1"})
    assert not found.is_complete({"z0-0", "z0-1", "z1-0", "z2-0"})


def test_without_zones_answers_are_counted() -> None:
    found = read_set(snapshot(spaced("AAAAA")), WRITE, NOW_MS)
    assert isinstance(found, ReadSet)
    assert found.is_complete({"i0", "i1", "i2", "i3"})
    assert not found.is_complete({"i0", "i1", "i2"})


def test_a_selection_by_state_does_not_look_at_heartbeats() -> None:
    assert sorted(in_states(snapshot(spaced("APJLS")), {InstanceState.ACTIVE}).instances) == ["i0", "i4"]


@pytest.mark.parametrize(("count", "zones", "aware"), [(5, "a", False), (9, "abc", True), (6, "ab", True)])
def test_a_complete_answer_meets_every_quorum_that_acknowledged(count: int, zones: str, aware: bool) -> None:
    ring = snapshot(random_ring(count, zones), 3, aware)
    asked = read_set(ring, WRITE, NOW_MS)
    assert isinstance(asked, ReadSet)
    keys = np.random.default_rng(2).integers(0, RING_SIZE, 50).astype(np.uint32)
    ids = [one.id for one in asked.instances]
    answers = [
        set(group) for size in range(1, count + 1) for group in combinations(ids, size) if asked.is_complete(group)
    ]
    assert answers
    for found in ring.replica_sets(keys, WRITE, NOW_MS):
        assert isinstance(found, ReplicaSet)
        for acked in combinations(found.ids, found.min_success):
            assert all(answer & set(acked) for answer in answers)
