"""The end of an instance: final sleep, the tokens file, and entries that never come back by themselves."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ring.core.states import InstanceState
from ring.lifecycler import Lifecycler
from ring.redis_store import RedisRingStore
from tests.integration.ring.conftest import Cluster, eventually

pytestmark = pytest.mark.integration


def stored(cluster: Cluster, instance_id: str):  # type: ignore[no-untyped-def]
    store = RedisRingStore(cluster.server.client(), cluster.config.name)
    found, _ = store.entry(instance_id)
    store.client.close()
    return found


def member_with_file(cluster: Cluster, folder: Path, clear: bool) -> Lifecycler:
    config = replace(cluster.config, tokens_file_dir=str(folder), clear_tokens_on_shutdown=clear)
    member = cluster.member("a", config=config)
    member.wait_until_active(10)
    eventually(lambda: list(folder.iterdir()) != [], "tokens are kept")
    return member


def test_without_a_final_sleep_the_end_is_at_once(cluster: Cluster) -> None:
    (member,) = cluster.active("a")
    assert member.leave(5)
    assert member.finish(5)
    assert stored(cluster, "a") is None


def test_heartbeats_go_on_through_the_final_sleep(cluster: Cluster) -> None:
    member = cluster.member("a", config=replace(cluster.config, final_sleep_seconds=1.5))
    member.wait_until_active(10)
    member.leave(5)
    ending = threading.Thread(target=member.finish, args=(5,))
    ending.start()
    first = stored(cluster, "a").heartbeat_ms
    eventually(lambda: (found := stored(cluster, "a")) is not None and found.heartbeat_ms > first, "it goes on beating")
    assert stored(cluster, "a").state is InstanceState.LEAVING
    ending.join(20)
    assert stored(cluster, "a") is None


@pytest.mark.parametrize(
    ("configured", "unregister", "override", "remains"),
    [
        pytest.param(True, True, None, False, id="cleared as configured"),
        pytest.param(False, True, None, True, id="kept as configured"),
        pytest.param(False, True, True, False, id="cleared by a prepared shutdown"),
        pytest.param(True, False, None, True, id="kept by one that stays in the ring"),
    ],
)
def test_the_tokens_file_after_a_stop(
    cluster: Cluster, tmp_path: Path, configured: bool, unregister: bool, override: bool | None, remains: bool
) -> None:
    member = member_with_file(cluster, tmp_path, configured)
    member.leave(5)
    assert member.finish(5, unregister, override)
    assert (list(tmp_path.iterdir()) != []) is remains
    assert (stored(cluster, "a") is None) is unregister


def test_after_clearing_it_comes_back_as_a_new_instance(cluster: Cluster, tmp_path: Path) -> None:
    member = member_with_file(cluster, tmp_path, clear=True)
    before = stored(cluster, "a")
    member.leave(5)
    member.finish(5)
    member_with_file(cluster, tmp_path, clear=True)
    after = stored(cluster, "a")
    assert not set(before.tokens) & set(after.tokens)
    assert after.registered_ms > before.registered_ms


def test_number_two_joins_after_number_one_or_when_its_patience_ends(cluster: Cluster) -> None:
    ordered = replace(
        cluster.config,
        token_strategy="spread-minimizing",
        spread_zones=("z",),
        can_join_timeout_seconds=60.0,
    )
    second = cluster.member("i-2", "z", config=ordered)
    eventually(lambda: second.state is InstanceState.PENDING, "it waits")
    impatient = cluster.member("i-4", "z", config=replace(ordered, can_join_timeout_seconds=0.6))
    impatient.wait_until_active(20)
    assert second.state is InstanceState.PENDING, "number four gave up waiting, number two did not"
    cluster.member("i-1", "z", config=replace(ordered, can_join_timeout_seconds=0.0)).wait_until_active(20)
    second.wait_until_active(20)
