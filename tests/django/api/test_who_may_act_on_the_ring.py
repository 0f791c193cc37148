"""Three users at every door of the administration: an administrator, an ordinary user, a stranger."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ingest import wiring
from ingest.administration.types import Outcome, Result
from ingest.api.urls import urlpatterns
from tests.unit.administration.fakes import SILENT, Office, office

pytestmark = pytest.mark.django_db

TOKEN = "a token for tests"
ONE = "/api/v1/ring/instances/a"
ROUTES = [
    ("GET", "/api/v1/ring/audit"),
    ("GET", "/api/v1/audit"),
    ("GET", f"{ONE}/read-only"),
    ("POST", f"{ONE}/read-only"),
    ("DELETE", f"{ONE}/read-only"),
    ("POST", f"{ONE}/flush"),
    ("GET", f"{ONE}/prepare-shutdown"),
    ("POST", f"{ONE}/prepare-shutdown"),
    ("DELETE", f"{ONE}/prepare-shutdown"),
    ("GET", f"{ONE}/unregister-on-shutdown"),
    ("PUT", f"{ONE}/unregister-on-shutdown?value=false"),
    ("DELETE", f"{ONE}/unregister-on-shutdown"),
    ("POST", f"{ONE}/shutdown"),
    ("POST", f"{ONE}/forget?force=true"),
    ("POST", "/ring"),
]


@pytest.fixture
def scene(settings) -> Iterator[Office]:  # type: ignore[no-untyped-def]
    settings.ADMIN_TOKEN = TOKEN
    made = office(silent=SILENT)
    User.objects.create_user("ada", password="right", is_staff=True)
    User.objects.create_user("joe", password="right")
    with wiring.override(ring_actions=made.actions):
        yield made


def call(client: Client, method: str, path: str, **headers: str):  # type: ignore[no-untyped-def]
    data = "forget=silent" if path == "/ring" else ""
    return client.generic(method, path, data, content_type="application/x-www-form-urlencoded", headers=headers)


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def untouched(scene: Office) -> bool:
    return not (scene.ring.changes or scene.ingesters.told or scene.audit.lines)


def test_every_route_of_the_administration_is_in_the_table() -> None:
    methods = {"get", "post", "put", "delete"}
    listed = {(method, path.partition("?")[0].replace("/a/", "/<str:instance>/")) for method, path in ROUTES}
    for pattern in urlpatterns:
        view = getattr(pattern.callback, "cls", None)
        if view is not None and any(base.__name__ == "AdministrationView" for base in view.__mro__):
            for method in methods & set(vars(view)):
                assert (method.upper(), f"/{pattern.pattern}") in listed


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_stranger_is_told_to_sign_in(scene: Office, method: str, path: str) -> None:
    answer = call(Client(), method, path)
    assert answer.status_code == 401
    assert answer.json()["reason"] == "unauthenticated"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert untouched(scene)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("way", ["session", "basic"])
def test_an_ordinary_user_may_not(scene: Office, method: str, path: str, way: str) -> None:
    client = Client()
    if way == "session":
        client.login(username="joe", password="right")
    answer = call(client, method, path, **({"Authorization": basic("joe", "right")} if way == "basic" else {}))
    assert answer.status_code == 403
    assert answer.json()["reason"] == "forbidden"
    assert "joe is not a staff user" in answer.json()["message"]
    assert untouched(scene)


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("way", ["session", "basic", "token"])
def test_an_administrator_may(scene: Office, method: str, path: str, way: str) -> None:
    client = Client()
    if way == "session":
        client.login(username="ada", password="right")
    headers = {"basic": {"Authorization": basic("ada", "right")}, "token": {"Authorization": f"Bearer {TOKEN}"}}
    answer = call(client, method, path, **headers.get(way, {}))
    assert answer.status_code in (200, 302)
    assert {line[0] for line in scene.audit.lines} <= {"admin token" if way == "token" else "ada"}


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("Bearer not the token", id="another token"),
        pytest.param("Bearer ", id="an empty token"),
        pytest.param("Bearer", id="no token"),
        pytest.param(basic("ada", "wrong"), id="a wrong password"),
        pytest.param(basic("nobody", "right"), id="a name nobody has"),
        pytest.param("Basic !!!", id="no base64"),
        pytest.param("Basic " + base64.b64encode(b"ada").decode(), id="no colon"),
        pytest.param("Basic " + base64.b64encode(b"\xff:\xff").decode(), id="no text"),
        pytest.param("Digest x", id="another scheme"),
        pytest.param("Bearer " + "x" * 2000, id="too long"),
    ],
)
def test_wrong_credentials_are_refused_whoever_is_signed_in(scene: Office, header: str) -> None:
    client = Client()
    client.login(username="ada", password="right")
    answer = call(client, "POST", f"{ONE}/shutdown", Authorization=header)
    assert answer.status_code == 401
    assert untouched(scene)


def test_without_a_token_of_the_server_nobody_has_it(scene: Office, settings) -> None:  # type: ignore[no-untyped-def]
    settings.ADMIN_TOKEN = ""
    assert call(Client(), "POST", f"{ONE}/shutdown", Authorization="Bearer ").status_code == 401
    assert untouched(scene)


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[0] != "GET"])
def test_a_session_needs_the_csrf_token_too(scene: Office, method: str, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.login(username="ada", password="right")
    answer = call(client, method, path)
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["message"]
    assert untouched(scene)
    page = client.get("/ring").content.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert call(client, method, path, **{"X-CSRFToken": token}).status_code in (200, 302)


def test_a_token_needs_no_csrf_token(scene: Office) -> None:
    client = Client(enforce_csrf_checks=True)
    assert call(client, "POST", f"{ONE}/read-only", Authorization=f"Bearer {TOKEN}").status_code == 200


def test_a_user_who_was_switched_off_is_a_stranger(scene: Office) -> None:
    User.objects.filter(username="ada").update(is_active=False)
    assert call(Client(), "POST", f"{ONE}/flush", Authorization=basic("ada", "right")).status_code == 401


@pytest.mark.parametrize(
    ("outcome", "status", "reason"),
    [
        (Outcome.NOT_FOUND, 404, "not_found"),
        (Outcome.CONFLICT, 409, "instance_alive"),
        (Outcome.NO_ANSWER, 504, "no_answer"),
        (Outcome.FAILED, 503, "not_finished"),
        (Outcome.UNAVAILABLE, 503, "ingester_unavailable"),
    ],
)
def test_what_went_wrong_is_a_status_a_reason_and_a_sentence(
    scene: Office, outcome: Outcome, status: int, reason: str
) -> None:
    scene.ingesters.answer = Result(outcome, "A sentence.")
    answer = call(Client(), "POST", f"{ONE}/shutdown", Authorization=f"Bearer {TOKEN}")
    assert answer.status_code == status
    assert (answer.json()["reason"], answer.json()["message"]) == (reason, "A sentence.")
    assert ("Retry-After" in answer) is (status == 503)


def test_a_flush_nobody_waits_for_is_accepted(scene: Office) -> None:
    scene.ingesters.answer = Result(Outcome.ACCEPTED, "It does.")
    assert call(Client(), "POST", f"{ONE}/flush", Authorization=f"Bearer {TOKEN}").status_code == 202


def test_reading_the_ring_is_open_to_everybody(scene: Office) -> None:
    assert Client().get("/ring").status_code == 200
