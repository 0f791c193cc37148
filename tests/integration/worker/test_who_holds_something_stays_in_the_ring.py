"""An ingester that did not upload everything never unregisters, whatever its settings and its operator say."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec
import pytest
import redis

from ingest.adapters.celery_messages import task_message
from ingest.adapters.keys import payload_key, write_queue
from ingest.adapters.redis_acks import WireAck
from ingest.adapters.redis_orders import RedisIngesters
from ingest.administration.types import Order, Outcome
from ingest.profiles.record import encode_record
from ingest.storage.acks import AckCode
from ring.core.states import InstanceState
from ring.redis_store import RedisRingStore
from tests.integration.cluster.cluster import ROOT, clean_environment, wait_for
from tests.integration.worker.conftest import Machine, Worker
from tests.unit.storage.pushes import Group, push, samples

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ID = "ingester-0"
ACKS = "phlare:acks:test"


@pytest.fixture
def client(machine: Machine) -> Iterator[redis.Redis]:
    made = redis.Redis(unix_socket_path=str(machine.redis.socket), socket_timeout=30)
    yield made
    made.close()


def started_with_a_profile(machine: Machine, client: redis.Redis) -> Worker:
    """Return an ingester that serves and holds one profile; the catalogue of blocks is there."""
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"],
        cwd=ROOT,
        env={**clean_environment(), "PHLARE_DATA_DIR": str(machine.folder / "data")},
        check=True,
        timeout=120,
    )
    worker = machine.start("-P", "solo")
    wait_for(worker.serves, 120, "the ingester serves")
    record = push(Group(samples(main__work=1)))
    client.set(payload_key("one.0"), encode_record(record.tenant, time.time_ns(), record.symbols, record.groups))
    queue = write_queue(ID)
    client.lpush(queue, task_message("ingest.write", ["one", ACKS, ["one.0"]], queue))
    popped = client.blpop([ACKS], timeout=60)
    assert popped is not None
    assert msgspec.msgpack.decode(popped[1], type=WireAck).codes == {"one.0": bytes([AckCode.STORED])}
    return worker


def state_after_stop(worker: Worker, client: redis.Redis) -> InstanceState | None:
    worker.process.send_signal(signal.SIGTERM)
    assert worker.end() == 0
    found, _ = RedisRingStore(client, "ingesters").entry(ID)
    return found.state if found is not None else None


def break_the_bucket(machine: Machine) -> None:
    """Have the folder of the blocks lie where a file is."""
    (machine.folder / "file").write_text("")
    machine.settings["PHLARE_BUCKET_DIR"] = str(machine.folder / "file" / "bucket")


@pytest.mark.parametrize(
    ("flush", "unregister", "remains"),
    [
        pytest.param("1", "1", None, id="everything is uploaded: it leaves"),
        pytest.param("0", "1", InstanceState.LEAVING, id="nothing is uploaded: it stays although it should leave"),
        pytest.param("1", "0", InstanceState.LEAVING, id="uploaded, and told to stay"),
    ],
)
def test_flushing_and_leaving_are_two_settings(
    machine: Machine, client: redis.Redis, flush: str, unregister: str, remains: InstanceState | None
) -> None:
    machine.settings |= {"PHLARE_FLUSH_ON_SHUTDOWN": flush, "PHLARE_RING_UNREGISTER_ON_SHUTDOWN": unregister}
    worker = started_with_a_profile(machine, client)
    assert state_after_stop(worker, client) is remains
    blocks = list((machine.folder / "data").rglob("meta.json"))
    assert bool(blocks) is (flush == "1")


def test_a_prepared_shutdown_that_cannot_upload_stays_prepared(machine: Machine, client: redis.Redis) -> None:
    break_the_bucket(machine)
    worker = started_with_a_profile(machine, client)
    RedisIngesters(client).tell(ID, Order.PREPARE_SHUTDOWN, 60)
    assert state_after_stop(worker, client) is InstanceState.LEAVING
    assert (machine.folder / "data" / "ingesters" / ID / "prepare-shutdown").exists(), "the next stop tries again"
    assert list((machine.folder / "data" / "ring").iterdir()), "and it comes back as itself"


def test_a_shutdown_that_cannot_upload_says_so_and_can_be_repeated(machine: Machine, client: redis.Redis) -> None:
    break_the_bucket(machine)
    worker = started_with_a_profile(machine, client)
    for _ in range(2):
        result = RedisIngesters(client).tell(ID, Order.SHUTDOWN, 60)
        assert result.outcome is Outcome.FAILED
        assert "stays in the ring" in result.message
    (machine.folder / "file").unlink()
    assert RedisIngesters(client).tell(ID, Order.SHUTDOWN, 60).outcome is Outcome.DONE
    assert state_after_stop(worker, client) is None
