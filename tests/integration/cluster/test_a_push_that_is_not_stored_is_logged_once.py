"""The log of a real web process in JSON: each push that is refused or fails is one line with its tenant, the identifier
that its sender was told, and the reason; a push that is stored is none.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.api.proto import push_pb2
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import marked_profile

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

TENANT = {"X-Scope-OrgID": "team-a"}
HOUR_NS = 3_600 * 10**9


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(
        tmp_path_factory.mktemp("logs") / "data",
        arguments=("--ingesters=1",),
        environment={"PHLARE_MULTITENANCY_ENABLED": "1", "PHLARE_PUSH_DEADLINE_SECONDS": "0.5"},
    )
    made.start()
    made.wait_until_whole(1)
    yield made
    made.kill_everything()


def push_lines(cluster: Cluster) -> list[dict[str, Any]]:
    """The events about pushes; the supervisor puts the name of the process in front of each line."""
    events = [json.loads(line[line.index("{") :]) for line in cluster.log().splitlines() if '"event": "push_' in line]
    return [event for event in events if event["event"] in ("push_refused", "push_failed")]


def rest_push(cluster: Cluster, body: bytes) -> tuple[int, str]:
    """Push through the plain door; returns the status and the identifier in the answer."""
    status, answer, _ = cluster.request("POST", "/api/v1/profiles?__name__=cpu&service_name=logs", body, TENANT)
    return status, json.loads(answer).get("push_id", "")


def connect_push(cluster: Cluster, *profiles: bytes) -> tuple[int, str]:
    """Push as an agent does; returns the status and the identifier in the header."""
    request = push_pb2.PushRequest()
    series = request.series.add()
    for name, value in (("__name__", "cpu"), ("service_name", "logs")):
        series.labels.add(name=name, value=value)
    for raw in profiles:
        series.samples.add(raw_profile=raw)
    headers = {**TENANT, "Content-Type": "application/proto"}
    status, _, answered = cluster.request("POST", "/push.v1.PusherService/Push", request.SerializeToString(), headers)
    return status, {name.lower(): value for name, value in answered.items()}.get("phlare-push-id", "")


def new_line(cluster: Cluster, seen: int) -> dict[str, Any]:
    """Wait for the one line that follows the ``seen`` first ones."""
    wait_for(lambda: len(push_lines(cluster)) > seen, 10, "a line about the push is in the log")
    lines = push_lines(cluster)
    assert len(lines) == seen + 1, lines[seen:]
    return lines[-1]


def test_refusals_are_one_line_each_and_stored_pushes_none(cluster: Cluster) -> None:
    seen = len(push_lines(cluster))
    old = marked_profile("mark-old", time.time_ns() - 2 * HOUR_NS)
    good = marked_profile("mark-good")

    status, push_id = rest_push(cluster, good)
    assert (status, bool(push_id)) == (200, True)
    status, push_id = connect_push(cluster, good)
    assert (status, bool(push_id)) == (200, True)

    status, push_id = rest_push(cluster, old)
    line = new_line(cluster, seen)
    assert status == 400
    assert push_id
    assert (line["tenant"], line["push_id"], line["level"]) == ("team-a", push_id, "info")
    assert (line["event"], line["reason"]) == ("push_refused", "not_in_ingestion_window")
    assert "ingestion window" in line["message"]

    status, push_id = connect_push(cluster, old, good, b"\xff")
    line = new_line(cluster, seen + 1)
    assert status == 400
    assert push_id
    assert (line["tenant"], line["push_id"], line["reason"]) == ("team-a", push_id, "not_in_ingestion_window")
    assert (line["profiles"], line["refused"], line["failed"]) == (3, 2, 0)

    status, push_id = connect_push(cluster)
    line = new_line(cluster, seen + 2)
    assert (line["push_id"], line["reason"]) == (push_id, "no_profiles")

    status, _, _ = cluster.request(
        "POST",
        "/push.v1.PusherService/Push",
        b"not gzip",
        {**TENANT, "Content-Type": "application/proto", "Content-Encoding": "gzip"},
    )
    line = new_line(cluster, seen + 3)
    assert status == 400
    assert (line["tenant"], line["push_id"], line["reason"]) == ("team-a", "", "bad_gzip")


def test_a_push_without_its_quorum_is_a_warning_with_the_identifier_its_sender_was_told(cluster: Cluster) -> None:
    seen = len(push_lines(cluster))
    cluster.kill("ingester-0")
    status, push_id = connect_push(cluster, marked_profile("mark-lost"))
    line = new_line(cluster, seen)
    assert status == 503
    assert (line["event"], line["level"]) == ("push_failed", "warning")
    assert (line["tenant"], line["push_id"], line["failed"]) == ("team-a", push_id, 1)
    assert line["reason"] in ("deadline", "ingester_unavailable")
    cluster.wait_until_whole(1)
