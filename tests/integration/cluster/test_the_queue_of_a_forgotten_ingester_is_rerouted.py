"""A queue outlives its ingester: what waits in it is stored elsewhere, whatever dies on the way, and counts once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest
import redis

from ingest.adapters.celery_messages import task_message
from ingest.adapters.keys import payload_key, read_queue, write_queue
from ingest.profiles.record import encode_record
from tests.integration.cluster.asking import client_of, held_by, push_numbered
from tests.integration.cluster.cluster import ROOT, Cluster, clean_environment, wait_for
from tests.integration.cluster.marked_profiles import counted_marks
from tests.unit.storage.pushes import CPU, Group, push, samples

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

GONE, LEFT = "ingester-3", ("ingester-0", "ingester-1", "ingester-2")
ENVIRONMENT = {
    "PHLARE_RING_HEARTBEAT_PERIOD_SECONDS": "1s",
    "PHLARE_RING_HEARTBEAT_TIMEOUT_SECONDS": "10s",
    "PHLARE_PUSH_DEADLINE_SECONDS": "20",
    "PHLARE_TICK_SECONDS": "1",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Four ingesters, one of which is dead and will not be started again; the worker sleeps until a test wakes it."""
    made = Cluster(tmp_path_factory.mktemp("q") / "data", arguments=("--ingesters=4",), environment=ENVIRONMENT)
    made.start()
    made.wait_until_whole(4)
    os.kill(made.supervisor_pid, signal.SIGSTOP)
    for pid in made.processes()["worker"]:
        os.kill(pid, signal.SIGSTOP)
    (pid,) = made.processes()[GONE]
    made.kill(GONE)
    # Until Redis has seen the end of its connection, it would hand it one message more.
    wait_for(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 60, "it is dead")
    with client_of(made) as probe:
        probe.ping()
    yield made
    made.kill_everything()


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[redis.Redis]:
    made = client_of(cluster)
    yield made
    made.close()


def command(cluster: Cluster, *arguments: str) -> subprocess.Popen[str]:
    """Start ``manage.py queues`` on the cluster."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "queues", *arguments],
        cwd=ROOT,
        env={**clean_environment(), **ENVIRONMENT, "PHLARE_DATA_DIR": str(cluster.data_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(cluster: Cluster, *arguments: str) -> tuple[int, str]:
    """Run it to its end; returns the exit code and everything it said."""
    process = command(cluster, *arguments)
    said, complaints = process.communicate(timeout=120)
    return process.returncode, said + complaints


def row(listing: str, ingester: str) -> list[str]:
    """The cells of one line of ``queues``."""
    [line] = [line for line in listing.splitlines() if line.startswith(f"{ingester} ")]
    return re.split(r"  +", line.strip())


def wait_until_all_hold(client: redis.Redis, service: str, identities: set[uuid.UUID]) -> None:
    """Each of the three owns every series now. A message leaves the queue with its quorum, the third copy follows."""
    for ingester in LEFT:
        wait_for(
            lambda one=ingester: len(held_by(client, one, service)) == len(identities),  # type: ignore[misc]
            60,
            f"{ingester} has every profile of {service}",
        )
        assert held_by(client, ingester, service) == Counter(identities), "each once"


def test_a_reroute_that_is_killed_in_the_middle_is_finished_by_the_next(cluster: Cluster, client: redis.Redis) -> None:
    pushed = push_numbered(cluster, "forgotten", range(160), series=40)
    waiting = client.llen(write_queue(GONE))
    assert waiting > 25, "the dead one owns about half the series of its zone"
    code, listing = run(cluster)
    assert code == 0, listing
    assert row(listing, GONE)[1] == str(waiting)
    assert row(listing, GONE)[3].endswith(" s"), "the age of its oldest push"
    assert row(listing, GONE)[4] == "yes"

    code, said = run(cluster, "reroute", GONE)
    assert (code, "keeps its queue" in said) == (1, True), "while it is in the ring its queue is its own"
    assert client.llen(write_queue(GONE)) == waiting
    cluster.manage("ring", "forget", GONE, "--force", "--queue", "keep")
    assert row(run(cluster)[1], GONE)[4] == "gone"

    client.lpush(read_queue(GONE), b"a question nobody waits for any more")
    process = command(cluster, "reroute", GONE)
    try:
        deadline = time.monotonic() + 120
        while client.llen(write_queue(GONE)) == waiting and time.monotonic() < deadline:
            pass
    finally:
        process.kill()
        process.communicate()
    left = client.llen(write_queue(GONE))
    assert 0 < left < waiting, "it was killed in the middle"

    code, said = run(cluster, "reroute", GONE)
    assert code == 0, said
    assert f"{GONE}: {left} messages taken out" in said
    assert not client.exists(write_queue(GONE), read_queue(GONE))
    wait_until_all_hold(client, "forgotten", pushed)
    now_ms = time.time_ns() // 1_000_000
    marks, complete = counted_marks(cluster, "forgotten", now_ms - 600_000, now_ms)
    assert complete
    assert marks == {f"mark-{number}": 1 for number in range(160)}


def orphan(client: redis.Redis, instance: str, service: str, numbers: range) -> set[uuid.UUID]:
    """Leave one push a number in the queue of an ingester that does not exist; returns the identities."""
    identities = set()
    for number in numbers:
        labels = (("__name__", "process_cpu"), ("service_name", service))
        moment_ns = time.time_ns() + number
        group = Group(samples(main__work=(1,)), number, moment_ns, labels, sample_types=CPU[:1])
        made = push(group, tenant="anonymous")
        name = f"{uuid.uuid4().hex}.0"
        client.set(payload_key(name), encode_record(made.tenant, time.time_ns(), made.symbols, made.groups), ex=600)
        queue = write_queue(instance)
        client.lpush(queue, task_message("ingest.write", [f"batch-{number}", "phlare:acks:nobody", [name]], queue))
        identities.add(uuid.UUID(bytes=group.profile_id))
    return identities


def test_purging_drops_what_waits_and_says_how_much(cluster: Cluster, client: redis.Redis) -> None:
    orphan(client, "ingester-8", "purged", range(5))
    code, said = run(cluster, "purge", "ingester-8")
    assert (code, "5 messages taken out" in said) == (0, True), said
    assert not client.exists(write_queue("ingester-8"))
    assert not held_by(client, LEFT[0], "purged")
    code, said = run(cluster, "purge", LEFT[0])
    assert (code, "keeps its queue" in said) == (1, True), said


def test_a_worker_reroutes_by_itself_what_nobody_owns(cluster: Cluster, client: redis.Redis) -> None:
    identities = orphan(client, "ingester-9", "orphaned", range(20))
    client.lpush(write_queue("ingester-9"), b"not a message at all")
    client.lpush("ingester.no good:name", b"somebody else's")
    for pid in cluster.processes()["worker"]:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not client.exists(write_queue("ingester-9")), 120, "the queue is gone")
    wait_until_all_hold(client, "orphaned", identities)
    assert client.llen("ingester.no good:name") == 1, "what is no queue of an ingester is left alone"
    page = cluster.request("GET", "/metrics")[1].decode()
    counted = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in page.splitlines()
        if "phlare_rerouted_total{" in line
    }
    assert counted['phlare_rerouted_total{outcome="records"}'] >= 20
    assert counted['phlare_rerouted_total{outcome="damaged"}'] >= 1
