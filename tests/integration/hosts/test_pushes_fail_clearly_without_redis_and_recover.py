"""What all pushes need is away for a while: each is refused in seconds with a reason and a pause, and none that was
acknowledged is lost or counted twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.integration.hosts.durations import REFUSING_CUT_SECONDS
from tests.integration.hosts.fleet import INGESTERS, Fleet, seconds_until
from tests.integration.hosts.traffic import Traffic

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

RECOVERY_SECONDS = 120.0


def web_cut_from_redis(fleet: Fleet, traffic: Traffic) -> None:
    with fleet.network.cuts(("web", "redis"), ("redis", "web")):
        time.sleep(REFUSING_CUT_SECONDS)


def web_does_not_hear_redis(fleet: Fleet, traffic: Traffic) -> None:
    """Batches arrive and acks do not: what is refused here is stored, and its repeat must not count again."""
    with fleet.network.cuts(("redis", "web")):
        time.sleep(REFUSING_CUT_SECONDS)


def redis_lost_its_power(fleet: Fleet, traffic: Traffic) -> None:
    """Everything in Redis is gone, and nobody was told: every connection to it is half open."""
    fleet.power_off("redis")
    time.sleep(REFUSING_CUT_SECONDS)
    fleet.power_on("redis")
    fleet.start_redis()


@pytest.mark.parametrize(
    "trouble",
    [web_cut_from_redis, web_does_not_hear_redis, redis_lost_its_power],
    ids=lambda trouble: trouble.__name__,
)
def test_refusals_are_clear_and_end(fleet: Fleet, trouble: Callable[[Fleet, Traffic], None]) -> None:
    traffic = Traffic(fleet, f"all-{trouble.__name__}")
    with traffic.flowing():
        traffic.wait_for_more(10)
        trouble(fleet, traffic)
        before = len(traffic.acknowledged)
        pushed = seconds_until(
            lambda: len(traffic.acknowledged) >= before + 10, RECOVERY_SECONDS, "pushes are acknowledged again"
        )
        recovered = pushed + seconds_until(
            lambda: all(map(fleet.is_caught_up, INGESTERS)), RECOVERY_SECONDS, "every ingester has caught up"
        )
    verdict = traffic.verdict()
    slowest = max((refusal.seconds for refusal in traffic.refusals), default=0.0)
    verdict.told(trouble.__name__, pushes_again_seconds=pushed, recovered_seconds=recovered, slowest_refusal=slowest)
    verdict.assert_nothing_lost_or_doubled()
    assert traffic.refusals, "nothing was noticed"
    unclear = [refusal for refusal in traffic.refusals if refusal.status != 503 or not refusal.retry_after]
    assert not unclear, unclear[:5]
