"""Inbox, limits and status go on asking: what they show when the server is away is called old, and is renewed after."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PHONE, OpenPage, answer_with, picture
from tests.integration.cluster.cluster import Cluster

PATIENCE_MS = 60_000
AWAY = '{"message": "Redis cannot be reached.", "reason": "unavailable"}'
FRESH = re.compile("^(refreshed|live)")
#: Each page's path, the address it asks, and what of it is there when it has been read.
PAGES = {
    "inbox": ("**/api/v1/inbox?**", "#inbox tbody tr"),
    "limits": ("**/api/v1/limits", "table.limits tbody tr"),
    "status": ("**/api/v1/status", "#components tbody tr"),
}


@pytest.fixture(scope="module", autouse=True)
def _refusal(cluster: Cluster) -> None:
    answer = cluster.request("POST", "/api/v1/profiles?__name__=process_cpu&service_name=broken", b"no profile")
    assert answer[0] == 400


@pytest.mark.parametrize("path", PAGES)
def test_what_was_read_stays_and_is_called_old_until_it_is_renewed(open_page: OpenPage, path: str) -> None:
    asked, rows = PAGES[path]
    page = open_page(expected=("503",))
    page.goto(f"/{path}")
    expect(page.locator("#status")).to_have_text(FRESH, timeout=PATIENCE_MS)
    answer_with(page, asked, 503, AWAY)
    expect(page.locator("#status")).to_have_text(re.compile("^stale"), timeout=PATIENCE_MS)
    expect(page.locator("#notices")).to_contain_text("What is shown is")
    expect(page.locator("#notices")).to_contain_text("Redis cannot be reached.")
    expect(page.locator("#notices code")).to_have_text("feedc0de")
    expect(page.locator(rows).first).to_be_visible()
    picture(page, f"{path}-stale")
    page.unroute(asked)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#status")).to_have_text(FRESH, timeout=PATIENCE_MS)
    expect(page.locator("#notices")).to_be_empty()


@pytest.mark.parametrize("path", PAGES)
def test_a_first_wait_that_lasts_is_shown_and_can_be_ended(page: Page, path: str) -> None:
    asked, rows = PAGES[path]
    held: list[Route] = []
    page.route(asked, lambda route: held.append(route))
    page.goto(f"/{path}")
    page.locator(".waiting").get_by_role("button", name="Cancel").click(timeout=PATIENCE_MS)
    expect(page.locator("#status")).to_have_text(re.compile("^(cancelled|not read)"))
    page.unroute(asked)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(rows).first).to_be_visible(timeout=PATIENCE_MS)


def test_an_inbox_that_is_not_to_refresh_says_so_and_is_read_when_it_is_asked_for(page: Page) -> None:
    page.goto("/inbox")
    expect(page.locator("#status")).to_have_text(FRESH)
    page.get_by_label("Refresh every 5 s").uncheck()
    expect(page.locator("#status")).to_have_text(re.compile(r"^paused · as it was (1[5-9]|[2-9]\d)\.\d s ago$"))
    expect(page.locator("body")).not_to_have_class(re.compile("stale"))
    with page.expect_request("**/api/v1/inbox?**"):
        page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("#status")).to_have_text(re.compile(r"^paused · as it was \d\.\d s ago$"))


def test_a_row_of_the_inbox_is_a_card_on_a_phone(open_page: OpenPage) -> None:
    page = open_page(size=PHONE)
    page.goto("/inbox")
    row = page.locator("#inbox tbody tr").first
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    box = row.bounding_box()
    assert box is not None
    assert box["height"] < 260
    picture(page, "inbox-phone-cards", whole=False)


def test_settings_that_are_not_set_are_found_or_asked_for(page: Page) -> None:
    page.goto("/status")
    settings = page.locator("#settings tbody tr")
    expect(settings.filter(has_text="PHLARE_DATA_DIR")).to_be_visible(timeout=PATIENCE_MS)
    expect(settings.filter(has_text="PHLARE_TICK_SECONDS")).to_have_count(0)
    page.get_by_label("Find").fill("tick")
    expect(settings.filter(has_text="PHLARE_TICK_SECONDS")).to_be_visible()
    page.get_by_label("Find").fill("")
    page.get_by_label("All settings").check()
    expect(page).to_have_url(re.compile("set=all"))
    expect(settings.filter(has_text="PHLARE_TICK_SECONDS")).to_be_visible()
