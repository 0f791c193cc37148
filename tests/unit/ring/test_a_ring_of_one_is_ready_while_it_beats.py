"""Readiness that looks at the whole ring, in the smallest rings there are."""

from __future__ import annotations

import pytest

from ring.core.desc import Instance, RingDesc
from ring.core.readiness import why_not_ready
from tests.unit.ring.rings import NOW_MS, instance

FIVE_MINUTES_MS = 300_000
TEN_SECONDS_MS = 10_000


@pytest.mark.parametrize(
    ("later_ms", "ready"),
    [
        pytest.param(0, True, id="now"),
        pytest.param(FIVE_MINUTES_MS, False, id="five minutes later without a heartbeat"),
    ],
)
def test_one_active_instance_is_ready_until_its_heartbeat_is_old(later_ms: int, ready: bool) -> None:
    ring = RingDesc.of([instance("a", (1,), heartbeat_ms=NOW_MS)])
    reason = why_not_ready(ring, "a", NOW_MS + later_ms, TEN_SECONDS_MS, check_ring=True)
    assert reason == (None if ready else "The instance a is past its heartbeat timeout.")


@pytest.mark.parametrize(
    ("members", "asked", "reason"),
    [
        pytest.param([instance("a")], "a", "The instance a has no tokens.", id="alone and without tokens"),
        pytest.param([instance("a"), instance("b", (1,))], "b", None, id="a second one with a token"),
        pytest.param(
            [instance("a"), instance("b", (1,))], "a", "The instance a has no tokens.", id="the first one still waits"
        ),
    ],
)
def test_without_tokens_of_its_own_nobody_is_ready(members: list[Instance], asked: str, reason: str | None) -> None:
    assert why_not_ready(RingDesc.of(members), asked, NOW_MS, TEN_SECONDS_MS, check_ring=True) == reason
