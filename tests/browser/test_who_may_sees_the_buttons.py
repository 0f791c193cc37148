"""Signing in, the switch of tenants, and a start page that makes tokens for those who may and no button for others."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import CHROMIUM, OpenPage, picture
from tests.integration.cluster.cluster import Cluster

STACKS = b"main;work 90\nmain;rest 10\n"
CREATE_USERS = """
from django.contrib.auth.models import User
from ingest.models import Membership
for name, roles in {"ada": {"team-a": "admin", "team-b": "member"}, "eve": {"team-a": "member"}}.items():
    user = User.objects.create_user(name, password="right")
    for tenant, role in roles.items():
        Membership.objects.create(user=user, tenant=tenant, role=role)
"""


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A database that asks who one is, with two tenants and two users."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install it or set PHLARE_CHROMIUM")
    made = Cluster(
        tmp_path_factory.mktemp("guarded") / "data",
        arguments=("--ingesters=1", "--zones=1", "--replication-factor=1"),
        environment={"PHLARE_ACCESS_ENABLED": "1", "PHLARE_MULTITENANCY_ENABLED": "1"},
    )
    made.start()
    made.manage("shell", "-c", CREATE_USERS)
    yield made
    made.kill_everything()


def sign_in(page: Page, name: str, path: str) -> None:
    page.goto(path)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("right")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_an_administrator_makes_a_token_with_which_the_first_profile_comes(
    open_page: OpenPage, guarded: Cluster
) -> None:
    page = open_page(port=guarded.port)
    sign_in(page, "ada", "/start?tenant=team-a")
    page.get_by_role("button", name="Make a token").click()
    token = page.locator("#token")
    expect(token).to_have_text(re.compile(r"^phl_\S{20,}$"))
    text = token.inner_text()
    expect(page.locator("[role=tabpanel]:visible code")).to_contain_text(text)
    picture(page, "start-token")
    assert violations(page) == []
    headers = {"Authorization": f"Bearer {text}"}
    path = "/api/v1/upload?service_name=shop&sample_rate=100"
    for _ in range(100):  # every process knows the token within seconds
        if guarded.request("POST", path, STACKS, headers)[0] == 200:
            break
        page.wait_for_timeout(300)
    expect(page.locator("#arrived .ok")).to_contain_text("shop", timeout=30_000)


def test_the_tenant_is_switched_in_the_bar_and_goes_along(open_page: OpenPage, guarded: Cluster) -> None:
    page = open_page(port=guarded.port)
    sign_in(page, "ada", "/limits?tenant=team-a")
    expect(page.locator("#figures")).to_contain_text("team-a")
    page.get_by_role("combobox", name="Tenant").fill("team-b")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("tenant=team-b"))
    expect(page.locator("#figures")).to_contain_text("team-b")
    page.get_by_role("link", name="Inbox", exact=True).click()
    expect(page).to_have_url(re.compile("inbox.*tenant=team-b"))
    expect(page.locator("#empty")).to_contain_text("Nothing has been pushed")


def test_a_switch_in_another_tab_leaves_a_page_with_its_tenant(open_page: OpenPage, guarded: Cluster) -> None:
    page = open_page(port=guarded.port)
    sign_in(page, "ada", "/limits?tenant=team-a")
    page.get_by_role("combobox", name="Tenant").fill("team-b")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("tenant=team-b"))
    with page.expect_popup() as opened:
        page.evaluate("window.open('/limits')")
    other = opened.value  # of the session's tenant, which the address names from then on
    expect(other).to_have_url(re.compile("tenant=team-b"))
    expect(other.locator("#figures")).to_contain_text("team-b")
    page.get_by_role("combobox", name="Tenant").fill("team-a")
    page.keyboard.press("Enter")
    expect(page.locator("#figures")).to_contain_text("team-a")
    with other.expect_response(lambda response: "/api/v1/limits" in response.url, timeout=60_000) as again:
        other.bring_to_front()  # it is read every ten seconds while it is seen
    assert again.value.json()["tenant"] == "team-b"
    expect(other.locator("#figures")).to_contain_text("team-b")


def test_a_reader_sees_no_button_that_would_be_refused(open_page: OpenPage, guarded: Cluster) -> None:
    page = open_page(port=guarded.port)
    sign_in(page, "eve", "/start?tenant=team-a")
    expect(page.locator("#token-words")).to_contain_text("Whoever administers the tenant")
    expect(page.get_by_role("button", name="Make a token")).to_be_hidden()
    expect(page.get_by_role("button", name="Send a demo profile")).to_be_hidden()
    expect(page.locator("[role=tabpanel]:visible code")).to_contain_text("YOUR_TOKEN")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def sign_in_elsewhere(page: Page, name: str) -> None:
    """Sign in as another tab of the same browser would."""
    page.request.get("/accounts/login/")
    token = next(one["value"] for one in page.context.cookies() if one["name"] == "csrftoken")
    form = {"username": name, "password": "right", "csrfmiddlewaretoken": token}
    assert page.request.post("/accounts/login/", form=form, max_redirects=0).status == 302


def test_a_session_that_ends_says_so_and_what_was_open_goes_on_after_the_next(
    open_page: OpenPage, guarded: Cluster
) -> None:
    page = open_page(port=guarded.port, expected=("401", "403"))
    sign_in(page, "ada", "/upload?tenant=team-a")
    page.context.clear_cookies()
    file = {"name": "a.folded", "mimeType": "text/plain", "buffer": STACKS}
    page.set_input_files("#picker", file)
    expect(page.locator("#file-list")).to_contain_text("You are signed out.")
    expect(page.locator("#file-list").get_by_role("link", name="Sign in again")).to_have_attribute(
        "href", re.compile(r"/accounts/login/\?next=%2Fupload")
    )
    sign_in_elsewhere(page, "ada")
    page.locator("#file-list").get_by_role("button", name="Try again").click()
    expect(page.locator("#file-list")).to_contain_text("read as collapsed")


def test_somebody_with_several_tenants_is_asked_for_one(open_page: OpenPage, guarded: Cluster) -> None:
    page = open_page(port=guarded.port, expected=("401",))
    sign_in(page, "ada", "/limits")
    expect(page.locator("#notices")).to_contain_text("There are several tenants.")
    page.get_by_role("button", name="Choose one").click()
    expect(page.locator("#tenant")).to_be_focused()
    page.locator("#tenant").fill("team-a")
    page.keyboard.press("Enter")
    expect(page.locator("#figures")).to_contain_text("team-a")
