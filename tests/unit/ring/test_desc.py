"""Instances, their health, and what counts as a change of the ring."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from ring.core.desc import Change, Instance, RingDesc
from ring.core.states import ALLOWED, READ, REPORTING, WRITE, WRITE_NO_EXTEND, InstanceState, Operation, step
from ring.errors import IllegalTransition
from tests.unit.ring.rings import NOW_MS, TIMEOUT_MS, instance

OPERATIONS = {"W": WRITE, "N": WRITE_NO_EXTEND, "R": READ, "Rep": REPORTING}


@pytest.mark.parametrize(
    ("state", "age_seconds", "healthy_for"),
    [
        pytest.param("A", 30, {"W", "N", "R", "Rep"}, id="active and fresh serves everything"),
        pytest.param("A", 60, {"W", "N", "R", "Rep"}, id="exactly at the timeout it is still fresh"),
        pytest.param("A", 60.001, set(), id="a millisecond later it serves nothing"),
        pytest.param("A", 90, set(), id="active but silent serves nothing"),
        pytest.param("P", 30, {"R", "Rep"}, id="pending is readable"),
        pytest.param("J", 30, {"Rep"}, id="joining only counts"),
        pytest.param("L", 30, {"R", "Rep"}, id="leaving is readable"),
        pytest.param("L", 90, set(), id="leaving and silent serves nothing"),
        pytest.param("A", -10, {"W", "N", "R", "Rep"}, id="a heartbeat from the future is fresh"),
    ],
)
def test_health_is_state_and_heartbeat(state: str, age_seconds: float, healthy_for: set[str]) -> None:
    one = instance("a", state=state, heartbeat_ms=NOW_MS - round(age_seconds * 1000))
    assert {name for name, op in OPERATIONS.items() if one.is_healthy(op, NOW_MS, TIMEOUT_MS)} == healthy_for


@pytest.mark.parametrize(
    ("operation", "extending"),
    [(WRITE, {"P", "J", "L"}), (WRITE_NO_EXTEND, set()), (READ, {"P", "J"}), (REPORTING, set())],
    ids=lambda value: value.name if isinstance(value, Operation) else "",
)
def test_states_that_call_for_a_substitute(operation: Operation, extending: set[str]) -> None:
    assert {state.value[0] for state in operation.extending} == extending


def test_no_state_is_false_or_zero() -> None:
    assert all(state.value and state.value != "0" for state in InstanceState)
    with pytest.raises(ValueError):
        InstanceState("")


def test_the_allowed_changes_are_these_and_no_others() -> None:
    pairs = {(before, after) for before in InstanceState for after in InstanceState if before is not after}
    allowed = set()
    for before, after in pairs:
        with suppress(IllegalTransition):
            assert step(before, after) is after
            allowed.add((before.value[0], after.value[0]))
    assert allowed == {("P", "J"), ("J", "P"), ("J", "A"), ("P", "A"), ("A", "L")}
    assert set(ALLOWED) == set(InstanceState)


def test_a_refused_change_names_both_states() -> None:
    with pytest.raises(IllegalTransition, match="from ACTIVE to JOINING is not allowed"):
        step(InstanceState.ACTIVE, InstanceState.JOINING)


def ring() -> RingDesc:
    return RingDesc.of([instance("a", (1, 2), zone="z"), instance("b", (3,), zone="y")])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, Change.EQUAL, id="nothing"),
        pytest.param({"heartbeat_ms": 5}, Change.EQUAL_BUT_STATES, id="heartbeat"),
        pytest.param({"state": InstanceState.LEAVING}, Change.EQUAL_BUT_STATES, id="state"),
        pytest.param({"versions": (("ingester", 2),)}, Change.EQUAL_BUT_STATES, id="versions"),
        pytest.param({"registered_ms": 5}, Change.DIFFERENT, id="registration"),
        pytest.param({"read_only": True}, Change.DIFFERENT, id="read-only flag"),
        pytest.param({"read_only_updated_ms": 5}, Change.DIFFERENT, id="time of the read-only flag"),
        pytest.param({"zone": "x"}, Change.DIFFERENT, id="zone"),
        pytest.param({"addr": "elsewhere"}, Change.DIFFERENT, id="address"),
        pytest.param({"tokens": (1, 9)}, Change.DIFFERENT, id="tokens"),
        pytest.param({"state": InstanceState.LEAVING, "tokens": ()}, Change.DIFFERENT, id="state and tokens"),
    ],
)
def test_what_a_change_of_one_field_amounts_to(changes: dict[str, object], expected: Change) -> None:
    before = ring()
    changed: Instance = replace(before.instances["a"], **changes)  # type: ignore[arg-type]
    assert before.compare(before.with_instance(changed)) is expected


def test_another_number_of_instances_is_another_ring() -> None:
    assert RingDesc().compare(RingDesc()) is Change.EQUAL
    assert ring().compare(ring().without("a")) is Change.DIFFERENT
    assert ring().compare(ring().with_instance(instance("c"))) is Change.DIFFERENT


def test_zones_are_sorted_and_counted_whatever_the_state() -> None:
    assert RingDesc().zones() == ()
    assert RingDesc.of([instance("1", zone="c", state="P"), instance("2", zone="a", state="S")]).zones() == ("a", "c")
