"""JFR recordings through ``/ingest``, raw and as the form of the agent, up to the rows that are stored."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from tests.django.api.conftest import Doors
from tests.django.api.test_ingest import FORM, form, ingest
from tests.unit.profiles.formats.jfr.recording_writer import write_chunk

FOLDER = Path(__file__).parents[2] / "unit" / "profiles" / "formats" / "jfr" / "recordings"
PACKED = (FOLDER / "agent.jfr.gz").read_bytes()
PLAIN = gzip.decompress(PACKED)
LABELS = (FOLDER / "agent.labels").read_bytes()
NAME = "java-app{region=eu-west,otel.scope.name=com.grafana.pyroscope/java}"

#: Of the profile types, each with its period type, the sum of its values in the recording.
SUMS = {
    "process_cpu:cpu:nanoseconds:cpu:nanoseconds": 118 * 10_000_000,
    "memory:alloc_in_new_tlab_objects:count:space:bytes": 316,
    "memory:alloc_in_new_tlab_bytes:bytes:space:bytes": 1_325_400_064,
    "mutex:contentions:count:mutex:count": 5,
    "mutex:delay:nanoseconds:mutex:count": 40_159_456,
    "block:contentions:count:block:count": 11,
    "block:delay:nanoseconds:block:count": 19_012_539,
}


def sums(doors: Doors) -> dict[str, int]:
    found: Counter[str] = Counter()
    for row in doors.distributor.rows:
        found[dict(row.labels)["__profile_type__"]] += sum(row.stacks.values())
    return dict(found)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(PLAIN, "", id="raw"),
        pytest.param(PACKED, "application/octet-stream", id="raw and gzipped"),
        pytest.param(form(("jfr", PLAIN)), FORM, id="a form without labels"),
        pytest.param(form(("jfr", PACKED), ("labels", gzip.compress(LABELS))), FORM, id="the form of the agent"),
        pytest.param(form(("labels", LABELS), ("jfr", PACKED)), FORM, id="the labels first"),
    ],
)
def test_a_recording_is_stored_with_every_type_and_sum(doors: Doors, body: bytes, content_type: str) -> None:
    response = ingest(doors, body, content_type, name=NAME, format="jfr", spyName="javaspy", sampleRate="100")

    assert (response.status_code, response.content) == (200, b"")
    assert sums(doors) == SUMS
    [(_, series)] = doors.distributor.pushes
    assert Counter(dict(one.labels)["__name__"] for one in series) == {
        "process_cpu": 1,
        "memory": 1,
        "mutex": 1,
        "block": 1,
    }
    for one in series:
        assert dict(one.labels) | {"__name__": ""} == {
            "__name__": "", "service_name": "java-app", "region": "eu-west", "pyroscope_spy": "javaspy",
            "otel.scope.name": "com.grafana.pyroscope/java", "jfr_event": "itimer", "__delta__": "false",
        }  # fmt: skip


def test_a_recording_of_a_program_that_did_nothing_is_told_as_empty(doors: Doors) -> None:
    response = ingest(doors, write_chunk([]), "", name=NAME, format="jfr")

    assert response.status_code == 200
    assert len(doors.distributor.pushes) == 1
    assert doors.distributor.rows == []


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (PLAIN[:-1], "", f"the chunk at byte 0 says it has {len(PLAIN)} bytes"),
        (form(("labels", LABELS)), FORM, "the form has no part named jfr"),
        (form(("jfr", PACKED), ("labels", b"\x0b")), FORM, "not a LabelsSnapshot message"),
        (PACKED[:-1], "", "gzip data is cut off"),
    ],
)
def test_what_cannot_be_read_is_422_with_what_and_where(
    doors: Doors, body: bytes, content_type: str, message: str
) -> None:
    response = ingest(doors, body, content_type, name=NAME, format="jfr")

    assert response.status_code == 422
    assert message in response.json()["message"]
    assert doors.distributor.rows == []
