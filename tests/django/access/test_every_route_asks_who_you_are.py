"""Every route of the site, asked by each kind of caller for the data of the tenant ``ours``."""

from __future__ import annotations

import pytest
from django.http import HttpResponse

from tests.django.access.conftest import Site
from tests.django.access.routes import FORBIDDEN, IN, ROWS, SIGN_IN, UNKNOWN, Persona, Row, admin_paths, expected


def verdict(response: HttpResponse) -> str:
    """Return what an answer means for who asked."""
    if response.status_code == 302 and "/login/?next=" in response["Location"]:
        return SIGN_IN
    return {401: UNKNOWN, 403: FORBIDDEN}.get(response.status_code, IN)


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.method} {row.path}") for row in ROWS])
def test_each_caller_meets_what_the_table_says(site: Site, row: Row) -> None:
    met = {persona: site.call(persona, row.method, row.path, row.body, row.content_type) for persona in Persona}
    assert {persona: verdict(response) for persona, response in met.items()} == expected(row.kind)
    for persona, response in met.items():
        assert response.status_code < 500 or response.status_code == 501, persona
        if verdict(response) in (UNKNOWN, FORBIDDEN) and response["Content-Type"].startswith("application/json"):
            assert response.json()["code"] in ("unauthenticated", "permission_denied")
    if not any(verdict(response) == IN for response in met.values()):
        assert not site.office.ring.changes
        assert not site.office.ingesters.told
        assert not site.distributor.pushes


#: The administration asks whether access control is on or off, and so do those who could make themselves a way in.
ALWAYS_ASKED = {"accounts/logout/", "api/v1/tokens", "api/v1/tokens/<str:prefix>"}
ASKED_ONLY_WHILE_ON = [row for row in ROWS if not row.kind.is_administration and row.route not in ALWAYS_ASKED]


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.method} {row.path}") for row in ASKED_ONLY_WHILE_ON])
def test_nothing_is_asked_while_access_control_is_off(site: Site, row: Row, settings) -> None:  # type: ignore[no-untyped-def]
    settings.ACCESS_ENABLED = False
    response = site.call(Persona.ANONYMOUS, row.method, row.path, row.body, row.content_type)
    assert verdict(response) == IN


def test_the_admin_leads_everybody_but_staff_to_a_sign_in(site: Site) -> None:
    paths = admin_paths()
    assert "/admin/ingest/apitoken/1/change/" in paths
    for path in paths:
        for persona in (Persona.ANONYMOUS, Persona.QUERY_TOKEN, Persona.ADMIN):
            response = site.call(persona, "GET", path)
            is_way_out = path in ("/admin/login/", "/admin/logout/", "/admin/jsi18n/")
            assert verdict(response) == SIGN_IN or (is_way_out and persona is not Persona.ANONYMOUS), (persona, path)


def test_a_page_that_does_not_exist_is_nobodys(site: Site) -> None:
    assert site.call(Persona.ANONYMOUS, "GET", "/none").status_code == 404
