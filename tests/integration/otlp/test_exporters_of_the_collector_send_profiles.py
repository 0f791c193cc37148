"""The exporters of the OpenTelemetry Collector, unmodified and in both releases of the protocol, over HTTP and gRPC."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.clients.toolchains import go_program
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.otlp.conftest import Asked

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

HERE = Path(__file__).parent
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
OFF_CPU = "off_cpu:off_cpu:nanoseconds::"
EVENTS = "events:events:count::"


def export(cluster: Cluster, source: str, transport: str, tenant: str, *more: str) -> subprocess.CompletedProcess[str]:
    endpoint = f"127.0.0.1:{cluster.grpc_port}" if transport == "grpc" else f"http://127.0.0.1:{cluster.port}"
    command = [str(go_program(HERE / source)), transport, endpoint, tenant, "shop", *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("transport", ["grpc", "http"])
@pytest.mark.parametrize("source", ["collector", "collector_previous"])
def test_what_it_sends_comes_back(cluster: Cluster, source: str, transport: str) -> None:
    tenant = f"{source}-{transport}"
    done = export(cluster, source, transport, tenant)
    assert done.returncode == 0, done.stderr
    assert "Partial success" not in done.stdout

    asked = Asked(cluster, tenant)
    wait_for(lambda: bool(asked.values("service_name")), 30, "the service is known")

    assert asked.values("service_name") == {"shop"}
    assert asked.values("region") == {"eu-west"}
    assert asked.values("thread.name") == {"worker", "idle"}
    assert asked.values("__profile_type__") == {CPU, OFF_CPU, EVENTS}
    assert asked.totals(CPU) == {"total": 200_000_000, "checkout": 200_000_000, "price": 200_000_000}
    assert asked.totals(OFF_CPU) == {"total": 608, "checkout": 608, "wait": 608}
    assert asked.totals(OFF_CPU, '{"thread.name"="idle"}') == {"total": 304, "checkout": 304, "wait": 304}
    assert asked.totals(EVENTS) == {"total": 7, "checkout": 7, "wait": 7}


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_it_logs_what_was_refused(cluster: Cluster, transport: str) -> None:
    done = export(cluster, "collector", transport, f"broken-{transport}", "broken")
    assert done.returncode == 0, done.stderr
    assert "Partial success" in done.stdout
    assert "profile 2: malformed_profile" in done.stdout
    assert Asked(cluster, f"broken-{transport}").values("__profile_type__") == {CPU, OFF_CPU}


@pytest.mark.parametrize(
    ("transport", "says"), [("grpc", "code = Unauthenticated desc = "), ("http", "HTTP Status Code 401")]
)
def test_it_is_told_why_nothing_was_taken(cluster: Cluster, transport: str, says: str) -> None:
    done = export(cluster, "collector", transport, "")
    assert (done.returncode, says in done.stderr) == (1, True), done.stderr
    assert "X-Scope-OrgID" in done.stderr
