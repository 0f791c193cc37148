"""The query doors: what Grafana and profilecli send, and what they read."""

from __future__ import annotations

import base64

import pytest
from google.protobuf import json_format

from ingest.api.proto import profile_pb2, querier_pb2, types_pb2
from ingest.profiles.flamegraph import collapsed
from ingest.profiles.reasons import Rejection
from ingest.profiles.sample_choice import SampleChoice
from ingest.profiles.tree_encoding import decode_tree
from ingest.querier.types import MissingSource, Selection, SourceReport
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.django.api.test_push_connect import PUSH, push_request

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"


@pytest.fixture
def filled(doors: Doors) -> Doors:
    """Two services with one profile each."""
    for service in ("api", "web"):
        labels = {"__name__": "process_cpu", "service_name": service, "otel.scope.name": "go"}
        assert doors.call(PUSH, push_request(pprof(time_ns=doors.now_ms * 1_000_000), labels=labels)).status_code == 200
    return doors


def over_the_hour(doors: Doors, **more: object) -> dict[str, object]:
    return {"start": doors.now_ms - 3_600_000, "end": doors.now_ms + 60_000, **more}


def test_grafanas_health_check_over_the_first_seconds_of_1970_is_an_empty_200(filled: Doors) -> None:
    request = querier_pb2.ProfileTypesRequest.FromString(b"\x08\xe8\x07\x10\xa0\x1f")
    assert (request.start, request.end) == (1000, 4000)
    response = filled.query("ProfileTypes", request)
    assert (response.status_code, response.content, response["Content-Type"]) == (200, b"", "application/proto")
    as_json = filled.query("ProfileTypes", b'{"start":"1000","end":"4000"}')
    assert (as_json.status_code, as_json.content, as_json["Content-Type"]) == (200, b"{}", "application/json")


def test_profile_types_name_every_part_of_the_id(filled: Doors) -> None:
    response = filled.query("ProfileTypes", over_the_hour(filled))
    assert response.json() == {
        "profileTypes": [
            {
                "ID": CPU,
                "name": "process_cpu",
                "sampleType": "cpu",
                "sampleUnit": "nanoseconds",
                "periodType": "cpu",
                "periodUnit": "nanoseconds",
            }
        ]
    }


def test_label_values_come_in_a_field_called_names(filled: Doors) -> None:
    response = filled.query("LabelValues", over_the_hour(filled, name="service_name", matchers=["{}"]))
    assert response.json() == {"names": ["api", "web"]}


def test_label_values_need_a_name(filled: Doors) -> None:
    response = filled.query("LabelValues", over_the_hour(filled))
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")


@pytest.mark.parametrize(
    ("accept", "shown"),
    [
        ("", False),
        ("*/*", False),
        ("*/*; allow-utf8-labelnames=true", True),
        ("*/*;allow-utf8-labelnames=true", True),
        ('text/html, application/json ; q=0.5;allow-utf8-labelnames="true"', True),
        ("*/*; allow-utf8-labelnames=false", False),
    ],
)
def test_label_names_with_dots_are_listed_only_when_asked_for(filled: Doors, accept: str, shown: bool) -> None:
    names = filled.query("LabelNames", over_the_hour(filled), Accept=accept).json()["names"]
    assert ("otel.scope.name" in names) is shown
    assert "__profile_type__" in names
    [first, *_] = filled.query("Series", over_the_hour(filled), Accept=accept).json()["labelsSet"]
    assert ("otel.scope.name" in {pair["name"] for pair in first["labels"]}) is shown


@pytest.mark.parametrize("accept", ["text", "*/*; allow-utf8-labelnames", "a/b; =", "a b/c", "\x00/x"])
@pytest.mark.parametrize("method", ["LabelNames", "Series"])
def test_an_accept_header_that_cannot_be_read_is_refused(filled: Doors, method: str, accept: str) -> None:
    assert filled.query(method, {}, Accept=accept).status_code == 400


def test_several_matchers_must_all_hold(filled: Doors) -> None:
    matchers = ['{service_name="web"}', '{service_name=~"a.*"}']
    assert filled.query("Series", over_the_hour(filled, matchers=matchers)).json() == {}
    one = filled.query("Series", over_the_hour(filled, matchers=matchers[:1], labelNames=["service_name"]))
    assert one.json() == {"labelsSet": [{"labels": [{"name": "service_name", "value": "web"}]}]}


def test_label_sets_that_differ_only_in_hidden_names_are_listed_once(doors: Doors) -> None:
    for scope in ("go", "python"):
        labels = {"__name__": "process_cpu", "service_name": "web", "otel.scope.name": scope}
        doors.call(PUSH, push_request(pprof(time_ns=doors.now_ms * 1_000_000), labels=labels))
    body = over_the_hour(doors, labelNames=["service_name", "otel.scope.name"])
    assert len(doors.query("Series", body).json()["labelsSet"]) == 1
    assert len(doors.query("Series", body, Accept="*/*;allow-utf8-labelnames=true").json()["labelsSet"]) == 2


def test_a_flame_graph_is_the_same_in_both_codecs(filled: Doors) -> None:
    body = over_the_hour(filled, profile_typeID=CPU, labelSelector='{service_name="web"}', maxNodes="16")
    document = filled.query("SelectMergeStacktraces", body).json()
    assert document == {
        "flamegraph": {
            "names": ["total", "a", "b", "c", "e", "d"],
            "levels": [
                {"values": ["0", "4", "0", "0"]},
                {"values": ["0", "4", "0", "1"]},
                {"values": ["0", "1", "0", "2", "0", "3", "2", "3"]},
                {"values": ["0", "1", "1", "4", "2", "1", "1", "5"]},
            ],
            "total": "4",
            "maxSelf": "2",
        }
    }
    request = querier_pb2.SelectMergeStacktracesRequest(
        profile_typeID=CPU, label_selector='{service_name="web"}', start=body["start"], end=body["end"], max_nodes=16
    )
    message = querier_pb2.SelectMergeStacktracesResponse.FromString(
        filled.query("SelectMergeStacktraces", request).content
    )
    assert list(message.flamegraph.names) == document["flamegraph"]["names"]
    assert [[str(n) for n in level.values] for level in message.flamegraph.levels] == [
        level["values"] for level in document["flamegraph"]["levels"]
    ]
    assert (message.flamegraph.total, message.flamegraph.max_self) == (4, 2)


def test_an_empty_flame_graph_has_its_root(filled: Doors) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector='{service_name="nobody"}')
    document = filled.query("SelectMergeStacktraces", body).json()
    assert document == {"flamegraph": {"names": ["total"], "levels": [{"values": ["0", "0", "0", "0"]}]}}


def test_both_key_styles_are_read_in_one_message(filled: Doors) -> None:
    body = over_the_hour(filled, profile_typeID=CPU, labelSelector="{}", max_nodes=7, unheardOf={"x": 1})
    assert filled.query("SelectMergeStacktraces", body).status_code == 200
    assert filled.querier.asked[-1][2] == 7


BAD_QUERIES = [
    pytest.param({"profileTypeID": ""}, id="no type"),
    pytest.param({"profileTypeID": "cpu"}, id="a type of one part"),
    pytest.param({"labelSelector": ""}, id="no selector"),
    pytest.param({"labelSelector": "{"}, id="a selector that is cut off"),
    pytest.param({"start": 0, "end": 0}, id="no range"),
    pytest.param({"start": 10, "end": 5}, id="a range that runs backwards"),
    pytest.param({"maxNodes": -1, "limit": -1}, id="a negative bound"),
]


@pytest.mark.parametrize("method", ["SelectMergeStacktraces", "SelectMergeProfile", "SelectSeries"])
@pytest.mark.parametrize("change", BAD_QUERIES)
def test_a_bad_query_is_an_invalid_argument(filled: Doors, method: str, change: dict[str, object]) -> None:
    good = over_the_hour(filled, profileTypeID=CPU, labelSelector="{}")
    if method == "SelectSeries":
        good["step"] = 15
    assert filled.query(method, good).status_code == 200
    response = filled.query(method, good | change)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")


@pytest.mark.parametrize("step", [0, -1, 0.0009, "NaN", "Infinity", 1e300])
def test_a_step_that_is_no_step_is_an_invalid_argument(filled: Doors, step: object) -> None:
    response = filled.query("SelectSeries", over_the_hour(filled, profileTypeID=CPU, labelSelector="{}", step=step))
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")
    assert "step" in response.json()["message"]


@pytest.mark.parametrize("method", ["LabelNames", "LabelValues", "Series"])
def test_a_bad_matcher_is_an_invalid_argument(filled: Doors, method: str) -> None:
    response = filled.query(method, over_the_hour(filled, name="x", matchers=["{a="]))
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")


def test_the_merged_profile_is_a_bare_profile(filled: Doors) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector='{service_name="web"}')
    document = filled.query("SelectMergeProfile", body).json()
    assert document["stringTable"][:2] == ["", "cpu"]
    assert document["sample"][0]["value"] == ["1"]
    request = querier_pb2.SelectMergeProfileRequest(
        profile_typeID=CPU, label_selector="{}", start=body["start"], end=body["end"]
    )
    response = filled.query("SelectMergeProfile", request)
    assert len(profile_pb2.Profile.FromString(response.content).sample) == 3


def test_a_merged_profile_of_nothing_is_the_empty_message(doors: Doors) -> None:
    request = querier_pb2.SelectMergeProfileRequest(profile_typeID=CPU, label_selector="{}", start=1, end=2)
    response = doors.query("SelectMergeProfile", request)
    assert (response.status_code, response.content) == (200, b"")


def test_a_timeline_has_points_in_milliseconds_and_only_the_labels_grouped_by(filled: Doors) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector="{}", step=15, groupBy=["service_name"])
    [first, second] = filled.query("SelectSeries", body).json()["series"]
    assert first["labels"] == [{"name": "service_name", "value": "api"}]
    [point] = second["points"]
    assert point["value"] == 4
    assert filled.now_ms <= int(point["timestamp"]) < filled.now_ms + 15_000
    assert filled.querier.asked[-1][2:] == (15_000, ("service_name",), None, False)


def sides(doors: Doors, left: object, right: object, **more: object) -> dict[str, object]:
    """Return a Diff of two services."""
    both = over_the_hour(doors, profileTypeID=CPU, **more)
    return {
        "left": both | {"labelSelector": f'{{service_name="{left}"}}'},
        "right": both | {"label_selector": f'{{service_name="{right}"}}'},
    }


def test_a_difference_is_the_same_in_both_codecs(filled: Doors) -> None:
    more = pprof(time_ns=filled.now_ms * 1_000_000 + 1)
    labels = {"__name__": "process_cpu", "service_name": "web"}
    assert filled.call(PUSH, push_request(more, labels=labels)).status_code == 200
    as_json = filled.query("Diff", sides(filled, "api", "web", maxNodes=7)).json()
    assert filled.querier.asked[-1][2] == 7
    graph = as_json["flamegraph"]
    assert (graph["total"], graph["leftTicks"], graph["rightTicks"], graph["maxSelf"]) == ("12", "4", "8", "4")
    assert graph["names"][:2] == ["total", "a"]
    assert [level["values"] for level in graph["levels"][:2]] == [
        ["0", "4", "0", "0", "8", "0", "0"],
        ["0", "4", "0", "0", "8", "0", "1"],
    ]
    request = querier_pb2.DiffRequest()
    for side, service in ((request.left, "api"), (request.right, "web")):
        side.profile_typeID, side.label_selector = CPU, f'{{service_name="{service}"}}'
        side.start, side.end = filled.now_ms - 3_600_000, filled.now_ms + 60_000
    answer = querier_pb2.DiffResponse.FromString(filled.query("Diff", request).content).flamegraph
    assert [list(map(str, level.values)) for level in answer.levels] == [level["values"] for level in graph["levels"]]
    assert (list(answer.names), answer.leftTicks, answer.rightTicks) == (graph["names"], 4, 8)


@pytest.mark.parametrize("missing", ["left", "right"])
def test_a_difference_needs_both_sides(filled: Doors, missing: str) -> None:
    body = sides(filled, "api", "web")
    assert filled.query("Diff", body).status_code == 200
    for bad in ({}, {"profileTypeID": "", "labelSelector": "{}"}):
        response = filled.query("Diff", body | {missing: bad})
        assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")
    del body[missing]
    assert filled.query("Diff", body).status_code == 400


def test_a_query_that_is_to_run_for_itself_is_refused(filled: Doors) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector="{}")
    for asked in ({"type": 1}, {"requestId": "x"}):
        response = filled.query("SelectMergeStacktraces", body | {"async": asked})
        assert (response.status_code, response.json()["code"]) == (501, "unimplemented")
    assert filled.query("SelectMergeStacktraces", body | {"async": {"type": 0}}).status_code == 200


def test_a_format_has_its_own_field_of_the_answer(filled: Doors) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector='{service_name="web"}')

    def answer(**more: object) -> dict[str, object]:
        response = filled.query("SelectMergeStacktraces", body | more)
        assert response.status_code == 200
        return response.json()

    assert answer() == answer(format="PROFILE_FORMAT_FLAMEGRAPH") == answer(format=1)
    tree = answer(format="PROFILE_FORMAT_TREE", maxNodes=100)
    assert list(tree) == ["tree"]
    assert filled.querier.asked[-1][0:3:2] == ("merge_tree", 100)
    decoded = decode_tree(base64.b64decode(str(tree["tree"])), 100)
    assert not isinstance(decoded, Rejection)
    assert sum(value for _, value in collapsed(decoded)) == 4
    dot = answer(format="PROFILE_FORMAT_DOT")
    assert list(dot) == ["dot"]
    assert str(dot["dot"]).startswith("digraph")
    pprof_answer = answer(format="PROFILE_FORMAT_PPROF", max_nodes=7)
    assert filled.querier.asked[-1][0:3:2] == ("merge_profile", 7)
    assert pprof_answer == {"pprof": {"profile": filled.query("SelectMergeProfile", body).json()}}


def test_formats_are_the_same_in_binary(filled: Doors) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector='{service_name="web"}')
    start_ms, end_ms = filled.now_ms - 3_600_000, filled.now_ms + 60_000
    request = querier_pb2.SelectMergeStacktracesRequest(
        profile_typeID=CPU, label_selector='{service_name="web"}', start=start_ms, end=end_ms
    )
    for number, field in ((2, "tree"), (3, "dot"), (4, "pprof")):
        request.format = number
        answer = querier_pb2.SelectMergeStacktracesResponse.FromString(
            filled.query("SelectMergeStacktraces", request).content
        )
        assert [one.name for one, _ in answer.ListFields()] == [field]
        as_json = filled.query("SelectMergeStacktraces", body | {"format": number}).json()
        assert json_format.MessageToDict(answer) == as_json


@pytest.mark.parametrize("number", [2, 3, 4])
def test_nothing_at_all_is_an_empty_answer_in_every_format(doors: Doors, number: int) -> None:
    body = over_the_hour(doors, profileTypeID=CPU, labelSelector="{}", format=number)
    answer = doors.query("SelectMergeStacktraces", body).json()
    assert answer == ({"pprof": {"profile": {}}} if number == 4 else {})


ZEROS = "0" * 32
BAD_CHOICES = [
    pytest.param({"profileIdSelector": ["x"]}, id="a profile id that is no UUID"),
    pytest.param({"profileIdSelector": ["7c9e6679-7425-40de-944b-e07fc1f90ae7\n"]}, id="more than a UUID"),
    pytest.param({"spanSelector": ["9a517183f26a089"]}, id="a span id of 15 digits"),
    pytest.param({"spanSelector": ["0x17183f26a089d0"]}, id="a span id that is no hex number"),
    pytest.param({"traceIdSelector": ["9a517183f26a089d"]}, id="a trace id of 16 digits"),
    pytest.param({"spanSelector": [ZEROS[:16]]}, id="the span id of nothing"),
    pytest.param({"traceIdSelector": [ZEROS]}, id="the trace id of nothing"),
    pytest.param({"spanSelector": ["1" * 16], "traceIdSelector": ["1" * 32]}, id="spans and traces"),
    pytest.param({"spanSelector": ["1" * 16] * 10_001}, id="too many spans"),
    pytest.param({"format": 9}, id="a format that is none"),
]


@pytest.mark.parametrize("choice", BAD_CHOICES)
def test_a_bad_choice_is_an_invalid_argument(filled: Doors, choice: dict[str, object]) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector="{}")
    response = filled.query("SelectMergeStacktraces", body | choice)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")


def test_a_choice_reaches_the_querier(filled: Doors) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector="{}")
    stacks = {"callSite": [{"name": "main"}, {"name": "a"}], "go_pgo": {"keepLocations": 5, "aggregateCallees": True}}
    uuids = ["7C9E6679-7425-40de-944b-e07fc1f90ae7", "7c9e6679742540de944be07fc1f90ae7"]

    def choice(method: str, more: dict[str, object]) -> SampleChoice:
        assert filled.query(method, body | more).status_code == 200
        selection = filled.querier.asked[-1][1]
        assert isinstance(selection, Selection)
        return selection.choice

    of_stacks = SampleChoice(call_site=("main", "a"), keep_locations=5, aggregate_callees=True)
    for method, more in (("SelectMergeStacktraces", {}), ("SelectMergeProfile", {}), ("SelectSeries", {"step": 15})):
        assert choice(method, {"stackTraceSelector": stacks} | more) == of_stacks
    ids = bytes.fromhex(uuids[1])
    assert choice("SelectMergeStacktraces", {"profileIdSelector": uuids}) == SampleChoice(profile_ids=(ids,))
    assert choice("SelectMergeProfile", {"profile_id_selector": uuids[:1]}) == SampleChoice(profile_ids=(ids,))
    spans = SampleChoice(spans=(0x9A517183F26A089D,))
    for method in ("SelectMergeStacktraces", "SelectMergeSpanProfile"):
        assert choice(method, {"spanSelector": ["9a517183f26a089d"]}) == spans


def test_a_span_profile_is_a_flame_graph_or_a_tree(filled: Doors) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector="{}", spanSelector=["9a517183f26a089d"])
    assert list(filled.query("SelectMergeSpanProfile", body | {"maxNodes": 9}).json()) == ["flamegraph"]
    assert filled.querier.asked[-1][2] == 9
    assert list(filled.query("SelectMergeSpanProfile", body | {"format": 2}).json()) == ["tree"]
    assert filled.query("SelectMergeSpanProfile", body | {"format": 4}).status_code == 501


HEATMAP_OF = {"step": 60, "groupBy": ["service_name"], "limit": 3, "queryType": "HEATMAP_QUERY_TYPE_SPAN"}


def test_a_heatmap_counts_in_buckets(filled: Doors) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector="{}", **HEATMAP_OF, exemplarType=2)
    (series,) = filled.query("SelectHeatmap", body).json()["series"]
    assert [sum(slot["counts"]) for slot in series["slots"]] == [1, 1]
    assert len(series["slots"][0]["yMin"]) == 20
    assert filled.querier.asked[-1][2:] == (60_000, ("service_name",), 3, "span", True)


@pytest.mark.parametrize(
    ("method", "change"),
    [
        *((method, change) for method in ("SelectHeatmap", "SelectSeries") for change in ({"limit": -1}, {"step": 0})),
        ("SelectHeatmap", {"queryType": 7}),
        ("SelectHeatmap", {"start": 5, "end": 5}),
        ("SelectHeatmap", {"labelSelector": ""}),
        ("SelectHeatmap", {"exemplarType": 9}),
        ("SelectSeries", {"exemplarType": 9}),
        ("SelectSeries", {"aggregation": 7}),
    ],
)
def test_a_bad_question_about_time_is_an_invalid_argument(
    filled: Doors, method: str, change: dict[str, object]
) -> None:
    good = over_the_hour(filled, profileTypeID=CPU, labelSelector="{}", step=60)
    assert filled.query(method, good).status_code == 200
    response = filled.query(method, good | change)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")


@pytest.mark.parametrize(
    ("step", "milliseconds"), [(0.001, 1), (15.1, 15_100), (0.0019, 1), (3599.9999999, 3_599_999), (3600, 3_600_000)]
)
def test_a_step_counts_whole_milliseconds(filled: Doors, step: float, milliseconds: int) -> None:
    body = over_the_hour(filled, profileTypeID=CPU, labelSelector="{}", step=step)
    assert filled.query("SelectSeries", body).status_code == 200
    assert filled.querier.asked[-1][2] == milliseconds


def test_statistics_say_whether_there_is_any_profile(doors: Doors, filled: Doors) -> None:
    answer = filled.query("GetProfileStats", {}).json()
    assert answer == {
        "dataIngested": True,
        "oldestProfileTime": str(filled.now_ms),
        "newestProfileTime": str(filled.now_ms),
    }
    filled.distributor.rows.clear()
    assert filled.query("GetProfileStats", {}).json() == {}


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        (f'{CPU}{{service_name="web"}}', "__profile_type__", CPU),
        ('{__name__="process_cpu"}', "__name__", "process_cpu"),
        ("", None, None),
    ],
)
def test_the_cost_of_a_query_is_told_by_scope(filled: Doors, query: str, name: str | None, value: str | None) -> None:
    answer = filled.query("AnalyzeQuery", over_the_hour(filled, query=query)).json()
    short, long = answer["queryScopes"]
    assert (short["componentType"], short["blockCount"], short["sampleCount"]) == ("Short term storage", "1", "4")
    assert (long["componentType"], long["profileBytes"]) == ("Long term storage", "6")
    impact = {"totalBytesInTimeRange": "11", "totalQueriedSeries": "2", "deduplicationNeeded": True}
    assert answer["queryImpact"] == impact
    selection = filled.querier.asked[-1][1]
    assert isinstance(selection, Selection)
    assert [(one.name, one.value) for one in selection.matchers][:1] == ([(name, value)] if name else [])


def test_the_cost_of_a_query_that_is_none_is_an_invalid_argument(filled: Doors) -> None:
    assert filled.query("AnalyzeQuery", over_the_hour(filled, query="{")).status_code == 400


def test_missing_sources_are_told_in_headers(filled: Doors) -> None:
    filled.querier.sources = SourceReport(
        ("ingester-1", "ingester-2"), (MissingSource("ingester-2", "no answer,\r\nin 5 s"),), complete=False
    )
    response = filled.query("LabelNames", over_the_hour(filled))
    assert response["Phlare-Complete"] == "false"
    assert response["Phlare-Sources-Missing"] == "ingester-2=no_answer___in_5_s"
    filled.querier.sources = SourceReport(("ingester-1",))
    response = filled.query("LabelNames", over_the_hour(filled))
    assert response["Phlare-Complete"] == "true"
    assert "Phlare-Sources-Missing" not in response


NUMBERS = {
    querier_pb2.SelectMergeStacktracesRequest: "profile_typeID=1 label_selector=2 start=3 end=4 max_nodes=5 format=6 "
    "stack_trace_selector=7 profile_id_selector=8 async_query=9 trace_id_selector=10 span_selector=11",
    querier_pb2.SelectMergeProfileRequest: "profile_typeID=1 label_selector=2 start=3 end=4 max_nodes=5 "
    "stack_trace_selector=6 profile_id_selector=7 trace_id_selector=8",
    querier_pb2.SelectSeriesRequest: "profile_typeID=1 label_selector=2 start=3 end=4 group_by=5 step=6 aggregation=7 "
    "stack_trace_selector=8 limit=9 exemplar_type=10",
    querier_pb2.SeriesRequest: "matchers=1 label_names=2 start=3 end=4",
    querier_pb2.SeriesResponse: "labels_set=2",
    querier_pb2.FlameGraph: "names=1 levels=2 total=3 max_self=4",
    querier_pb2.SelectMergeStacktracesResponse: "flamegraph=1 tree=2 dot=3 async_query=4 pprof=5",
    querier_pb2.AsyncQueryRequest: "request_id=1 type=2",
    querier_pb2.AsyncQueryResponse: "request_id=1 status=2 error_message=3",
    querier_pb2.SelectMergeSpanProfileRequest: "profile_typeID=1 label_selector=2 span_selector=3 start=4 end=5 "
    "max_nodes=6 format=7",
    querier_pb2.SelectMergeSpanProfileResponse: "flamegraph=1 tree=2",
    querier_pb2.SelectHeatmapRequest: "profile_typeID=1 label_selector=2 start=3 end=4 step=5 group_by=6 query_type=7 "
    "exemplar_type=8 limit=9",
    querier_pb2.SelectHeatmapResponse: "series=1",
    querier_pb2.DiffRequest: "left=1 right=2",
    querier_pb2.DiffResponse: "flamegraph=1",
    querier_pb2.FlameGraphDiff: "names=1 levels=2 total=3 max_self=4 leftTicks=5 rightTicks=6",
    querier_pb2.AnalyzeQueryRequest: "start=2 end=3 query=4",
    querier_pb2.AnalyzeQueryResponse: "query_scopes=1 query_impact=2",
    querier_pb2.QueryScope: "component_type=1 component_count=2 block_count=3 series_count=4 profile_count=5 "
    "sample_count=6 index_bytes=7 profile_bytes=8 symbol_bytes=9",
    querier_pb2.QueryImpact: "total_bytes_in_time_range=2 total_queried_series=3 deduplication_needed=4",
    types_pb2.HeatmapSeries: "labels=1 slots=2",
    types_pb2.HeatmapSlot: "timestamp=1 y_min=2 counts=3 exemplars=4",
    types_pb2.Exemplar: "timestamp=1 profile_id=2 span_id=3 value=4 labels=5 trace_id=6",
    types_pb2.GetProfileStatsResponse: "data_ingested=1 oldest_profile_time=2 newest_profile_time=3",
    types_pb2.ProfileType: "ID=1 name=2 sample_type=4 sample_unit=5 period_type=6 period_unit=7",
    types_pb2.LabelValuesRequest: "name=1 matchers=2 start=3 end=4",
    types_pb2.LabelNamesRequest: "matchers=1 start=2 end=3",
    types_pb2.Point: "value=1 timestamp=2 annotations=3 exemplars=4",
}


@pytest.mark.parametrize("message", NUMBERS, ids=lambda message: message.DESCRIPTOR.name)
def test_fields_have_the_numbers_of_the_wire(message: type) -> None:
    assert " ".join(f"{one.name}={one.number}" for one in message.DESCRIPTOR.fields) == NUMBERS[message]


def test_json_keeps_the_names_that_are_no_plain_camel_case() -> None:
    names = {one.json_name for one in querier_pb2.SelectMergeStacktracesRequest.DESCRIPTOR.fields}
    assert {"profileTypeID", "async", "labelSelector"} <= names
