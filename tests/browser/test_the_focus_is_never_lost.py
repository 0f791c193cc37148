"""Keys alone: what closes, goes or is drawn anew hands the focus on to where one was."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.explore_page import CHECKOUT, CPU, explore, loaded
from tests.integration.cluster.cluster import Cluster


def test_a_row_of_the_inbox_keeps_the_focus_while_the_inbox_is_refreshed(page: Page, cluster: Cluster) -> None:
    assert cluster.request("POST", "/api/v1/profiles?service_name=focus", b"no profile")[0] == 400
    page.goto("/inbox?show=rejected")
    more = page.locator("#inbox summary").first
    more.press("Enter")
    expect(page.locator("#inbox details[open]")).to_have_count(1)
    more.evaluate("one => { one.dataset.old = 'yes'; }")
    expect(page.locator("#inbox summary[data-old]")).to_have_count(0, timeout=30_000)  # it was drawn anew
    expect(more).to_be_focused()


def test_the_limits_keep_the_focus_while_they_are_refreshed(page: Page) -> None:
    page.goto("/limits")
    second = page.locator("#limits .scrolls").nth(1)
    second.focus()
    second.evaluate("one => { one.dataset.old = 'yes'; }")
    expect(page.locator("#limits [data-old]")).to_have_count(0, timeout=40_000)
    expect(second).to_be_focused()


def test_a_condition_that_is_taken_away_leaves_the_focus_among_the_labels(page: Page) -> None:
    explore(page, query='{service_name="checkout", region="eu"}', type=CPU)
    page.get_by_role("button", name="Remove region = eu").press("Enter")
    loaded(page)
    assert page.evaluate("document.activeElement.closest('#labels') !== null")


def test_steps_that_are_taken_back_leave_the_focus_at_the_graph(page: Page) -> None:
    for button in ("Undo", "Whole"):
        explore(page, query=CHECKOUT, type=CPU, view="flame", steps='[{"kind": "collapse"}]')
        page.get_by_role("button", name=button, exact=True).press("Enter")
        expect(page.locator("#flame")).to_be_focused()


def test_a_view_that_goes_hands_the_focus_to_the_one_that_comes(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU, view="flame")
    page.locator("#flame").press("2")
    expect(page.locator("#functions .function-grid")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("view=sandwich"))
    assert page.evaluate("document.activeElement.closest('#sandwich') !== null")
