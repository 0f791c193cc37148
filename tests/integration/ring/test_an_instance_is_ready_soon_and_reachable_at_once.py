"""How long it takes until an instance is ready, and until others know its new address."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from ring.lifecycler import Lifecycler
from tests.integration.ring.conftest import Cluster, eventually

pytestmark = pytest.mark.integration


class Clock:
    """Stands still until a test moves it; an instance reads it, its server does not."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_restart_at_another_address_is_known_before_the_first_heartbeat(cluster: Cluster) -> None:
    config = replace(
        cluster.config, heartbeat_period_seconds=300.0, heartbeat_timeout_seconds=900.0, unregister_on_shutdown=False
    )
    first = cluster.member("a", zone="zone-a", config=config)
    first.wait_until_active(10)
    assert first.leave(5)
    assert first.finish(5)
    started = time.monotonic()
    again = Lifecycler(cluster.server.client(), config, "a", "elsewhere", "zone-b")
    again.start()
    try:
        again.wait_until_active(10)
        assert again.why_not_ready() is None
        assert time.monotonic() - started < 10, "long before the first heartbeat"
        entry, _ = again.store.entry("a")
        assert entry is not None
        assert (entry.addr, entry.zone) == ("elsewhere", "zone-b")
        assert first.entry is not None
        assert entry.tokens == first.entry.tokens
    finally:
        again.stop()
        again.store.client.close()


def test_the_time_to_stay_well_before_being_ready_counts_from_the_first_moment_of_being_well(cluster: Cluster) -> None:
    clock = Clock()
    config = replace(cluster.config, min_ready_seconds=1.0)
    member = Lifecycler(cluster.server.client(), config, "a", "ingester.a", clock_seconds=clock)
    member.start()
    try:
        member.wait_until_active(10)
        assert member.why_not_ready() == "Waiting for 1.0 s more after everything was ready."
        clock.seconds += 0.9
        assert member.why_not_ready() == "Waiting for 0.1 s more after everything was ready."
        clock.seconds += 0.1
        assert member.why_not_ready() is None
    finally:
        member.stop()
        member.store.client.close()


def test_without_such_a_time_it_is_ready_at_once(cluster: Cluster) -> None:
    (member,) = cluster.active("a")
    assert member.config.min_ready_seconds == 0
    assert member.why_not_ready() is None


def test_while_the_ring_cannot_be_read_nobody_becomes_ready_and_the_time_begins_anew(cluster: Cluster) -> None:
    clock = Clock()
    config = replace(cluster.config, min_ready_seconds=1.0)
    member = Lifecycler(cluster.server.client(), config, "a", "ingester.a", clock_seconds=clock)
    member.start()
    try:
        member.wait_until_active(10)
        assert "Waiting for" in (member.why_not_ready() or "")
        cluster.server.kill()
        clock.seconds += 5
        assert (member.why_not_ready() or "").startswith("The ring cannot be read: ")
        cluster.server.start()
        # The entry was lost with the server; the heartbeat that is due brings it back.
        eventually(lambda: "Waiting for 1.0 s" in (member.why_not_ready() or ""), "well again, and waiting once more")
        clock.seconds += 1
        assert member.why_not_ready() is None
    finally:
        member.stop()
        member.store.client.close()
