"""The host of the catalogue and the bucket cannot be reached by anybody: pushes go on, queries say why they cannot be
answered, and uploads are made up for.
"""

from __future__ import annotations

import json
import time

import pytest

from tests.integration.cluster.marked_profiles import PROFILE_TYPE
from tests.integration.hosts.durations import CUT_SECONDS
from tests.integration.hosts.fleet import INGESTERS, Fleet, seconds_until
from tests.integration.hosts.traffic import Traffic

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

#: A connection that is dead is given up after 20 s, another attempt at it after 5 s. The rest is for the machine.
REFUSED_WITHIN_SECONDS = 60.0
RECOVERY_SECONDS = 120.0


def asked(fleet: Fleet, service: str) -> tuple[int, str]:
    """Return status and body of a query that needs the catalogue."""
    now_ms = time.time_ns() // 1_000_000
    question = {
        "profileTypeID": PROFILE_TYPE,
        "labelSelector": f'{{service_name="{service}"}}',
        "start": now_ms - 600_000,
        "end": now_ms + 60_000,
    }
    status, body, _ = fleet.request(
        "POST",
        "/querier.v1.QuerierService/SelectMergeStacktraces",
        json.dumps(question).encode(),
        {"Content-Type": "application/json"},
        timeout_seconds=REFUSED_WITHIN_SECONDS,
    )
    return status, body.decode()


def test_pushes_go_on_and_queries_say_why_they_cannot(fleet: Fleet) -> None:
    others = ("web", *INGESTERS)
    traffic = Traffic(fleet, "all-data-away")
    with traffic.flowing():
        traffic.wait_for_more(10)
        with fleet.network.cuts(*((host, "data") for host in others), *(("data", host) for host in others)):
            started = time.monotonic()
            status, body = asked(fleet, traffic.service)
            refused_seconds = time.monotonic() - started
            time.sleep(max(0.0, CUT_SECONDS - refused_seconds))
            traffic.wait_for_more(10)
        assert status == 503, body
        assert "catalogue" in body
        recovered = seconds_until(
            lambda: asked(fleet, traffic.service)[0] == 200, RECOVERY_SECONDS, "queries are answered again"
        )
    verdict = traffic.verdict()
    verdict.told("data_away", slowest_refusal=refused_seconds, recovered_seconds=recovered)
    verdict.assert_nothing_lost_or_doubled()
    assert not traffic.refusals, traffic.refusals[:5]
