"""Pyroscope's HTTP API for reading, as Profiles Drilldown, older pages and scripts ask it."""

from __future__ import annotations

import pytest
from django.http import HttpResponse

from ingest.profiles.exports.timeline import snapped, step_seconds, timeline
from tests.django.api.conftest import Doors
from tests.django.api.pprof import STACKS, pprof

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
HEAP = "memory:inuse_objects:count:space:bytes"
HOUR_MS = 3_600_000


@pytest.fixture
def filled(doors: Doors) -> Doors:
    moment_ms = doors.now_ms - HOUR_MS // 2
    for service, factor in (("web", 1), ("cart", 10)):
        stacks = {stack: value * factor for stack, value in STACKS.items()}
        body = pprof(stacks, time_ns=moment_ms * 1_000_000)
        doors.client.post(f"/api/v1/profiles?service_name={service}", body, content_type="application/x")
    return doors


def render(doors: Doors, name: str = "render", **parameters: object) -> HttpResponse:
    return doors.client.get(f"/pyroscope/{name}", parameters)


def range_of(doors: Doors) -> dict[str, int]:
    return {"from": doors.now_ms - HOUR_MS, "until": doors.now_ms}


def test_a_flame_graph_comes_with_its_timeline(filled: Doors) -> None:
    response = render(filled, query=CPU + '{service_name="web"}', **range_of(filled))
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/json"
    document = response.json()
    assert document["version"] == 1
    assert document["flamebearer"] == {
        "names": ["total", "a", "b", "c", "e", "d"],
        "levels": [[0, 4, 0, 0], [0, 4, 0, 1], [0, 1, 0, 2, 0, 3, 2, 3], [0, 1, 1, 4, 2, 1, 1, 5]],
        "numTicks": 4,
        "maxSelf": 2,
    }
    assert document["metadata"] == {
        "format": "single", "spyName": "", "sampleRate": 1_000_000_000, "units": "samples", "name": "cpu"
    }  # fmt: skip
    drawn = document["timeline"]
    assert (drawn["durationDelta"], drawn["watermarks"], len(drawn["samples"])) == (15, None, 240)
    assert sum(drawn["samples"]) == 4
    assert (document["groups"], document["heatmap"]) == (None, None)
    assert response["Phlare-Complete"] == "true"


def test_a_timeline_by_label_has_a_line_for_each_value(filled: Doors) -> None:
    document = render(filled, query=CPU + "{}", groupBy=["service_name", "region"], **range_of(filled)).json()
    assert {name: sum(line["samples"]) for name, line in document["groups"].items()} == {"web": 4, "cart": 40}
    assert sum(document["timeline"]["samples"]) == 0
    assert filled.querier.asked[-1][2:] == (15_000, ("service_name", "region"), 500, False)


def test_series_without_the_label_are_the_group_of_a_star(filled: Doors) -> None:
    document = render(filled, query=CPU + "{}", groupBy="region", **range_of(filled)).json()
    assert {name: sum(line["samples"]) for name, line in document["groups"].items()} == {"*": 44}
    assert sum(document["timeline"]["samples"]) == 44


@pytest.mark.parametrize(
    ("asked", "average"), [({"aggregation": "avg"}, True), ({"aggregation": "max"}, False), ({}, False)]
)
def test_what_is_no_aggregation_is_the_sum(filled: Doors, asked: dict, average: bool) -> None:
    render(filled, query=CPU + "{}", **asked, **range_of(filled))
    assert filled.querier.asked[-1][-1] is average


def test_no_data_is_a_document_without_names(filled: Doors) -> None:
    document = render(filled, query=CPU + '{service_name="nobody"}', **range_of(filled)).json()
    assert document["flamebearer"] == {"names": None, "levels": [], "numTicks": 0, "maxSelf": 0}
    assert set(document["timeline"]["samples"]) == {0}


def test_both_ends_are_now_when_nothing_is_said(filled: Doors) -> None:
    assert render(filled, query=CPU + "{}").status_code == 200
    selection = filled.querier.asked[0][1]
    assert selection.start_ms == pytest.approx(selection.end_ms, abs=1000)
    assert selection.end_ms == pytest.approx(filled.now_ms, abs=60_000)


@pytest.mark.parametrize(
    ("parameters", "nodes"),
    [
        ({}, 0), ({"max-nodes": "16384"}, 16384), ({"maxNodes": "7", "max-nodes": "9"}, 7), ({"maxNodes": "many"}, 0),
        ({"maxNodes": "0", "max-nodes": "9"}, 9), ({"maxNodes": "9" * 30}, 0), ({"maxNodes": "1.5"}, 0),
        ({"maxNodes": "\u0663"}, 0), ({"maxNodes": "-3"}, -3), ({"maxNodes": "+-3"}, 0),
    ],
)  # fmt: skip
def test_a_number_of_nodes_is_read_where_it_is_one(filled: Doors, parameters: dict, nodes: int) -> None:
    render(filled, query=CPU + "{}", **parameters, **range_of(filled))
    assert filled.querier.asked[0][2] == nodes


@pytest.mark.parametrize("times", [("seconds", 1000), ("milliseconds", 1), ("nanoseconds", 1_000_000)])
def test_times_are_told_by_their_digits(filled: Doors, times: tuple[str, int]) -> None:
    unit, scale = times
    start, end = filled.now_ms - HOUR_MS, filled.now_ms
    text = {"seconds": (start // scale, end // scale)}.get(unit, (start * scale, end * scale))
    document = render(filled, query=CPU + "{}", **{"from": text[0], "until": text[1]}).json()
    assert document["flamebearer"]["numTicks"] == 44


@pytest.mark.parametrize(
    "parameters",
    [
        {}, {"query": ""}, {"query": "{"}, {"query": '{service_name="web"}'}, {"query": "process_cpu{}"},
        {"query": CPU + "{}", "from": "0"}, {"query": CPU + "{}", "until": "0"},
    ],
    ids=["no query", "empty", "unreadable", "no type", "a name is no type", "from 0", "until 0"],
)  # fmt: skip
def test_a_query_that_cannot_be_answered_is_refused_as_json(filled: Doors, parameters: dict) -> None:
    response = render(filled, **parameters)
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_argument"


def test_a_type_may_stand_inside_of_the_braces(filled: Doors) -> None:
    document = render(filled, query=f'{{__name__="{CPU}", service_name="web"}}', **range_of(filled)).json()
    assert document["flamebearer"]["numTicks"] == 4


def test_a_call_graph_is_text_for_graphviz(filled: Doors) -> None:
    response = render(filled, query=CPU + '{service_name="web"}', format="dot", **range_of(filled))
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.startswith(b"digraph profile {")
    assert filled.querier.asked[-1][2] == 512
    render(filled, query=CPU + "{}", format="dot", maxNodes=900, **range_of(filled))
    assert filled.querier.asked[-1][2] == 900


def test_a_call_graph_of_nothing_is_empty_text(filled: Doors) -> None:
    response = render(filled, query=HEAP + "{}", format="dot", **range_of(filled))
    assert (response.status_code, response.content) == (200, b"")


def test_an_unknown_format_is_json(filled: Doors) -> None:
    assert render(filled, query=CPU + "{}", format="html", **range_of(filled)).json()["version"] == 1


def sides(doors: Doors, left: str = CPU, right: str = CPU) -> dict[str, object]:
    asked: dict[str, object] = {}
    for side, kind, service in (("left", left, "web"), ("right", right, "cart")):
        asked[f"{side}Query"] = f'{kind}{{service_name="{service}"}}'
        asked[f"{side}From"] = doors.now_ms - HOUR_MS
        asked[f"{side}Until"] = doors.now_ms
    return asked


def test_two_queries_are_one_document(filled: Doors) -> None:
    document = render(filled, "render-diff", **sides(filled), **{"max-nodes": 16384}).json()
    assert document["metadata"]["format"] == "double"
    assert (document["leftTicks"], document["rightTicks"], document["flamebearer"]["numTicks"]) == (4, 40, 44)
    assert document["flamebearer"]["levels"][1] == [0, 4, 0, 0, 40, 0, 1]
    assert document["timeline"] is None
    assert filled.querier.asked[-1][2] == 16384


def test_two_types_are_not_compared(filled: Doors) -> None:
    response = render(filled, "render-diff", **sides(filled, right=HEAP))
    assert response.status_code == 400
    assert "one profile type" in response.json()["message"]


@pytest.mark.parametrize("wrong", [{"leftQuery": ""}, {"rightQuery": "{}"}, {"leftFrom": "0"}, {"rightUntil": "0"}])
def test_a_side_that_is_missing_is_refused(filled: Doors, wrong: dict) -> None:
    assert render(filled, "render-diff", **(sides(filled) | wrong)).status_code == 400


@pytest.mark.parametrize(("label", "values"), [("service_name", ["cart", "web"]), ("__name__", [CPU]), ("nothing", [])])
def test_the_values_of_any_label_are_a_list(filled: Doors, label: str, values: list[str]) -> None:
    assert render(filled, "label-values", label=label).json() == values


def test_values_are_those_of_the_selected_series(filled: Doors) -> None:
    assert render(filled, "label-values", label="service_name", query='{service_name=~"w.*"}').json() == ["web"]


@pytest.mark.parametrize("parameters", [{}, {"label": ""}, {"label": "x", "query": "{"}])
def test_a_label_that_is_not_named_is_refused(filled: Doors, parameters: dict) -> None:
    assert render(filled, "label-values", **parameters).status_code == 400


@pytest.mark.parametrize("name", ["render", "render-diff", "label-values"])
def test_only_reading_is_allowed(doors: Doors, name: str) -> None:
    assert doors.client.post(f"/pyroscope/{name}").status_code == 405


@pytest.mark.parametrize(
    ("hours", "step"),
    [
        (0, 15),
        (1, 15),
        (6, 15),
        (7.2, 15),
        (24, 60),
        (7 * 24, 300),
        (30 * 24, 1800),
        (24 * 366, 21_600),
        (1e6, 86_400 * 30),
    ],
)
def test_steps_climb_a_ladder(hours: float, step: int) -> None:
    assert step_seconds(0, round(hours * HOUR_MS)) == step


def test_points_fall_into_steps_and_others_are_left_out() -> None:
    document = timeline([1_000, 20_000, 29_999, 30_000, 61_000, 75_000], [1.9, 2, 3, 4, 5, 6], 16_000, 61_000, 15)
    assert document == {"startTime": 15, "samples": [5, 4, 0], "durationDelta": 15, "watermarks": None}
    assert timeline([], [], 20_000, 20_000, 15)["samples"] == []
    assert snapped(29_999, 15) == 15_000
