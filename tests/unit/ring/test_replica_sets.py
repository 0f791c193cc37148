"""Whom to ask for one key: the walk, the filter and the tolerance."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ring.core.desc import RingDesc
from ring.core.hashring import Snapshot
from ring.core.replication import (
    EMPTY_RING,
    Refusal,
    RefusalKind,
    ReplicaSet,
    Strategy,
    any_healthy_set,
    quorum_set,
)
from ring.core.states import READ, REPORTING, WRITE, WRITE_NO_EXTEND, Operation
from ring.core.tokens import RING_SIZE
from tests.unit.ring.naive import naive_walk
from tests.unit.ring.rings import NOW_MS, TIMEOUT_MS, instance, random_ring, snapshot, spaced, walked

KEYS = np.random.default_rng(7).integers(0, RING_SIZE, 500).astype(np.uint32)


def outcome(found: ReplicaSet | Refusal) -> tuple[int, int] | str:
    """Return (size, max errors), or the kind of refusal."""
    return found.kind.name if isinstance(found, Refusal) else (len(found.instances), found.max_errors)


@pytest.mark.parametrize(
    ("factor", "health", "expected"),
    [
        pytest.param(1, "+", (1, 0), id="one copy, alive"),
        pytest.param(1, "-", "TOO_FEW_HEALTHY", id="one copy, dead"),
        pytest.param(2, "++", (2, 0), id="two copies tolerate nothing"),
        pytest.param(2, "+-", "TOO_FEW_HEALTHY", id="two copies, one dead"),
        pytest.param(3, "++", (2, 0), id="three copies but only two instances"),
        pytest.param(3, "+", "TOO_FEW_HEALTHY", id="three copies but only one instance"),
        pytest.param(3, "+++", (3, 1), id="three alive"),
        pytest.param(3, "++-", (2, 0), id="three copies, one dead"),
        pytest.param(3, "+--", "TOO_FEW_HEALTHY", id="three copies, two dead"),
        pytest.param(3, "++++", (4, 1), id="extended to four, all alive"),
        pytest.param(3, "+++-", (3, 0), id="extended to four, one dead"),
        pytest.param(3, "++--", "TOO_FEW_HEALTHY", id="extended to four, two dead"),
        pytest.param(5, "+++++", (5, 2), id="five alive"),
        pytest.param(5, "+++--", (3, 0), id="five copies, two dead"),
    ],
)
def test_a_majority_has_to_be_alive(factor: int, health: str, expected: tuple[int, int] | str) -> None:
    walked = [instance(f"i{n}") for n in range(len(health))]
    assert outcome(quorum_set(walked, [sign == "+" for sign in health], factor, False)) == expected


@pytest.mark.parametrize(
    ("health", "expected"),
    [("+", (1, 0)), ("++-", (2, 1)), ("+++", (3, 2)), ("+--", (1, 0)), ("---", "TOO_FEW_HEALTHY")],
)
def test_where_any_one_can_answer_all_but_one_may_fail(health: str, expected: tuple[int, int] | str) -> None:
    walked = [instance(f"i{n}") for n in range(len(health))]
    assert outcome(any_healthy_set(walked, [sign == "+" for sign in health])) == expected


@pytest.mark.parametrize(
    ("factor", "health", "needed", "found"),
    [
        pytest.param(1, "-", 1, "only 0 found; unhealthy: i0", id="one copy, dead"),
        pytest.param(3, "+--", 2, "only 1 found; unhealthy: i1, i2", id="three copies, two dead"),
        pytest.param(3, "++--", 3, "only 2 found; unhealthy: i2, i3", id="extended to four, two dead"),
        pytest.param(3, "+", 2, "only 1 found", id="a ring of one"),
    ],
)
def test_a_refusal_counts_what_was_needed_and_what_was_found(factor: int, health: str, needed: int, found: str) -> None:
    walked = [instance(f"i{n}") for n in range(len(health))]
    refusal = quorum_set(walked, [sign == "+" for sign in health], factor, False)
    assert isinstance(refusal, Refusal)
    assert refusal.message == f"At least {needed} healthy instances are needed, {found}."


def test_a_refusal_says_what_was_needed_what_was_found_and_who_is_unhealthy() -> None:
    found = snapshot(spaced("ASS")).replica_set(5, WRITE, NOW_MS)
    assert isinstance(found, Refusal)
    assert found.message == "At least 2 healthy instances are needed, only 1 found; unhealthy: i1, i2."
    assert found.unhealthy == ("i1", "i2")


@pytest.mark.parametrize(
    ("states", "factor", "operation", "expected"),
    [
        pytest.param("A", 1, WRITE, (1, 0), id="one copy: its owner is alive"),
        pytest.param("LA", 1, WRITE, "TOO_FEW_HEALTHY", id="one copy: a leaving owner needs two and has one"),
        pytest.param("AAAAA", 3, WRITE, (3, 1), id="three copies, all alive"),
        pytest.param("SAAAA", 3, WRITE, (2, 0), id="a silent one has no substitute"),
        pytest.param("SSAAA", 3, WRITE, "TOO_FEW_HEALTHY", id="two silent ones"),
        pytest.param("LAAAA", 3, WRITE, (3, 0), id="one leaves: a substitute keeps three copies"),
        pytest.param("JAAAA", 3, WRITE, (3, 0), id="one joins: a substitute keeps three copies"),
        pytest.param("PAAAA", 3, WRITE, (3, 0), id="one is pending: a substitute keeps three copies"),
        pytest.param("LAAAA", 3, WRITE_NO_EXTEND, (2, 0), id="one leaves, no substitute wanted"),
        pytest.param("LLAAA", 3, WRITE, (3, 0), id="two leave: two substitutes"),
        pytest.param("LLAAA", 3, WRITE_NO_EXTEND, "TOO_FEW_HEALTHY", id="two leave, no substitute wanted"),
        pytest.param("LSAAA", 3, WRITE, "TOO_FEW_HEALTHY", id="one leaves and one is silent"),
        pytest.param("LAA", 3, WRITE, (2, 0), id="one of exactly three leaves"),
        pytest.param("AA", 3, WRITE, (2, 0), id="only two instances"),
        pytest.param("A", 3, WRITE, "TOO_FEW_HEALTHY", id="only one instance"),
        pytest.param("AAAAA", 5, WRITE, (5, 2), id="five copies"),
        pytest.param("LAAAA", 3, READ, (3, 1), id="a leaver is read without a substitute"),
        pytest.param("PAAAA", 3, READ, (4, 1), id="a pending one is read and has a substitute"),
        pytest.param("JAAAA", 3, READ, (3, 0), id="a joining one is not read but has a substitute"),
        pytest.param("PJLSA", 3, REPORTING, (3, 1), id="any state counts for reporting"),
    ],
)
def test_what_states_do_to_the_set_of_a_key(
    states: str, factor: int, operation: Operation, expected: tuple[int, int] | str
) -> None:
    assert outcome(snapshot(spaced(states), factor).replica_set(5, operation, NOW_MS)) == expected


@pytest.mark.parametrize(
    ("states", "operation", "asked", "absent"),
    [
        pytest.param("AAAAA", WRITE, "i0 i1 i2", "", id="all there"),
        pytest.param("SAAAA", WRITE, "i1 i2", "i0", id="a silent one is still a member"),
        pytest.param("LAAAA", WRITE, "i1 i2 i3", "", id="a leaver is not, it has a substitute"),
        pytest.param("JAAAA", WRITE, "i1 i2 i3", "", id="nor is a joiner"),
        pytest.param("PAAAA", WRITE, "i1 i2 i3", "", id="nor one that is pending"),
        pytest.param("SAAAA", WRITE_NO_EXTEND, "i1 i2", "i0", id="without substitutes"),
        pytest.param("LAAAA", WRITE_NO_EXTEND, "i1 i2", "", id="a leaver without a substitute"),
    ],
)
def test_who_is_silent_but_active_belongs_to_the_set_without_being_asked(
    states: str, operation: Operation, asked: str, absent: str
) -> None:
    found = snapshot(spaced(states)).replica_set(5, operation, NOW_MS)
    assert isinstance(found, ReplicaSet)
    assert (" ".join(found.ids), " ".join(one.id for one in found.absent)) == (asked, absent)


def test_an_empty_ring_refuses_every_key_and_says_so() -> None:
    for ring in (snapshot([]), snapshot([instance("a"), instance("b")])):
        assert ring.replica_sets(KEYS[:3], WRITE, NOW_MS) == [EMPTY_RING] * 3
        assert EMPTY_RING.kind is RefusalKind.EMPTY_RING


@pytest.mark.parametrize(
    ("count", "zones", "factor", "aware", "size"),
    [
        pytest.param(16, "abc", 3, True, 3, id="three zones"),
        pytest.param(16, "ab", 3, True, 2, id="fewer zones than copies: one each"),
        pytest.param(16, "a", 3, False, 3, id="one zone without awareness"),
        pytest.param(15, "abcde", 3, True, 3, id="more zones than copies"),
        pytest.param(6, "abc", 2, True, 2, id="two copies in three zones"),
    ],
)
def test_every_key_has_its_copies_in_different_zones(
    count: int, zones: str, factor: int, aware: bool, size: int
) -> None:
    ring = snapshot(random_ring(count, zones), factor, aware)
    for found in ring.replica_sets(KEYS, WRITE, NOW_MS):
        assert isinstance(found, ReplicaSet)
        assert len(set(found.ids)) == size
        if aware:
            assert len({one.zone for one in found.instances}) == size


def test_one_zone_cannot_hold_three_copies_when_zones_count() -> None:
    found = snapshot(random_ring(16, "a"), 3, True).replica_set(9, WRITE, NOW_MS)
    assert isinstance(found, Refusal)
    assert found.message.startswith("At least 2 healthy instances in different zones are needed, only 1 found")


@pytest.mark.parametrize("factor", [2, 3])
def test_the_substitute_of_a_leaver_comes_from_its_own_zone(factor: int) -> None:
    instances = random_ring(6, "abc")
    instances[2] = instance("i002", instances[2].tokens, "L", "c")
    for found in snapshot(instances, factor, True).replica_sets(KEYS, WRITE, NOW_MS):
        assert isinstance(found, ReplicaSet)
        assert len(found.instances) == len({one.zone for one in found.instances}) == factor
        assert "i002" not in found.ids


def test_instances_without_a_zone_are_never_limited() -> None:
    ring = snapshot([*random_ring(4, [""]), instance("z1", (1 << 31,), "A", "a")], 3, True)
    sizes = {len(found.instances) for found in ring.replica_sets(KEYS, WRITE, NOW_MS) if isinstance(found, ReplicaSet)}
    assert sizes == {3}


def test_fewer_copies_than_the_factor_are_ignored() -> None:
    ring = snapshot(random_ring(6, "abc"), 3, True)
    assert outcome(ring.replica_set(1, WRITE, NOW_MS, copies=1)) == (3, 1)


@pytest.mark.parametrize("states", ["A", "S"], ids=["all healthy", "none healthy"])
def test_more_copies_than_the_factor_are_an_error_where_a_majority_decides(states: str) -> None:
    ring = snapshot(random_ring(6, "abc", states=states), 3, True)
    with pytest.raises(ValueError, match="more than the replication factor"):
        ring.replica_set(1, WRITE, NOW_MS, copies=6)


@pytest.mark.parametrize(
    ("count", "unhealthy", "expected"),
    [
        (9, 0, (6, 5)),
        (6, 0, (6, 5)),
        (6, 2, (4, 3)),
        (6, 4, (2, 1)),
        (6, 5, (1, 0)),
        (6, 6, "TOO_FEW_HEALTHY"),
    ],
)
def test_more_copies_than_the_factor_where_any_one_can_answer(
    count: int, unhealthy: int, expected: tuple[int, int] | str
) -> None:
    instances = random_ring(count, "abc")
    for index in range(unhealthy):
        instances[index] = instance(instances[index].id, instances[index].tokens, "S", instances[index].zone)
    ring = snapshot(instances, 3, True)
    assert outcome(ring.replica_set(77, WRITE, NOW_MS, 6, Strategy.ANY_HEALTHY)) == expected
    with pytest.raises(ValueError, match="spread evenly"):
        ring.replica_set(77, WRITE, NOW_MS, 5, Strategy.ANY_HEALTHY)


@settings(max_examples=150)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 9),
    zones=st.sampled_from(["a", "ab", "abc", "abcd"]),
    factor=st.integers(1, 5),
    aware=st.booleans(),
    operation=st.sampled_from([WRITE, WRITE_NO_EXTEND, READ, REPORTING]),
    states=st.sampled_from(["A", "AAAL", "APJLS"]),
)
def test_the_set_of_a_key_is_the_healthy_part_of_the_naive_walk(
    seed: int, count: int, zones: str, factor: int, aware: bool, operation: Operation, states: str
) -> None:
    instances = random_ring(count, zones, tokens=4, seed=seed, states=states)
    ring = snapshot(instances, factor, aware)
    for key in [*KEYS[:10].tolist(), 0, RING_SIZE - 1, instances[0].tokens[0]]:
        naive = naive_walk(instances, key, operation, factor, aware)
        assert walked(ring, key, operation, factor) == naive
        well = [one.is_healthy(operation, NOW_MS, 60_000) for one in (ring.ring.instances[name] for name in naive)]
        expected = quorum_set([ring.ring.instances[name] for name in naive], well, factor, aware)
        assert ring.replica_set(key, operation, NOW_MS) == expected


def test_asking_for_many_keys_is_asking_for_each() -> None:
    ring = snapshot(random_ring(12, "abc", states="AAALS"), 3, True)
    one_by_one = [ring.replica_set(int(key), WRITE, NOW_MS) for key in KEYS]
    assert ring.replica_sets(KEYS, WRITE, NOW_MS) == one_by_one


def test_health_is_judged_at_the_time_asked_for_and_not_remembered() -> None:
    ring = snapshot(spaced("AAA"))
    assert outcome(ring.replica_set(5, WRITE, NOW_MS)) == (3, 1)
    assert outcome(ring.replica_set(5, WRITE, NOW_MS + 10**6)) == "TOO_FEW_HEALTHY"
    assert outcome(ring.replica_set(5, WRITE, NOW_MS)) == (3, 1)


@settings(max_examples=50)
@given(
    ages=st.lists(st.integers(0, 10), min_size=3, max_size=8),
    times=st.lists(st.integers(-12, 12), min_size=2, max_size=12),
)
def test_however_time_jumps_what_is_remembered_equals_what_is_judged_anew(ages: list[int], times: list[int]) -> None:
    instances = [
        instance(f"i{number}", (100 * number,), heartbeat_ms=NOW_MS - TIMEOUT_MS - age)
        for number, age in enumerate(ages)
    ]
    ring = snapshot(instances)
    for now_ms in (NOW_MS + time for time in times):
        assert ring.replica_sets(KEYS[:20], WRITE, now_ms) == snapshot(instances).replica_sets(KEYS[:20], WRITE, now_ms)


def test_a_change_of_state_is_seen_though_the_index_is_kept() -> None:
    before = snapshot(spaced("AAAAA"))
    before.replica_set(5, WRITE, NOW_MS)
    after = before.updated(RingDesc.of(spaced("LAAAA")))
    assert after.topology is before.topology
    found = after.replica_set(5, WRITE, NOW_MS)
    assert isinstance(found, ReplicaSet)
    assert found.ids == ("i1", "i2", "i3")
    assert before.replica_set(5, WRITE, NOW_MS).ids == ("i0", "i1", "i2"), "the old snapshot did not change"  # type: ignore[union-attr]


def test_a_heartbeat_is_seen_though_walks_are_kept() -> None:
    before = snapshot(spaced("SAAAA"))
    assert outcome(before.replica_set(5, WRITE, NOW_MS)) == (2, 0)
    after = before.updated(RingDesc.of(spaced("AAAAA")))
    assert outcome(after.replica_set(5, WRITE, NOW_MS)) == (3, 1)


def test_the_same_ring_again_is_the_same_snapshot() -> None:
    ring = snapshot(spaced("AAA"))
    assert ring.updated(RingDesc.of(spaced("AAA"))) is ring


class TestWhatAChangeOfMembersMoves:
    """2000 keys, 128 tokens an instance."""

    keys = np.random.default_rng(11).integers(0, RING_SIZE, 2000).astype(np.uint32)

    def owners(self, ring: Snapshot) -> list[str]:
        return [ring.topology.ids[ring.topology.owner[i]] for i in ring.topology.search_all(self.keys)]

    def test_a_newcomer_takes_about_its_share_and_only_for_itself(self) -> None:
        old = random_ring(10, tokens=128)
        newcomer = random_ring(1, tokens=128, seed=99, first=10)
        before, after = self.owners(snapshot(old)), self.owners(snapshot(old + newcomer))
        moved = [(was, now) for was, now in zip(before, after, strict=True) if was != now]
        assert {now for _, now in moved} == {"i010"}
        assert len(moved) / len(self.keys) < 1.5 / 11

    def test_what_a_leaver_had_is_spread_and_nothing_else_moves(self) -> None:
        old = random_ring(10, tokens=128)
        before, after = self.owners(snapshot(old)), self.owners(snapshot(old[:-1]))
        assert all(was == now for was, now in zip(before, after, strict=True) if was != "i009")
        heirs = Counter(now for was, now in zip(before, after, strict=True) if was == "i009")
        assert len(heirs) == 9

    def test_a_replica_set_keeps_all_but_one_of_its_members(self) -> None:
        old = random_ring(9, "abc", tokens=128)
        newcomer = [instance("i009", random_ring(1, tokens=128, seed=99)[0].tokens, "A", "a")]
        before = snapshot(old, 3, True).replica_sets(self.keys, WRITE, NOW_MS)
        after = snapshot(old + newcomer, 3, True).replica_sets(self.keys, WRITE, NOW_MS)
        for was, now in zip(before, after, strict=True):
            assert isinstance(was, ReplicaSet)
            assert isinstance(now, ReplicaSet)
            assert len(set(was.ids) - set(now.ids)) <= 1
            assert set(now.ids) - set(was.ids) <= {"i009"}

    def test_shares_are_balanced_within_a_third(self) -> None:
        ring = snapshot(random_ring(12, tokens=128))
        shares = ring.topology.owned / RING_SIZE
        assert shares.max() < 1.33 / 12
        assert shares.min() > 0.67 / 12
