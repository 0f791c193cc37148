"""Explore, ring and inbox in Chromium against a real cluster with the demo's profiles: seen, clicked, linked to."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, OpenPage, fits_its_width, picture
from tests.integration.cluster.cluster import Cluster


def explore(page: Page, cluster: Cluster, address: str = "/") -> None:
    page.goto(f"http://127.0.0.1:{cluster.port}{address}")
    expect(page.locator("#status")).to_contain_text("loaded")


def test_explore_lands_on_a_flame_graph_of_all_services(page: Page, cluster: Cluster) -> None:
    explore(page, cluster)
    expect(page.locator("#services button")).to_contain_text(
        ["All services", "billing", "catalog", "checkout", "storefront"]
    )
    expect(page.locator("#flame-total")).to_have_text(re.compile(r"\d.* in \d+ profiles"))
    expect(page.locator("#flame canvas")).to_be_visible()
    picture(page, "explore")


def test_a_service_and_a_type_are_chosen_and_the_address_says_so(page: Page, cluster: Cluster) -> None:
    explore(page, cluster)
    page.get_by_role("button", name="catalog").click()
    expect(page).to_have_url(re.compile("catalog"))
    expect(page.locator("#status")).to_contain_text("loaded")
    page.locator("select[name=type]").select_option("memory:inuse_space:bytes:space:bytes")
    expect(page).to_have_url(re.compile("inuse_space"))
    expect(page.locator("#flame-total")).to_contain_text("iB")
    page.go_back()
    expect(page.locator("#flame-total")).to_have_text(re.compile(r"(s|min) in \d+ profiles"))


def test_a_link_to_a_view_shows_that_view(page: Page, cluster: Cluster) -> None:
    explore(page, cluster, "/?query=%7Bservice_name%3D%22checkout%22%7D&range=1h")
    expect(page.get_by_role("button", name="checkout")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("input[name=query]")).to_have_value('{service_name="checkout"}')


@pytest.mark.parametrize(("form", "extension"), [("pprof", ".pb.gz"), ("html", ".html"), ("collapsed", ".txt")])
def test_what_is_shown_is_downloaded_in_the_chosen_format(
    page: Page, cluster: Cluster, form: str, extension: str
) -> None:
    explore(page, cluster, "/?query=%7Bservice_name%3D%22checkout%22%7D&range=1h")
    page.get_by_label("Format of the download").select_option(form)
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    assert started.value.suggested_filename.endswith(extension)
    assert started.value.path().stat().st_size > 200


def test_frames_are_found_by_search_by_pointer_and_by_keyboard(page: Page, cluster: Cluster) -> None:
    explore(page, cluster, "/?query=%7Bservice_name%3D%22checkout%22%7D&range=1h")
    page.keyboard.press("/")
    page.keyboard.type("place_order")
    expect(page.locator("#search-result")).to_have_text(re.compile(r"\d+ functions, \d+.*%"))
    canvas = page.locator("#flame canvas")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 30)
    expect(page.locator("#frame")).to_contain_text("total")
    page.locator("#flame").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#frame")).to_contain_text("%")
    whole = canvas.screenshot()
    page.keyboard.press("Enter")
    zoomed = canvas.screenshot()
    assert zoomed != whole
    page.locator("#reset").click()
    assert canvas.screenshot() != zoomed


def test_the_table_has_the_numbers_of_the_api(page: Page, cluster: Cluster) -> None:
    explore(page, cluster, "/?query=%7Bservice_name%3D%22checkout%22%7D&range=1h")
    page.get_by_text("Functions as a table").click()
    first = page.locator("#functions tbody tr").first
    expect(first).to_contain_text("%")
    expect(page.locator("#functions tbody")).to_contain_text("place_order")


def test_a_bad_selector_says_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page(expected=("400",))  # the refused request is an error on the console, and right so
    page.goto("/?query=%7Bservice_name%3D&range=1h")
    expect(page.locator("#notices")).to_contain_text(re.compile("selector|expected", re.IGNORECASE))
    expect(page.locator("#status")).to_have_text("failed")


def test_nothing_in_the_range_says_how_to_push(page: Page, cluster: Cluster) -> None:
    explore(page, cluster, "/?range=custom&from=1000000000000&until=1000000100000")
    expect(page.get_by_role("heading", name="Nothing in this range")).to_be_visible()
    expect(page.locator("pre code")).to_contain_text(f"127.0.0.1:{cluster.port}")


def test_the_ring_shows_each_ingester_with_its_state_and_goes_on_refreshing(page: Page, cluster: Cluster) -> None:
    page.goto(f"http://127.0.0.1:{cluster.port}/ring")
    for number in range(3):
        expect(page.get_by_role("heading", name=f"ingester-{number} ACTIVE")).to_be_visible()
    expect(page.get_by_text("3 / 3").first).to_be_visible()
    stamp = page.locator("#status")
    expect(stamp).to_contain_text("refreshed")
    before = stamp.inner_text()
    expect(stamp).not_to_have_text(before, timeout=10_000)
    picture(page, "ring")


@pytest.mark.parametrize("address", ["/", "/ring"])
def test_a_phone_has_no_sideways_scroll(open_page: OpenPage, address: str) -> None:
    page = open_page(size=PHONE)
    page.goto(address)
    expect(page.locator("#status")).to_contain_text(re.compile("loaded|refreshed"))
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
