"""The client library that profilecli and Grafana's data source are made of, unmodified, asks all that those two ask.

It speaks Connect, gRPC-Web and gRPC. ``make profilecli`` runs profilecli itself, which cannot be built from a registry.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from ingest.api.proto import profile_pb2
from tests.integration.clients.toolchains import go_program
from tests.integration.cluster.cluster import Cluster

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

HERE = Path(__file__).parent
RECORDING = HERE.parents[2] / "ingest" / "demo" / "recordings" / "go_cpu_1.pb.gz"
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
SPAN, TRACE = "9a517183f26a089d", "7c9e66797425440de944be07fc1f90ae"


@dataclass(frozen=True)
class Asked:
    """What was pushed, under which service, and all answers by name."""

    service: str
    pushed: profile_pb2.Profile
    answers: dict[str, Any]

    @property
    def values(self) -> list[int]:
        """The CPU value of each sample; the first is that of the span and of the trace."""
        names = [self.pushed.string_table[one.type] for one in self.pushed.sample_type]
        column = names.index("cpu")
        return [sample.value[column] for sample in self.pushed.sample]

    @property
    def total(self) -> int:
        """The sum of the CPU values."""
        return sum(self.values)


@pytest.fixture(scope="module", params=["connect", "grpcweb", "grpc"])
def asked(agents_cluster: Cluster, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Push a recorded profile as of now and ask everything about it."""
    program = go_program(HERE / "go_querier")
    profile = profile_pb2.Profile.FromString(gzip.decompress(RECORDING.read_bytes()))
    profile.time_nanos = time.time_ns()
    link(profile)
    file = tmp_path_factory.mktemp("profile") / "cpu.pb.gz"
    file.write_bytes(gzip.compress(profile.SerializeToString()))
    service = f"asked-by-{request.param}"
    port = agents_cluster.grpc_port if request.param == "grpc" else agents_cluster.port
    done = subprocess.run(
        [str(program), f"http://127.0.0.1:{port}", request.param, str(file), service],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return Asked(service, profile, json.loads(done.stdout))


def link(profile: profile_pb2.Profile) -> None:
    """Give the first sample a span and a trace."""
    for name, value in (("span_id", SPAN), ("trace_id", TRACE)):
        at = len(profile.string_table)
        profile.string_table.extend((name, value))
        profile.sample[0].label.add(key=at, str=at + 1)


def value_of(profile: dict[str, Any]) -> int:
    """Return the sum of the values of a pprof message in JSON."""
    parsed = json_format.ParseDict(profile, profile_pb2.Profile())
    return sum(sample.value[0] for sample in parsed.sample)


def test_nothing_is_refused_but_what_would_run_for_itself(asked: Asked) -> None:
    refused = {name: answer["code"] for name, answer in asked.answers.items() if "error" in answer}
    assert refused == {"async": "unimplemented"}


def test_health_check_types_labels_and_series(asked: Asked) -> None:
    answers = asked.answers
    assert answers["health"] == {}
    assert CPU in {one["ID"] for one in answers["types"]["profileTypes"]}
    assert {"service_name", "__profile_type__"} <= set(answers["names"]["names"])
    assert answers["values"] == {"names": [asked.service]}
    labels = [{one["name"]: one["value"] for one in found["labels"]} for found in answers["series"]["labelsSet"]]
    assert {"service_name": asked.service, "__profile_type__": CPU} in labels


def test_every_format_has_the_whole_value(asked: Asked) -> None:
    answers = asked.answers
    assert int(answers["flamegraph"]["flamegraph"]["total"]) == asked.total
    assert value_of(answers["pprof"]["pprof"]["profile"]) == value_of(answers["profile"]) == asked.total
    assert answers["tree"]["tree"]
    assert answers["dot"]["dot"].startswith("digraph")
    diff = answers["diff"]["flamegraph"]
    assert (int(diff["leftTicks"]), int(diff["rightTicks"])) == (asked.total, asked.total)


def test_a_profile_for_the_go_compiler_has_few_frames_and_the_whole_value(asked: Asked) -> None:
    profile = json_format.ParseDict(asked.answers["go-pgo"]["pprof"]["profile"], profile_pb2.Profile())
    assert sum(sample.value[0] for sample in profile.sample) == asked.total
    assert max(len(sample.location_id) for sample in profile.sample) <= 5
    leaves = {sample.location_id[0] for sample in profile.sample}
    assert {one.line[0].line for one in profile.location if one.id in leaves and one.line} == {0}


def test_a_call_site_a_span_and_a_trace_narrow(asked: Asked) -> None:
    below = int(asked.answers["call-site"]["flamegraph"]["total"])
    assert 0 < below < asked.total
    for name in ("span", "span-profile", "trace"):
        assert int(asked.answers[name]["flamegraph"]["total"]) == asked.values[0], name


def test_the_exemplar_of_a_span_names_span_and_trace(asked: Asked) -> None:
    points = [point for line in asked.answers["span-exemplars"]["series"] for point in line["points"]]
    (exemplar,) = [one for point in points for one in point.get("exemplars", [])]
    assert (exemplar["spanId"], exemplar["traceId"], int(exemplar["value"])) == (SPAN, TRACE, asked.values[0])


def test_timeline_exemplar_and_heatmap_are_of_the_profile(asked: Asked) -> None:
    (line,) = asked.answers["top"]["series"]
    assert sum(point["value"] for point in line["points"]) == asked.total
    exemplars = [one for point in line["points"] for one in point["exemplars"]]
    assert all(len(one["profileId"]) == 36 and int(one["value"]) <= asked.total for one in exemplars)
    slots = [slot for line in asked.answers["heatmap"]["series"] for slot in line["slots"]]
    assert sum(sum(slot["counts"]) for slot in slots) > 0


def test_statistics_and_cost_know_of_it(asked: Asked) -> None:
    stats = asked.answers["stats"]
    assert stats["dataIngested"] is True
    assert int(stats["oldestProfileTime"]) <= asked.pushed.time_nanos // 1_000_000 <= int(stats["newestProfileTime"])
    assert int(asked.answers["cost"]["queryImpact"]["totalQueriedSeries"]) >= 1
