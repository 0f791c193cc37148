"""Guesses and lines of the audit log are bounded for each source, over all sources, and in memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.access.attempts import Attempts, Sparing, source_of


def test_after_so_many_failures_a_source_has_to_wait_and_then_begins_anew() -> None:
    attempts = Attempts(allowed=3, period_seconds=60)
    assert [attempts.begin("a", now) for now in (0, 10, 20)] == [0, 0, 0]
    assert attempts.begin("a", 30) == 30
    assert attempts.begin("b", 30) == 0
    assert attempts.begin("a", 60) == 0
    assert attempts.begin("a", 61) == 0


def test_waiting_is_not_made_longer_by_trying() -> None:
    attempts = Attempts(allowed=1, period_seconds=60)
    attempts.begin("a", 0)
    assert [attempts.begin("a", now) for now in (1, 30, 59)] == [59, 30, 1]
    assert attempts.begin("a", 60) == 0


def test_a_right_password_takes_back_its_own_attempt_and_no_other() -> None:
    attempts = Attempts(allowed=2, period_seconds=60)
    for now in range(20):
        assert attempts.begin("a", now) == 0
        attempts.succeeded("a")
    attempts.begin("a", 20)  # wrong
    assert attempts.begin("a", 21) == 0
    attempts.succeeded("a")
    assert attempts.begin("a", 22) == 0  # wrong
    assert attempts.begin("a", 23) > 0


def test_attempts_that_are_under_way_at_once_count() -> None:
    attempts = Attempts(allowed=2, period_seconds=60)
    assert [attempts.begin("a", 0) > 0 for _ in range(4)] == [False, False, True, True]


def test_the_number_of_sources_is_bounded_and_the_quiet_one_is_forgotten() -> None:
    attempts = Attempts(allowed=1, period_seconds=60, max_sources=2)
    attempts.begin("a", 0)
    attempts.begin("b", 1)
    attempts.begin("c", 2)
    assert attempts.begin("c", 3) > 0
    assert attempts.begin("b", 3) > 0
    assert attempts.begin("a", 3) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), max_size=60), st.integers(1, 4))
def test_no_window_from_a_first_failure_holds_more_than_are_allowed(steps: list[tuple[str, int]], allowed: int) -> None:
    attempts = Attempts(allowed, period_seconds=20)
    now, begun = 0, []
    for source, pause in steps:
        now += pause
        if attempts.begin(source, now) == 0:
            begun.append((source, now))
    for source in "abc":
        times = [at for who, at in begun if who == source]
        for index in range(len(times) - 2 * allowed):
            assert times[index + 2 * allowed] - times[index] >= 20


def test_a_source_gets_one_line_a_period_and_the_next_says_how_many_were_left_out() -> None:
    sparing = Sparing(period_seconds=60, most=10)
    assert [sparing.admit("a", now) for now in (0, 1, 2)] == [0, None, None]
    assert sparing.admit("b", 3) == 0
    assert sparing.admit("a", 60) == 2


def test_many_sources_together_get_a_bounded_number_of_lines() -> None:
    sparing = Sparing(period_seconds=60, most=10, max_sources=50)
    lines = [sparing.admit(f"source {number}", number / 100) for number in range(1000)]
    assert lines.count(None) == 990
    assert sparing.admit("another", 61) == 0


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("", ""),
        ("not an address" * 10, ("not an address" * 10)[:64]),
    ],
)
def test_one_machine_is_one_source(address: str, source: str) -> None:
    assert source_of(address) == source
