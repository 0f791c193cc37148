"""The admin in Chromium: every page in both themes and on a phone, and the way from a tenant to a token and back.

The pages are django-unfold's with templates of ours among them, so what axe-core finds in either fails here.
"""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from tests.browser.axe import violations
from tests.browser.conftest import PHONE, OpenPage, fits_its_width, picture
from tests.integration.cluster.cluster import Cluster, wait_for

#: Makes the rows that the pages show, and prints the numbers of those that addresses name.
CREATE = """
import json
from django.contrib.auth.models import Group, User
from ingest.access.types import Scope
from ingest.access_wiring import create_token, unsaved_token
from ingest.adapters.membership_records import save_membership
from ingest.adapters.tenant_records import save_tenant
from ingest.administration.types import Actor
from ingest.models import AuditEntry, BlockRecord, Membership, Tenant
by = Actor("operator", "192.0.2.1")
user = User.objects.create_superuser("operator", password="right")
tenant = Tenant(name="team-of-the-admin", max_profile_size_bytes=8 << 20)
save_tenant(tenant, "operator")
token = unsaved_token("team-of-the-admin", "old agents", (Scope.PUSH,), None)
create_token(token, by)
membership = Membership(user=user, tenant="team-of-the-admin", role="member")
save_membership(membership, by)
group = Group.objects.create(name="observers")
print(json.dumps({
    "tenant": tenant.pk, "user": user.pk, "token": token.pk, "membership": membership.pk, "group": group.pk,
    "block": BlockRecord.objects.latest("id").pk, "audit": AuditEntry.objects.latest("id").pk,
}))
"""

#: Name of the picture -> address, with the name of a row where its number belongs.
PAGES = {
    "overview": "/admin/",
    "tenants": "/admin/ingest/tenant/",
    "tenant": "/admin/ingest/tenant/{tenant}/change/",
    "tenant-history": "/admin/ingest/tenant/{tenant}/history/",
    "tenant-delete": "/admin/ingest/tenant/{tenant}/delete/",
    "rules": "/admin/ingest/tenant/{tenant}/try-rules/",
    "retention": "/admin/ingest/tenant/{tenant}/preview-retention/",
    "tokens": "/admin/ingest/apitoken/",
    "token-add": "/admin/ingest/apitoken/add/",
    "token": "/admin/ingest/apitoken/{token}/change/",
    "users": "/admin/auth/user/",
    "user-add": "/admin/auth/user/add/",
    "user": "/admin/auth/user/{user}/change/",
    "password": "/admin/auth/user/{user}/password/",
    "groups": "/admin/auth/group/",
    "group": "/admin/auth/group/{group}/change/",
    "memberships": "/admin/ingest/membership/",
    "membership": "/admin/ingest/membership/{membership}/change/",
    "blocks": "/admin/ingest/blockrecord/",
    "block": "/admin/ingest/blockrecord/{block}/change/",
    "audit": "/admin/ingest/auditentry/",
    "audit-line": "/admin/ingest/auditentry/{audit}/change/",
    "changes": "/admin/ingest/tenantchange/",
}


@pytest.fixture(scope="module")
def pages(cluster: Cluster) -> dict[str, str]:
    """The addresses, of rows that are there: a superuser, a tenant with a limit of its own, a token, a block."""

    def is_uploaded() -> bool:
        _, body, _ = cluster.request("GET", "/api/v1/ring")
        return any(one["status"].get("last_upload_seconds") for one in json.loads(body)["instances"])

    cluster.manage("flush")
    wait_for(is_uploaded, 120, "no ingester has uploaded a block")
    rows = json.loads(cluster.manage("shell", "-c", CREATE).splitlines()[-1])
    return {name: path.format(**rows) for name, path in PAGES.items()}


def signed_in(page: Page) -> Page:
    page.goto("/admin/")
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password").fill("right")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


def ok(response: Response | None) -> bool:
    """Whether a page came, and not one that says why it does not."""
    return response is not None and response.status == 200


def reach(page: Page, wanted: Locator) -> None:
    """Go to something by the key that goes on."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"no Tab reaches {wanted}")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_can_be_used_by_everybody_in_both_themes(
    open_page: OpenPage, pages: dict[str, str], theme: str
) -> None:
    page = open_page(theme)
    page.goto("/admin/")
    wrong = {"sign-in": violations(page)}
    signed_in(page)
    for name, path in pages.items():
        assert ok(page.goto(path)), name
        expect(page.locator("html")).to_have_class("dark" if theme == "dark" else "")
        picture(page, f"admin-{name}-{theme}")
        # Of one page in two themes only the colours differ; looking for the rest twice takes a minute.
        wrong[name] = violations(page) if theme == "dark" else violations(page, "color-contrast")
    assert {name: found for name, found in wrong.items() if found} == {}


def test_a_phone_has_no_sideways_scroll(open_page: OpenPage, pages: dict[str, str]) -> None:
    page = signed_in(open_page(size=PHONE))
    for name, path in pages.items():
        assert ok(page.goto(path)), name
        picture(page, f"admin-{name}-phone")
        assert fits_its_width(page), name


@pytest.mark.usefixtures("pages")
def test_menus_are_opened_gone_through_and_closed_by_keys(page: Page) -> None:
    signed_in(page)
    account = page.get_by_role("button", name="operator")
    reach(page, account)
    page.keyboard.press("Enter")
    light = page.get_by_role("button", name="Light")
    expect(light).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_class("light")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_class("dark")
    page.keyboard.press("Escape")
    expect(light).to_be_hidden()
    expect(account).to_be_focused()
    sidebar, tokens = page.get_by_role("button", name="Show or hide the sidebar"), page.get_by_text("API tokens")
    reach(page, sidebar)
    page.keyboard.press("Space")
    expect(tokens).to_be_hidden()
    page.keyboard.press("Space")
    expect(tokens).to_be_visible()
    page.goto("/admin/ingest/apitoken/")
    filters = page.get_by_role("button", name="Filters")
    reach(page, filters)
    page.keyboard.press("Enter")
    sheet = page.locator("#changelist-filter")
    expect(sheet.locator(":focus")).to_have_count(1)
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(filters).to_be_focused()


@pytest.mark.usefixtures("pages")
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
    page.get_by_role("row", name="agents of team-a").locator("input[name=_selected_action]").check()
    page.locator("select[name=action]").select_option("revoke")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("A revoked token never works again")).to_be_visible()
    picture(page, "admin-confirm")
    assert violations(page) == []
    page.get_by_role("button", name="Yes, I am sure").click()
    expect(page.get_by_text("1 token was revoked")).to_be_visible()


def test_a_retention_period_is_previewed_on_the_page_of_a_tenant(page: Page, pages: dict[str, str]) -> None:
    signed_in(page)
    page.goto(pages["tenant"])
    page.get_by_role("link", name="Preview retention").click()
    period = page.get_by_label("Compactor blocks retention period")
    period.fill("30d")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#trial")).to_contain_text("Nothing would be deleted")
    expect(page.locator("#trial")).to_contain_text("The tenant has no block in the bucket.")
    picture(page, "admin-retention-tried")
    assert violations(page) == []
    period.fill("1h")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("still on their way to the bucket")
    expect(page.locator("#trial")).to_have_count(0)


def test_rules_are_tried_on_the_page_of_a_tenant(page: Page, pages: dict[str, str]) -> None:
    signed_in(page)
    page.goto(pages["tenant"])
    page.get_by_role("link", name="Try relabelling rules").click()
    page.get_by_label("Rules", exact=True).fill("- {action: labeldrop, regex: region}")
    page.get_by_role("button", name="Try").click()
    expect(page.get_by_text("The series is stored")).to_be_visible()
    expect(page.locator("#trial")).to_contain_text("removed region=eu-west")
    picture(page, "admin-rules-tried")
    assert violations(page) == []


@pytest.mark.usefixtures("pages")
def test_the_theme_chosen_on_the_pages_holds_in_the_admin(page: Page) -> None:
    signed_in(page)
    page.goto("/ring")
    page.locator("#theme").click()
    page.goto("/admin/")
    expect(page.locator("html")).to_have_class(re.compile("light"))
