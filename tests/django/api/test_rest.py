"""The REST routes: pushing with nothing but curl, reading back, and errors a person can act on."""

from __future__ import annotations

import gzip
from urllib.parse import parse_qsl

import pytest
from django.http import HttpResponse

from ingest.api.proto import profile_pb2
from ingest.api.rest.time_range import parse_duration_ms, parse_time_ms
from ingest.distributor.types import ItemResult, Outcome
from ingest.profiles.formats.metric_name import metric_name
from ingest.profiles.reasons import Reason
from ingest.profiles.sample_choice import ExemplarKind, SampleChoice
from ingest.querier.types import MissingSource, Selection, SourceReport, Unavailable
from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.django.api.test_push_connect import PUSH, push_request

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"


def send(doors: Doors, body: bytes, query: str = "service_name=web&region=eu", **headers: str) -> HttpResponse:
    kind = headers.pop("type", "application/x-www-form-urlencoded")
    return doors.client.post(f"/api/v1/profiles?{query}", body, content_type=kind, headers=headers)


@pytest.mark.parametrize("body", [pprof(), gzip.compress(pprof())], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/octet-stream", "text/plain"])
def test_a_profile_is_stored_whatever_its_content_type(doors: Doors, body: bytes, kind: str) -> None:
    response = send(doors, body, type=kind)
    assert response.status_code == 200, response.content
    answer = response.json()
    assert answer["push_id"]
    assert (answer["rejected"], answer["empty"], answer["stored"][0]["samples"]) == ([], False, 3)
    [row] = doors.distributor.rows
    labels = dict(row.labels)
    assert (labels["service_name"], labels["region"], labels["__profile_type__"]) == ("web", "eu", CPU)


def test_a_content_encoding_around_a_gzipped_profile_is_undone(doors: Doors) -> None:
    body = gzip.compress(gzip.compress(pprof()))
    assert send(doors, body, **{"Content-Encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize(
    ("sample_types", "name"),
    [
        (["samples", "cpu"], "process_cpu"),
        (["cpu"], "process_cpu"),
        (["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"], "memory"),
        (["objects", "space"], "memory"),
        (["contentions", "delay"], "mutex"),
        (["block_count"], "block"),
        (["goroutine"], "goroutines"),
        (["samples", "wall"], "wall"),
        (["first", "strange"], "strange"),
    ],
)
def test_a_profile_without_a_name_is_named_after_its_sample_types(sample_types: list[str], name: str) -> None:
    assert metric_name(sample_types) == name


def test_a_name_in_the_address_is_kept(doors: Doors) -> None:
    send(doors, pprof(), "__name__=mine&service_name=web")
    assert dict(doors.distributor.rows[0].labels)["__name__"] == "mine"


@pytest.mark.parametrize(
    ("body", "query", "headers", "status", "reason"),
    [
        pytest.param(b"", "", {}, 400, "no_profiles", id="no body"),
        pytest.param(b"not a profile", "", {}, 400, "malformed_profile", id="not a profile"),
        pytest.param(gzip.compress(pprof())[:-4], "", {}, 400, "bad_gzip", id="gzip cut off"),
        pytest.param(pprof(sample_types=()), "", {}, 400, "malformed_profile", id="no sample type"),
        pytest.param(pprof(), "a=1&a=2&service_name=x", {}, 400, "duplicate_label_names", id="a label twice"),
        pytest.param(pprof(), "a=1", {"Content-Encoding": "br"}, 501, "unsupported_encoding", id="brotli"),
        pytest.param(b"x" * (5 << 20), "", {}, 413, "body_too_large", id="too large"),
        pytest.param(gzip.compress(b"x" * (5 << 20)), "", {}, 400, "profile_size_limit", id="too large when unpacked"),
    ],
)
def test_a_refusal_says_code_reason_and_message(
    doors: Doors, body: bytes, query: str, headers: dict[str, str], status: int, reason: str
) -> None:
    response = send(doors, body, query, **headers)
    error = response.json()
    assert (response.status_code, error["reason"]) == (status, reason)
    assert error["code"]
    assert error["message"]
    assert doors.distributor.rows == []


def test_a_profile_of_which_a_part_was_refused_answers_200_and_says_which(doors: Doors) -> None:
    doors.distributor.script = [
        ItemResult(
            0, 0, Outcome.REJECTED, Reason.LABEL_VALUE_TOO_LONG, "too long", ("id-1",), samples=2, series_count=1
        )
    ]
    response = send(doors, pprof())
    assert response.status_code == 200
    assert response.json()["stored"] == [{"profile_ids": ["id-1"], "samples": 2, "series": 1}]
    assert response.json()["rejected"] == [{"reason": "label_value_too_long", "message": "too long"}]


def test_a_profile_that_a_quorum_refuses_answers_400_at_both_doors(doors: Doors) -> None:
    doors.distributor.script = [ItemResult(0, 0, Outcome.REJECTED, Reason.OUT_OF_ORDER, "send it sooner")]
    response = send(doors, pprof())
    error = response.json()
    assert (response.status_code, error["code"], error["reason"]) == (400, "invalid_argument", "out_of_order")
    response = doors.call(PUSH, push_request(pprof()))
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")
    assert "out_of_order: send it sooner" in response.json()["message"]
    assert "Retry-After" not in response


def test_a_profile_without_values_answers_200_and_says_that_it_was_empty(doors: Doors) -> None:
    answer = send(doors, pprof({("a",): 0})).json()
    assert (answer["stored"], answer["rejected"], answer["empty"]) == ([], [], True)


def test_a_failure_of_the_server_answers_503_with_the_time_to_wait(doors: Doors) -> None:
    doors.distributor.script = [ItemResult(0, 0, Outcome.FAILED, Reason.DEADLINE, "no quorum")]
    doors.distributor.retry_after_seconds = 9
    response = send(doors, pprof())
    assert (response.status_code, response["Retry-After"], response.json()["code"]) == (503, "9", "unavailable")


@pytest.fixture
def filled(doors: Doors) -> Doors:
    for service in ("api", "web"):
        assert send(doors, pprof(time_ns=doors.now_ms * 1_000_000), f"service_name={service}").status_code == 200
    return doors


def test_every_answer_names_its_sources(filled: Doors) -> None:
    filled.querier.sources = SourceReport(("a", "b"), (MissingSource("b", "timeout"),), complete=False)
    for path in ("profile-types", "labels", "labels/service_name/values", "series"):
        answer = filled.get(path).json()
        assert answer["sources"] == {
            "asked": ["a", "b"], "missing": [{"name": "b", "reason": "timeout"}], "complete": False
        }  # fmt: skip
    for path in ("flamegraph", "timeline"):
        answer = filled.get(path, query=CPU + "{}").json()
        assert (answer["sources"]["complete"], answer["profiles"], answer["unit"]) == (False, 2, "nanoseconds")
    download = filled.get("profile", query=CPU + "{}")
    assert download["Phlare-Complete"] == "false"


def test_metadata_is_listed(filled: Doors) -> None:
    assert filled.get("profile-types").json()["profile_types"][0]["id"] == CPU
    assert "service_name" in filled.get("labels").json()["names"]
    assert filled.get("labels/service_name/values").json()["names"] == ["api", "web"]
    series = filled.get("series", query='{service_name="web"}', labels="service_name, __name__").json()["series"]
    assert series == [{"service_name": "web", "__name__": "process_cpu"}]


@pytest.mark.parametrize(
    "parameters",
    [
        {"query": CPU + '{service_name="web"}'},
        {"query": '{service_name="web"}', "profile_type": CPU},
        {"query": CPU + '{service_name="web"}', "profile_type": CPU},
    ],
)
def test_the_profile_type_may_stand_in_the_query_or_beside_it(filled: Doors, parameters: dict[str, str]) -> None:
    answer = filled.get("flamegraph", **parameters).json()
    assert (answer["total"], answer["profiles"], answer["levels"][0]) == (4, 1, [0, 4, 0, 0])


IDS = ["00112233-4455-6677-8899-aabbccddeeff", "F0112233445566778899aabbccddeeff"]


@pytest.mark.parametrize("path", ["flamegraph", "top", "export?format=csv"])
def test_profiles_spans_and_a_call_site_are_chosen_by_repeated_parameters(filled: Doors, path: str) -> None:
    chosen = {"profile_id": IDS, "span": ["000000000000002a"], "call_site": ["main", "a,b"]}
    path, _, rest = path.partition("?")
    assert filled.get(path, query=CPU, **chosen, **dict(parse_qsl(rest))).status_code == 200
    selection = filled.querier.asked[-1][1]
    assert isinstance(selection, Selection)
    assert selection.choice == SampleChoice(
        profile_ids=(bytes.fromhex(IDS[0].replace("-", "")), bytes.fromhex(IDS[1])),
        spans=(42,),
        call_site=("main", "a,b"),
    )


def test_a_heatmap_counts_and_names_the_largest(filled: Doors) -> None:
    answer = filled.get("heatmap", query=CPU, step="15s", counted="span").json()
    assert (answer["unit"], answer["step_ms"], len(answer["floors"])) == ("nanoseconds", 15_000, 20)
    assert [sum(slot["counts"]) for slot in answer["slots"]] == [1, 1]
    assert answer["slots"][0]["exemplars"] == [
        {
            "time_ms": filled.now_ms,
            "profile_id": "00000000-0000-0000-0000-000000000007",
            "span_id": "000000000000002a",
            "value": 4,
            "labels": {"service_name": "api"},
        }
    ]
    assert filled.querier.asked[-1][-2:] == (ExemplarKind.SPAN, True)


def test_a_download_is_a_gzipped_pprof(filled: Doors) -> None:
    response = filled.get("profile", query=CPU + '{service_name="web"}')
    assert "profile.pb.gz" in response["Content-Disposition"]
    assert len(profile_pb2.Profile.FromString(gzip.decompress(response.content)).sample) == 3


def test_a_timeline_groups_and_picks_a_step(filled: Doors) -> None:
    answer = filled.get("timeline", query=CPU, until=filled.now_ms + 60_000, group_by="service_name").json()
    assert answer["step_ms"] == 60_000
    assert [one["labels"] for one in answer["series"]] == [{"service_name": "api"}, {"service_name": "web"}]
    assert answer["series"][0]["values"] == [4.0]
    assert filled.get("timeline", query=CPU, step="5s").json()["step_ms"] == 5_000


@pytest.mark.parametrize(
    ("path", "parameters", "reason"),
    [
        ("flamegraph", {}, "bad_request"),
        ("flamegraph", {"query": "{}"}, "bad_request"),
        ("flamegraph", {"query": "{"}, "bad_selector"),
        ("flamegraph", {"query": CPU + "{}", "profile_type": "a:b:c:d:e"}, "bad_request"),
        ("flamegraph", {"profile_type": "cpu"}, "bad_request"),
        ("flamegraph", {"query": CPU, "max_nodes": "-1"}, "bad_request"),
        ("flamegraph", {"query": CPU, "max_nodes": "many"}, "bad_request"),
        ("flamegraph", {"query": CPU, "max_nodes": "9" * 5000}, "bad_request"),
        ("flamegraph", {"query": CPU, "from": "yesterday"}, "bad_request"),
        ("flamegraph", {"query": CPU, "from": "1700000000"}, "bad_request"),
        ("flamegraph", {"query": CPU, "from": "now", "until": "now-1h"}, "invalid_time_range"),
        ("flamegraph", {"query": "\x00"}, "bad_request"),
        ("flamegraph", {"query": CPU, "profile_id": "1"}, "bad_request"),
        ("flamegraph", {"query": CPU, "profile_id": ["0" * 32] * 501}, "bad_request"),
        ("flamegraph", {"query": CPU, "span": "0" * 16}, "bad_request"),
        ("flamegraph", {"query": CPU, "span": "0" * 15 + "g"}, "bad_request"),
        ("flamegraph", {"query": CPU, "span": "a" * 17}, "bad_request"),
        ("flamegraph", {"query": CPU, "profile_id": "no-" + IDS[0]}, "bad_request"),
        ("flamegraph", {"query": CPU, "call_site": "a" * 5000}, "bad_request"),
        ("heatmap", {"query": CPU, "counted": "none"}, "bad_request"),
        ("timeline", {"query": CPU, "step": "0s"}, "bad_request"),
        ("timeline", {"query": CPU, "step": "often"}, "bad_request"),
        ("timeline", {"query": CPU, "limit": "-2"}, "bad_request"),
        ("labels", {"from": "now+1h"}, "bad_request"),
        ("profile", {}, "bad_request"),
    ],
)
def test_a_bad_parameter_is_named(filled: Doors, path: str, parameters: dict[str, str], reason: str) -> None:
    response = filled.get(path, **parameters)
    assert response.status_code == 400, response.content
    assert (response.json()["code"], response.json()["reason"]) == ("invalid_argument", reason)
    assert response.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("get", "profiles", 405), ("post", "labels", 405), ("get", "nothing", 404), ("post", "nothing/at/all", 404)],
)
def test_wrong_methods_and_addresses_are_told_in_json(doors: Doors, method: str, path: str, status: int) -> None:
    response = getattr(doors.client, method)(f"/api/v1/{path}")
    assert response.status_code == status
    assert set(response.json()) == {"code", "reason", "message"}


def test_when_nobody_can_be_asked_the_answer_is_503(filled: Doors) -> None:
    filled.querier.refuse = Unavailable("no ring")
    response = filled.get("labels")
    assert (response.status_code, response.json()["message"]) == (503, "no ring")
    assert response["Retry-After"]


def test_a_bug_answers_500_in_json_without_its_text(filled: Doors) -> None:
    filled.querier.refuse = RuntimeError("secret detail")
    response = filled.get("labels")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert "secret" not in response.content.decode()


@pytest.mark.parametrize(
    ("text", "moment_ms"),
    [
        ("now", 1_700_000_000_000),
        ("now-90s", 1_699_999_910_000),
        ("now-1w", 1_699_395_200_000),
        ("1600000000000", 1_600_000_000_000),
        ("now-999999999w", 1),
    ],
)
def test_times_are_read(text: str, moment_ms: int) -> None:
    assert parse_time_ms(text, 1_700_000_000_000) == moment_ms


@pytest.mark.parametrize(
    "text", ["", " now", "now-", "now-1", "now-1h30m", "now+1h", "now-1y", "1e12", "-5", "1600000000", "٣" * 13]
)
def test_times_that_are_typing_errors_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is neither|before 1973"):
        parse_time_ms(text, 1_700_000_000_000)


def test_durations_have_a_unit() -> None:
    assert [parse_duration_ms(text) for text in ("250ms", "15s", "2d")] == [250, 15_000, 172_800_000]
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration_ms("15")
