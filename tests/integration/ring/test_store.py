"""The ring in a real Redis: concurrent writers, conditions, history."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import redis

from ring.core.desc import Instance
from ring.core.states import InstanceState
from ring.entry import decode_entry, encode_entry
from ring.errors import EntryDamaged
from ring.redis_store import HISTORY_ENTRIES, RedisRingStore
from tests.integration.ring.conftest import Server

pytestmark = pytest.mark.integration


def entry(instance_id: str, **fields: object) -> Instance:
    values: dict[str, object] = {"tokens": (1, 5, 4294967295), "registered_ms": 1_700_000_000_123, **fields}
    return Instance(instance_id, f"ingester.{instance_id}", "zone-a", InstanceState.ACTIVE, **values)  # type: ignore[arg-type]


@pytest.fixture
def store(server: Server) -> RedisRingStore:
    return RedisRingStore(server.client(), "test")


def test_what_was_published_is_loaded_with_a_heartbeat_of_the_store(store: RedisRingStore) -> None:
    one = entry("a", read_only=True, read_only_updated_ms=7, versions=(("ingester", 3),))
    assert store.publish(one, None, "started")
    loaded = store.load()
    found = loaded.view.ring.get("a")
    assert found is not None
    assert replace(found, heartbeat_ms=0) == one
    assert 0 <= loaded.view.ring_ms - found.heartbeat_ms < 5000
    assert (loaded.view.revision, loaded.damaged) == (1, ())
    assert loaded.epoch


def test_a_ring_nobody_registered_in_is_empty_and_has_a_time(store: RedisRingStore) -> None:
    loaded = store.load()
    assert len(loaded.view.ring) == 0
    assert loaded.view.ring_ms > 1_600_000_000_000
    assert (loaded.view.revision, loaded.epoch) == (0, "")


def test_nothing_in_the_ring_ever_expires(store: RedisRingStore) -> None:
    store.publish(entry("a"), None, "started")
    store.heartbeat("a")
    keys = list(store.client.scan_iter("*"))
    assert len(keys) == 2
    assert all(store.client.ttl(key) == -1 for key in keys)


def test_a_publish_needs_the_entry_to_be_as_expected(store: RedisRingStore) -> None:
    one, other = entry("a"), entry("a", tokens=(9,))
    assert not store.publish(one, other, "expected another"), "absent"
    assert store.publish(one, None, "started")
    assert not store.publish(other, None, "expected none")
    assert not store.publish(other, other, "expected another")
    store.heartbeat("a")
    assert store.publish(other, one, "a heartbeat in between does not matter")
    found, _ = store.entry("a")
    assert found is not None
    assert found.tokens == (9,)


def test_a_publish_bound_to_a_revision_fails_when_anybody_changed_anything(store: RedisRingStore) -> None:
    store.publish(entry("a"), None, "started")
    revision = store.load().view.revision
    store.heartbeat("a")
    assert store.load().view.revision == revision, "heartbeats are no change"
    store.publish(entry("b"), None, "started")
    assert not store.publish(entry("c"), None, "bound", revision)
    assert store.publish(entry("c"), None, "bound", revision + 1)


def test_a_heartbeat_of_an_unknown_instance_writes_nothing(store: RedisRingStore) -> None:
    found, ring_ms = store.heartbeat("nobody")
    assert found is None
    assert ring_ms > 1_600_000_000_000
    assert store.client.exists(store.key) == 0


def test_heartbeats_of_twenty_instances_and_changes_among_them_lose_nothing(server: Server) -> None:
    names = [f"i-{number}" for number in range(20)]
    errors: list[Exception] = []
    start = threading.Barrier(len(names))

    def live(name: str) -> None:
        store = RedisRingStore(server.client(), "test")
        try:
            start.wait()
            present = entry(name, tokens=(int(name[2:]),))
            assert store.publish(present, None, "started")
            for round_ in range(30):
                found, _ = store.heartbeat(name)
                assert found is not None
                if round_ % 10 == 0:
                    changed = replace(found, versions=(("round", round_ + 1),))
                    assert store.publish(changed, found, "changed")
        except Exception as error:
            errors.append(error)
        finally:
            store.client.close()

    threads = [threading.Thread(target=live, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    loaded = RedisRingStore(server.client(), "test").load()
    assert sorted(loaded.view.ring.instances) == sorted(names)
    assert all(one.versions == (("round", 21),) for one in loaded.view.ring)
    assert loaded.view.revision == 20 * 4


def test_the_read_only_flag_is_set_once_and_keeps_its_time(store: RedisRingStore) -> None:
    store.publish(entry("a"), None, "started")
    before, _ = store.entry("a")
    assert store.set_read_only("a", True, "test")
    first, _ = store.entry("a")
    assert first is not None
    assert before is not None
    assert first.read_only
    assert first.read_only_updated_ms > 0
    assert first.heartbeat_ms == before.heartbeat_ms, "an operator's change is no sign of life"
    assert store.set_read_only("a", True, "again")
    assert store.entry("a")[0] == first
    assert store.set_read_only("a", False, "off")
    second, _ = store.entry("a")
    assert second is not None
    assert not second.read_only
    assert second.read_only_updated_ms >= first.read_only_updated_ms
    assert not store.set_read_only("nobody", True, "test")


def test_removing_is_bound_to_the_heartbeat_it_was_decided_on(store: RedisRingStore) -> None:
    store.publish(entry("a"), None, "started")
    found, _ = store.entry("a")
    assert found is not None
    assert not store.remove("a", "silent", heartbeat_ms=found.heartbeat_ms - 1)
    assert store.remove("a", "silent", heartbeat_ms=found.heartbeat_ms)
    assert not store.remove("a", "again")
    assert len(store.load().view.ring) == 0


def test_the_history_tells_what_changed_and_why_newest_first(store: RedisRingStore) -> None:
    one = entry("a")
    store.publish(one, None, "started")
    store.publish(replace(one, state=InstanceState.LEAVING), one, "leaving")
    store.heartbeat("a")
    store.remove("a", "left")
    told = [(line.instance_id, line.before, line.after, line.reason) for line in store.history()]
    assert told == [
        ("a", "LEAVING", "", "left"),
        ("a", "ACTIVE", "LEAVING", "leaving"),
        ("a", "", "ACTIVE", "started"),
    ]
    assert [line.at_ms for line in store.history()] == sorted((line.at_ms for line in store.history()), reverse=True)
    assert len(store.history(limit=1)) == 1


def test_the_history_is_bounded(store: RedisRingStore) -> None:
    store.client.rpush(store.history_key, *["5 {}"] * (HISTORY_ENTRIES + 50))
    store.publish(entry("a"), None, "started")
    assert store.client.llen(store.history_key) == HISTORY_ENTRIES
    assert [line.reason for line in store.history()] == ["started"], "lines of another version are skipped"


def test_a_damaged_entry_is_named_and_hides_no_other(store: RedisRingStore) -> None:
    store.publish(entry("a"), None, "started")
    store.client.hset(store.key, "instance:b", "{")
    loaded = store.load()
    assert list(loaded.view.ring.instances) == ["a"]
    assert loaded.damaged == ("b",)
    assert store.publish(entry("b"), None, "its owner writes it anew")
    assert store.load().damaged == ()


def test_two_rings_in_one_server_do_not_meet(store: RedisRingStore, server: Server) -> None:
    other = RedisRingStore(server.client(), "other")
    store.publish(entry("a"), None, "started")
    other.publish(entry("b"), None, "started")
    assert list(store.load().view.ring.instances) == ["a"]
    assert list(other.load().view.ring.instances) == ["b"]


def test_a_client_that_decodes_answers_reads_the_same(store: RedisRingStore, server: Server) -> None:
    store.publish(entry("a"), None, "started")
    decoding = RedisRingStore(redis.Redis(unix_socket_path=str(server.socket), decode_responses=True), "test")
    assert decoding.load().view.ring == store.load().view.ring
    found, _ = decoding.heartbeat("a")
    assert found is not None
    assert decoding.publish(replace(found, tokens=(3,)), found, "changed")
    assert decoding.history()[0].reason == "changed"
    decoding.client.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"addr":"q"}',
        '{"addr":"q","state":0}',
        '{"addr":"q","state":"LEFT"}',
        '{"addr":"q","state":"ACTIVE","tokens":[-1]}',
        '{"addr":"q","state":"ACTIVE","tokens":["x"]}',
    ],
)
def test_an_entry_without_a_known_state_or_with_impossible_tokens_is_damaged(text: str) -> None:
    with pytest.raises(EntryDamaged, match="of a cannot be read"):
        decode_entry("a", text, 0)


def test_fields_of_a_newer_version_are_ignored() -> None:
    text = encode_entry(entry("a")).replace('{"addr"', '{"colour":"red","addr"')
    assert decode_entry("a", text, 0) == entry("a")
