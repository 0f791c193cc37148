"""A tenant's shard and the owners of a series over REST: the same answer as whoever places the push gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test import Client

from ingest import wiring
from ingest.adapters.ring_membership import RingPlacement
from ingest.distributor.ports import ReplicaSet
from ring.core.hashring import Snapshot
from ring.core.tokens import token_for
from tests.django.api.fakes import default_settings
from tests.unit.ring.rings import NOW_MS, instance, random_ring, snapshot

SERIES = '{__name__="process_cpu", pod="web-1", service_name="web"}'
SIZES = {"team-a": 3, "unread": None}


@dataclass
class FixedRing:
    """A ring that stands still."""

    snapshot: Snapshot

    def now_ms(self) -> int:
        return NOW_MS


@dataclass
class Scene:
    """The ring of a site and a client of it."""

    client: Client
    ring: FixedRing
    placement: RingPlacement

    def get(self, path: str, **parameters: str):  # type: ignore[no-untyped-def]
        return self.client.get(f"/api/v1/ring/{path}", parameters)


@pytest.fixture
def scene(client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    ring = FixedRing(snapshot(random_ring(8)))
    placement = RingPlacement(ring, lambda tenant: SIZES.get(tenant, 0))
    monkeypatch.setattr(wiring, "get_placement", lambda: placement)
    with wiring.override(tenant_settings=default_settings()):
        yield Scene(client, ring, placement)


def test_the_owners_are_those_that_get_the_push(scene: Scene) -> None:
    for tenant in ("team-a", "team-b"):
        (placed,) = scene.placement.replica_sets(tenant, [SERIES])
        assert isinstance(placed, ReplicaSet)
        document = scene.get("owners", tenant=tenant, labels='process_cpu{service_name="web", pod="web-1"}').json()
        assert document["series"] == SERIES
        assert document["token"] == token_for(tenant, SERIES)
        assert document["instances"] == list(placed.instances)
        assert (document["max_errors"], document["absent"], document["why_not"]) == (1, [], "")
        assert set(document["instances"]) <= set(document["shard"]["members"])


def test_who_owns_it_and_is_away_is_named(scene: Scene) -> None:
    scene.ring.snapshot = snapshot([instance("a", (1,)), instance("b", (2,)), instance("c", (3,), "S")])
    document = scene.get("owners", labels=SERIES).json()
    assert (sorted(document["instances"]), document["absent"], document["max_errors"]) == (["a", "b"], ["c"], 0)


def test_too_few_to_store_it_is_an_answer_too(scene: Scene) -> None:
    scene.ring.snapshot = snapshot([instance("a", (1,)), instance("b", (2,), "S"), instance("c", (3,), "S")])
    document = scene.get("owners", labels=SERIES).json()
    assert document["instances"] == []
    assert "At least 2 healthy instances are needed" in document["why_not"]


def test_a_shard_comes_with_its_members_and_reasons(scene: Scene) -> None:
    document = scene.get("shard", tenant="team-a").json()
    assert (document["tenant"], document["configured_size"], len(document["members"])) == ("team-a", 3, 3)
    assert "3 instances of 8" in document["reasons"][0]
    whole = scene.get("shard").json()
    assert (whole["tenant"], whole["size"], len(whole["members"])) == ("anonymous", 0, 8)


@pytest.mark.parametrize(
    ("path", "parameters", "status", "reason"),
    [
        pytest.param("shard", {"tenant": "a/b"}, 400, "bad_tenant", id="no tenant id"),
        pytest.param("shard", {"tenant": "unread"}, 503, "ingester_unavailable", id="settings that were not read"),
        pytest.param("owners", {}, 400, "bad_request", id="no series"),
        pytest.param("owners", {"labels": "{"}, 400, "bad_selector", id="no selector"),
        pytest.param("owners", {"labels": '{service_name="web"}'}, 400, "invalid_labels", id="not all labels"),
        pytest.param("owners", {"labels": SERIES, "tenant": "a|b"}, 400, "bad_tenant", id="two tenants"),
    ],
)
def test_what_cannot_be_answered_says_why(
    scene: Scene, path: str, parameters: dict[str, str], status: int, reason: str
) -> None:
    answer = scene.get(path, **parameters)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
