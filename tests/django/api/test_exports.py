"""A merged profile is taken away in every format; what can be pushed again gives the same stacks again."""

from __future__ import annotations

import gzip
import io
import json
import re

import pyarrow.parquet as pq
import pytest
from django.http import HttpResponse

from ingest.api.proto import otlp_pb2, profile_pb2
from ingest.profiles.columns import StackProfile
from ingest.profiles.exports.formats import EXPORTERS, ExportFormat
from ingest.profiles.tree_encoding import decode_tree
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.unit.profiles.stack_model import read_profile

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
STACKS = {("main", "a;b"): 5, ("main", "=cmd()", "<script>"): 7, ("main",): 1}
TEXT = ("collapsed", "speedscope", "svg", "html", "csv", "dot")


@pytest.fixture
def filled(doors: Doors) -> Doors:
    for service, stacks in (("web", STACKS), ("cart", {("main", "b"): 3})):
        body = pprof(stacks, time_ns=doors.now_ms * 1_000_000)
        sent = doors.client.post(f"/api/v1/profiles?service_name={service}", body, content_type="application/x")
        assert sent.status_code == 200, sent.content
    return doors


def export(doors: Doors, form: str, **parameters: object) -> HttpResponse:
    asked = {"query": '{service_name="web"}', "profile_type": CPU, "format": form, **parameters}
    return doors.get("export", **asked)


def content(doors: Doors, form: str, **parameters: object) -> bytes:
    response = export(doors, form, **parameters)
    assert response.status_code == 200, response.content
    return response.content


def of_pprof(data: bytes) -> dict[tuple[str, ...], int]:
    profile = profile_pb2.Profile.FromString(data)
    names = {one.id: profile.string_table[one.name] for one in profile.function}
    lines = {one.id: [names[line.function_id] for line in one.line] for one in profile.location}
    return {
        tuple(name for one in reversed(sample.location_id) for name in reversed(lines[one])): sample.value[0]
        for sample in profile.sample
    }


def of_speedscope(data: bytes) -> dict[tuple[str, ...], int]:
    document = json.loads(data)
    names = [frame["name"] for frame in document["shared"]["frames"]]
    [one] = document["profiles"]
    return {
        tuple(names[at] for at in stack): value for stack, value in zip(one["samples"], one["weights"], strict=True)
    }


def of_otlp(data: bytes) -> dict[tuple[str, ...], int]:
    request = otlp_pb2.ExportProfilesServiceRequest.FromString(data)
    tables = request.dictionary
    [profile] = request.resource_profiles[0].scope_profiles[0].profiles
    found = {}
    for sample in profile.samples:
        stack = []
        for at in tables.stack_table[sample.stack_index].location_indices:
            for line in tables.location_table[at].lines:
                function = tables.function_table[line.function_index]
                stack.append(tables.string_table[function.name_strindex])
        found[tuple(reversed(stack))] = sample.values[0] * profile.period
    return found


def of_tree(data: bytes) -> dict[tuple[str, ...], int]:
    profile = decode_tree(data, 1000)
    assert isinstance(profile, StackProfile)
    return {tuple(one.functions[0][0] for one in path): value for path, value in read_profile(profile).items()}


def of_parquet(data: bytes) -> dict[tuple[str, ...], int]:
    return {tuple(row["stack"]): row["value"] for row in pq.read_table(io.BytesIO(data)).to_pylist()}


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ("pprof", lambda data: of_pprof(gzip.decompress(data))),
        ("otlp", of_otlp),
        ("speedscope", of_speedscope),
        ("tree", of_tree),
        ("parquet", of_parquet),
    ],
)
def test_the_stacks_of_the_selection_are_in_the_file(filled: Doors, form: str, read) -> None:
    assert read(content(filled, form)) == STACKS


def test_collapsed_stacks_hold_what_the_format_can_carry(filled: Doors) -> None:
    assert content(filled, "collapsed") == b"main 1\nmain;=cmd();<script> 7\nmain;a:b 5\n"


def test_tables_and_drawings_hold_the_functions(filled: Doors) -> None:
    assert b"'=cmd(),0,7,0.000,53.846,nanoseconds\n" in content(filled, "csv")
    assert b"&lt;script&gt;\n7 ns (53.8 %), self 7 ns" in content(filled, "svg")
    assert b'"names":["total","main"' in content(filled, "html")
    assert b"\\u003cscript>" in content(filled, "html")
    assert b'label="main\\n1 ns (7.7 %)\\nof 13 ns (100.0 %)"' in content(filled, "dot")


@pytest.mark.parametrize("form", list(ExportFormat))
def test_a_file_has_its_type_and_a_harmless_name_and_runs_nowhere(filled: Doors, form: ExportFormat) -> None:
    response = export(filled, form)
    assert response["Content-Type"] == EXPORTERS[form].content_type
    name = re.fullmatch(r'attachment; filename="([\w.-]+)"', response["Content-Disposition"], re.ASCII)
    assert name is not None
    assert name.group(1).endswith(f".{EXPORTERS[form].extension}")
    assert (response["X-Content-Type-Options"], response["Content-Security-Policy"]) == ("nosniff", "sandbox")
    assert (response["Phlare-Complete"], response["Phlare-Profiles"]) == ("true", "1")


def test_no_profile_type_gets_into_the_name_of_a_file(doors: Doors) -> None:
    response = doors.get("export", profile_type='a"\r\n/../é:b c:d:e:f', format="csv")
    assert response.status_code == 200
    assert re.fullmatch(r'attachment; filename="[\w-]+\.csv"', response["Content-Disposition"], re.ASCII)


@pytest.mark.parametrize("form", list(ExportFormat))
def test_nothing_matching_is_a_file_without_stacks(filled: Doors, form: ExportFormat) -> None:
    response = export(filled, form, query='{service_name="nobody"}')
    assert response.status_code == 200
    assert b"main" not in response.content.replace(b"<main", b"")


@pytest.mark.parametrize("form", ["collapsed", "speedscope", "tree", "csv", "svg", "html", "parquet", "pprof", "otlp"])
def test_the_number_of_nodes_reaches_the_querier(filled: Doors, form: str) -> None:
    export(filled, form)
    export(filled, form, max_nodes=2)
    asked = [call[2] for call in filled.querier.asked[-2:]]
    assert asked == ([0, 2] if form in ("svg", "html") else [None, 2])


def test_a_call_graph_is_drawn_from_everything(filled: Doors) -> None:
    assert content(filled, "dot", max_nodes=1).count(b"N1") == 1
    assert filled.querier.asked[-1][2] is None


@pytest.mark.parametrize(
    "wrong", [{"format": "pdf"}, {"format": ""}, {"query": "{"}, {"profile_type": "x"}, {"max_nodes": -1}]
)
def test_what_cannot_be_made_is_refused_with_a_reason(filled: Doors, wrong: dict) -> None:
    response = export(filled, "csv", **wrong)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")


@pytest.mark.parametrize("form", TEXT)
def test_text_is_compressed_for_who_asks(doors: Doors, form: str) -> None:
    stacks = {("main", f"function {number}"): 1000 + number for number in range(200)}
    body = pprof(stacks, time_ns=doors.now_ms * 1_000_000)
    doors.client.post("/api/v1/profiles?service_name=web", body, content_type="application/x")
    parameters = {"profile_type": CPU, "format": form}
    plain = doors.client.get("/api/v1/export", parameters)
    packed = doors.client.get("/api/v1/export", parameters, headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(packed.content)) == pytest.approx(len(plain.content), abs=10)


def test_functions_are_listed_with_self_and_total(filled: Doors) -> None:
    answer = filled.get("top", query='{service_name="web"}', profile_type=CPU, limit=2).json()
    assert answer["functions"] == [
        {"name": "<script>", "self": 7, "total": 7}, {"name": "a;b", "self": 5, "total": 5}
    ]  # fmt: skip
    assert (answer["total"], answer["count"], answer["unit"], answer["profiles"]) == (13, 4, "nanoseconds", 1)


SIDES = {"left_query": CPU + '{service_name="web"}', "right_query": CPU + '{service_name="cart"}'}


def test_two_selections_are_one_flame_graph(filled: Doors) -> None:
    answer = filled.get("diff", **SIDES).json()
    assert (answer["left_total"], answer["right_total"], answer["unit"]) == (13, 3, "nanoseconds")
    assert answer["levels"][0] == [0, 13, 0, 0, 3, 0, 0]
    assert answer["names"][0] == "total"


def test_two_tables_are_one(filled: Doors) -> None:
    answer = filled.get("diff/top", limit=1, **SIDES).json()
    assert answer["functions"] == [
        {"name": "<script>", "left_self": 7, "left_total": 7, "right_self": 0, "right_total": 0}
    ]
    assert (answer["count"], answer["left_total"], answer["right_total"], answer["profiles"]) == (5, 13, 3, 2)


@pytest.mark.parametrize("route", ["diff", "diff/top"])
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"right_query": "{"}, "right"),
        ({"right_query": "memory:inuse_space:bytes:space:bytes{}"}, "types"),
        ({"left_from": "yesterday"}, "left"),
        ({"left_query": "{}"}, "left"),
        ({"right_from": "now", "right_until": "now-1h"}, "right"),
    ],
)
def test_a_side_that_cannot_be_read_is_named(filled: Doors, route: str, wrong: dict, named: str) -> None:
    response = filled.get(route, **(SIDES | wrong))
    assert response.status_code == 400
    assert named in response.json()["message"]
