"""A whole cluster: pushes through both doors are soon in the inbox, with their reasons, and on the metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.api.proto import push_pb2
from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import marked_profile

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

REST = "/api/v1/profiles?__name__=process_cpu&service_name="


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("inbox") / "data")
    made.start()
    made.wait_until_whole(3)
    yield made
    made.kill_everything()


def rows(cluster: Cluster, **parameters: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    status, body, _ = cluster.request("GET", f"/api/v1/inbox?{query}")
    assert status == 200, body
    found: list[dict[str, Any]] = json.loads(body)["rows"]
    return found


def only_row(cluster: Cluster, service: str) -> dict[str, Any]:
    """Wait for the row of a service, and return it."""
    wait_for(lambda: bool(rows(cluster, service_name=service)), 20, f"a row of {service}")
    (row,) = rows(cluster, service_name=service)
    return row


def test_a_profile_that_is_stored_is_shown_with_its_numbers(cluster: Cluster) -> None:
    body = marked_profile("stored")
    headers = {"User-Agent": "my-agent/2.1 (test)"}
    for _ in range(3):
        assert cluster.request("POST", f"{REST}good", body, headers)[0] == 200
    wait_for(
        lambda: [row["count"] for row in rows(cluster, service_name="good")] == [3], 20, "three pushes are one row"
    )
    row = only_row(cluster, "good")
    assert (row["verdict"], row["reason"], row["suspects"], row["words"]) == ("accepted", "", [], [])
    assert (row["door"], row["client"], row["version"]) == ("rest", "my-agent", "2.1")
    assert (row["samples"], row["series"], row["raw_bytes"]) == (1, 1, len(body))
    assert 0 <= row["skew_ms"] < 60_000


def test_a_profile_that_is_refused_is_shown_with_what_its_sender_was_told(cluster: Cluster) -> None:
    request = push_pb2.PushRequest()
    series = request.series.add()
    for name, value in (("__name__", "process_cpu"), ("service_name", "late"), ("otel.scope.name", "sdk")):
        series.labels.add(name=name, value=value)
    series.samples.add(raw_profile=marked_profile("late", time_ns=1_000_000_000_000_000_000))
    headers = {"Content-Type": "application/proto"}
    status, body, _ = cluster.request("POST", "/push.v1.PusherService/Push", request.SerializeToString(), headers)
    assert status == 400
    row = only_row(cluster, "late")
    assert (row["verdict"], row["reason"], row["limit"]) == ("rejected", "not_in_ingestion_window", "reject_older_than")
    assert row["words"][0] in json.loads(body)["message"]
    assert (row["door"], row["client"]) == ("push", "sdk")
    assert [one["service_name"] for one in rows(cluster, trouble="true", service_name="late")] == ["late"]


def test_a_profile_of_no_use_is_accepted_shown_and_counted(cluster: Cluster) -> None:
    assert cluster.request("POST", f"{REST}idle", marked_profile("idle", value=0))[0] == 200
    row = only_row(cluster, "idle")
    assert (row["verdict"], row["reason"], row["suspects"]) == ("empty", "empty_profile", ["all_zero"])
    assert row["words"]
    metrics = cluster.request("GET", "/metrics")[1].decode()
    assert 'phlare_suspect_profiles_total{reason="all_zero",tenant="anonymous"} 1.0' in metrics
