"""connect-go, which profilecli and Grafana are built with: the same answers over Connect, gRPC-Web and gRPC."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from ingest.api.proto import push_pb2, querier_pb2
from tests.integration.clients.toolchains import go_program
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.otlp.test_grpc_of_a_real_cluster import push_of, two_processes

__all__ = ["two_processes"]

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

SOURCE = Path(__file__).parent / "connect_go"
PUSH, TYPES = "push.v1.PusherService/Push", "querier.v1.QuerierService/ProfileTypes"
PROTOCOLS = ["connect", "grpcweb", "grpc"]


def call(cluster: Cluster, protocol: str, path: str, message: bytes) -> subprocess.CompletedProcess[str]:
    port = cluster.grpc_port if protocol == "grpc" else cluster.port
    command = [str(go_program(SOURCE)), protocol, f"http://127.0.0.1:{port}/{path}", message.hex()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_push_and_a_query(two_processes: Cluster, protocol: str) -> None:
    pushed = call(two_processes, protocol, PUSH, push_of(f"by-{protocol}", 3))
    assert (pushed.returncode, pushed.stdout) == (0, "\n"), pushed.stderr
    now_ms = time.time_ns() // 1_000_000
    asked = querier_pb2.ProfileTypesRequest(start=now_ms - 600_000, end=now_ms + 60_000).SerializeToString()

    def types() -> list[str]:
        answer = call(two_processes, protocol, TYPES, asked)
        assert answer.returncode == 0, answer.stderr
        found = querier_pb2.ProfileTypesResponse.FromString(bytes.fromhex(answer.stdout.strip()))
        return [one.ID for one in found.profile_types]

    wait_for(lambda: types() == ["process_cpu:cpu:nanoseconds:cpu:nanoseconds"], 30, "the type is known")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_refusal_has_code_message_and_reason(two_processes: Cluster, protocol: str) -> None:
    request = push_pb2.PushRequest()
    series = request.series.add()
    series.labels.add(name="__name__", value="process_cpu")
    series.samples.add(raw_profile=b"no profile")
    refused = call(two_processes, protocol, PUSH, request.SerializeToString())
    assert refused.returncode == 1
    code, message, reason = refused.stderr.splitlines()
    assert (code, reason) == ("invalid_argument", "malformed_profile")
    assert message.startswith("1 profile was not stored: series 0 profile 0")
