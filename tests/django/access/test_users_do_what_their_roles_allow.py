"""Users of the site by their session: roles, the tenant a session works with, and forged requests."""

from __future__ import annotations

import dataclasses

import pytest
from django.conf import settings as current
from django.contrib.auth.models import User
from django.test import Client

from ingest.access.types import Role
from ingest.models import AuditEntry, Membership
from tests.django.access.conftest import ADMIN_TOKEN, Site
from tests.django.access.routes import Persona
from tests.django.api.pprof import pprof

LABELS = "/api/v1/labels"
PUSH = "/api/v1/profiles?service_name=web"


def user(name: str, **roles: Role) -> User:
    made = User.objects.create_user(name, password="right")
    for tenant, role in roles.items():
        Membership.objects.create(user=made, tenant=tenant, role=role.value)
    return made


def signed_in(who: User, **options: bool) -> Client:
    client = Client(**options)
    client.force_login(who)
    return client


def status(client: Client, method: str, path: str, **headers: str) -> int:
    body = pprof() if path == PUSH else b""
    return client.generic(method, path, body, headers=headers).status_code


@pytest.mark.parametrize(
    ("role", "reads", "stores", "administers"),
    [(Role.MEMBER, 200, 403, 403), (Role.PUSHER, 200, 200, 403), (Role.ADMIN, 200, 200, 200)],
)
def test_a_role_opens_its_doors(site: Site, role: Role, reads: int, stores: int, administers: int) -> None:
    client = signed_in(user("ada", ours=role))
    found = [status(client, "GET", LABELS), status(client, "POST", PUSH), status(client, "GET", "/api/v1/tokens")]
    assert found == [reads, stores, administers]


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(site: Site) -> None:
    ada = user("ada", ours=Role.MEMBER)
    client = signed_in(ada)
    assert status(client, "GET", LABELS) == 200
    Membership.objects.filter(user=ada).delete()
    assert status(client, "GET", LABELS) == 403
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert status(client, "GET", LABELS) == 401


def test_a_user_with_two_tenants_names_one_or_chooses_one(site: Site) -> None:
    client = signed_in(user("ada", ours=Role.MEMBER, theirs=Role.ADMIN))
    unnamed = client.get(LABELS)
    assert (unnamed.status_code, unnamed.json()["reason"]) == (401, "missing_tenant")
    assert status(client, "GET", LABELS, **{"X-Scope-OrgID": "theirs"}) == 200
    assert client.post("/api/v1/whoami/tenant?tenant=ours").json()["tenant"] == "ours"
    assert status(client, "GET", LABELS) == 200
    assert site.querier.asked[-1][1].tenants == ("ours",)
    assert status(client, "POST", PUSH) == 200
    assert site.distributor.pushes[-1][0] == "theirs"
    assert status(client, "POST", "/api/v1/whoami/tenant?tenant=elsewhere") == 403
    assert status(client, "POST", "/api/v1/whoami/tenant?tenant=a%7Cb") == 400
    assert client.get("/api/v1/whoami").json()["tenant"] == "ours"


def test_two_tenants_are_read_together_only_with_a_role_in_each(site: Site) -> None:
    both = {"X-Scope-OrgID": "theirs|ours"}
    client = signed_in(user("ada", ours=Role.MEMBER, theirs=Role.MEMBER))
    assert status(client, "GET", LABELS, **both) == 200
    assert site.querier.asked[-1][1].tenants == ("ours", "theirs")
    asked = len(site.querier.asked)
    assert status(signed_in(user("joe", ours=Role.ADMIN)), "GET", LABELS, **both) == 403
    for persona in (Persona.QUERY_TOKEN, Persona.STRANGER):
        assert site.call(persona, "GET", LABELS, tenant="ours|theirs").status_code == 403
    assert len(site.querier.asked) == asked


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/profiles?service_name=web", "x"),
        ("POST", "/push.v1.PusherService/Push", "{}"),
        ("POST", "/settings.v1.SettingsService/Get", "{}"),
        ("POST", "/settings.v1.SettingsService/Set", "{}"),
        ("GET", "/api/v1/tokens", ""),
        ("GET", "/api/v1/limits", ""),
    ],
)
def test_what_is_about_one_tenant_is_refused_for_several(site: Site, method: str, path: str, body: str) -> None:
    client = signed_in(user("ada", ours=Role.ADMIN, theirs=Role.ADMIN))
    answer = client.generic(method, path, body, "application/json", headers={"X-Scope-OrgID": "ours|theirs"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument")
    assert site.distributor.pushes == []


def test_who_one_is_and_what_one_may_do(site: Site) -> None:
    ada = signed_in(user("ada", theirs=Role.PUSHER, ours=Role.MEMBER)).get("/api/v1/whoami").json()
    assert ada == {
        "access_enabled": True,
        "multitenancy_enabled": True,
        "name": "ada",
        "is_operator": False,
        "is_staff": False,
        "tenant": "",
        "grants": [{"tenant": "ours", "scopes": ["query"]}, {"tenant": "theirs", "scopes": ["push", "query"]}],
    }
    token = site.call(Persona.QUERY_TOKEN, "GET", "/api/v1/whoami").json()
    assert (token["name"], token["grants"]) == (
        f"token {site.tokens[Persona.QUERY_TOKEN][:12]}",
        [{"tenant": "ours", "scopes": ["query"]}],
    )


def test_while_access_control_is_off_nobody_is_anybody(site: Site, settings) -> None:  # type: ignore[no-untyped-def]
    settings.ACCESS_ENABLED = False
    found = Client().get("/api/v1/whoami").json()
    assert (found["access_enabled"], found["name"], found["grants"]) == (False, "", [])
    assert Client().post("/api/v1/whoami/tenant?tenant=ours").status_code == 400


@pytest.mark.parametrize(
    ("who", "status_of_data", "status_of_ring"),
    [
        pytest.param({"is_staff": True}, 403, 200, id="staff looks at machines and at no tenant"),
        pytest.param({"is_superuser": True}, 200, 200, id="a superuser at everything"),
        pytest.param({}, 403, 403, id="others at nothing"),
    ],
)
def test_staff_is_for_machines(site: Site, who: dict[str, bool], status_of_data: int, status_of_ring: int) -> None:
    client = signed_in(User.objects.create_user("root", password="right", **who))
    assert status(client, "GET", LABELS, **{"X-Scope-OrgID": "ours"}) == status_of_data
    assert status(client, "GET", "/api/v1/audit") == status_of_ring
    assert status(client, "GET", "/metrics") == status_of_ring


def test_the_token_of_the_administration_opens_everything(site: Site) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "X-Scope-OrgID": "ours|theirs"}
    assert status(Client(), "GET", LABELS, **headers) == 200
    assert status(Client(), "GET", "/metrics", **headers) == 200


def test_the_token_for_metrics_opens_those_alone(site: Site) -> None:
    headers = {"Authorization": "Bearer the token for metrics, for tests"}
    assert status(Client(), "GET", "/metrics", **headers) == 200
    for path in (LABELS, "/ring", "/api/v1/whoami", "/"):
        assert status(Client(), "GET", path, **headers) == 401


def test_with_one_tenant_for_all_a_role_in_another_counts_nothing(site: Site, settings) -> None:  # type: ignore[no-untyped-def]
    settings.INGEST = dataclasses.replace(current.INGEST, multitenancy_enabled=False)
    assert status(signed_in(user("ada", ours=Role.ADMIN)), "GET", LABELS) == 403
    assert status(signed_in(user("joe", anonymous=Role.MEMBER)), "GET", LABELS, **{"X-Scope-OrgID": "ours"}) == 200
    assert site.querier.asked[-1][1].tenants == ("anonymous",)


def test_a_session_needs_the_csrf_token_for_whatever_is_no_plain_read(site: Site) -> None:
    client = signed_in(user("ada", ours=Role.ADMIN), enforce_csrf_checks=True)
    assert status(client, "GET", LABELS) == 200
    for method, path in (
        ("POST", PUSH),
        ("POST", "/api/v1/tokens?name=x&scopes=push"),
        ("POST", "/api/v1/whoami/tenant?tenant=ours"),
    ):
        answer = client.generic(method, path, pprof())
        assert (answer.status_code, answer.json()["reason"]) == (403, "forbidden")
        assert "CSRF" in answer.json()["message"]
    assert site.distributor.pushes == []
    page = client.get("/").content.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert status(client, "POST", PUSH, **{"X-CSRFToken": token}) == 200
    assert site.distributor.pushes[0][1][0].profiles == (pprof(),)


def test_the_csrf_token_of_a_header_leaves_the_body_to_the_view(site: Site) -> None:
    client = signed_in(user("ada", ours=Role.ADMIN), enforce_csrf_checks=True)
    token = client.get("/").content.decode().partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    # A form is what the check would read itself; the view wants the bytes.
    client.post(PUSH, pprof(), content_type="application/x-www-form-urlencoded", headers={"X-CSRFToken": token})
    assert site.distributor.pushes[0][1][0].profiles == (pprof(),)


def test_roles_are_given_in_the_admin_and_the_audit_log_tells_of_it(site: Site) -> None:
    client = signed_in(User.objects.create_superuser("root", password="right"))
    ada = user("ada")
    assert (
        client.post("/admin/ingest/membership/add/", {"user": ada.id, "tenant": "ours", "role": "member"}).status_code
        == 302
    )
    row = Membership.objects.get(user=ada)
    client.post(f"/admin/ingest/membership/{row.id}/change/", {"role": "admin"})
    client.post(f"/admin/ingest/membership/{row.id}/delete/", {"post": "yes"})
    assert not Membership.objects.filter(user=ada).exists()
    lines = AuditEntry.objects.filter(actor="root").order_by("id").values_list("action", "tenant", "detail")
    assert list(lines) == [
        ("grant-role", "ours", "ada is member"),
        ("change-role", "ours", "ada is admin"),
        ("remove-role", "ours", "ada is no longer admin"),
    ]
