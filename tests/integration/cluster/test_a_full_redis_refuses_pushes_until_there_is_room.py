"""A Redis at its memory bound, and messages that come too late: senders are told to wait, and nothing breaks."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Iterator

import msgspec
import pytest
import redis

from ingest.adapters.celery_messages import task_message
from ingest.adapters.keys import write_queue
from ingest.adapters.redis_acks import WireAck
from ingest.api.proto import push_pb2
from ingest.storage.acks import AckCode
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile, push

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(
        tmp_path_factory.mktemp("r") / "data",
        environment={"PHLARE_PUSH_DEADLINE_SECONDS": "2", "PHLARE_TICK_SECONDS": "2"},
    )
    made.start()
    made.wait_until_whole(3)
    yield made
    made.kill_everything()


@pytest.fixture
def client(cluster: Cluster) -> Iterator[redis.Redis]:
    made = redis.Redis(unix_socket_path=str(cluster.data_dir / "redis" / "redis.sock"), socket_timeout=30)
    yield made
    made.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def found(cluster: Cluster, service: str) -> tuple[dict[str, int], bool]:
    return counted_marks(cluster, service, now_ms() - 600_000, now_ms())


def refusal(cluster: Cluster) -> str:
    """Push a profile at the plain door; returns the reason it is refused for, or nothing."""
    raw = marked_profile("mark-probe")
    status, body, _ = cluster.request("POST", "/api/v1/profiles?__name__=process_cpu&service_name=probe", raw)
    return "" if status == 200 else str(json.loads(body)["reason"])


def test_pushes_get_503_with_retry_after_and_are_taken_again_once_memory_is_free(
    cluster: Cluster, client: redis.Redis
) -> None:
    marks = {"mark-before": 1}
    assert push(cluster, marked_profile("mark-before"), {"service_name": "full"}) == 200
    before = cluster.processes()
    enough = client.config_get("maxmemory")["maxmemory"]
    assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
    client.config_set("maxmemory", 1)
    try:
        for number in range(3):
            raw = marked_profile(f"mark-{number}")
            status, body, headers = cluster.request(
                "POST", "/api/v1/profiles?__name__=process_cpu&service_name=full", raw
            )
            assert status == 503, body
            assert int({name.lower(): value for name, value in headers.items()}["retry-after"]) >= 1
            # Until the web process has looked again, the attempt itself fails.
            assert json.loads(body)["reason"] in ("ingester_unavailable", "redis_full")
            assert client.llen(write_queue("ingester-0")) == 0, "nothing waits that nobody can answer"
        wait_for(lambda: refusal(cluster) == "redis_full", 30, "pushes are refused at the door")
        # Long enough for every ingester to miss a heartbeat, and for the periodic work to come round.
        met = [*(f"ring heartbeat failed instance=ingester-{number}" for number in range(3)), "scheduled task tick"]
        wait_for(lambda: all(words in cluster.log() for words in met), 60, "others meet the full Redis too")
    finally:
        client.config_set("maxmemory", enough)

    def is_taken() -> bool:
        return push(cluster, marked_profile("mark-after"), {"service_name": "full"}) == 200

    wait_for(is_taken, 30, "pushes are taken again")
    marks["mark-after"] = 1
    for number in range(3):
        assert push(cluster, marked_profile(f"mark-{number}"), {"service_name": "full"}) == 200
        marks[f"mark-{number}"] = 1
    cluster.wait_until_whole(3)
    answered, complete = found(cluster, "full")
    assert complete
    # A profile without a quorum that was stored nevertheless is another one: each push here has a time of its own.
    assert {mark: count for mark, count in answered.items() if mark in marks}.keys() == marks.keys()
    assert cluster.processes() == before, "no process died of it"


def test_a_full_redis_is_drained_by_ingesters_that_have_messages_waiting(cluster: Cluster, client: redis.Redis) -> None:
    """Taking a message must need no memory in Redis, or it would stay full of what nobody can take."""
    (slow,) = cluster.processes()["ingester-1"]
    os.kill(slow, signal.SIGSTOP)
    try:
        marks = {f"mark-{number}": 1 for number in range(5)}
        for mark in marks:
            assert push(cluster, marked_profile(mark), {"service_name": "waiting"}) == 200
        assert client.llen(write_queue("ingester-1")) > 0
        enough = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", 1)
    finally:
        os.kill(slow, signal.SIGCONT)
    try:
        wait_for(lambda: client.llen(write_queue("ingester-1")) == 0, 30, "the slow ingester takes what waited")
        wait_for(lambda: '"acks_not_sent"' in cluster.log(), 30, "its answers find no room")
    finally:
        client.config_set("maxmemory", enough)
    cluster.wait_until_whole(3)
    assert cluster.processes()["ingester-1"] == [slow], "it did not end over it"
    assert found(cluster, "waiting") == (marks, True)
    wait_for(
        lambda: push(cluster, marked_profile("mark-later"), {"service_name": "waiting"}) == 200,
        30,
        "there is room again",
    )


def test_at_nine_tenths_both_doors_refuse_what_would_still_fit(cluster: Cluster, client: redis.Redis) -> None:
    enough = client.config_get("maxmemory")["maxmemory"]
    client.config_set("maxmemory", int(client.info("memory")["used_memory"] / 0.95))
    try:
        wait_for(lambda: refusal(cluster) == "redis_full", 30, "the plain door refuses")
        payloads = set(client.keys("phlare:payload:*"))
        message = push_pb2.PushRequest()
        message.series.add().samples.add(raw_profile=marked_profile("mark-refused"))
        status, body, headers = cluster.request(
            "POST",
            "/push.v1.PusherService/Push",
            message.SerializeToString(),
            {"Content-Type": "application/proto"},
        )
        lowered = {name.lower(): value for name, value in headers.items()}
        assert (status, json.loads(body)["code"], lowered["phlare-reason"]) == (503, "unavailable", "redis_full")
        assert int(lowered["retry-after"]) >= 1
        assert set(client.keys("phlare:payload:*")) <= payloads, "nothing of it reached Redis"
        page = cluster.request("GET", "/metrics")[1].decode()
        assert 'pyroscope_discarded_samples_total{reason="redis_full"' in page
        [share] = [line for line in page.splitlines() if line.startswith("phlare_redis_memory_share")]
        assert float(share.rpartition(" ")[2]) > 0.8
        assert 'phlare_ingester_queue_messages{ingester="ingester-0"} 0.0' in page
    finally:
        client.config_set("maxmemory", enough)
    wait_for(lambda: refusal(cluster) == "", 30, "pushes are taken again")


def test_a_message_whose_payload_has_expired_is_answered_and_harms_nobody(
    cluster: Cluster, client: redis.Redis
) -> None:
    asker = f"phlare:acks:{uuid.uuid4().hex}"
    queue = write_queue("ingester-0")
    for number in range(5):
        message = task_message("ingest.write", [f"batch-{number}", asker, ["gone.0", "gone.1"]], queue)
        client.lpush(queue, message)
    decoder = msgspec.msgpack.Decoder(WireAck)
    acks: dict[str, WireAck] = {}
    while len(acks) < 5:
        popped = client.blpop([asker], timeout=20)
        assert popped is not None, f"only {sorted(acks)} were answered"
        ack = decoder.decode(popped[1])
        acks[ack.batch_id] = ack
    gone = bytes([AckCode.PAYLOAD_GONE])
    assert {name: ack.codes for name, ack in acks.items()} == {
        f"batch-{number}": {"gone.0": gone, "gone.1": gone} for number in range(5)
    }
    assert {ack.instance for ack in acks.values()} == {"ingester-0"}
    assert push(cluster, marked_profile("mark-fresh"), {"service_name": "stale"}) == 200
    assert found(cluster, "stale") == ({"mark-fresh": 1}, True)
