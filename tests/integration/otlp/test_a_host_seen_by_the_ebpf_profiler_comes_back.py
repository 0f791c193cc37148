"""A recording of OpenTelemetry's eBPF profiler, over HTTP and gRPC: every sum is that of a plain reading."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import grpc
import pytest

from ingest.api.proto import otlp_pb2
from tests.integration.cluster.cluster import Cluster
from tests.integration.otlp.conftest import Asked

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

EXPORT = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"
TYPES = {
    ("samples", "count"): "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
    ("off_cpu", "nanoseconds"): "off_cpu:off_cpu:nanoseconds::",
}


def expected(data: bytes) -> dict[str, Counter[str]]:
    """Return by profile type the total of all samples, and of those below each function."""
    request = otlp_pb2.ExportProfilesServiceRequest.FromString(data)
    tables = request.dictionary
    strings = tables.string_table
    found: dict[str, Counter[str]] = {}
    for resource in request.resource_profiles:
        for scope in resource.scope_profiles:
            for profile in scope.profiles:
                kind = (strings[profile.sample_type.type_strindex], strings[profile.sample_type.unit_strindex])
                sums = found.setdefault(TYPES[kind], Counter())
                for sample in profile.samples:
                    value = sum(sample.values) or len(sample.timestamps_unix_nano) * profile.period
                    functions = {
                        strings[tables.function_table[line.function_index].name_strindex]
                        for location in tables.stack_table[sample.stack_index].location_indices
                        for line in tables.location_table[location].lines
                    }
                    for name in functions | {"total"}:
                        sums[name] += value
    return found


def by_http(cluster: Cluster, data: bytes, tenant: str) -> bytes:
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", "X-Scope-OrgID": tenant}
    status, body, _ = cluster.request("POST", "/v1development/profiles", gzip.compress(data), headers)
    assert status == 200, body
    return body


def by_grpc(cluster: Cluster, data: bytes, tenant: str) -> bytes:
    with grpc.insecure_channel(f"127.0.0.1:{cluster.grpc_port}") as channel:
        answer: bytes = channel.unary_unary(EXPORT)(
            data, timeout=60, compression=grpc.Compression.Gzip, metadata=[("x-scope-orgid", tenant)]
        )
    return answer


@pytest.mark.parametrize("send", [by_http, by_grpc])
def test_every_sum_is_that_of_a_plain_reading(cluster: Cluster, corpus_dir: Path, send: object) -> None:
    data = (corpus_dir / "otlp" / "ebpf_cpu.pb").read_bytes()
    asked = Asked(cluster, f"ebpf-{send.__name__}")

    assert send(cluster, data, asked.tenant) == b"", "nothing was refused"
    assert send(cluster, data, asked.tenant) == b"", "and it may be sent again"

    sums = expected(data)
    assert sums.keys() == asked.values("__profile_type__") == set(TYPES.values())
    for profile_type, wanted in sums.items():
        found = asked.totals(profile_type)
        assert found["total"] == wanted["total"], profile_type
        # A function that calls itself counts once a stack here, and on each of its levels in a graph.
        once = {name for name in wanted if found[name] == wanted[name]}
        assert len(once) > 0.9 * len(wanted), {name: (found[name], wanted[name]) for name in wanted.keys() - once}
        assert all(found[name] >= wanted[name] for name in wanted)
    assert {"unknown_service", "unknown_service:containerd"} <= asked.values("service_name")
