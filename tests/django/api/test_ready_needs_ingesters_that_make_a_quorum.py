"""``/ready`` of a web process: whether a push could be placed now, and in a sentence why not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client

from ingest import wiring
from ring.core.hashring import Snapshot
from tests.django.api.fakes import default_settings
from tests.unit.ring.rings import NOW_MS, snapshot, spaced


@dataclass
class FixedRing:
    """A ring that stands still, as a web process sees it."""

    snapshot: Snapshot
    stale_since: float | None = None
    last_error: str = ""

    def now_ms(self) -> int:
        return NOW_MS


@pytest.mark.parametrize(
    ("ring", "status", "words"),
    [
        pytest.param(FixedRing(snapshot([])), 503, "The ring is empty: no ingester has joined yet.", id="empty"),
        pytest.param(FixedRing(snapshot(spaced("A"), factor=1)), 200, "ready", id="one active, one copy"),
        pytest.param(FixedRing(snapshot(spaced("P"), factor=1)), 503, "only 0 found", id="one that has not joined"),
        pytest.param(FixedRing(snapshot(spaced("A"))), 503, "At least 2 healthy", id="one active, three copies"),
        pytest.param(FixedRing(snapshot(spaced("AAA"))), 200, "ready", id="three active, three copies"),
        pytest.param(
            FixedRing(snapshot(spaced("AAA")), 1.0, "no answer"), 503, "The ring cannot be read: no answer.", id="away"
        ),
    ],
)
def test_a_web_process_is_ready_when_a_push_can_be_placed(
    client: Client, ring: FixedRing, status: int, words: str
) -> None:
    with wiring.override(ring=ring, warm=True, tenant_settings=default_settings()):
        answer = client.get("/ready")
    assert answer.status_code == status
    assert words in answer.content.decode()
