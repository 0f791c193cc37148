"""The admin in Chromium: every page in both themes and on a phone, and the way from a tenant to a token and back.

The pages are django-unfold's with templates of ours among them, so what axe-core finds in either fails here.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import PHONE, OpenPage, fits_its_width, picture
from tests.integration.cluster.cluster import Cluster

CREATE = """
from django.contrib.auth.models import User
from ingest.adapters.tenant_records import save_tenant
from ingest.models import Tenant
if not User.objects.filter(username="operator").exists():
    User.objects.create_superuser("operator", password="right")
    save_tenant(Tenant(name="team-a", max_profile_size_bytes=8 << 20), "operator")
"""

#: Name of the picture -> address. The rows are made by CREATE, and by what signing in writes.
PAGES = {
    "overview": "/admin/",
    "tenants": "/admin/ingest/tenant/",
    "tenant": "/admin/ingest/tenant/1/change/",
    "rules": "/admin/ingest/tenant/1/try-rules/",
    "tokens": "/admin/ingest/apitoken/",
    "token": "/admin/ingest/apitoken/add/",
    "users": "/admin/auth/user/",
    "user": "/admin/auth/user/1/change/",
    "memberships": "/admin/ingest/membership/",
    "blocks": "/admin/ingest/blockrecord/",
    "audit": "/admin/ingest/auditentry/",
    "changes": "/admin/ingest/tenantchange/",
}


@pytest.fixture(scope="module", autouse=True)
def operator(cluster: Cluster) -> None:
    """A superuser, and a tenant with a limit of its own."""
    cluster.manage("shell", "-c", CREATE)


def signed_in(page: Page) -> Page:
    page.goto("/admin/")
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password").fill("right")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_can_be_used_by_everybody_in_both_themes(open_page: OpenPage, theme: str) -> None:
    page = open_page(theme)
    page.goto("/admin/")
    wrong = {"sign-in": violations(page)}
    signed_in(page)
    for name, path in PAGES.items():
        page.goto(path)
        expect(page.locator("html")).to_have_class("dark" if theme == "dark" else "")
        picture(page, f"admin-{name}-{theme}")
        wrong[name] = violations(page)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_a_phone_has_no_sideways_scroll(open_page: OpenPage) -> None:
    page = signed_in(open_page(size=PHONE))
    for name, path in PAGES.items():
        page.goto(path)
        picture(page, f"admin-{name}-phone")
        assert fits_its_width(page), name


def test_a_token_is_made_copied_and_revoked_after_a_question(page: Page) -> None:
    signed_in(page)
    page.get_by_role("link", name="API tokens").click()
    page.goto("/admin/ingest/apitoken/add/")
    page.get_by_label("Name").fill("agents of team-a")
    page.get_by_label("Tenant").fill("team-a")
    page.get_by_label("push").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#token")).to_have_text(re.compile("^phl_[a-z2-7]{8}_"))
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#copied")).to_have_text(re.compile("Copied|Selected"))
    picture(page, "admin-token-made")
    page.get_by_role("link", name="All tokens").click()
    page.locator("input[name=_selected_action]").first.check()
    page.locator("select[name=action]").select_option("revoke")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("A revoked token never works again")).to_be_visible()
    picture(page, "admin-confirm")
    assert violations(page) == []
    page.get_by_role("button", name="Yes, I am sure").click()
    expect(page.get_by_text("1 token was revoked")).to_be_visible()


def test_rules_are_tried_on_the_page_of_a_tenant(page: Page) -> None:
    signed_in(page)
    page.goto("/admin/ingest/tenant/1/change/")
    page.get_by_role("link", name="Try relabelling rules").click()
    page.get_by_label("Rules", exact=True).fill("- {action: labeldrop, regex: region}")
    page.get_by_role("button", name="Try").click()
    expect(page.get_by_text("The series is stored")).to_be_visible()
    expect(page.locator("#trial")).to_contain_text("removed region=eu-west")
    picture(page, "admin-rules-tried")
    assert violations(page) == []


def test_the_theme_chosen_on_the_pages_holds_in_the_admin(page: Page) -> None:
    signed_in(page)
    page.goto("/ring")
    page.locator("#theme").click()
    page.goto("/admin/")
    expect(page.locator("html")).to_have_class(re.compile("light"))
