"""Whose data a request reads and writes."""

from __future__ import annotations

import dataclasses

import pytest
from django.conf import settings as current

from tests.django.api.conftest import Doors
from tests.django.api.pprof import pprof
from tests.django.api.test_push_connect import LABELS, PUSH, push_request


@pytest.fixture
def many_tenants(doors: Doors, settings: object) -> Doors:
    settings.INGEST = dataclasses.replace(current.INGEST, multitenancy_enabled=True)
    return doors


def test_with_one_tenant_the_header_is_not_looked_at(doors: Doors) -> None:
    assert doors.call(PUSH, push_request(pprof()), **{"X-Scope-OrgID": "../../etc"}).status_code == 200
    assert doors.distributor.pushes[0][0] == "anonymous"


def test_with_many_tenants_the_header_decides(many_tenants: Doors) -> None:
    assert many_tenants.call(PUSH, push_request(pprof()), **{"X-Scope-OrgID": "team-a"}).status_code == 200
    assert many_tenants.distributor.pushes[0][0] == "team-a"
    for tenant, names in (("team-a", True), ("team-b", False)):
        answer = many_tenants.query("LabelNames", {}, **{"X-Scope-OrgID": tenant}).json()
        assert bool(answer) is names


def test_with_many_tenants_a_request_without_one_is_unauthenticated(many_tenants: Doors) -> None:
    response = many_tenants.call(PUSH, push_request(pprof()))
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    rest = many_tenants.get("labels")
    assert (rest.status_code, rest.json()["code"], rest.json()["reason"]) == (401, "unauthenticated", "missing_tenant")
    assert many_tenants.distributor.pushes == []


@pytest.mark.parametrize("tenant", ["a|b", "..", ".", "a/b", "a b", "é", "x" * 151])
def test_a_bad_tenant_is_an_invalid_argument(many_tenants: Doors, tenant: str) -> None:
    headers = {"X-Scope-OrgID": tenant}
    assert many_tenants.call(PUSH, push_request(pprof()), **headers).status_code == 400
    if tenant != "a|b":
        assert many_tenants.client.get("/api/v1/labels", headers=headers).status_code == 400


def test_a_read_may_name_several_tenants_and_a_write_may_not(many_tenants: Doors) -> None:
    for tenant, service in (("team-a", "left"), ("team-b", "right")):
        many_tenants.call(
            PUSH, push_request(pprof(), labels={**LABELS, "service_name": service}), **{"X-Scope-OrgID": tenant}
        )
    both = {"X-Scope-OrgID": "team-b|team-a"}
    names = many_tenants.query("LabelValues", {"name": "service_name"}, **both).json()["names"]
    assert names == ["left", "right"]
    rest = many_tenants.client.get("/api/v1/labels/service_name/values", headers=both)
    assert rest.json()["names"] == ["left", "right"]
    refused = many_tenants.call(PUSH, push_request(pprof()), **both)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_argument")
    assert (
        many_tenants.client.post("/api/v1/profiles", pprof(), "application/octet-stream", headers=both).status_code
        == 400
    )
    assert len(many_tenants.distributor.pushes) == 2
