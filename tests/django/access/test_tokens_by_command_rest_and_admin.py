"""Three ways to make, list and revoke tokens, with one implementation."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from ingest import models
from ingest.access.types import Scope
from ingest.models import ApiToken, AuditEntry
from tests.django.access.conftest import ADMIN_TOKEN, BY, Site, make_token
from tests.django.access.routes import Persona

NEVER = "phl_aaaaaaaa"
TOKEN = re.compile(r"phl_[a-z2-7]{8}_[A-Za-z0-9_-]{43}")


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("tokens", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def works(site: Site, text: str) -> bool:
    site.table.refresh()
    answer = Client().get("/api/v1/whoami", headers={"Authorization": f"Bearer {text}"})
    return answer.status_code == 200


def test_the_command_prints_a_token_that_works_until_it_is_revoked(site: Site) -> None:
    text = run("create", "ours", "--name", "alloy", "--scope", "push", "--scope", "query")
    assert TOKEN.fullmatch(text)
    assert works(site, text)
    assert f"{text[:12]}  ours  push,query  'alloy'  never used" in run("list", "ours")
    assert run("revoke", text[:12]) == f"{text[:12]} is revoked"
    assert not works(site, text)
    assert run("revoke", text[:12]) == f"{text[:12]} was revoked before"


def test_the_command_speaks_json(site: Site) -> None:
    made = json.loads(run("create", "new", "--name", "x", "--scope", "query", "--expires-in", "90d", "--json"))
    assert TOKEN.fullmatch(made["token"])
    [listed] = json.loads(run("list", "new", "--json"))
    assert listed == {key: value for key, value in made.items() if key != "token"}
    assert (listed["tenant"], listed["scopes"], listed["revoked_at"]) == ("new", ["query"], None)
    assert listed["expires_at"].endswith("Z")
    assert json.loads(run("revoke", made["prefix"], "--json"))["revoked_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("create", "a/b", "--name", "x", "--scope", "push"), "contains '/'", id="a bad tenant"),
        pytest.param(("create", "a", "--name", "x", "--scope", "all"), "invalid choice", id="a bad scope"),
        pytest.param(("create", "a", "--name", "x"), "--scope", id="no scope"),
        pytest.param(
            ("create", "a", "--name", "x", "--scope", "push", "--expires-in", "soon"), "not a duration", id="a bad end"
        ),
        pytest.param(("revoke", "phl_none"), "no token phl_none", id="a token that is not there"),
    ],
)
def test_a_mistake_of_the_command_is_a_sentence(db: None, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*arguments)
    assert ApiToken.objects.count() == 0


def test_an_administrator_of_a_tenant_makes_tokens_of_it_and_of_no_other(site: Site) -> None:
    made = site.call(Persona.ADMIN, "POST", "/api/v1/tokens?name=ci&scopes=push&expires_in=1h")
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    document = made.json()
    assert (document["tenant"], document["scopes"], document["created_by"]) == ("ours", ["push"], "admin")
    assert works(site, document["token"])
    assert site.call(Persona.ADMIN, "POST", "/api/v1/tokens?name=ci&scopes=push", tenant="theirs").status_code == 403
    listed = site.call(Persona.ADMIN, "GET", "/api/v1/tokens").json()["tokens"]
    assert {token["tenant"] for token in listed} == {"ours"}
    assert not any("token" in token for token in listed)
    assert site.call(Persona.ADMIN, "DELETE", f"/api/v1/tokens/{document['prefix']}").status_code == 200
    assert not works(site, document["token"])


def test_a_token_of_another_tenant_is_as_absent_as_one_that_never_was(site: Site) -> None:
    theirs = site.tokens[Persona.STRANGER][:12]
    answers = [site.call(Persona.ADMIN, "DELETE", f"/api/v1/tokens/{prefix}") for prefix in (theirs, NEVER)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["message"].replace(theirs, NEVER) == answers[1].json()["message"]
    assert works(site, site.tokens[Persona.STRANGER])
    for odd in ("phl_%00", "x" * 400, "%F0%9F%90%9F"):
        assert site.call(Persona.ADMIN, "DELETE", f"/api/v1/tokens/{odd}").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["name=x", "scopes=push", "name=x&scopes=all", "name=x&scopes=", "name=x&scopes=push&expires_in=soon",
     "name=x&scopes=push&expires_in=0s", "name=x&scopes=push&expires_in=999999999w"],
)  # fmt: skip
def test_a_mistake_over_rest_is_a_bad_request(site: Site, query: str) -> None:
    answer = site.call(Persona.ADMIN, "POST", f"/api/v1/tokens?{query}")
    assert (answer.status_code, answer.json()["reason"]) == (400, "bad_request")


def test_a_tenant_that_has_enough_tokens_is_told_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MAX_TOKENS", 1)
    answer = site.call(Persona.ADMIN, "POST", "/api/v1/tokens?name=x&scopes=push")
    assert (answer.status_code, answer.json()["reason"]) == (400, "bad_request")
    assert "revoke some" in answer.json()["message"]
    with pytest.raises(CommandError, match="revoke some"):
        run("create", "ours", "--name", "x", "--scope", "push")
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="right"))
    form = {"name": "x", "tenant": "ours", "can_push": "on"}
    assert "revoke some" in client.post("/admin/ingest/apitoken/add/", form).content.decode()


def test_while_access_control_is_off_only_the_administration_makes_tokens(site: Site, settings) -> None:  # type: ignore[no-untyped-def]
    settings.ACCESS_ENABLED = False
    path = "/api/v1/tokens?name=x&scopes=push"
    assert site.call(Persona.ANONYMOUS, "POST", path).status_code == 401
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "X-Scope-OrgID": "ours"}
    assert Client().post(path, headers=headers).status_code == 201


def test_the_admin_shows_a_token_once(site: Site) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="right"))
    form = {"name": "from the admin", "tenant": "ours", "can_query": "on"}
    made = client.post("/admin/ingest/apitoken/add/", form)
    assert "no-store" in made["Cache-Control"]
    assert "messages" not in made.cookies
    [text] = TOKEN.findall(made.content.decode())
    assert works(site, text)
    token = ApiToken.objects.get(name="from the admin")
    for path in ("/admin/ingest/apitoken/", f"/admin/ingest/apitoken/{token.id}/change/"):
        shown = client.get(path).content.decode()
        assert token.prefix in shown
        assert not TOKEN.search(shown)
        assert token.digest not in shown
    form = {"name": "renamed", "can_push": "on"}
    assert client.post(f"/admin/ingest/apitoken/{token.id}/change/", form).status_code == 302
    token.refresh_from_db()
    assert (token.name, token.tenant, token.can_push, token.can_query) == ("renamed", "ours", True, False)
    revoke = {"action": "revoke", "_selected_action": [token.id]}
    assert "A revoked token never works again" in client.post("/admin/ingest/apitoken/", revoke).content.decode()
    assert works(site, text)
    client.post("/admin/ingest/apitoken/", {**revoke, "confirmed": "yes"})
    assert not works(site, text)
    assert client.post(f"/admin/ingest/apitoken/{token.id}/delete/", {"post": "yes"}).status_code == 403
    actions = AuditEntry.objects.filter(actor="root").order_by("id").values_list("action", flat=True)
    assert list(actions) == ["create-token", "change-token", "revoke-token"]


def test_a_token_without_scopes_is_refused_in_the_admin(site: Site) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="right"))
    page = client.post("/admin/ingest/apitoken/add/", {"name": "x", "tenant": "ours"}).content.decode()
    assert "at least one of push, query and admin" in page
    assert not ApiToken.objects.filter(name="x").exists()


def test_tokens_of_one_tenant_have_names_of_their_own(db: None) -> None:
    texts = {make_token("ours", Scope.PUSH) for _ in range(20)}
    assert len({text[:12] for text in texts}) == 20
    assert AuditEntry.objects.filter(actor=BY.name).count() == 20
