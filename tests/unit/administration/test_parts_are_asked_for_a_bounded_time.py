"""The parts of the database are asked at once; one that hangs is down after the bound and costs one thread."""

from __future__ import annotations

import threading
import time

import pytest

from ingest.administration.health import SLOW_SECONDS, Component, Health, HealthChecks, Question, worst


def fine() -> str:
    return "all well"


def test_answers_come_in_the_order_of_the_questions() -> None:
    checks = HealthChecks(
        [Question("a", "service", fine), Question("b", "process", fine, is_timed=False)], time.monotonic
    )
    first, second = checks.components()
    assert (first.name, first.kind, first.health, first.detail) == ("a", "service", Health.OK, "all well")
    assert first.latency_ms is not None
    assert (second.name, second.latency_ms) == ("b", None)


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (ConnectionError("refused\n  by 10.0.0.7"), "refused by 10.0.0.7"),
        (KeyError(), "KeyError"),
        (ValueError("x" * 999), "x" * 300),
    ],
)
def test_a_part_that_fails_is_down_with_its_reason_in_one_line(error: Exception, detail: str) -> None:
    def fail() -> str:
        raise error

    (found,) = HealthChecks([Question("a", "service", fail)], time.monotonic).components()
    assert (found.health, found.latency_ms, found.detail) == (Health.DOWN, None, detail)


@pytest.mark.parametrize(
    ("seconds", "is_timed", "health"),
    [(SLOW_SECONDS - 0.01, True, Health.OK), (SLOW_SECONDS, True, Health.SLOW), (SLOW_SECONDS, False, Health.OK)],
)
def test_an_answer_that_took_long_is_slow(seconds: float, is_timed: bool, health: Health) -> None:
    now = [0.0]

    def take_a_while() -> str:
        now[0] += seconds
        return ""

    (found,) = HealthChecks([Question("a", "service", take_a_while, is_timed)], lambda: now[0]).components()
    assert found.health is health


def test_a_part_that_hangs_is_down_and_keeps_one_thread() -> None:
    released, asked = threading.Event(), []

    def hang() -> str:
        asked.append(threading.current_thread())
        assert released.wait(60)
        return "back"

    checks = HealthChecks([Question("a", "service", hang), Question("b", "service", fine)], time.monotonic, 0.05)
    for _ in range(3):
        hanging, other = checks.components()
        assert (hanging.health, hanging.detail) == (Health.DOWN, "No answer for 0 s.")
        assert other.health is Health.OK
    assert len(asked) == 1
    released.set()
    asked[0].join(60)
    assert checks.components()[0].detail == "back"


def test_parts_that_come_and_go_are_asked_beside_the_others_even_with_the_same_name() -> None:
    checks = HealthChecks([Question("a", "service", fine)], time.monotonic)
    found = checks.components([Question("a", "ingester", lambda: "another")])
    assert [(one.kind, one.detail) for one in found] == [("service", "all well"), ("ingester", "another")]
    assert len(checks.components()) == 1


@pytest.mark.parametrize(
    ("healths", "whole"),
    [
        ([], Health.OK),
        ([Health.OK, Health.CHANGING], Health.CHANGING),
        ([Health.SLOW, Health.CHANGING], Health.SLOW),
        ([Health.DOWN, Health.SLOW, Health.OK], Health.DOWN),
    ],
)
def test_the_whole_does_as_its_worst_part(healths: list[Health], whole: Health) -> None:
    assert worst([Component("", "", health, None, "") for health in healths]) is whole
