"""The door that goes around the site asks by itself: tokens, from memory, and nothing that needs the database."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.handlers.wsgi import WSGIHandler
from django.db import DatabaseError
from django.test import Client

from ingest.adapters import membership_records
from ingest.adapters.token_table import TokenTable
from ingest.api.hot_door import HotDoor
from ingest.parts import override
from ingest.profiles.reasons import Reason
from tests.django.access.conftest import ADMIN_TOKEN, Site
from tests.django.access.routes import Persona
from tests.django.access.test_tokens_are_followed_in_memory import Database
from tests.django.api.pprof import pprof
from tests.django.api.test_push_connect import PUSH, push_request

BODY = push_request(pprof()).SerializeToString()


def push(**headers: str) -> tuple[int, dict[str, str], bytes]:
    """Push as the web server does."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/{PUSH}",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "192.0.2.7",
        "CONTENT_TYPE": "application/proto",
        "CONTENT_LENGTH": str(len(BODY)),
        "wsgi.input": BytesIO(BODY),
        "wsgi.url_scheme": "http",
        **{f"HTTP_{name}": value for name, value in headers.items()},
    }
    started: list[tuple[str, list[tuple[str, str]]]] = []
    content = b"".join(HotDoor(WSGIHandler())(environ, lambda status, headers, *_: started.append((status, headers))))
    return int(started[0][0].split()[0]), dict(started[0][1]), content


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_a_token_pushes_to_its_tenant_without_a_question_to_the_database(
    site: Site, django_assert_num_queries: Any
) -> None:
    token = site.tokens[Persona.PUSH_TOKEN]
    with django_assert_num_queries(0):
        assert push(AUTHORIZATION=f"Bearer {token}")[0] == 200
        assert push(AUTHORIZATION=basic("anything", token))[0] == 200
        assert push(AUTHORIZATION=f"Bearer {token}", X_SCOPE_ORGID="ours")[0] == 200
    assert [tenant for tenant, _ in site.distributor.pushes] == ["ours"] * 3


@pytest.mark.parametrize(
    ("persona", "tenant", "status", "code"),
    [
        pytest.param(Persona.PUSH_TOKEN, "theirs", 403, b"permission_denied", id="another tenant"),
        pytest.param(Persona.STRANGER, "ours", 403, b"permission_denied", id="another tenant's token"),
        pytest.param(Persona.PUSH_TOKEN, "ours|theirs", 400, b"invalid_argument", id="two tenants"),
        pytest.param(Persona.QUERY_TOKEN, "ours", 403, b"permission_denied", id="a token that only reads"),
        pytest.param(Persona.EXPIRED_TOKEN, "ours", 401, b"unauthenticated", id="an expired token"),
    ],
)
def test_what_a_token_may_not_is_refused(site: Site, persona: Persona, tenant: str, status: int, code: bytes) -> None:
    answer = push(AUTHORIZATION=f"Bearer {site.tokens[persona]}", X_SCOPE_ORGID=tenant)
    assert (answer[0], code in answer[2]) == (status, True)
    assert site.distributor.pushes == []


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="nothing"),
        pytest.param("Bearer", id="no token"),
        pytest.param("Bearer phl_wrong", id="a wrong token"),
        pytest.param("Digest x", id="another scheme"),
        pytest.param("Basic !!!", id="no base64"),
        pytest.param(basic("member", "right"), id="a user's password"),
        pytest.param("Bearer " + "x" * 5000, id="a long one"),
    ],
)
def test_everything_else_is_unauthenticated(site: Site, header: str) -> None:
    status, headers, content = push(AUTHORIZATION=header)
    assert (status, headers["Phlare-Reason"]) == (401, "unauthenticated")
    assert b'"unauthenticated"' in content
    assert site.distributor.pushes == []


def test_a_session_is_not_looked_at(site: Site) -> None:
    user = User.objects.get(username="admin")
    session = SessionStore()
    session.update(
        {"_auth_user_id": str(user.pk), "_auth_user_backend": "x", "_auth_user_hash": user.get_session_auth_hash()}
    )
    session.save()
    assert push(COOKIE=f"sessionid={session.session_key}")[0] == 401


def test_the_token_of_the_administration_pushes_to_the_tenant_it_names(site: Site) -> None:
    assert push(AUTHORIZATION=f"Bearer {ADMIN_TOKEN}", X_SCOPE_ORGID="new")[0] == 200
    assert push(AUTHORIZATION=f"Bearer {ADMIN_TOKEN}")[0] == 401
    assert [tenant for tenant, _ in site.distributor.pushes] == ["new"]


def test_before_the_tokens_were_ever_read_a_sender_is_told_to_come_again(site: Site) -> None:
    unread = TokenTable(Database(away=True), lambda: 0)
    with override(token_table=unread):
        status, headers, _ = push(AUTHORIZATION=f"Bearer {site.tokens[Persona.PUSH_TOKEN]}")
    assert (status, headers["Phlare-Reason"]) == (503, Reason.DATABASE_UNAVAILABLE.value)


def test_a_process_that_never_read_the_tokens_is_not_ready(site: Site, settings) -> None:  # type: ignore[no-untyped-def]
    with override(token_table=TokenTable(Database(away=True), lambda: 0)):
        answer = Client().get("/ready")
        assert (answer.status_code, answer.content) == (503, b"API tokens were not read yet: the database is away.\n")
        settings.ACCESS_ENABLED = False
        assert Client().get("/ready").status_code == 200


def test_other_doors_ask_the_database_nothing_for_a_token_either(site: Site, django_assert_num_queries: Any) -> None:
    headers = {"Authorization": f"Bearer {site.tokens[Persona.QUERY_TOKEN]}"}
    with django_assert_num_queries(0):
        assert Client().get("/api/v1/labels", headers=headers).status_code == 200


def test_a_session_cannot_be_checked_without_the_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_conditions: object) -> None:
        raise DatabaseError("away")

    client, _ = site.as_(Persona.MEMBER)
    monkeypatch.setattr(membership_records.Membership.objects, "filter", fail)
    answer = client.get("/api/v1/labels", headers={"X-Scope-OrgID": "ours"})
    assert (answer.status_code, answer.json()["reason"]) == (503, "database_unavailable")
    assert answer["Retry-After"]
