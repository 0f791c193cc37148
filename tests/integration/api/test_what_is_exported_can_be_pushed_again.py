"""A profile is pushed, exported in a format and pushed again through the door of that format: the stacks are the same.

Names that a format cannot carry are changed in the way docs/exports.md tells, and nothing is lost.
"""

from __future__ import annotations

import gzip
import json
import time
from urllib.parse import urlencode

import pytest

from ingest.profiles.exports.collapsed import frame_name
from tests.django.api.pprof import pprof
from tests.integration.cluster.cluster import Cluster, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
WALL = "wall:wall:nanoseconds:wall:nanoseconds"
STACKS = {
    ("main", "net/http.(*Server).Serve", "app.handle"): 7_000_000,
    ("main", "app.idle"): 3_000_000,
    ("main",): 11,
    ("app.py run", "<module>", "a b  c"): 5,
    ("名前", "été \U0001f525"): 13,
    ("main", "app.idle", "main", "app.idle"): 17,
    ("=cmd()", "</script>"): 19,
}
#: From a minute before the push; what is merged has the end for its time, which must not be too far ahead.
RANGE_MS = 540_000
#: Names that collapsed stacks cannot carry, and one that begins with a space.
AWKWARD = {("main", "a;b"): 23, ("main", "line\nend"): 29, (" leading", "trailing "): 31}

#: For each format: the door that takes it, and the profile type that comes of it there.
DOORS = {
    "pprof": ("/api/v1/profiles?service_name={name}", CPU),
    "speedscope": ("/ingest?name={name}&format=speedscope&sampleRate=1000000000", WALL),
    "tree": ("/ingest?name={name}.cpu&format=tree&sampleRate=1000000000", CPU),
    "collapsed": ("/ingest?name={name}.cpu&format=groups&sampleRate=1000000000", CPU),
    "otlp": ("/v1development/profiles", CPU),
}


@pytest.fixture(scope="module")
def start_ms(cluster: Cluster) -> int:
    """Push the profile that is exported; returns a moment before it."""
    now_ms = time.time_ns() // 1_000_000
    body = pprof(STACKS | AWKWARD, time_ns=now_ms * 1_000_000)
    status, answer, _ = cluster.request("POST", "/api/v1/profiles?service_name=original", body)
    assert status == 200, answer
    return now_ms - 60_000


def export(cluster: Cluster, start_ms: int, form: str, service: str, profile_type: str) -> bytes:
    query = {
        "query": f'{{service_name="{service}"}}', "profile_type": profile_type, "format": form,
        "from": start_ms, "until": start_ms + RANGE_MS,
    }  # fmt: skip
    status, content, _ = cluster.request("GET", f"/api/v1/export?{urlencode(query)}")
    assert status == 200, content
    return content


def stacks(cluster: Cluster, start_ms: int, service: str, profile_type: str) -> dict[tuple[str, ...], int]:
    """Return the stacks of a service as speedscope holds them, which carries any name."""
    document = json.loads(export(cluster, start_ms, "speedscope", service, profile_type))
    names = [frame["name"] for frame in document["shared"]["frames"]]
    [one] = document["profiles"]
    pairs = zip(one["samples"], one["weights"], strict=True)
    return {tuple(names[at] for at in sample): weight for sample, weight in pairs}


def types_of(cluster: Cluster, start_ms: int, service: str) -> list[str]:
    query = urlencode({"query": f'{{service_name="{service}"}}', "from": start_ms, "until": start_ms + RANGE_MS})
    status, content, _ = cluster.request("GET", f"/api/v1/labels/__profile_type__/values?{query}")
    assert status == 200, content
    names: list[str] = json.loads(content)["names"]
    return names


def carried(form: str) -> dict[tuple[str, ...], int]:
    """Return what a format can carry of the profile."""
    if form != "collapsed":
        return STACKS | AWKWARD
    found: dict[tuple[str, ...], int] = {}
    for names, value in (STACKS | AWKWARD).items():
        stack = tuple(frame_name(name) for name in names)
        found[stack] = found.get(stack, 0) + value
    return found


@pytest.mark.parametrize("form", list(DOORS))
def test_stacks_survive_the_way_out_and_in_again(cluster: Cluster, start_ms: int, form: str) -> None:
    content = export(cluster, start_ms, form, "original", CPU)
    address, _ = DOORS[form]
    service = f"again-{form}"
    headers = {"Content-Type": "application/octet-stream"}
    if form == "otlp":
        headers = {"Content-Type": "application/x-protobuf"}
        # The message says itself whose it is: as long as the other name, so that no length changes.
        service = "again-ot"
        assert content.count(b"original") == 1
        content = content.replace(b"original", service.encode())
    status, answer, _ = cluster.request("POST", address.format(name=service), content, headers=headers)
    assert status == 200, answer
    wait_for(lambda: bool(types_of(cluster, start_ms, service)), 30, f"{service} is seen")
    [profile_type] = types_of(cluster, start_ms, service)
    assert profile_type.split(":")[2] == "nanoseconds"
    assert stacks(cluster, start_ms, service, profile_type) == carried(form)


def test_a_file_of_pprof_is_packed(cluster: Cluster, start_ms: int) -> None:
    assert gzip.decompress(export(cluster, start_ms, "pprof", "original", CPU))


@pytest.mark.parametrize("form", ["svg", "html", "dot", "csv", "parquet"])
def test_what_is_only_to_look_at_is_made_of_real_data(cluster: Cluster, start_ms: int, form: str) -> None:
    assert len(export(cluster, start_ms, form, "original", CPU)) > 500


def test_profiles_drilldown_reads_what_was_pushed(cluster: Cluster, start_ms: int) -> None:
    """The calls of Grafana's app: JSON with both key styles, times in milliseconds, ``max-nodes``."""
    end_ms = start_ms + RANGE_MS

    def call(method: str, body: dict) -> dict:
        status, content, _ = cluster.request(
            "POST", f"/querier.v1.QuerierService/{method}", json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
        assert status == 200, content
        document: dict = json.loads(content)
        return document

    names = ["service_name", "__profile_type__"]
    found = call("Series", {"labelNames": names, "start": str(start_ms), "end": str(end_ms)})["labelsSet"]
    sets = [{one["name"]: one["value"] for one in labels["labels"]} for labels in found]
    assert {"service_name": "original", "__profile_type__": CPU} in sets
    query = f'{CPU}{{service_name="original"}}'
    asked = {"query": query, "from": start_ms, "until": end_ms, "max-nodes": 16384, "format": "json"}
    status, content, _ = cluster.request("GET", f"/pyroscope/render?{urlencode(asked)}")
    assert status == 200, content
    document = json.loads(content)
    assert document["flamebearer"]["numTicks"] == sum((STACKS | AWKWARD).values())
    assert sum(document["timeline"]["samples"]) == sum((STACKS | AWKWARD).values())
    sides = {
        f"{side}{name}": value
        for side in ("left", "right")
        for name, value in (("Query", query), ("From", start_ms), ("Until", end_ms))
    }
    status, content, _ = cluster.request("GET", f"/pyroscope/render-diff?{urlencode(sides | {'max-nodes': 16384})}")
    assert status == 200, content
    compared = json.loads(content)
    assert compared["leftTicks"] == compared["rightTicks"] == document["flamebearer"]["numTicks"]
    merged = call(
        "SelectMergeProfile",
        {
            "profile_typeID": CPU,
            "labelSelector": '{service_name="original"}',
            "start": start_ms,
            "end": end_ms,
            "stackTraceSelector": {"call_site": [{"name": "main"}]},
        },
    )
    assert sum(int(sample["value"][0]) for sample in merged["sample"]) == sum(
        value for names, value in (STACKS | AWKWARD).items() if names[0] == "main"
    )
