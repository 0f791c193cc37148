"""The rate of a tenant over all distributors: what is taken never exceeds burst and rate by more than what may be
borrowed ahead, and who is refused is told when to come again.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.distributor.rates import AWAY_SECONDS, LEASE_SECONDS, MAX_ACCOUNTS, PAUSE_SECONDS, RateLimiter
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.profiles.reasons import Reason
from tests.unit.distributor.buckets import Clock, MemoryLender

RATE, BURST = 1000, 5000
LIMITS = replace(DEFAULT_LIMITS, ingestion_rate_bytes_per_second=RATE, ingestion_burst_bytes=BURST)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lender(clock: Clock) -> MemoryLender:
    return MemoryLender(clock)


@pytest.fixture
def limiter(lender: MemoryLender, clock: Clock) -> RateLimiter:
    return RateLimiter(lender, clock)


def taken(limiter: RateLimiter, size: int, limits: Limits = LIMITS, pushes: int = 1000) -> int:
    """Return how many pushes of a size are taken one after the other before one is refused."""
    for number in range(pushes):
        if limiter.take("team-a", size, limits) is not None:
            return number
    return pushes


def test_the_burst_comes_at_once_and_then_the_rate(limiter: RateLimiter, clock: Clock) -> None:
    assert taken(limiter, 100) == 50
    clock.seconds += 1
    assert taken(limiter, 100) == 10
    clock.seconds += 60
    assert taken(limiter, 100) == 50  # no more than a burst is saved up


def test_who_is_refused_is_told_when_the_same_push_passes(limiter: RateLimiter, clock: Clock) -> None:
    taken(limiter, 1000)
    refusal = limiter.take("team-a", 2500, LIMITS)
    assert refusal is not None
    assert refusal.rejection.reason is Reason.RATE_LIMITED
    assert refusal.retry_after_seconds == 3
    for words in ("1000 a second", "bursts of 5000", "2500 bytes", "try again in 3 s"):
        assert words in refusal.rejection.message
    clock.seconds += 2.4
    assert limiter.take("team-a", 2500, LIMITS) is not None
    clock.seconds += 0.6
    assert limiter.take("team-a", 2500, LIMITS) is None


def test_what_is_larger_than_the_burst_is_told_that_it_can_never_pass(limiter: RateLimiter) -> None:
    refusal = limiter.take("team-a", BURST + 1, LIMITS)
    assert refusal is not None
    assert refusal.retry_after_seconds is None
    assert refusal.rejection.reason is Reason.BODY_SIZE_LIMIT_EXCEEDED
    assert "can never pass" in refusal.rejection.message
    assert limiter.take("team-a", BURST, LIMITS) is None


def test_tenants_have_buckets_of_their_own(limiter: RateLimiter) -> None:
    taken(limiter, 100)
    assert limiter.take("team-b", BURST, LIMITS) is None


def test_a_rate_of_zero_is_no_limit_and_asks_nobody(limiter: RateLimiter, lender: MemoryLender) -> None:
    assert taken(limiter, 10**9, replace(LIMITS, ingestion_rate_bytes_per_second=0), pushes=10) == 10
    assert lender.asked == 0


def test_most_pushes_ask_nobody(limiter: RateLimiter, lender: MemoryLender) -> None:
    limits = replace(LIMITS, ingestion_rate_bytes_per_second=1 << 20, ingestion_burst_bytes=8 << 20)
    assert taken(limiter, 1000, limits, pushes=1000) == 1000
    assert lender.asked <= 10


def test_a_refused_tenant_costs_no_further_question_until_its_push_could_pass(
    limiter: RateLimiter, lender: MemoryLender, clock: Clock
) -> None:
    taken(limiter, 1000)
    asked = lender.asked
    for _ in range(100):
        assert limiter.take("team-a", 1000, LIMITS) is not None
    clock.seconds += 0.9
    assert limiter.take("team-a", 1000, LIMITS) is not None
    assert lender.asked == asked


def test_a_lowered_rate_counts_at_once_for_what_is_borrowed(limiter: RateLimiter, lender: MemoryLender) -> None:
    high = replace(LIMITS, ingestion_rate_bytes_per_second=100_000, ingestion_burst_bytes=1_000_000)
    limiter.take("team-a", 1, high)  # borrows a tenth of a second: 10 000 bytes
    lender.levels["team-a"] = (0, lender.clock.seconds)
    assert taken(limiter, 10) <= RATE * LEASE_SECONDS / 10


def test_a_push_that_was_larger_than_it_said_is_paid_for_by_the_next(limiter: RateLimiter, clock: Clock) -> None:
    assert limiter.take("team-a", 100, LIMITS) is None
    limiter.charge("team-a", 4000, LIMITS)
    assert taken(limiter, 100) == 9
    limiter.charge("team-a", 10 * BURST, LIMITS)  # a debt beyond the burst waits, and nobody waits for ever
    clock.seconds += 5
    assert limiter.take("team-a", 100, LIMITS) is None
    assert limiter.take("team-a", 100, LIMITS) is not None


def test_while_the_lender_is_away_all_pass_and_it_is_asked_once_a_second(
    limiter: RateLimiter, lender: MemoryLender, clock: Clock
) -> None:
    lender.away = True
    assert taken(limiter, BURST, pushes=100) == 100
    assert lender.asked == 1
    clock.seconds += AWAY_SECONDS
    assert taken(limiter, BURST, pushes=100) == 100
    assert lender.asked == 2
    lender.away = False
    clock.seconds += AWAY_SECONDS
    assert taken(limiter, BURST) == 1


def test_accounts_are_bounded(limiter: RateLimiter) -> None:
    for number in range(MAX_ACCOUNTS + 100):
        limiter.take(f"tenant-{number}", 1, LIMITS)
    assert len(limiter._accounts) == MAX_ACCOUNTS


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, BURST), st.integers(0, 400)),  # distributor, bytes, wait in ms
        min_size=1,
        max_size=120,
    )
)
def test_whatever_is_sent_to_whom_and_when_the_bounds_hold(pushes: list[tuple[int, int, int]]) -> None:
    clock = Clock()
    lender = MemoryLender(clock)
    limiters = [RateLimiter(lender, clock) for _ in range(4)]
    # The naive bucket has no leases: whoever fits into it must be taken but for what the others hold.
    level, total, started = float(BURST), 0, clock.seconds
    held_at_most = len(limiters) * RATE * LEASE_SECONDS
    for number, size, wait_ms in pushes:
        clock.seconds += wait_ms / 1000
        level = min(BURST, level + RATE * wait_ms / 1000)
        if limiters[number].take("team-a", size, LIMITS) is None:
            total += size
            level -= size
        else:
            assert level < size + held_at_most + RATE * PAUSE_SECONDS
        assert total <= BURST + RATE * (clock.seconds - started) + held_at_most
