"""Thousands of services, hundreds of labels, ten thousand values: the page stays as tall and quick as with a few."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage, answer_with, picture
from tests.browser.explore_page import CHECKOUT, CPU, explore, loaded

SERVICES = 2000
LABELS = 500
VALUES = 10_000


def series(page: Page, pattern: str, listed: list[dict[str, str]]) -> None:
    """Answer the question for series that ``pattern`` tells from the other one."""
    sources = {"asked": [], "missing": [], "complete": True}
    answer_with(page, pattern, 200, json.dumps({"series": listed, "sources": sources}))


def test_only_the_services_in_view_are_in_the_page(open_page: OpenPage) -> None:
    for size in ((1400, 900), PHONE):
        page = open_page(size=size)
        names = [f"service-{number:04d}" for number in range(SERVICES)]
        series(page, "**/api/v1/series?*labels=*", [{"service_name": name, "__profile_type__": CPU} for name in names])
        explore(page, query=CHECKOUT, type=CPU)
        rows = page.locator("#services li")
        expect(rows.first).to_have_attribute("aria-setsize", str(SERVICES + 1))
        assert rows.count() < 60
        assert page.locator("#services").evaluate("list => list.clientHeight") <= size[1]
        page.locator("#services .pick").first.focus()
        page.keyboard.press("End")
        last = page.locator("#services .pick", has_text="service-1999")
        expect(last).to_be_focused()
        expect(last).to_be_in_viewport(ratio=0.9)
        assert rows.count() < 60


def test_many_labels_leave_the_graph_in_sight(page: Page) -> None:
    labels = {f"label_{number:03d}": "x" for number in range(LABELS)}
    series(page, "**/api/v1/series?*profile_type=*", [labels])
    explore(page, query=CHECKOUT, type=CPU)
    expect(page.locator("#labels .label")).to_have_count(LABELS)
    expect(page.locator("#timeline")).to_be_in_viewport()
    last = page.locator("#labels .label").last
    last.focus()
    expect(last).to_be_in_viewport()
    picture(page, "explore-many-labels")


def test_any_of_ten_thousand_values_is_found_by_typing(page: Page) -> None:
    series(page, "**/api/v1/series?*profile_type=*", [{"pod": f"pod-{number:05d}"} for number in range(VALUES)])
    explore(page, query=CHECKOUT, type=CPU)
    page.locator("#labels .label", has_text="pod").click()
    panel = page.locator(".menu")
    expect(panel.locator("li").last).to_have_text(f"{VALUES - 200} more: type to find them")
    page.keyboard.type("09999")
    panel.get_by_role("button", name="Only pod pod-09999").click()
    expect(page.locator("#query-text")).to_have_value('{service_name="checkout", pod="pod-09999"}')
    loaded(page)
