"""adhocprofiles.v1.AdHocProfileService: a file is uploaded, listed, looked at and compared, by its tenant alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.test import Client

from ingest.adapters.orm_adhoc import OrmAdHocProfiles
from ingest.kept import MAX_UPLOADS_BYTES
from ingest.parts import override
from tests.django.api.fakes import default_settings
from tests.django.api.pprof import STACKS, pprof

pytestmark = pytest.mark.django_db

HEAP = pprof({("main", "a"): 2}, sample_types=(("alloc_objects", "count"), ("alloc_space", "bytes")))


@pytest.fixture(autouse=True)
def tenants(settings) -> Iterator[None]:
    config = settings.INGEST
    fields = {name: getattr(config, name) for name in config.__dataclass_fields__}
    settings.INGEST = type(config)(**{**fields, "multitenancy_enabled": True})
    with override(tenant_settings=default_settings()):
        yield


def call(method: str, body: dict, tenant: str = "team-a") -> HttpResponse:
    return Client().post(
        f"/adhocprofiles.v1.AdHocProfileService/{method}", json.dumps(body), content_type="application/json",
        headers={"X-Scope-OrgID": tenant},
    )  # fmt: skip


def upload(content: bytes, name: str = "cpu.pb", **more: object) -> dict:
    response = call("Upload", {"name": name, "profile": base64.b64encode(content).decode(), **more})
    assert response.status_code == 200, response.content
    return response.json()


def test_an_upload_is_answered_with_its_flame_graph() -> None:
    answer = upload(pprof())
    document = json.loads(answer["flamebearerProfile"])
    assert document["flamebearer"]["numTicks"] == sum(STACKS.values())
    assert document["metadata"]["name"] == answer["profileType"] == "cpu"
    assert (answer["profileTypes"], answer["name"]) == (["cpu"], "cpu.pb")
    assert answer["id"].endswith("-cpu.pb")
    assert int(answer["uploadedAt"]) > 1_700_000_000_000


def test_it_is_listed_and_looked_at_again() -> None:
    first, second = upload(pprof(), "a"), upload(b"main;x 3\nmain;y 4\n", "b")
    listed = call("List", {}).json()["profiles"]
    assert {one["id"] for one in listed} == {first["id"], second["id"]}
    again = call("Get", {"id": second["id"]}).json()
    assert json.loads(again["flamebearerProfile"])["flamebearer"]["numTicks"] == 7


def test_one_type_of_several_is_chosen() -> None:
    answer = upload(HEAP)
    assert answer["profileTypes"] == ["alloc_objects", "alloc_space"]
    chosen = call("Get", {"id": answer["id"], "profileType": "alloc_space"}).json()
    assert json.loads(chosen["flamebearerProfile"])["metadata"]["units"] == "bytes"
    other = call("Get", {"id": answer["id"], "profileType": "cpu"})
    assert (other.status_code, other.json()["code"]) == (400, "invalid_argument")


def test_the_number_of_nodes_is_bounded_as_asked() -> None:
    answer = upload(pprof(), maxNodes=1)
    assert json.loads(answer["flamebearerProfile"])["flamebearer"]["names"] == ["total", "a", "other"]
    refused = call("Get", {"id": answer["id"], "maxNodes": 10**9})
    assert refused.status_code == 400


def test_two_uploads_are_compared() -> None:
    left, right = upload(pprof()), upload(pprof({("a", "c"): 40}))
    answer = call("Diff", {"leftId": left["id"], "rightId": right["id"]}).json()
    document = json.loads(answer["flamebearerProfile"])
    assert (document["leftTicks"], document["rightTicks"], document["metadata"]["format"]) == (4, 40, "double")
    assert answer["profileTypes"] == ["cpu"]


def test_files_without_a_type_in_common_are_not_compared() -> None:
    answer = call("Diff", {"leftId": upload(pprof())["id"], "rightId": upload(HEAP)["id"]})
    assert (answer.status_code, "in common" in answer.json()["message"]) == (400, True)


def test_nobody_else_finds_it() -> None:
    answer = upload(pprof())
    assert call("List", {}, "team-b").json() == {}
    assert call("Get", {"id": answer["id"]}, "team-b").status_code == 404
    assert call("Diff", {"leftId": answer["id"], "rightId": answer["id"]}, "team-b").status_code == 404
    assert call("List", {}, "team-a|team-b").status_code == 400


def test_a_name_is_kept_as_far_as_it_is_harmless() -> None:
    answer = upload(pprof(), '../é"\r\n' + "x" * 500)
    assert answer["name"] == ".._____" + "x" * 193
    assert call("Get", {"id": answer["id"]}).status_code == 200
    assert upload(pprof(), "")["name"] == "profile"


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("Upload", {"name": "a", "profile": "not base64!"}),
        ("Upload", {"name": "a", "profile": ""}),
        ("Upload", {"name": "a", "profile": base64.b64encode(b"\0\1\2").decode()}),
        ("Get", {}),
        ("Get", {"id": "../../etc"}),
        ("Diff", {"rightId": "x"}),
    ],
)
def test_what_cannot_be_read_is_refused(method: str, body: dict) -> None:
    response = call(method, body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")


def test_an_unknown_id_is_not_found() -> None:
    response = call("Get", {"id": "01HZ-none"})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_file_that_has_no_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.adapters.orm_adhoc.MAX_UPLOADS_BYTES", 10)
    response = call("Upload", {"name": "a", "profile": base64.b64encode(pprof()).decode()})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_argument")
    assert MAX_UPLOADS_BYTES > 10
    assert OrmAdHocProfiles(lambda: 0, lambda: "x").all("team-a") == ()
