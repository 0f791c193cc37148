"""The calls that Grafana's data source and Profiles Drilldown make, replayed from ``tests/golden/grafana``.

Each file has a request as it is written in JSON, in mixed styles of keys, and the answer in canonical JSON. It is sent
as JSON and as protobuf, and the database behind the door is real heads read by the real querier. Profile ids in the
files are those that :mod:`tests.unit.storage.pushes` gives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from google.protobuf import json_format
from google.protobuf.message import Message

from ingest import wiring
from ingest.api.connect.querier import RPCS, SERVICE
from ingest.api.proto import querier_pb2, types_pb2
from tests.django.api.fakes import default_settings
from tests.unit.querier.memory_sources import NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import Group, Sample, plain

GOLDEN = Path(__file__).parents[2] / "golden" / "grafana"
FILES = sorted(GOLDEN.glob("*.json"))
ANSWERS: dict[str, type[Message]] = {
    "ProfileTypes": querier_pb2.ProfileTypesResponse,
    "LabelNames": types_pb2.LabelNamesResponse,
    "LabelValues": types_pb2.LabelValuesResponse,
    "Series": querier_pb2.SeriesResponse,
    "SelectSeries": querier_pb2.SelectSeriesResponse,
    "SelectMergeStacktraces": querier_pb2.SelectMergeStacktracesResponse,
    "SelectMergeSpanProfile": querier_pb2.SelectMergeSpanProfileResponse,
    "SelectHeatmap": querier_pb2.SelectHeatmapResponse,
    "Diff": querier_pb2.DiffResponse,
    "GetProfileStats": types_pb2.GetProfileStatsResponse,
}
REQUESTS = {rpc.path.removeprefix(f"{SERVICE}/"): rpc.request_type for rpc in RPCS}
TRACE = 0x7C9E66797425440DE944BE07FC1F90AE
SPAN = 0x9A517183F26A089D


def _group(number: int, seconds_ago: int, pod: str, *samples: Sample) -> Group:
    labels = (("__name__", "process_cpu"), ("otel.scope.name", "x"), ("pod", pod), ("service_name", "shop"))
    return Group(samples, number=number, time_ns=(NOW_MS - 1000 * seconds_ago) * 1_000_000, labels=labels)


GROUPS = [
    _group(
        1,
        40,
        "a",
        Sample(plain("main", "serve"), (2, 20)),
        Sample(plain("main", "serve", "query"), (1, 10), SPAN, TRACE),
    ),
    _group(2, 25, "a", Sample(plain("main", "serve", "query"), (4, 40), SPAN + 1), Sample(plain("gc"), (3, 30))),
    _group(3, 25, "b", Sample(plain("main", "wait"), (6, 60), SPAN, TRACE)),
]


@pytest.fixture
def grafana() -> Iterator[Client]:
    """The site in front of three replicas, one of which lacks a profile."""
    sources = MemorySources()
    for owner, groups in (("a", GROUPS), ("b", GROUPS), ("c", GROUPS[1:])):
        sources.add(owner, *groups)
    several = override_settings(INGEST=replace(settings.INGEST, multitenancy_enabled=True))
    with several, wiring.override(querier=sources.querier(), tenant_settings=default_settings()):
        yield Client(raise_request_exception=True)


def _send(grafana: Client, case: dict[str, Any], body: bytes, content_type: str) -> HttpResponse:
    headers = {"X-Scope-OrgID": TENANT, "Connect-Protocol-Version": "1", **case.get("headers", {})}
    path = f"/{SERVICE}/{case['method']}"
    # Django's client by itself leaves the content type of an empty body out.
    response = grafana.generic(
        "POST", path, body, content_type=content_type, headers=headers, CONTENT_TYPE=content_type
    )
    assert response.status_code == 200, response.content
    return response


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_answer_in_json(grafana: Client, file: Path) -> None:
    case = json.loads(file.read_bytes())
    body = json.dumps(case["request"]).encode()
    assert _send(grafana, case, body, "application/json").json() == case["answer"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_answer_in_protobuf(grafana: Client, file: Path) -> None:
    case = json.loads(file.read_bytes())
    request = json_format.ParseDict(case["request"], REQUESTS[case["method"]]())
    response = _send(grafana, case, request.SerializeToString(), "application/proto")
    answer = ANSWERS[case["method"]].FromString(response.content)
    assert json_format.MessageToDict(answer) == case["answer"]


def test_every_method_that_grafana_calls_has_a_file() -> None:
    assert {json.loads(file.read_bytes())["method"] for file in FILES} == set(ANSWERS)
