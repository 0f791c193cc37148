"""One ingester of three has trouble with its network, its clock or its power, or all are restarted one by one: no push
is refused or waits for it, nothing acknowledged is lost or counted twice, and the ingester catches up by itself.
"""

from __future__ import annotations

import glob
from collections.abc import Callable

import pytest

from tests.integration.hosts.durations import CUT_SECONDS, DELAY_SECONDS
from tests.integration.hosts.fleet import INGESTERS, Fleet, seconds_until
from tests.integration.hosts.traffic import Traffic

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

#: A connection that is dead is given up after 20 s, and its worker tries again after pauses of up to 30 s. The rest is
#: for the machine, which carries seven hosts.
RECOVERY_SECONDS = 120.0
SKEW_SECONDS = 60
SLOW_MS, JITTER_MS = 200, 100


def cut_both_ways(fleet: Fleet, traffic: Traffic) -> None:
    with fleet.network.cuts(("ingester-0", "redis"), ("redis", "ingester-0")):
        traffic.goes_on(CUT_SECONDS)


def deaf(fleet: Fleet, traffic: Traffic) -> None:
    """It can send and does not hear."""
    with fleet.network.cuts(("redis", "ingester-1")):
        traffic.goes_on(CUT_SECONDS)


def mute(fleet: Fleet, traffic: Traffic) -> None:
    """It can hear and what it sends is lost."""
    with fleet.network.cuts(("ingester-2", "redis")):
        traffic.goes_on(CUT_SECONDS)


def slow(fleet: Fleet, traffic: Traffic) -> None:
    with (
        fleet.network.slow("ingester-0", "redis", SLOW_MS, JITTER_MS),
        fleet.network.slow("redis", "ingester-0", SLOW_MS, JITTER_MS),
    ):
        traffic.goes_on(DELAY_SECONDS)


def cut_from_the_data(fleet: Fleet, traffic: Traffic) -> None:
    """It cannot reach the catalogue or the bucket."""
    with fleet.network.cuts(("ingester-1", "data"), ("data", "ingester-1")):
        traffic.goes_on(CUT_SECONDS)


def power_lost(fleet: Fleet, traffic: Traffic) -> None:
    """The host of a zone is gone without a word, and back with its disk as it was."""
    fleet.power_off("ingester-1")
    traffic.goes_on(CUT_SECONDS)
    fleet.power_on("ingester-1")
    fleet.start_ingester("ingester-1")


def rolling_restart(fleet: Fleet, traffic: Traffic) -> None:
    """Each is stopped as a service manager does it, and the next one's turn comes when it is back."""
    for ingester in INGESTERS:
        assert fleet.stop(ingester) == 0
        fleet.start_ingester(ingester)
        fleet.wait_until_whole()
        traffic.wait_for_more(10)


@pytest.mark.parametrize(
    "trouble",
    [cut_both_ways, deaf, mute, slow, cut_from_the_data, power_lost, rolling_restart],
    ids=lambda trouble: trouble.__name__,
)
def test_no_push_notices(fleet: Fleet, trouble: Callable[[Fleet, Traffic], None]) -> None:
    traffic = Traffic(fleet, f"one-{trouble.__name__}")
    with traffic.flowing():
        traffic.wait_for_more(10)
        trouble(fleet, traffic)
        recovered = seconds_until(
            lambda: all(map(fleet.is_caught_up, INGESTERS)), RECOVERY_SECONDS, "every ingester has caught up"
        )
        traffic.wait_for_more(10)
    verdict = traffic.verdict()
    verdict.told(trouble.__name__, recovered_seconds=recovered)
    verdict.assert_nothing_lost_or_doubled()
    assert not traffic.refusals, traffic.refusals[:5]


@pytest.mark.parametrize(
    ("host", "skew_seconds"),
    [
        pytest.param("ingester-2", SKEW_SECONDS, id="an ingester ahead"),
        pytest.param("web", -SKEW_SECONDS, id="web late"),
    ],
)
def test_a_clock_that_is_a_minute_off_changes_nothing(fleet: Fleet, host: str, skew_seconds: int) -> None:
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not libraries:
        pytest.skip("a skewed clock needs libfaketime (Debian: libfaketime)")
    # Pauses and timeouts go by the monotonic clock, which no wrong setting of the date disturbs.
    skewed = {
        "LD_PRELOAD": libraries[0],
        "FAKETIME": f"{skew_seconds:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    start = fleet.start_web if host == "web" else lambda environment=None: fleet.start_ingester(host, environment)
    fleet.stop(host)
    start(skewed)
    fleet.wait_until_whole()
    fleet.wait_until_ready()
    assert abs(fleet.clock_offset_seconds(host) - skew_seconds) < SKEW_SECONDS / 2, "the clock is right"
    traffic = Traffic(fleet, f"skew-{host}")
    try:
        with traffic.flowing():
            traffic.wait_for_more(100)
        verdict = traffic.verdict()
    finally:
        fleet.stop(host)
        start()
    verdict.told(f"clock of {host} {skew_seconds:+d} s")
    verdict.assert_nothing_lost_or_doubled()
    assert not traffic.refusals, traffic.refusals[:5]
    fleet.wait_until_whole()
    fleet.wait_until_ready()
    assert abs(fleet.clock_offset_seconds(host)) < SKEW_SECONDS / 2
    assert traffic.verdict() == verdict, "read with the right time as with the wrong one"
