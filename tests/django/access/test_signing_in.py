"""The sign-in page, Basic credentials, and what becomes of those who guess."""

from __future__ import annotations

import base64

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.test import Client

from ingest.adapters.login_backend import ALLOWED_FAILURES, MAX_PASSWORD_CHARS
from ingest.models import AuditEntry
from tests.django.access.conftest import Site
from tests.django.access.routes import Persona

LABELS = "/api/v1/labels"


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def sign_in(client: Client, name: str, password: str, path: str = "/accounts/login/?next=/ring", **extra: str):  # type: ignore[no-untyped-def]
    return client.post(path, {"username": name, "password": password, "next": "/"}, **extra)


def test_a_page_leads_to_the_sign_in_and_that_back_to_the_page(site: Site) -> None:
    client = Client()
    first = client.get("/?range=1h")
    assert (first.status_code, first["Location"]) == (302, "/accounts/login/?next=/%3Frange%3D1h")
    page = client.get(first["Location"]).content.decode()
    assert '<input type="hidden" name="next" value="/?range=1h">' in page
    assert "member" not in page
    done = client.post("/accounts/login/", {"username": "member", "password": "right", "next": "/?range=1h"})
    assert (done.status_code, done["Location"]) == (302, "/?range=1h")
    shown = client.get("/?range=1h").content.decode()
    assert '<span class="dim">member</span>' in shown
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/").status_code == 302


def test_it_leads_to_no_other_site(site: Site) -> None:
    done = Client().post(
        "/accounts/login/", {"username": "member", "password": "right", "next": "https://elsewhere.example/"}
    )
    assert done["Location"] == "/explore"


def test_a_program_gets_json_from_an_address_of_a_page(site: Site) -> None:
    answer = Client().get("/ring", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["reason"]) == (401, "unauthenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_page_that_somebody_may_not_see_says_so(site: Site) -> None:
    answer = site.call(Persona.MEMBER, "GET", "/ring")
    assert answer.status_code == 403
    assert "member is not a staff user" in answer.content.decode()


def test_a_token_is_the_password_of_any_name(site: Site) -> None:
    for name in ("ours", "", "whatever"):
        assert Client().get(LABELS, headers=basic(name, site.tokens[Persona.QUERY_TOKEN])).status_code == 200
    assert Client().get(LABELS, headers=basic("ours", site.tokens[Persona.EXPIRED_TOKEN])).status_code == 401


def test_a_password_of_a_user_works_too(site: Site) -> None:
    assert Client().get(LABELS, headers=basic("member", "right")).status_code == 200
    assert Client().get(LABELS, headers=basic("member", "wrong")).status_code == 401


@pytest.mark.parametrize("name", ["", "nobody", "mem\0ber", "x" * 400])
def test_a_name_that_is_none_is_refused(site: Site, name: str) -> None:
    assert Client().get(LABELS, headers=basic(name, "right")).status_code == 401


def test_unknown_expired_and_revoked_tokens_are_refused_alike(site: Site) -> None:
    unknown = site.tokens[Persona.QUERY_TOKEN][:-1] + "~"
    texts = {
        Client().get(LABELS, headers={"Authorization": f"Bearer {token}"}).content
        for token in (unknown, "x", site.tokens[Persona.EXPIRED_TOKEN])
    }
    assert len(texts) == 1


@pytest.mark.parametrize("way", ["form", "form of the admin", "basic"])
def test_after_ten_wrong_passwords_no_more_are_looked_at(site: Site, way: str, settings) -> None:  # type: ignore[no-untyped-def]
    # The admin has a form of its own, which nobody meets while access control is on.
    settings.ACCESS_ENABLED = way != "form of the admin"
    root = User.objects.create_superuser("root", password="right")

    def attempt(password: str) -> bool:
        client = Client()
        if way == "basic":
            return client.get("/api/v1/audit", headers=basic(root.username, password)).status_code == 200
        page = "/accounts/login/" if way == "form" else "/admin/login/"
        return "sessionid" in sign_in(client, root.username, password, page).cookies

    assert attempt("right")
    assert [attempt("wrong") for _ in range(ALLOWED_FAILURES)] == [False] * ALLOWED_FAILURES
    assert not attempt("right")


def test_who_has_to_wait_is_told_so_and_costs_no_hash(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(ALLOWED_FAILURES):
        sign_in(Client(), "member", "wrong")
    hashed: list[str] = []
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda _self, password, _salt: hashed.append(password) or "")
    page = sign_in(Client(), "member", "right").content.decode()
    assert "then wait five minutes" in page
    assert sign_in(Client(), "nobody", "right").status_code == 200
    assert hashed == []


def test_another_source_is_not_kept_out(site: Site) -> None:
    for _ in range(ALLOWED_FAILURES + 1):
        sign_in(Client(), "member", "wrong", REMOTE_ADDR="192.0.2.7")
    assert sign_in(Client(), "member", "right", REMOTE_ADDR="192.0.2.7").status_code == 200
    assert sign_in(Client(), "member", "right", REMOTE_ADDR="192.0.2.8").status_code == 302


def test_behind_a_proxy_the_source_is_what_the_proxy_says(site: Site, settings) -> None:  # type: ignore[no-untyped-def]
    settings.BEHIND_TLS_PROXY = True
    forged = "203.0.113.{}, 192.0.2.7"
    for number in range(ALLOWED_FAILURES):
        sign_in(Client(), "member", "wrong", HTTP_X_FORWARDED_FOR=forged.format(number))
    assert sign_in(Client(), "member", "right", HTTP_X_FORWARDED_FOR=forged.format(99)).status_code == 200
    assert sign_in(Client(), "member", "right", HTTP_X_FORWARDED_FOR="192.0.2.8").status_code == 302


def test_without_a_proxy_its_header_counts_nothing(site: Site) -> None:
    for number in range(ALLOWED_FAILURES):
        sign_in(Client(), "member", "wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
    assert sign_in(Client(), "member", "right", HTTP_X_FORWARDED_FOR="203.0.113.99").status_code == 200


def test_wrong_tokens_keep_nobody_out(site: Site) -> None:
    for _ in range(ALLOWED_FAILURES * 3):
        Client().get(LABELS, headers={"Authorization": "Bearer wrong"})
    assert site.call(Persona.QUERY_TOKEN, "GET", LABELS).status_code == 200
    assert sign_in(Client(), "member", "right").status_code == 302


@pytest.mark.parametrize("password", ["x" * (MAX_PASSWORD_CHARS + 1), "", "\0", "é" * 200])
def test_an_odd_password_is_a_wrong_one(site: Site, password: str) -> None:
    assert sign_in(Client(), "member", password).status_code == 200


def test_a_failed_sign_in_is_in_the_audit_log_without_the_password(site: Site) -> None:
    sign_in(Client(), "member", "wr0ng-secret", REMOTE_ADDR="192.0.2.7")
    line = AuditEntry.objects.get(action="login-failed")
    assert (line.actor, line.source, line.outcome) == ("member", "192.0.2.7", "refused")
    assert "wr0ng" not in repr(AuditEntry.objects.values())
