"""gRPC by real web processes: pushes and queries, a client at the wrong port, and a stop in the middle of a call."""

from __future__ import annotations

import gzip
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import psutil
import pytest

from ingest.api.proto import health_pb2, push_pb2, querier_pb2
from tests.integration.cluster.cluster import Cluster, free_port, wait_for
from tests.unit.profiles.pprof.pprof_model import Profile, Sample

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

PUSH = "/push.v1.PusherService/Push"
STACKTRACES = "/querier.v1.QuerierService/SelectMergeStacktraces"
HEALTH = "/grpc.health.v1.Health/Check"
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose two web processes share the port of gRPC."""
    made = Cluster(tmp_path_factory.mktemp("grpc") / "data", grpc_port=free_port(), arguments=("--web-workers=2",))
    made.start()
    try:
        yield made
    finally:
        made.kill_everything()


def push_of(service: str, value: int) -> bytes:
    request = push_pb2.PushRequest()
    series = request.series.add()
    series.labels.add(name="__name__", value="process_cpu")
    series.labels.add(name="service_name", value=service)
    profile = Profile(
        [Sample((("main", "a.go", 1), ("work", "a.go", 2)), (value,))],
        time_ns=time.time_ns(),
    )
    series.samples.add(raw_profile=gzip.compress(profile.encode()))
    return request.SerializeToString()


def call(port: int, path: str, message: bytes) -> bytes:
    """Call over a connection of its own."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        answer: bytes = channel.unary_unary(path)(message, timeout=60)
    return answer


def test_what_is_pushed_is_asked_for(two_processes: Cluster) -> None:
    port = two_processes.grpc_port
    for number in range(6):
        call(port, PUSH, push_of("by-grpc", 10 + number))
    now_ms = time.time_ns() // 1_000_000
    question = querier_pb2.SelectMergeStacktracesRequest(
        profile_typeID=CPU, label_selector='{service_name="by-grpc"}', start=now_ms - 600_000, end=now_ms + 60_000
    )

    encoded = call(port, STACKTRACES, question.SerializeToString())

    answer = querier_pb2.SelectMergeStacktracesResponse.FromString(encoded)
    assert (answer.flamegraph.total, list(answer.flamegraph.names)) == (75, ["total", "main", "work"])


def test_health_is_readiness(two_processes: Cluster) -> None:
    state = health_pb2.HealthCheckResponse.FromString(call(two_processes.grpc_port, HEALTH, b"")).status
    assert state == health_pb2.HealthCheckResponse.SERVING


def test_a_client_at_the_http_port_is_told_where_to_go(two_processes: Cluster) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        call(two_processes.port, PUSH, push_of("lost", 1))
    assert failed.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert f"gRPC is served on port {two_processes.grpc_port}" in failed.value.details()


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_call_under_way_is_answered_when_its_process_is_stopped(two_processes: Cluster) -> None:
    """Without ingesters a push waits for its deadline; meanwhile the web processes are told to end."""
    processes = two_processes.processes()
    ingesters = [pid for role, pids in processes.items() if role.startswith("ingester") for pid in pids]
    web = set(processes["web"])
    with (
        grpc.insecure_channel(f"127.0.0.1:{two_processes.grpc_port}") as channel,
        frozen(ingesters),
    ):
        started = time.monotonic()
        under_way = channel.unary_unary(PUSH).future(push_of("stopped", 1), timeout=60)
        wait_for(lambda: under_way.running() and time.monotonic() - started > 0.5, 10, "the call is under way")
        (parent,) = [pid for pid in web if psutil.Process(pid).ppid() not in web]
        os.kill(parent, signal.SIGTERM)
        error = under_way.exception(timeout=60)

    assert isinstance(error, grpc.RpcError)
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "did not confirm the profile in time" in error.details()
    assert {one.key: one.value for one in error.trailing_metadata()}["retry-after"]
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in web), 30, "the old processes have ended")
    two_processes.wait_until_ready()
    call(two_processes.grpc_port, PUSH, push_of("again", 1))


def test_the_second_up_leaves_the_port_to_the_first(two_processes: Cluster, tmp_path: Path) -> None:
    second = Cluster(tmp_path / "data", grpc_port=two_processes.grpc_port, arguments=("--ingesters=1",))
    second.start()
    try:
        assert f"gRPC is not served, because port {two_processes.grpc_port} cannot be had" in second.log()
    finally:
        second.kill_everything()
