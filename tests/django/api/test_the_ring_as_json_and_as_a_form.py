"""The ring's document, its history, the shape that tools of the field read, and their form for forgetting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from ingest import wiring
from ingest.adapters.orm_audit import OrmAuditLog
from ingest.administration.types import Action, Actor, Outcome
from ingest.models import AuditEntry
from ring.core.desc import Instance, RingDesc
from ring.core.hashring import Snapshot
from ring.core.replication import RingRules
from ring.core.states import InstanceState
from tests.django.ui.test_pages import FixedRingView
from tests.unit.administration.fakes import SILENT, Office, office

NOW_MS = 1_000_000
TOKEN = "a token for tests"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
JSON = {"Accept": "application/json"}


def member(name: str, zone: str, tokens: tuple[int, ...], **fields: object) -> Instance:
    values: dict[str, object] = {"heartbeat_ms": NOW_MS, "registered_ms": 500_000, **fields}
    return Instance(name, f"ingester.{name}", zone, InstanceState.ACTIVE, tokens, **values)  # type: ignore[arg-type]


@pytest.fixture
def ring() -> Iterator[None]:
    """Two zones with 3 and 4 tokens; c is silent, d is read-only, e was."""
    members = [
        member("a", "z1", (3, 30, 300)),
        member("b", "z2", (4, 40, 400, 4000)),
        member("c", "z3", (5,), heartbeat_ms=0),
        member("d", "z3", (6,), read_only=True, read_only_updated_ms=700_000),
        member("e", "z3", (7,), read_only_updated_ms=800_000, registered_ms=0),
    ]
    snapshot = Snapshot(RingDesc.of(members), RingRules(3, True, 60_000))
    with wiring.override(ring_view=FixedRingView(snapshot)):
        yield


@pytest.fixture
def scene(settings) -> Iterator[Office]:  # type: ignore[no-untyped-def]
    settings.ADMIN_TOKEN = TOKEN
    made = office(silent=SILENT)
    with wiring.override(ring_actions=made.actions):
        yield made


def test_tools_of_the_field_find_shards_and_now(client: Client, ring: None) -> None:
    document = client.get("/ring", headers=JSON).json()
    shards = {shard["id"]: shard for shard in document["shards"]}
    assert shards["a"] == {
        "id": "a",
        "state": "ACTIVE",
        "address": "ingester.a",
        "timestamp": "1970-01-01T00:16:40.000Z",
        "registered_timestamp": "1970-01-01T00:08:20.000Z",
        "read_only": False,
        "read_only_updated_timestamp": "",
        "zone": "z1",
        "tokens": [3, 30, 300],
        "versions": {},
    }
    assert shards["b"]["tokens"] == [4, 40, 400, 4000]
    assert shards["c"]["state"] == "UNHEALTHY", "derived from the heartbeat, stored nowhere"
    assert (shards["d"]["read_only"], shards["d"]["read_only_updated_timestamp"]) == (True, "1970-01-01T00:11:40.000Z")
    assert (shards["e"]["read_only"], shards["e"]["read_only_updated_timestamp"]) == (False, "1970-01-01T00:13:20.000Z")
    assert shards["e"]["registered_timestamp"] == ""
    assert (document["now"], document["now_seconds"]) == ("1970-01-01T00:16:40.000Z", 1000.0)


def test_the_page_and_the_shape_of_the_field_are_one_document(client: Client, ring: None) -> None:
    document = client.get("/ring", headers=JSON).json()
    rows = {row["id"]: row for row in document["instances"]}
    assert [rows[name]["tokens"] for name in "ab"] == [3, 4]
    assert [rows[name]["ownership"] for name in "ab"] == [1.0, 1.0]


@pytest.mark.parametrize(("query", "expected"), [("", None), ("?tokens=true", [3, 30, 300])])
def test_tokens_are_listed_when_asked_for(client: Client, ring: None, query: str, expected: list[int] | None) -> None:
    document = client.get(f"/api/v1/ring{query}").json()
    assert document["instances"][0].get("token_list") == expected
    assert document["now"] == 1000.0


def test_the_form_forgets_and_leads_back_to_the_page(client: Client, scene: Office) -> None:
    answer = client.post("/ring", {"forget": "silent"}, headers=AUTHORIZED)
    assert (answer.status_code, answer["Location"]) == (302, "/ring")
    assert "silent" not in scene.ring.entries


@pytest.mark.parametrize(
    ("form", "status"),
    [
        pytest.param({"forget": "a"}, 409, id="one that is alive"),
        pytest.param({"forget": "a", "force": "true"}, 302, id="by force"),
        pytest.param({"forget": "nobody"}, 404, id="nobody"),
        pytest.param({}, 400, id="no name"),
    ],
)
def test_the_form_says_what_is_wrong(client: Client, scene: Office, form: dict[str, str], status: int) -> None:
    assert client.post("/ring", form, headers=AUTHORIZED).status_code == status


def test_a_store_that_is_away_is_an_error_of_the_server(client: Client, scene: Office) -> None:
    scene.ring.is_away = True
    answer = client.post("/ring", {"forget": "silent"}, headers=AUTHORIZED)
    assert answer.status_code == 503
    assert "Retry-After" in answer


def test_a_history_that_cannot_be_read_is_unavailable(client: Client, settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings.REDIS_URL = f"unix://{tmp_path / 'absent.sock'}"
    with wiring.override(redis=wiring._redis(1.0)):
        answer = client.get("/api/v1/ring/history")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "ingester_unavailable"


@pytest.mark.django_db
def test_the_audit_log_is_read_newest_first(client: Client, scene: Office) -> None:
    log = OrmAuditLog()
    for number in range(3):
        log.end(log.begin(Actor("ada", "192.0.2.7"), Action.FLUSH, f"i-{number}"), Outcome.DONE, "It did.")
    entries = client.get("/api/v1/ring/audit?limit=2", headers=AUTHORIZED).json()["entries"]
    assert [entry["instance"] for entry in entries] == ["i-2", "i-1"]
    assert {key: entries[0][key] for key in ("actor", "action", "outcome", "detail", "source")} == {
        "actor": "ada",
        "action": "flush",
        "outcome": "done",
        "detail": "It did.",
        "source": "192.0.2.7",
    }


@pytest.mark.django_db
def test_the_audit_log_is_bounded_and_keeps_the_newest() -> None:
    log = OrmAuditLog(max_entries=5)
    for number in range(12):
        log.begin(Actor("ada" * 100, "x" * 100), Action.FLUSH, f"i-{number}" * 200)
    assert AuditEntry.objects.count() == 5
    newest = AuditEntry.objects.first()
    assert newest is not None
    assert newest.instance.startswith("i-11")
    assert (len(newest.actor), len(newest.source), len(newest.instance)) == (150, 64, 255)


@pytest.mark.django_db
def test_the_admin_shows_the_audit_log_and_changes_nothing(admin_client: Client) -> None:
    number = OrmAuditLog().begin(Actor("ada", "192.0.2.7"), Action.FORGET, "i-0")
    assert "forget" in admin_client.get("/admin/ingest/auditentry/").content.decode()
    assert admin_client.post(f"/admin/ingest/auditentry/{number}/delete/", {"post": "yes"}).status_code == 403
    assert admin_client.get("/admin/ingest/auditentry/add/").status_code == 403
    assert AuditEntry.objects.filter(id=number).exists()
