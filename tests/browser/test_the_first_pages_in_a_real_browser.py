"""Ring and inbox in Chromium against a real cluster with the demo's profiles: seen, clicked, linked to."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage, fits_its_width, picture
from tests.integration.cluster.cluster import Cluster


def test_the_ring_shows_each_ingester_with_its_state_and_goes_on_refreshing(page: Page, cluster: Cluster) -> None:
    page.goto(f"http://127.0.0.1:{cluster.port}/ring")
    for number in range(3):
        expect(page.get_by_role("heading", name=f"ingester-{number} ACTIVE")).to_be_visible()
    expect(page.get_by_text("3 / 3").first).to_be_visible()
    stamp = page.locator("#status")
    expect(stamp).to_contain_text("live")
    before = stamp.inner_text()
    expect(stamp).not_to_have_text(before, timeout=10_000)
    picture(page, "ring")


def test_a_phone_has_no_sideways_scroll(open_page: OpenPage) -> None:
    page = open_page(size=PHONE)
    page.goto("/ring")
    expect(page.locator("#status")).to_contain_text("live")
    assert fits_its_width(page)


def test_the_inbox_shows_a_refusal_with_its_reason_and_filters_find_it(page: Page, cluster: Cluster) -> None:
    refused = cluster.request("POST", "/api/v1/profiles?__name__=process_cpu&service_name=broken", b"no profile")
    assert refused[0] == 400
    page.goto(f"http://127.0.0.1:{cluster.port}/inbox")
    expect(page.locator("#inbox")).to_contain_text("not a pprof message")
    expect(page.locator("#inbox")).to_contain_text("checkout")
    picture(page, "inbox")
    page.locator("select[name=show]").select_option("rejected")
    expect(page).to_have_url(re.compile("show=rejected"))
    expect(page.locator("#inbox tbody tr")).to_have_count(1)
    expect(page.locator("#inbox .badge")).to_have_text("rejected")
    page.get_by_text("More").click()
    expect(page.locator("#inbox")).to_contain_text("malformed_profile")
    page.locator("input[name=service_name]").fill("nobody")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#empty")).to_contain_text("No push is like that")
