"""With computed tokens number n joins after number n - 1, but not later than its patience lasts."""

from __future__ import annotations

import random

import pytest

from ring.core import lifecycle
from ring.core.desc import Instance, RingDesc
from ring.core.join_order import has_joined, predecessor
from ring.core.lifecycle import CAN_JOIN_PAUSE_MS, Membership, Plan, View
from ring.core.states import InstanceState
from tests.unit.ring.rings import NOW_MS, instance

RNG = random.Random(1)
TIMEOUT_MS = 5000
A, P = InstanceState.ACTIVE, InstanceState.PENDING


def waiting(joins_after: str = "i-1", **fields: object) -> Membership:
    """Return the membership of i-2 after it started at 1000 ms of its clock and found nothing."""
    plan = Plan(
        id="i-2",
        addr="q",
        tokens_per_instance=4,
        joins_after=joins_after,
        can_join_timeout_ms=TIMEOUT_MS,
        **fields,  # type: ignore[arg-type]
    )
    return lifecycle.start(plan, View(RingDesc(), NOW_MS, 1), (), 1000, RNG).membership


def looked(membership: Membership, clock_ms: int, *others: Instance) -> Membership:
    view = View(RingDesc.of((membership.entry, *others)), NOW_MS, 2)
    return lifecycle.look(membership, view, clock_ms, RNG).membership


@pytest.mark.parametrize(
    ("instance_id", "expected"),
    [("ingester-0", ""), ("ingester-1", "ingester-0"), ("ingester-zone-a-10", "ingester-zone-a-9")],
)
def test_the_predecessor_has_the_number_before(instance_id: str, expected: str) -> None:
    assert predecessor(instance_id) == expected


def test_an_id_without_a_number_has_none() -> None:
    with pytest.raises(ValueError, match="does not end in"):
        predecessor("ingester-a")


@pytest.mark.parametrize(
    ("others", "joined"),
    [
        pytest.param([], False, id="absent"),
        pytest.param([instance("i-1", (), "P")], False, id="there without tokens"),
        pytest.param([instance("i-0", (9,))], False, id="only another number"),
        pytest.param([instance("i-1", (9,))], True, id="there"),
        pytest.param([instance("i-1", (9,), "J")], True, id="joining"),
        pytest.param([instance("i-1", (9,), "S")], True, id="silent, but its place is taken"),
    ],
)
def test_it_joins_once_the_one_before_has_tokens(others: list[Instance], joined: bool) -> None:
    assert has_joined(RingDesc.of(others), "i-1") is joined
    after = looked(waiting(), 1000, *others)
    assert after.state is (A if joined else P)
    assert lifecycle.validate(after) == []
    if not joined:
        assert after.due_ms() == 1000 + CAN_JOIN_PAUSE_MS, "it looks again of its own accord"


def test_in_the_wrong_order_it_joins_after_the_timeout_and_not_before() -> None:
    membership, clock_ms = waiting(), 1000
    while membership.state is P:
        assert membership.due_ms() is not None
        clock_ms = membership.due_ms() or 0
        membership = looked(membership, clock_ms)
    assert membership.state is A
    assert clock_ms == 1000 + TIMEOUT_MS


def test_the_wait_begins_when_the_wait_before_joining_is_over() -> None:
    membership = waiting(join_after_ms=2000)
    assert looked(membership, 2999) == membership
    assert looked(membership, 2999 + TIMEOUT_MS).state is P
    assert looked(membership, 3000 + TIMEOUT_MS).state is A


def test_one_without_a_predecessor_waits_for_nobody() -> None:
    assert looked(waiting(joins_after=""), 1000).state is A


def test_one_that_leaves_while_it_waits_never_joins() -> None:
    membership = looked(waiting(), 1000)
    left = lifecycle.leave(membership, membership.entry, NOW_MS).membership
    assert left.due_ms() is None
    assert looked(left, 10**9, instance("i-1", (9,))).state is P


def test_one_that_finds_its_tokens_waits_for_nobody() -> None:
    found = instance("i-2", (1, 2, 3, 4))
    plan = Plan(id="i-2", addr="q", joins_after="i-1", can_join_timeout_ms=TIMEOUT_MS)
    assert lifecycle.start(plan, View(RingDesc.of([found]), NOW_MS, 1), (), 0, RNG).membership.state is A
