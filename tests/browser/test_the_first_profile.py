"""The start page from waiting to green, its refusals in words, its snippets; and what the limits page says after."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CHROMIUM, OpenPage, answer_with, picture
from tests.integration.cluster.cluster import Cluster

STACKS = b"main;work 90\nmain;rest 10\n"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A database that nobody has sent anything."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install it or set PHLARE_CHROMIUM")
    made = Cluster(tmp_path_factory.mktemp("start") / "data")
    made.start()
    made.wait_until_whole(3)
    yield made
    made.kill_everything()


def test_it_waits_tells_of_a_refusal_and_turns_green_when_a_profile_came(open_page: OpenPage, empty: Cluster) -> None:
    page = open_page(port=empty.port)
    page.goto("/start")
    expect(page.locator("#waiting")).to_have_text(re.compile(r"Waiting for data: \d\d:\d\d"))
    expect(page.get_by_role("link", name="Open the flame graph")).to_be_hidden()
    picture(page, "start-waiting")
    assert empty.request("POST", "/api/v1/profiles?__name__=process_cpu&service_name=broken", b"no profile")[0] == 400
    expect(page.locator("#arrived .bad")).to_contain_text("not a pprof message", timeout=20_000)
    expect(page.locator("#waiting-words")).to_contain_text("Still waiting")
    assert empty.request("POST", "/api/v1/upload?service_name=shop&sample_rate=100", STACKS)[0] == 200
    expect(page.locator("#arrived .ok")).to_contain_text("shop", timeout=20_000)
    expect(page.locator("#waiting-words")).to_have_text("Data has come.")
    picture(page, "start-green")
    page.get_by_role("link", name="Open the flame graph").click()
    expect(page).to_have_url(re.compile("explore.*shop"))


def test_the_limits_page_counts_what_was_stored_and_what_was_refused(open_page: OpenPage, empty: Cluster) -> None:
    page = open_page(port=empty.port)
    assert empty.request("POST", "/api/v1/profiles?__name__=process_cpu&service_name=broken", b"no profile")[0] == 400
    page.goto("/limits")
    row = page.locator("#refusals tbody tr", has_text="malformed_profile")
    expect(row).to_be_visible(timeout=20_000)
    counts = page.request.get("/api/v1/inbox/hours").json()["counts"]
    refused = sum(one["count"] for one in counts if one["reason"] == "malformed_profile")
    expect(row.locator("td").last).to_have_text(str(refused))
    limits = page.request.get("/api/v1/limits").json()["limits"]
    expect(page.locator("table.limits tbody tr")).to_have_count(len(limits))
    picture(page, "limits")


def test_a_demo_profile_is_sent_by_a_button(open_page: OpenPage, empty: Cluster) -> None:
    page = open_page(port=empty.port)
    page.goto("/start")
    page.get_by_role("button", name="Send a demo profile").click()
    expect(page.locator("#arrived .ok", has_text="demo")).to_be_visible(timeout=20_000)


def test_why_a_button_did_nothing_stays_to_be_read(open_page: OpenPage, empty: Cluster) -> None:
    page = open_page(port=empty.port, expected=("503",))
    answer_with(
        page, "**/api/v1/upload**", 503, '{"message": "No ingester is ACTIVE.", "reason": "ingester_unavailable"}'
    )
    page.goto("/start")
    page.get_by_role("button", name="Send a demo profile").click()
    expect(page.locator("#outcome")).to_contain_text("No ingester is ACTIVE.")
    for _ in range(2):  # what has come is read again meanwhile
        page.wait_for_event("requestfinished", lambda one: "/api/v1/inbox" in one.url)
    expect(page.locator("#outcome")).to_contain_text("No ingester is ACTIVE.")
    page.unroute("**/api/v1/upload**")
    page.get_by_role("button", name="Send a demo profile").click()
    expect(page.locator("#outcome")).to_be_empty(timeout=20_000)


def test_snippets_name_this_server_and_nothing_that_it_does_not_ask_for(page: Page, cluster: Cluster) -> None:
    page.goto("/start")
    for name in ("Python", "Django", "Go", "Node", "Java", "Ruby", "Rust", ".NET", "OpenTelemetry", "Alloy", "curl"):
        page.get_by_role("tab", name=name, exact=True).click()
        code = page.locator("[role=tabpanel]:visible code")
        expect(code).to_contain_text(f"http://127.0.0.1:{cluster.port}")
        assert not re.search("TOKEN|TENANT|@URL@|Authorization|Scope", code.inner_text())
    page.get_by_role("tab", name="Go", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Node", exact=True)).to_be_focused()
    expect(page).to_have_url(re.compile("with=node"))
    page.reload()
    expect(page.get_by_role("tab", name="Node", exact=True)).to_have_attribute("aria-selected", "true")
