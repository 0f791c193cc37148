"""What each action does, says and leaves in the audit log, the first time and the second."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ingest.administration.actions import RingActions
from ingest.administration.types import Action, Actor, Order, Outcome, QueueFate, Result
from tests.unit.administration.fakes import SILENT, office

WHO = Actor("ada", "192.0.2.7")
Act = Callable[[RingActions, str], Result]

ACTIONS: dict[Action, Act] = {
    Action.FLUSH: lambda actions, one: actions.flush(WHO, one, wait=False),
    Action.SET_READ_ONLY: lambda actions, one: actions.set_read_only(WHO, one, True),
    Action.UNSET_READ_ONLY: lambda actions, one: actions.set_read_only(WHO, one, False),
    Action.PREPARE_SHUTDOWN: lambda actions, one: actions.prepare_shutdown(WHO, one),
    Action.CANCEL_SHUTDOWN: lambda actions, one: actions.cancel_shutdown(WHO, one),
    Action.SET_UNREGISTER: lambda actions, one: actions.set_unregister_on_shutdown(WHO, one, False),
    Action.SHUTDOWN: lambda actions, one: actions.shutdown(WHO, one),
    Action.FORGET: lambda actions, one: actions.forget(WHO, one, True, QueueFate.REROUTE),
}


def test_the_table_holds_every_action() -> None:
    assert set(ACTIONS) == set(Action)


@pytest.mark.parametrize("action", list(Action))
def test_an_action_leaves_one_line_with_its_outcome(action: Action) -> None:
    scene = office()
    result = ACTIONS[action](scene.actions, "a")
    assert result.is_good
    assert scene.audit.lines == [("ada", action, "a", result.outcome.value, result.message)]


@pytest.mark.parametrize("action", list(Action))
def test_an_action_on_nobody_is_not_found_and_audited(action: Action) -> None:
    scene = office()
    result = ACTIONS[action](scene.actions, "nobody")
    assert result.outcome is Outcome.NOT_FOUND
    assert scene.audit.lines[0][3] == "not found"
    assert scene.ring.changes == []
    assert scene.ingesters.told == []


@pytest.mark.parametrize("action", list(Action))
def test_nothing_is_done_that_cannot_be_audited(action: Action) -> None:
    scene = office()
    scene.audit.is_away = True
    assert ACTIONS[action](scene.actions, "a").outcome is Outcome.UNAVAILABLE
    assert scene.ring.changes == []
    assert scene.ingesters.told == []
    assert scene.queues.settled == []


@pytest.mark.parametrize("action", list(Action))
def test_without_redis_the_audit_log_says_that_nothing_came_of_it(action: Action) -> None:
    scene = office()
    scene.ring.is_away = True
    assert ACTIONS[action](scene.actions, "a").outcome is Outcome.UNAVAILABLE
    assert scene.audit.lines[0][3:] == ("unavailable", "Redis is away")


def test_read_only_twice_keeps_the_first_moment() -> None:
    scene = office()
    first = scene.actions.set_read_only(WHO, "a", True)
    scene.ring.now_ms += 60_000
    second = scene.actions.set_read_only(WHO, "a", True)
    assert (first.outcome, second.outcome) == (Outcome.DONE, Outcome.UNCHANGED)
    assert first.details == second.details == {"read_only": True, "timestamp": 5}
    assert scene.actions.read_only("a").details["timestamp"] == 5
    assert scene.actions.set_read_only(WHO, "a", False).details == {"read_only": False, "timestamp": 0}
    assert scene.actions.set_read_only(WHO, "a", False).outcome is Outcome.UNCHANGED
    assert scene.ring.changes == ["a: read-only, by ada", "a: read-write, by ada"]


@pytest.mark.parametrize(
    ("entry", "force", "outcome"),
    [
        pytest.param("a", False, Outcome.CONFLICT, id="alive"),
        pytest.param("a", True, Outcome.DONE, id="alive and forced"),
        pytest.param("silent", False, Outcome.DONE, id="silent"),
        pytest.param("silent", True, Outcome.DONE, id="silent and forced"),
    ],
)
def test_one_that_is_alive_is_forgotten_by_force_only(entry: str, force: bool, outcome: Outcome) -> None:
    scene = office(silent=SILENT)
    assert scene.actions.forget(WHO, entry, force, QueueFate.REROUTE).outcome is outcome
    assert (entry in scene.ring.entries) is (outcome is Outcome.CONFLICT)
    assert scene.queues.settled == ([] if outcome is Outcome.CONFLICT else [(entry, QueueFate.REROUTE)])


@pytest.mark.parametrize("fate", list(QueueFate))
def test_what_becomes_of_its_queue_is_said(fate: QueueFate) -> None:
    result = office(silent=SILENT).actions.forget(WHO, "silent", False, fate)
    assert result.message == f"silent is forgotten. Its queue: {fate}."


def test_uploads_get_more_time_than_questions() -> None:
    scene = office()
    scene.actions.flush(WHO, "a", wait=True)
    scene.actions.flush(WHO, "a", wait=False)
    scene.actions.shutdown(WHO, "a")
    scene.actions.prepared("a")
    assert scene.ingesters.told == [
        ("a", Order.FLUSH_AND_WAIT, 60.0),
        ("a", Order.FLUSH, 1.0),
        ("a", Order.SHUTDOWN, 60.0),
        ("a", Order.GET_PREPARED, 1.0),
    ]


@pytest.mark.parametrize(
    ("unregister", "order"),
    [(True, Order.UNREGISTER), (False, Order.KEEP_REGISTERED), (None, Order.UNREGISTER_AS_CONFIGURED)],
)
def test_unregistering_is_switched_on_off_and_back(unregister: bool | None, order: Order) -> None:
    scene = office()
    scene.actions.set_unregister_on_shutdown(WHO, "a", unregister)
    assert scene.ingesters.told[0][1] is order


def test_one_that_left_the_ring_still_takes_orders_while_its_process_speaks() -> None:
    scene = office()
    scene.ingesters.heard.add("left")
    assert scene.actions.shutdown(WHO, "left").is_good


def test_an_ingester_that_does_not_answer_is_in_the_audit_log() -> None:
    scene = office()
    scene.ingesters.answer = Result(Outcome.NO_ANSWER, "a did not answer within 1 s")
    assert scene.actions.prepare_shutdown(WHO, "a").outcome is Outcome.NO_ANSWER
    assert scene.audit.lines[0][3:] == ("no answer", "a did not answer within 1 s")


def test_asking_is_not_acting() -> None:
    scene = office()
    scene.actions.read_only("a")
    scene.actions.prepared("a")
    scene.actions.unregister_on_shutdown("a")
    assert scene.audit.lines == []
