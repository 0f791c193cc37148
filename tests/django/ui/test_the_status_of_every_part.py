"""The status as a page, as JSON and as text, from the same document; secrets are nowhere in it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client

from ingest import wiring
from ingest.administration.health import HealthChecks, Question
from ring.core.states import InstanceState
from tests.django.ui.test_pages import FixedRingView, ring_of


def refuse() -> str:
    raise ConnectionError("nobody listens")


@pytest.fixture
def parts() -> Iterator[None]:
    """A Redis that answers, a bucket that does not, and two ingesters."""
    checks = HealthChecks(
        [Question("redis", "service", lambda: "version 9"), Question("bucket", "service", refuse)], lambda: 5.0
    )
    ring = FixedRingView(ring_of("ingester-1", "ingester-2"))
    with wiring.override(health_checks=checks, ring_view=ring, source_probe=lambda source: ""):
        yield


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("path", ["/status", "/api/v1/status"])
def test_every_part_is_in_the_document(client: Client, path: str) -> None:
    response = client.get(path, headers={"Accept": "application/json"})
    document = response.json()
    assert {one["name"]: one["health"] for one in document["components"]} == {
        "web": "ok", "redis": "ok", "bucket": "down", "ingester-1": "ok", "ingester-2": "ok"
    }  # fmt: skip
    timed = {one["name"] for one in document["components"] if one["latency_ms"] is not None}
    assert timed == {"redis", "ingester-1", "ingester-2"}
    assert document["health"] == "down"
    assert document["version"] == settings.VERSION
    assert document["uptime_seconds"] >= 0
    assert response["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("parts")
def test_a_terminal_gets_columns(client: Client) -> None:
    response = client.get("/status", headers={"Accept": "text/plain"})
    assert response["Content-Type"].startswith("text/plain")
    lines = response.content.decode().splitlines()
    assert lines[0].startswith(f"phlareweb {settings.VERSION}, down, up ")
    assert lines[1].split() == ["name", "kind", "health", "latency", "detail"]
    (bucket,) = [line for line in lines if line.startswith("bucket")]
    assert bucket.endswith("nobody listens")
    assert bucket.index("down") == lines[1].index("health")


@pytest.mark.usefixtures("parts")
def test_secrets_are_only_said_to_be_set(client: Client) -> None:
    response = client.get("/api/v1/status")
    assert settings.SECRET_KEY not in response.content.decode()
    named = {one["name"]: one for one in response.json()["configuration"]}
    assert named["PHLARE_SECRET_KEY"]["default"] == ""
    assert "PHLARE_REPLICATION_FACTOR" in named


def test_an_ingester_whose_heartbeat_is_old_is_down(client: Client) -> None:
    class Late(FixedRingView):
        def stale_seconds(self) -> float:
            return 12.0

    with wiring.override(health_checks=HealthChecks([], lambda: 0.0), ring_view=Late(ring_of("ingester-1"))):
        document = client.get("/api/v1/status").json()
    (ingester,) = [one for one in document["components"] if one["kind"] == "ingester"]
    assert ingester["health"] == "down"
    assert InstanceState.ACTIVE.name in ingester["detail"]
    assert ingester["detail"].endswith("Redis has not answered for 12 s")


def test_an_ingester_that_answers_no_read_is_down_though_its_heart_beats(client: Client) -> None:
    def probe(source: str) -> str:
        if source == "ingester-1":
            raise TimeoutError("no answer within 3.0 s")
        return ""

    ring = FixedRingView(ring_of("ingester-1", "ingester-2"))
    with wiring.override(health_checks=HealthChecks([], time.monotonic), ring_view=ring, source_probe=probe):
        document = client.get("/api/v1/status").json()
    silent, other = (one for one in document["components"] if one["kind"] == "ingester")
    assert (silent["health"], silent["latency_ms"]) == ("down", None)
    assert silent["detail"].endswith("reads: no answer within 3.0 s")
    assert other["health"] == "ok"


def test_an_ingester_that_cannot_be_read_from_is_not_asked(client: Client) -> None:
    asked: list[str] = []

    class Late(FixedRingView):
        def stale_seconds(self) -> float:
            return 12.0

    def probe(source: str) -> str:
        asked.append(source)
        return ""

    with wiring.override(
        health_checks=HealthChecks([], time.monotonic), ring_view=Late(ring_of("ingester-1")), source_probe=probe
    ):
        client.get("/api/v1/status")
    assert asked == []
