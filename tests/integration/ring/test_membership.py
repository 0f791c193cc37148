"""Instances that join, leave, crash and lose their Redis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ring.client import RingClient
from ring.core.replication import ReplicaSet
from ring.core.states import WRITE, InstanceState
from ring.errors import NotReady, RingConfigError
from ring.lifecycler import Lifecycler
from ring.redis_store import RedisRingStore
from tests.integration.ring.conftest import Cluster, Server, eventually

pytestmark = pytest.mark.integration


def stored(cluster: Cluster, instance_id: str):  # type: ignore[no-untyped-def]
    """Return the entry in the store, or None."""
    store = RedisRingStore(cluster.server.client(), cluster.config.name)
    found, _ = store.entry(instance_id)
    store.client.close()
    return found


def test_instances_join_and_a_reader_places_keys_on_them(cluster: Cluster) -> None:
    reader = cluster.reader()
    cluster.active("a", "b", "c")
    reader.wait_for(lambda: len(reader.snapshot.healthy_instances(WRITE, reader.now_ms())) == 3, 5)
    found = reader.snapshot.replica_set(12345, WRITE, reader.now_ms())
    assert isinstance(found, ReplicaSet)
    assert sorted(found.ids) == ["a", "b", "c"]
    assert found.max_errors == 1
    assert len(reader.snapshot.topology.tokens) == 48
    assert not reader.snapshot.topology.has_conflicts


def test_many_that_join_at_once_never_share_a_token(cluster: Cluster) -> None:
    crowded = replace(cluster.config, tokens_per_instance=64)
    members = [cluster.member(f"i-{number}", config=crowded) for number in range(12)]
    for member in members:
        member.wait_until_active(20)
    tokens = [token for member in members for token in (member.entry.tokens if member.entry else ())]
    assert len(tokens) == len(set(tokens)) == 12 * 64


def test_a_leaver_takes_no_writes_keeps_beating_and_then_is_gone(cluster: Cluster) -> None:
    reader = cluster.reader()
    leaver, _ = cluster.active("a", "b")
    assert leaver.leave(5)
    reader.wait_for(lambda: reader.snapshot.ring.instances["a"].state is InstanceState.LEAVING, 5)
    first = stored(cluster, "a").heartbeat_ms
    eventually(lambda: stored(cluster, "a").heartbeat_ms > first, "heartbeats go on while leaving")
    assert leaver.finish(5)
    assert stored(cluster, "a") is None
    assert leaver.state is None
    reader.wait_for(lambda: list(reader.snapshot.ring.instances) == ["b"], 5)


def test_a_leaver_that_stays_registered_comes_back_with_its_tokens(cluster: Cluster) -> None:
    config = replace(cluster.config, unregister_on_shutdown=False)
    first = cluster.member("a", config=config)
    first.wait_until_active(5)
    before = stored(cluster, "a")
    assert first.leave(5)
    assert first.finish(5)
    assert stored(cluster, "a").state is InstanceState.LEAVING
    second = cluster.member("a", zone="moved", config=config)
    second.wait_until_active(5)
    after = stored(cluster, "a")
    assert (after.tokens, after.registered_ms, after.zone) == (before.tokens, before.registered_ms, "moved")


@pytest.mark.parametrize(("unregister", "remains"), [(True, False), (False, True)])
def test_whether_to_unregister_can_be_decided_at_the_end(cluster: Cluster, unregister: bool, remains: bool) -> None:
    (member,) = cluster.active("a")
    member.leave(5)
    assert member.finish(5, unregister=unregister)
    assert (stored(cluster, "a") is not None) is remains


def test_a_crashed_instance_takes_up_its_entry_again(cluster: Cluster) -> None:
    (first,) = cluster.active("a")
    before = stored(cluster, "a")
    first.stop()
    (second,) = cluster.active("a")
    after = stored(cluster, "a")
    assert after.state is InstanceState.ACTIVE
    assert (after.tokens, after.registered_ms) == (before.tokens, before.registered_ms)
    assert second.entry is not None


def test_an_emptied_store_is_filled_again_within_heartbeats(cluster: Cluster) -> None:
    reader = cluster.reader()
    cluster.active("a", "b")
    before = {name: stored(cluster, name) for name in "ab"}
    cluster.server.client().flushall()
    eventually(lambda: all(stored(cluster, name) is not None for name in "ab"), "both registered again")
    for name in "ab":
        after = stored(cluster, name)
        assert (after.state, after.tokens) == (before[name].state, before[name].tokens)
        assert after.registered_ms > before[name].registered_ms, "the lookback has to know of the gap"
    reader.wait_for(lambda: len(reader.snapshot) == 2, 5)


def test_a_reader_never_sees_an_emptied_ring(cluster: Cluster) -> None:
    config = replace(cluster.config, heartbeat_period_seconds=0.5, heartbeat_timeout_seconds=5.0)
    for name in "abc":
        cluster.member(name, config=config).wait_until_active(5)
    reader = cluster.reader(config, poll_seconds=0.02)
    reader.wait_for(lambda: len(reader.snapshot) == 3, 5)
    cluster.server.client().flushall()

    def registered_again() -> bool:
        found = reader.snapshot.replica_set(1, WRITE, reader.now_ms())
        assert isinstance(found, ReplicaSet)
        assert len(found.instances) == 3
        return all(stored(cluster, name) is not None for name in "abc")

    eventually(registered_again, "all registered again")


def test_one_that_did_not_survive_the_emptying_is_dropped_after_the_grace(cluster: Cluster) -> None:
    reader = cluster.reader()
    gone, _ = cluster.active("a", "b")
    reader.wait_for(lambda: len(reader.snapshot) == 2, 5)
    gone.stop()
    cluster.server.client().flushall()
    reader.wait_for(lambda: list(reader.snapshot.ring.instances) == ["b"], 15)


def test_a_forgotten_instance_that_lives_registers_again(cluster: Cluster) -> None:
    (member,) = cluster.active("a")
    before = stored(cluster, "a")
    assert member.store.remove("a", "forgotten")
    eventually(lambda: stored(cluster, "a") is not None, "registered again")
    after = stored(cluster, "a")
    assert after.tokens == before.tokens
    assert after.registered_ms > before.registered_ms
    assert "registered again" in member.store.history()[0].reason


def test_a_killed_redis_stops_no_time_and_loses_no_ring_for_readers(cluster: Cluster) -> None:
    reader = cluster.reader()
    members = cluster.active("a", "b", "c")
    reader.wait_for(lambda: len(reader.snapshot.healthy_instances(WRITE, reader.now_ms())) == 3, 5)
    tokens = {member.instance_id: member.entry.tokens for member in members if member.entry}
    cluster.server.kill()
    eventually(lambda: reader.stale_since is not None, "the reader notices")
    eventually(lambda: reader.stale_seconds > 1.5 * cluster.config.heartbeat_timeout_seconds, "longer than the timeout")
    found = reader.snapshot.replica_set(1, WRITE, reader.now_ms())
    assert isinstance(found, ReplicaSet)
    assert len(found.instances) == 3
    assert reader.last_error
    eventually(lambda: all(member.failures for member in members), "the members notice")

    cluster.server.start()
    eventually(lambda: reader.stale_since is None, "the reader is back")
    eventually(lambda: all(stored(cluster, name) is not None for name in "abc"), "all registered again")
    assert {name: stored(cluster, name).tokens for name in "abc"} == tokens
    assert len(reader.snapshot.healthy_instances(WRITE, reader.now_ms())) == 3
    eventually(lambda: all(not member.last_error for member in members), "the members are well again")


def test_a_redis_that_hangs_is_an_absent_one(cluster: Cluster) -> None:
    reader = cluster.reader()
    cluster.active("a")
    reader.wait_for(lambda: len(reader.snapshot.healthy_instances(WRITE, reader.now_ms())) == 1, 5)
    cluster.server.pause()
    try:
        eventually(lambda: reader.stale_seconds > 1.5, "the reader notices")
        assert len(reader.snapshot.healthy_instances(WRITE, reader.now_ms())) == 1
    finally:
        cluster.server.resume()
    eventually(lambda: reader.stale_since is None, "the reader is back")
    assert len(reader.snapshot.healthy_instances(WRITE, reader.now_ms())) == 1


def test_a_silent_instance_grows_stale_while_redis_lives(cluster: Cluster) -> None:
    reader = cluster.reader()
    silent, _ = cluster.active("a", "b")
    reader.wait_for(lambda: len(reader.snapshot.healthy_instances(WRITE, reader.now_ms())) == 2, 5)
    silent.stop()

    def only_b() -> bool:
        return [one.id for one in reader.snapshot.healthy_instances(WRITE, reader.now_ms())] == ["b"]

    reader.wait_for(only_b, 10)
    assert stored(cluster, "a").state is InstanceState.ACTIVE, "unhealthy is never stored"
    cluster.active("a")
    reader.wait_for(lambda: len(reader.snapshot.healthy_instances(WRITE, reader.now_ms())) == 2, 5)


def test_leaving_without_redis_gives_up_at_the_deadline(cluster: Cluster) -> None:
    (member,) = cluster.active("a")
    cluster.server.kill()
    assert not member.leave(0.3)
    assert not member.finish(0.3)


def test_a_start_without_redis_waits_for_it(cluster: Cluster) -> None:
    cluster.server.kill()
    reader = cluster.reader()
    member = cluster.member("a")
    eventually(lambda: member.failures > 0, "it tries")
    assert member.state is None
    with pytest.raises(NotReady, match="was not active"):
        member.wait_until_active(0.05)
    with pytest.raises(NotReady, match="was not ready"):
        reader.wait_until_ready(0.05)
    cluster.server.start()
    member.wait_until_active(10)
    reader.wait_until_ready(10)


def test_a_wrong_zone_in_the_entry_is_put_right_by_a_heartbeat(cluster: Cluster) -> None:
    (member,) = cluster.active("a")
    entry = stored(cluster, "a")
    assert member.store.publish(replace(entry, zone="wrong", addr="nowhere"), entry, "someone meddles")
    eventually(lambda: stored(cluster, "a").zone == "", "the zone is restored")
    assert stored(cluster, "a").addr == "ingester.a"


def test_the_read_only_flag_survives_heartbeats_and_restarts(cluster: Cluster) -> None:
    (member,) = cluster.active("a")
    member.store.set_read_only("a", True, "test")
    eventually(lambda: bool(member.entry and member.entry.read_only), "the instance learns of it")
    member.stop()
    before = stored(cluster, "a")
    cluster.active("a")
    after = stored(cluster, "a")
    assert (after.read_only, after.read_only_updated_ms) == (True, before.read_only_updated_ms)


def test_the_tokens_file_brings_an_unregistered_instance_back(cluster: Cluster, tmp_path: Path) -> None:
    config = replace(cluster.config, tokens_file_dir=str(tmp_path), join_after_seconds=0.2)
    first = cluster.member("a", config=config)
    first.wait_until_active(5)
    tokens = stored(cluster, "a").tokens
    first.finish(5)
    assert stored(cluster, "a") is None
    second = cluster.member("a", config=replace(config, join_after_seconds=60.0))
    second.wait_until_active(5)
    assert stored(cluster, "a").tokens == tokens
    second.clear_tokens_file()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_tokens_file_does_not_stop_the_start(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "test.a.tokens.json").write_text("{")
    member = cluster.member("a", config=replace(cluster.config, tokens_file_dir=str(tmp_path)))
    member.wait_until_active(5)


def test_an_observed_join_passes_through_joining(cluster: Cluster) -> None:
    config = replace(cluster.config, join_after_seconds=0.1, observe_period_seconds=0.2)
    member = cluster.member("a", config=config)
    member.wait_until_active(10)
    states = [line.after for line in reversed(member.store.history())]
    assert states == ["PENDING", "JOINING", "ACTIVE"]


def test_ready_means_active_and_stays_so(cluster: Cluster) -> None:
    config = replace(cluster.config, join_after_seconds=0.3, min_ready_seconds=0.3)
    member = cluster.member("a", config=config)
    eventually(lambda: member.state is InstanceState.PENDING, "it waits to join")
    assert member.why_not_ready() == "The instance a has no tokens."
    member.wait_until_active(5)
    assert "Waiting for" in (member.why_not_ready() or "")
    eventually(lambda: member.why_not_ready() is None, "ready")
    cluster.server.kill()
    assert member.why_not_ready() is None


def test_ready_can_mean_that_all_others_are_well_too(cluster: Cluster) -> None:
    config = replace(cluster.config, readiness_checks_ring=True)
    slow = cluster.member("b", config=replace(config, join_after_seconds=1.0))
    eventually(lambda: slow.state is InstanceState.PENDING, "the other one waits to join")
    member = cluster.member("a", config=config)
    member.wait_until_active(5)
    assert member.why_not_ready() == "The instance b is in state PENDING."
    slow.wait_until_active(5)
    eventually(lambda: member.why_not_ready() is None, "ready")


def test_the_silent_are_forgotten_only_if_that_is_configured(cluster: Cluster) -> None:
    forgetful = replace(cluster.config, auto_forget_seconds=1.5)
    (silent,) = cluster.active("silent")
    watcher = cluster.member("watcher", config=forgetful)
    watcher.wait_until_active(5)
    cluster.active("beating")
    silent.stop()
    eventually(lambda: stored(cluster, "silent") is None, "forgotten")
    assert stored(cluster, "beating") is not None
    assert "forgotten by watcher" in watcher.store.history()[0].reason


def test_a_configuration_that_cannot_work_is_refused(server: Server, cluster: Cluster) -> None:
    with pytest.raises(RingConfigError, match="heartbeat period"):
        Lifecycler(server.client(), replace(cluster.config, heartbeat_period_seconds=0.0), "a", "q")


def test_heartbeats_cost_readers_no_topology(cluster: Cluster) -> None:
    reader = cluster.reader()
    cluster.active("a", "b")
    reader.wait_for(lambda: len(reader.snapshot) == 2 and len(reader.snapshot.topology.tokens) == 32, 5)
    first, topology = reader.snapshot, reader.snapshot.topology
    reader.wait_for(lambda: reader.snapshot is not first, 5)
    assert reader.snapshot.topology is topology


def test_time_is_that_of_the_store(cluster: Cluster) -> None:
    reader = cluster.reader()
    cluster.active("a")
    reader.wait_until_ready(5)
    seconds, microseconds = cluster.server.client().time()  # type: ignore[misc]
    assert abs(reader.now_ms() - (seconds * 1000 + microseconds // 1000)) < 1000


def test_a_reader_says_once_what_the_shape_of_the_ring_gives_up(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.active("a", "b")
    reader = RingClient(cluster.server.client(), cluster.config, poll_seconds=0.02, settled_seconds=0.2)
    reader.start()

    def said() -> list[str]:
        return [line.getMessage() for line in caplog.records if "ring configuration" in line.getMessage()]

    eventually(lambda: said() != [], "it says so")
    before = reader.snapshot
    eventually(lambda: reader.snapshot is not before, "it goes on polling")
    reader.close()
    assert len(said()) == 1
    assert "The replication factor is 3 but the ring has 2 instances: only 2 copies" in said()[0]
