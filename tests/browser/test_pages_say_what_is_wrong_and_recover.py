"""Redis, an ingester or the server itself is away: pages that refresh say so, keep what they have, and recover."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CHROMIUM, OpenPage, picture
from tests.integration.cluster.cluster import Cluster

BEATS = {"PHLARE_RING_HEARTBEAT_PERIOD_SECONDS": "1s", "PHLARE_RING_HEARTBEAT_TIMEOUT_SECONDS": "12s"}
LONG_MS = 120_000
STALE, LIVE = re.compile(r"^stale · as it was .* ago$"), re.compile(r"^live · \d+ s old$")
#: What is on each page once it has been read.
PAGES = {
    "ring": "article",
    "inbox": "#inbox tbody tr",
    "limits": "table.limits tbody tr",
    "status": "#components tbody tr",
    "start": "#arrived li",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install it or set PHLARE_CHROMIUM")
    made = Cluster(tmp_path_factory.mktemp("trouble") / "data", environment=BEATS)
    try:
        made.start()
        made.wait_until_whole(3)
        assert made.request("POST", "/ingest?name=web&format=folded", b"main;work 5\n")[0] == 200
        yield made
    finally:
        made.kill_everything()


def all_pages(open_page: OpenPage) -> dict[str, Page]:
    pages = {}
    for name, rows in PAGES.items():
        page = open_page(expected=("503", "504", "ERR_"))
        page.goto(f"/{name}")
        expect(page.locator("#status")).to_have_text(LIVE, timeout=LONG_MS)
        expect(page.locator(rows).first).to_be_visible(timeout=LONG_MS)
        pages[name] = page
    return pages


def recovered(page: Page, name: str) -> None:
    expect(page.locator("#status")).to_have_text(LIVE, timeout=LONG_MS)
    expect(page.locator("#notices")).to_be_empty(timeout=LONG_MS)
    expect(page.locator(PAGES[name]).first).to_be_visible(timeout=LONG_MS)


def test_while_redis_hangs_each_page_keeps_what_it_has_and_says_of_when(open_page: OpenPage, cluster: Cluster) -> None:
    pages = all_pages(open_page)
    with cluster.halted("redis"):
        for name, page in pages.items():
            if name == "status":  # it can tell
                row = page.get_by_role("row", name=re.compile("^redis"))
                expect(row).to_contain_text("down", timeout=LONG_MS)
                expect(page.locator("#figures")).to_contain_text("Something is down")
            else:
                expect(page.locator("#notices")).to_contain_text("Redis", timeout=LONG_MS)
                expect(page.locator("#status")).to_have_text(STALE, timeout=LONG_MS)
                expect(page.locator("body")).to_have_class(re.compile("stale"))
            expect(page.locator(PAGES[name]).first).to_be_visible()
            picture(page, f"{name}-redis-hangs", whole=False)
    for name, page in pages.items():
        recovered(page, name)
    expect(pages["status"].locator("#figures")).to_contain_text("Everything is well", timeout=LONG_MS)


def test_while_the_server_hangs_each_page_says_that_it_does_not_answer(open_page: OpenPage, cluster: Cluster) -> None:
    pages = all_pages(open_page)
    with cluster.halted("web"):
        for name, page in pages.items():
            expect(page.locator("#status")).to_have_text(STALE, timeout=LONG_MS)
            expect(page.locator("#notices")).to_contain_text("The server does not answer.", timeout=LONG_MS)
            expect(page.locator("#notices")).to_contain_text("What is shown is of ")
            expect(page.locator(PAGES[name]).first).to_be_visible()
        picture(pages["start"], "start-server-hangs", whole=False)
    for name, page in pages.items():
        recovered(page, name)


def test_an_ingester_that_hangs_is_down_before_its_heartbeat_is_missed(open_page: OpenPage, cluster: Cluster) -> None:
    page = open_page()
    page.goto("/status")
    row = page.locator("#components tr", has_text="ingester-2")
    expect(row).to_contain_text(re.compile(r"ok[\d.]+ ms"), timeout=LONG_MS)
    with cluster.halted("ingester-2"):
        expect(row).to_contain_text(re.compile("down.*—.*(reads: no answer|UNHEALTHY)", re.I), timeout=LONG_MS)
        expect(page.locator("#status")).to_have_text(LIVE)
        picture(page, "status-ingester-hangs", whole=False)
    expect(row).to_contain_text(re.compile(r"ok[\d.]+ ms"), timeout=LONG_MS)


@pytest.mark.parametrize("role", ["web", "redis"])
def test_what_was_killed_is_found_again_when_it_is_back(open_page: OpenPage, cluster: Cluster, role: str) -> None:
    pages = all_pages(open_page)
    cluster.kill(role)
    for page in pages.values():
        page.wait_for_event("requestfinished", lambda one: "/api/v1/" in one.url, timeout=LONG_MS)
        expect(page.locator("#status")).to_have_text(LIVE, timeout=LONG_MS)
        expect(page.locator("#notices")).to_be_empty(timeout=LONG_MS)
    expect(pages["status"].locator("#figures")).to_contain_text("Everything is well", timeout=LONG_MS)
