"""The bar, the theme, the keyboard, and what a page does when the server is slow or away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, answer_with, picture

UNAVAILABLE = '{"code": "unavailable", "reason": "ingester_unavailable", "message": "Redis cannot be reached."}'


def test_every_page_is_reached_from_the_bar_by_keyboard_alone(page: Page) -> None:
    page.goto("/status")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    names = []
    for _ in range(11):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert names == [
        "phlareweb", "Explore", "Diff", "Upload", "Ring", "Inbox", "Start", "Status", "Limits", "API", "Admin"
    ]  # fmt: skip
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/limits$"))


def test_a_chosen_theme_is_remembered_and_the_system_decides_before(open_page: OpenPage) -> None:
    page = open_page(theme="light")
    page.goto("/status")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Use dark colours").click()
    expect(root).to_have_attribute("data-theme", "dark")
    page.goto("/inbox")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Use light colours").click()
    expect(root).to_have_attribute("data-theme", "light")


def test_a_failure_shows_its_reason_the_name_of_the_request_and_a_way_to_try_again(open_page: OpenPage) -> None:
    page = open_page(expected=("503",))
    answer_with(page, "**/api/v1/status", 503, UNAVAILABLE)
    page.goto("/status")
    notice = page.locator("#notices")
    expect(notice).to_contain_text("Redis cannot be reached.")
    expect(notice.locator(".request-id")).to_have_text("feedc0de")
    picture(page, "status-error")
    page.unroute("**/api/v1/status")
    page.get_by_role("button", name="Try again").click()
    expect(notice).to_be_empty()
    expect(page.locator("#components")).to_contain_text("ingester-0")


def test_what_was_read_stays_and_is_called_stale(open_page: OpenPage) -> None:
    page = open_page(expected=("503",))
    page.goto("/status")
    expect(page.locator("#components")).to_contain_text("ingester-0")
    answer_with(page, "**/api/v1/status", 503, UNAVAILABLE)
    expect(page.locator("#status")).to_contain_text("stale", timeout=20_000)
    expect(page.locator("#components")).to_contain_text("ingester-0")
    expect(page.locator("#notices")).to_contain_text("What is shown is of")


def test_a_long_wait_says_so_and_can_be_cancelled(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/v1/status", lambda route: held.append(route))
    page.goto("/status")
    expect(page.locator("#components tbody")).to_have_class(re.compile("skeleton"))
    expect(page.locator(".waiting")).to_contain_text(re.compile(r"Reading the status: \d+ s"), timeout=10_000)
    picture(page, "status-waiting")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator("#status")).to_have_text(re.compile("cancelled|not read"))
    assert held


def test_files_are_named_by_their_content_compressed_and_kept_for_good(page: Page) -> None:
    found = {}

    def look(response) -> None:  # type: ignore[no-untyped-def]
        if "/static/" in response.url:
            found[Path(response.url).name] = response.headers

    page.on("response", look)
    page.goto("/status")
    expect(page.locator("#status")).to_contain_text("live")
    assert found
    for name, headers in found.items():
        assert re.fullmatch(r"[a-z_]+\.[0-9a-f]{12}\.(js|css|svg)", name), name
        assert "immutable" in headers["cache-control"]
    assert found[next(name for name in found if name.startswith("main."))]["content-encoding"] == "gzip"


@pytest.mark.parametrize("accept", ["application/json", "text/plain"])
def test_the_status_is_for_programs_as_well(page: Page, accept: str) -> None:
    response = page.request.get("/status", headers={"Accept": accept})
    assert response.ok
    assert response.headers["content-type"].startswith(accept)
    for name in ("redis", "database", "bucket", "beat and worker", "ingester-0", "ingester-1", "ingester-2"):
        assert name in response.text()
    assert "down" not in response.text().splitlines()[0]
