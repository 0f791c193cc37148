"""The pages: complete without scripts or styles from elsewhere, and honest about an empty or absent ring."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client

from ingest import wiring
from ring.core.desc import Instance, RingDesc
from ring.core.hashring import Snapshot
from ring.core.replication import RingRules
from ring.core.states import InstanceState
from ring.status import InstanceStatus, RingStatus, ring_status

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = sorted((ROOT / "static" / "phlare").glob("*.js"))


def ring_of(*names: str) -> Snapshot:
    """Return the ring of ACTIVE members with two tokens each."""
    members = [
        Instance(name, name, "zone-a", InstanceState.ACTIVE, (100 + number, 5000 + number), heartbeat_ms=1_000_000)
        for number, name in enumerate(names)
    ]
    return Snapshot(RingDesc.of(members), RingRules())


@dataclass
class Card:
    member: InstanceStatus
    queue_depth: int | None = 3
    read_queue_depth: int | None = 0
    oldest_message_seconds: float | None = 0.4
    status: dict[str, object] = field(default_factory=lambda: {"head_bytes": 1024})


@dataclass
class FixedRingView:
    """A ring that stands still."""

    snapshot: Snapshot
    silent: frozenset[str] = frozenset()

    def status(self) -> RingStatus:
        return ring_status(self.snapshot, 1_000_000)

    def stale_seconds(self) -> float:
        return 0.0

    def tokens(self) -> dict[str, tuple[int, ...]]:
        return {one.id: one.tokens for one in self.snapshot.instances}

    def instances(self) -> list[Card]:
        return [
            Card(one, None, None, None, {}) if one.id in self.silent else Card(one) for one in self.status().instances
        ]


@pytest.mark.parametrize("path", ["/", "/inbox", "/ring", "/api/docs"])
def test_a_page_loads_nothing_from_elsewhere_and_every_file_it_names_exists(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    page = response.content.decode()
    loaded = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]+)"', page)
    assert loaded
    for address in loaded:
        assert address.startswith("/static/"), address
        assert finders.find(address.removeprefix("/static/")), address


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_imports_only_its_neighbours(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    for module in re.findall(r"(?:from |^import |import\()'([^']+)'", text, re.MULTILINE):
        assert module.startswith("./")
        assert (script.parent / module).is_file()
    assert not re.findall(r"https?://(?!www\.w3\.org)", text)
    assert "innerHTML" not in text


@pytest.mark.django_db
@pytest.mark.parametrize("script", ["explore.js", "graph_panel.js", "ring.js", "ring_actions.js", "ring_lookup.js"])
def test_every_element_a_script_asks_for_is_on_its_page(client: Client, admin_client: Client, script: str) -> None:
    asker = admin_client if script == "ring_actions.js" else client
    page = asker.get("/ring" if script.startswith("ring") else "/").content.decode()
    text = (ROOT / "static" / "phlare" / script).read_text(encoding="utf-8")
    wanted = set(re.findall(r"\$\('([^']+)'\)", text)) | {"notices"}
    assert wanted <= set(re.findall(r'id="([^"]+)"', page))


def test_an_empty_database_shows_how_to_push_with_the_address_of_this_server(client: Client) -> None:
    page = client.get("/", headers={"Host": "profiles.example:4040"}).content.decode()
    assert "http://profiles.example:4040/api/v1/profiles?service_name=" in page


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("application/json", True),
        ("application/json, text/plain, */*", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("text/html, application/json", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_the_ring_is_a_page_or_json_by_the_accept_header(client: Client, accept: str, is_json: bool) -> None:
    with wiring.override(ring_view=FixedRingView(ring_of())):
        response = client.get("/ring", headers={"Accept": accept})
    assert response["Content-Type"].startswith("application/json" if is_json else "text/html")
    assert "Accept" in response["Vary"]


@pytest.mark.django_db
def test_only_staff_gets_what_acting_needs(client: Client, admin_client: Client, django_user_model: type[User]) -> None:
    assert 'id="confirm"' in admin_client.get("/ring").content.decode()
    django_user_model.objects.create_user("joe", password="right")
    assert "sign in to act" in client.get("/ring").content.decode()
    client.login(username="joe", password="right")
    page = client.get("/ring").content.decode()
    assert "sign in to act" in page
    assert 'id="confirm"' not in page


def test_every_member_comes_with_what_it_does(client: Client) -> None:
    ring = ring_of("ingester-1", "ingester-2")
    with wiring.override(ring_view=FixedRingView(ring, frozenset({"ingester-2"}))):
        document = client.get("/ring", headers={"Accept": "application/json"}).json()
    first, second = document["instances"]
    assert (first["id"], first["shown_state"], first["queue_depth"]) == ("ingester-1", "ACTIVE", 3)
    assert first["status"] == {"head_bytes": 1024}
    assert first["tokens"] == 2
    assert (second["queue_depth"], second["status"]) == (None, {})
