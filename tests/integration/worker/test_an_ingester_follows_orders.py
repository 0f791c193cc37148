"""A real ingester and the orders that reach it over its queue: each is answered, and none is carried out late."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import redis

from ingest.adapters.celery_messages import task_message
from ingest.adapters.keys import ingester_status_key, payload_key, read_queue, write_queue
from ingest.adapters.redis_acks import WireAck
from ingest.adapters.redis_orders import RedisIngesters
from ingest.administration.types import Order, Outcome
from ingest.storage.acks import AckCode
from ring.redis_store import RedisRingStore
from tests.integration.cluster.cluster import wait_for
from tests.integration.worker.conftest import Machine, Worker

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ID = "ingester-0"
SECONDS = 60.0


@pytest.fixture
def client(machine: Machine) -> Iterator[redis.Redis]:
    made = redis.Redis(unix_socket_path=str(machine.redis.socket), socket_timeout=30)
    yield made
    made.close()


def started(machine: Machine) -> Worker:
    worker = machine.start("-P", "solo")
    wait_for(worker.serves, 120, "the ingester serves")
    return worker


def stopped(worker: Worker) -> None:
    worker.process.send_signal(signal.SIGTERM)
    assert worker.end() == 0


def entry(client: redis.Redis):  # type: ignore[no-untyped-def]
    return RedisRingStore(client, "ingesters").entry(ID)[0]


def token_files(machine: Machine) -> list[Path]:
    return list((machine.folder / "data" / "ring").iterdir())


def ready_reason(client: redis.Redis) -> str | None:
    """What the ingester last said keeps it from being ready; None when it said nothing."""
    raw = client.get(ingester_status_key(ID))
    return msgspec.json.decode(raw)["why_not_ready"] if raw else None  # type: ignore[arg-type]


def test_a_prepared_shutdown_survives_a_restart_and_the_next_stop_hands_over(
    machine: Machine, client: redis.Redis
) -> None:
    machine.settings["PHLARE_RING_UNREGISTER_ON_SHUTDOWN"] = "0"
    first = started(machine)
    ingesters = RedisIngesters(client)
    assert ingesters.tell(ID, Order.GET_PREPARED, SECONDS).details == {"state": "unset"}
    outcomes = [ingesters.tell(ID, Order.PREPARE_SHUTDOWN, SECONDS).outcome for _ in range(2)]
    assert outcomes == [Outcome.DONE, Outcome.UNCHANGED]
    first.process.kill()
    first.process.wait()
    second = started(machine)
    assert ingesters.tell(ID, Order.GET_PREPARED, SECONDS).details == {"state": "set"}
    outcomes = [ingesters.tell(ID, Order.CANCEL_SHUTDOWN, SECONDS).outcome for _ in range(2)]
    assert outcomes == [Outcome.DONE, Outcome.UNCHANGED]
    assert ingesters.tell(ID, Order.GET_PREPARED, SECONDS).details == {"state": "unset"}
    ingesters.tell(ID, Order.PREPARE_SHUTDOWN, SECONDS)
    stopped(second)
    assert entry(client) is None, "it unregistered although its settings keep it"
    assert token_files(machine) == []
    assert not list((machine.folder / "data" / "ingesters" / ID).glob("prepare*")), "the marker has done its work"


def test_whether_a_stop_unregisters_is_switched_while_it_runs(machine: Machine, client: redis.Redis) -> None:
    worker = started(machine)
    ingesters = RedisIngesters(client)
    assert ingesters.tell(ID, Order.GET_UNREGISTER, SECONDS).details == {"unregister": True}
    assert ingesters.tell(ID, Order.KEEP_REGISTERED, SECONDS).outcome is Outcome.DONE
    assert ingesters.tell(ID, Order.KEEP_REGISTERED, SECONDS).outcome is Outcome.UNCHANGED
    stopped(worker)
    assert entry(client) is not None
    assert entry(client).state == "LEAVING"


def test_a_shutdown_leaves_the_ring_and_the_process_stays_takes_nothing_and_is_not_ready(
    machine: Machine, client: redis.Redis
) -> None:
    worker = started(machine)
    wait_for(lambda: ready_reason(client) == "", 60, "it says that it is ready")
    ingesters = RedisIngesters(client)
    assert ingesters.tell(ID, Order.SHUTDOWN, SECONDS).outcome is Outcome.DONE
    assert entry(client) is None
    assert worker.process.poll() is None
    wait_for(lambda: "has left the ring" in (ready_reason(client) or ""), 60, "it says that it has left")
    assert ingesters.tell(ID, Order.SHUTDOWN, SECONDS).outcome is Outcome.UNCHANGED
    client.set(payload_key("late.0"), b"anything")
    queue = write_queue(ID)
    client.lpush(queue, task_message("ingest.write", ["late", "phlare:acks:test", ["late.0"]], queue))
    popped = client.blpop(["phlare:acks:test"], timeout=20)
    assert popped is not None
    assert msgspec.msgpack.decode(popped[1], type=WireAck).codes == {"late.0": bytes([AckCode.NOT_SERVING])}
    stopped(worker)
    assert entry(client) is None


def test_an_order_whose_asker_gave_up_is_never_carried_out(machine: Machine, client: redis.Redis) -> None:
    ingesters = RedisIngesters(client)
    given_up = ingesters.tell(ID, Order.SHUTDOWN, 0.3)
    assert given_up.outcome is Outcome.NO_ANSWER
    assert "will not do it later" in given_up.message
    assert client.llen(read_queue(ID)) == 1, "the message waits for an ingester"
    worker = started(machine)
    wait_for(lambda: client.llen(read_queue(ID)) == 0, 60, "the message is taken")
    assert ingesters.tell(ID, Order.GET_PREPARED, SECONDS).outcome is Outcome.DONE
    assert entry(client) is not None
    assert "ingester_ordered" not in [event["event"] for event in worker.events() if event.get("order") == "shutdown"]


def test_a_flush_can_be_waited_for(machine: Machine, client: redis.Redis) -> None:
    started(machine)
    ingesters = RedisIngesters(client)
    assert ingesters.tell(ID, Order.FLUSH, SECONDS).outcome is Outcome.ACCEPTED
    assert ingesters.tell(ID, Order.FLUSH_AND_WAIT, SECONDS).outcome is Outcome.DONE
