"""What operators and orchestrators ask, and the description of the API."""

from __future__ import annotations

import re

import pytest
from pytest_django import Settings

from ingest import wiring
from ingest.api import documentation
from ingest.api.proto import push_pb2
from ingest.api.urls import urlpatterns
from tests.django.api.conftest import Doors


def test_ready_says_ready(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "readiness", list)
    response = doors.client.get("/ready")
    assert (response.status_code, response.content) == (200, b"ready")


def test_not_ready_says_what_is_missing(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "readiness", lambda: ["no ingester is ACTIVE", "Redis does not answer"])
    response = doors.client.get("/ready")
    assert (response.status_code, response.content) == (503, b"no ingester is ACTIVE\nRedis does not answer\n")


def test_healthz_answers_whatever_the_state(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "readiness", lambda: ["everything"])
    assert doors.client.get("/healthz").status_code == 200


def test_buildinfo_has_the_keys_clients_read(doors: Doors) -> None:
    answer = doors.client.get("/api/v1/status/buildinfo").json()
    assert answer["status"] == "success"
    assert {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"} <= set(answer["data"])
    assert re.match(r"\d", answer["data"]["version"])


def test_metrics_count_requests_by_route_and_status(doors: Doors) -> None:
    doors.call("push.v1.PusherService/Push", push_pb2.PushRequest())
    doors.get("labels/some_label/values")
    page = doors.client.get("/metrics")
    assert page["Content-Type"].startswith("text/plain")
    text = page.content.decode()
    assert 'route="/push.v1.PusherService/Push",status_code="400"' in text
    assert "some_label" not in text
    assert 'pyroscope_discarded_samples_total{reason="no_profiles",tenant="anonymous"}' in text
    newer = doors.client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert newer["Content-Type"].startswith("application/openmetrics-text")


@pytest.mark.parametrize("path", ["/ready", "/healthz", "/metrics", "/api/v1/openapi.json", "/api/docs"])
def test_pages_of_operators_are_only_read(doors: Doors, path: str) -> None:
    assert doors.client.post(path).status_code == 405


def test_the_description_names_every_rest_route_once(doors: Doors) -> None:
    document = doors.client.get("/api/v1/openapi.json").json()
    routes = [
        "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(one.pattern))
        for one in urlpatterns
        if getattr(getattr(one.callback, "cls", None), "schema", None) is not None
    ]
    assert {"/api/v1/profiles", "/api/v1/labels/{name}/values", "/pyroscope/render"} <= set(routes)
    assert sorted(document["paths"]) == sorted(routes)
    over_time = {"query", "profile_type", "from", "until", "step"}
    for path, more in (("timeline", {"group_by", "limit"}), ("heatmap", {"counted"})):
        names = {one["name"] for one in document["paths"][f"/api/v1/{path}"]["get"]["parameters"]}
        assert names == over_time | more, path


def test_the_documentation_is_a_page_without_anything_from_elsewhere(doors: Doors) -> None:
    page = doors.client.get("/api/docs").content.decode()
    assert "/api/v1/flamegraph" in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_the_description_says_where_on_its_host_the_site_is(doors: Doors, settings: Settings) -> None:
    assert doors.client.get("/api/v1/openapi.json").json()["servers"] == [{"url": "/"}]
    settings.BASE_PATH = "/profiles"
    documentation.document.cache_clear()
    try:
        assert doors.client.get("/api/v1/openapi.json").json()["servers"] == [{"url": "/profiles"}]
        assert "<code>/profiles/api/v1/flamegraph</code>" in doors.client.get("/api/docs").content.decode()
    finally:
        documentation.document.cache_clear()
