"""Files of any known format are stored by one address and drawn by another."""

from __future__ import annotations

import dataclasses
import gzip
import json

import pytest
from django.conf import settings as current

from ingest.distributor.types import ItemResult, Outcome
from ingest.profiles.reasons import Reason
from tests.django.api.conftest import Doors
from tests.django.api.pprof import STACKS, pprof
from tests.django.api.test_ingest import FORM, form
from tests.unit.profiles.formats.importing import recording
from tests.unit.profiles.pprof.pprof_model import Profile, Sample


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"a;b 3\n", "application/x-www-form-urlencoded"),
        (gzip.compress(b"a;b 3\n"), "application/octet-stream"),
        (form(("file", b"a;b 3\n")), FORM),
        (form(("anything", b"a;b 3\n")), FORM),
        (form(("other", b"x"), ("file", b"a;b 3\n")), FORM),
    ],
)
def test_a_file_is_stored_however_it_is_sent(doors: Doors, body: bytes, content_type: str) -> None:
    address = "api/v1/upload?service_name=web&region=eu&type=wall&sample_rate=100"
    response = doors.post(address, body, content_type)
    assert response.status_code == 200, response.content
    answer = response.json()
    assert (answer["format"], answer["empty"], len(answer["stored"])) == ("collapsed", False, 1)
    [(_, [series])] = doors.distributor.pushes
    assert dict(series.labels) == {"__name__": "wall", "service_name": "web", "region": "eu"}
    [row] = doors.distributor.rows
    assert row.stacks == {("a", "b"): 30_000_000}


def test_the_senders_labels_come_before_the_files(doors: Doors) -> None:
    doors.post("api/v1/upload?__name__=mine&stacks=x", recording("cprofile.pstats"), "")
    [(_, [series])] = doors.distributor.pushes
    assert dict(series.labels) == {"__name__": "mine", "stacks": "x"}


def test_several_profiles_of_a_file_are_one_push(doors: Doors) -> None:
    response = doors.post("api/v1/upload", recording("austin-full.austin"), "")
    assert response.json()["format"] == "austin"
    [(_, series)] = doors.distributor.pushes
    assert [dict(one.labels)["__name__"] for one in series] == ["wall", "process_cpu", "memory"]


def test_the_time_that_was_said_is_the_profiles(doors: Doors) -> None:
    doors.post("api/v1/upload?time=1700000000", pprof(time_ns=5 * 10**17), "")
    assert doors.distributor.rows[0].time_ms == 1_700_000_000_000


@pytest.mark.parametrize("address", ["upload", "inspect"])
@pytest.mark.parametrize(
    ("body", "query", "status", "reason"),
    [
        (b"", "", 400, "no_profiles"),
        (b"hello", "", 400, "malformed_profile"),
        (b"a 1\n", "format=svg", 400, "bad_request"),
        (b"a 1\n", "format=pstats", 400, "malformed_profile"),
        (b"a 1\n", "type=furlongs", 400, "bad_request"),
        (b"a 1\n", "sample_rate=x", 400, "bad_request"),
        (b"a 1\n", "sample_rate=-1", 400, "bad_request"),
        (b"x" * ((32 << 20) + 1), "", 413, "body_too_large"),
    ],
)
def test_what_is_refused(doors: Doors, address: str, body: bytes, query: str, status: int, reason: str) -> None:
    response = doors.post(f"api/v1/{address}?{query}", body, "application/octet-stream")
    assert (response.status_code, response.json()["reason"]) == (status, reason)
    assert doors.distributor.pushes == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "this looks like collapsed, but line 3 ends in 'x', which is not a count"),
        ("?format=collapsed", "line 3 ends in 'x', which is not a count"),
    ],
)
def test_a_broken_file_is_told_what_it_was_taken_for_and_where_it_breaks(
    doors: Doors, query: str, message: str
) -> None:
    assert doors.post(f"api/v1/inspect{query}", b"a;b 1\na;c 2\na;d x\n", "").json()["message"] == message


def test_a_refusal_of_the_distributor_is_told(doors: Doors) -> None:
    doors.distributor.script = [ItemResult(0, 0, Outcome.REJECTED, Reason.NOT_IN_INGESTION_WINDOW, "too old")]
    response = doors.post("api/v1/upload", b"a 1\n", "")
    assert (response.status_code, response.json()["reason"]) == (400, "not_in_ingestion_window")


def test_an_empty_form_holds_no_file(doors: Doors) -> None:
    assert doors.post("api/v1/upload", form(), FORM).json()["reason"] == "no_profiles"


def test_a_broken_form_is_refused(doors: Doors) -> None:
    assert doors.post("api/v1/upload", form(("file", b"a 1"))[:-5], FORM).json()["reason"] == "bad_request"


# ------------------------------------------------------------------------------------------------------------- inspect


def test_what_pushing_would_leave_out_is_counted(doors: Doors) -> None:
    samples = [Sample((("main", "a.py", 1),), (value,)) for value in (7, -3, -2)]
    answer = doors.post("api/v1/inspect", Profile(samples).encode(), "").json()
    assert (answer["dropped"], answer["profiles"][0]["total"]) == ({"negative_samples": 2}, 7)


def test_a_file_is_drawn_and_not_kept(doors: Doors) -> None:
    answer = doors.post("api/v1/inspect", pprof(time_ns=1), "").json()
    assert (answer["format"], answer["left_out"], answer["dropped"]) == ("pprof", 0, {})
    [graph] = answer["profiles"]
    assert graph["profile_type"] == "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
    assert (graph["unit"], graph["samples"], graph["total"]) == ("nanoseconds", len(STACKS), sum(STACKS.values()))
    assert graph["names"][0] == "total"
    assert graph["levels"][0] == [0, 4, 0, 0]
    assert doors.distributor.pushes == []


def test_every_type_of_every_profile_is_drawn(doors: Doors) -> None:
    answer = doors.post("api/v1/inspect", recording("memray.csv"), "").json()
    assert [(one["profile_type"], one["total"]) for one in answer["profiles"]] == [
        ("memory:inuse_objects:count::", 94),
        ("memory:inuse_space:bytes::", 3_384_242),
    ]
    two = doors.post("api/v1/inspect", recording("py-spy.speedscope.json"), "").json()["profiles"]
    assert [one["labels"]["profile_name"] for one in two] == ['Thread 13196 ""', 'Thread 13199 "other"']


def test_more_graphs_than_an_answer_has_are_counted(doors: Doors) -> None:
    file = json.loads(recording("py-spy.speedscope.json"))
    file["profiles"] = [{**file["profiles"][0], "name": str(number)} for number in range(40)]
    answer = doors.post("api/v1/inspect", json.dumps(file).encode(), "").json()
    assert (len(answer["profiles"]), answer["left_out"]) == (32, 8)


def test_a_graph_is_cut_to_the_nodes_asked_for(doors: Doors) -> None:
    body = b"".join(b"f%d %d\n" % (number, number) for number in range(1, 100))
    whole = doors.post("api/v1/inspect", body, "").json()["profiles"][0]
    cut = doors.post("api/v1/inspect?max_nodes=10", body, "").json()["profiles"][0]
    assert (len(whole["names"]), whole["total"], cut["total"]) == (100, 4950, 4950)
    assert len(cut["names"]) < 15
    too_many = doors.post(f"api/v1/inspect?max_nodes={1 << 30}", body, "")
    assert (too_many.status_code, too_many.json()["reason"]) == (400, "flamegraph_limit")


def test_what_pushing_would_refuse_is_refused(doors: Doors) -> None:
    too_many = b"".join(b"f%d 1\n" % number for number in range(16_001))
    assert doors.post("api/v1/inspect", too_many, "").json()["reason"] == "samples_limit"


def test_with_many_tenants_one_must_be_named(doors: Doors, settings: object) -> None:
    settings.INGEST = dataclasses.replace(current.INGEST, multitenancy_enabled=True)  # type: ignore[attr-defined]
    for address in ("upload", "inspect"):
        assert doors.post(f"api/v1/{address}", b"a 1\n", "").status_code == 401
