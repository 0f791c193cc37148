"""A cluster with access control: tokens made by command open its doors within seconds, and close them when revoked."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import grpc
import pytest

from ingest.api.proto import push_pb2
from tests.django.api.pprof import pprof
from tests.integration.cluster.cluster import Cluster, free_port, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

#: A process looks for changes every three seconds; the machine may be busy.
FOLLOWED_SECONDS = 30
METRICS_TOKEN = "for metrics, in a test"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(
        tmp_path_factory.mktemp("access") / "data",
        grpc_port=free_port(),
        arguments=("--ingesters=1", "--zones=1", "--replication-factor=1", "--web-workers=2"),
        environment={
            "PHLARE_ACCESS_ENABLED": "1",
            "PHLARE_MULTITENANCY_ENABLED": "1",
            "PHLARE_METRICS_TOKEN": METRICS_TOKEN,
        },
    )
    made.start()
    try:
        yield made
    finally:
        made.kill_everything()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token(cluster: Cluster, tenant: str, *scopes: str) -> str:
    """Make a token and wait until every web process knows it."""
    made = cluster.manage("tokens", "create", tenant, "--name=test", *(f"--scope={scope}" for scope in scopes)).strip()
    wait_for(lambda: statuses(cluster, made) == {200}, FOLLOWED_SECONDS, "the token works in every process")
    return made


def statuses(cluster: Cluster, text: str) -> set[int]:
    """Ask often enough to meet both web processes."""
    return {cluster.request("GET", "/api/v1/whoami", headers=bearer(text))[0] for _ in range(12)}


def push(cluster: Cluster, headers: dict[str, str], service: str) -> int:
    query = urlencode({"service_name": service})
    try:
        return cluster.request("POST", f"/api/v1/profiles?{query}", pprof(), headers)[0]
    except http.client.HTTPException:
        return 0


def services(cluster: Cluster, headers: dict[str, str]) -> tuple[int, list[str]]:
    now_ms = time.time_ns() // 1_000_000
    question = {"name": "service_name", "start": now_ms - 600_000, "end": now_ms + 600_000}
    body = json.dumps(question).encode()
    status, answer, _ = cluster.request(
        "POST",
        "/querier.v1.QuerierService/LabelValues",
        body,
        {"Content-Type": "application/json", **headers},
    )
    return status, json.loads(answer).get("names", [])


def test_each_tenant_s_tokens_open_its_own_doors_alone(cluster: Cluster) -> None:
    ours, theirs = token(cluster, "ours", "push", "query"), token(cluster, "theirs", "push", "query")
    assert push(cluster, bearer(ours), "coelacanth") == 200
    basic = "Basic " + base64.b64encode(f"whatever:{theirs}".encode()).decode()
    assert push(cluster, {"Authorization": basic}, "herring") == 200
    assert services(cluster, bearer(ours)) == (200, ["coelacanth"])
    assert services(cluster, bearer(theirs)) == (200, ["herring"])
    for headers, status in (
        ({**bearer(theirs), "X-Scope-OrgID": "ours"}, 403),
        ({**bearer(theirs), "X-Scope-OrgID": "theirs|ours"}, 403),
        ({"X-Scope-OrgID": "ours"}, 401),
        ({**bearer("phl_wrong"), "X-Scope-OrgID": "ours"}, 401),
    ):
        assert services(cluster, headers) == (status, [])
        assert push(cluster, headers, "eel") == (400 if "|" in headers["X-Scope-OrgID"] else status)


def test_whoever_administers_the_site_reads_both_as_one(cluster: Cluster) -> None:
    admin = (cluster.data_dir / "admin_token").read_text().strip()
    ours, theirs = token(cluster, "left", "push"), token(cluster, "right", "push")
    assert push(cluster, bearer(ours), "left-service") == 200
    assert push(cluster, bearer(theirs), "right-service") == 200
    found = services(cluster, {**bearer(admin), "X-Scope-OrgID": "right|left"})
    assert found == (200, ["left-service", "right-service"])


def test_a_revoked_token_is_refused_within_seconds_in_every_process(cluster: Cluster) -> None:
    made = token(cluster, "revoked", "query")
    cluster.manage("tokens", "revoke", made[:12])
    began = time.monotonic()
    wait_for(lambda: statuses(cluster, made) == {401}, FOLLOWED_SECONDS, "the token is refused in every process")
    assert time.monotonic() - began < FOLLOWED_SECONDS


def test_grpc_asks_for_tokens_too(cluster: Cluster) -> None:
    ours, reader = token(cluster, "grpc", "push"), token(cluster, "grpc", "query")
    request = push_pb2.PushRequest()
    series = request.series.add()
    for name, value in (("__name__", "process_cpu"), ("service_name", "by-grpc")):
        series.labels.add(name=name, value=value)
    series.samples.add(raw_profile=pprof())
    with grpc.insecure_channel(f"127.0.0.1:{cluster.grpc_port}") as channel:
        call = channel.unary_unary(
            "/push.v1.PusherService/Push",
            request_serializer=push_pb2.PushRequest.SerializeToString,
            response_deserializer=push_pb2.PushResponse.FromString,
        )
        call(request, metadata=(("authorization", f"Bearer {ours}"),), timeout=60)
        for metadata, code in (
            ((), grpc.StatusCode.UNAUTHENTICATED),
            ((("authorization", "Bearer phl_wrong"),), grpc.StatusCode.UNAUTHENTICATED),
            ((("authorization", f"Bearer {reader}"),), grpc.StatusCode.PERMISSION_DENIED),
            ((("authorization", f"Bearer {ours}"), ("x-scope-orgid", "ours")), grpc.StatusCode.PERMISSION_DENIED),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                call(request, metadata=metadata, timeout=60)
            assert refused.value.code() == code, metadata
    assert services(cluster, bearer(reader)) == (200, ["by-grpc"])


def test_a_stranger_reads_neither_metrics_nor_ring_and_machines_need_no_token(cluster: Cluster) -> None:
    for path in ("/metrics", "/api/v1/ring", "/api/v1/openapi.json", "/api/v1/audit"):
        assert cluster.request("GET", path)[0] == 401, path
    assert cluster.request("GET", "/")[0] == 302
    for path in ("/ready", "/healthz", "/static/phlare/theme.css", "/accounts/login/"):
        assert cluster.request("GET", path)[0] == 200, path
    status, page, _ = cluster.request("GET", "/metrics", headers=bearer(METRICS_TOKEN))
    assert status == 200
    assert b"phlare_denied_requests_total" in page
