"""What the explore page says while Redis hangs, while an ingester does, and before its scripts have come."""

from __future__ import annotations

import re

from playwright.sync_api import CDPSession, Page, Route, expect

from tests.browser.conftest import OpenPage, picture
from tests.browser.explore_page import CHECKOUT, CPU, explore, loaded
from tests.integration.cluster.cluster import Cluster

#: 400 kbit/s.
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}


def test_while_redis_hangs_one_sentence_says_so_and_the_old_picture_stays(
    open_page: OpenPage, cluster: Cluster
) -> None:
    page = open_page(expected=("503", "504"))
    explore(page, query=CHECKOUT, type=CPU)
    facts = page.locator("#facts").inner_text()
    with cluster.halted("redis"):
        page.get_by_role("button", name="Refresh").click()
        everything = "Services, the timeline and the flame graph could not be read"
        expect(page.locator("#notices")).to_contain_text(everything)
        expect(page.locator("#notices .notice")).to_have_count(1)
        expect(page.locator("#notices")).to_contain_text("Redis cannot be reached")
        expect(page.locator("#notices")).to_contain_text("What is shown is of")
        expect(page.locator("#status")).to_have_text(re.compile("^stale: of .*:"))
        assert page.locator("#facts").inner_text() == facts
        picture(page, "explore-redis-away")
    cluster.wait_until_whole(3)
    page.get_by_role("button", name="Try again").click()
    loaded(page)
    expect(page.locator("#notices")).to_be_empty()


def test_while_one_ingester_hangs_its_replicas_answer_and_that_is_said(page: Page, cluster: Cluster) -> None:
    explore(page, query=CHECKOUT, type=CPU)
    with cluster.halted("ingester-1"):
        page.get_by_role("button", name="Refresh").click()
        expect(page.locator("#notices")).to_contain_text("Not everybody answered: ingester-1")
        expect(page.locator("#notices")).to_contain_text("nothing is missing")
        loaded(page)
    cluster.wait_until_whole(3)
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#notices")).to_be_empty()


def test_what_did_not_answer_is_not_called_nothing(page: Page) -> None:
    def by_nobody(route: Route) -> None:
        response = route.fetch()
        document = response.json()
        document |= {"series": []} if "series" in document else {"total": 0, "levels": [[0, 0, 0, 0]]}
        document["sources"] |= {"complete": False, "missing": [{"name": "ingester-1", "reason": "timeout"}]}
        route.fulfill(response=response, json=document)

    for path in ("series", "flamegraph"):
        page.route(f"**/api/v1/{path}?**", by_nobody)
        page.goto("/explore")
        loaded(page)
        expect(page.locator("#notices")).to_contain_text("This is only a part: ingester-1 (timeout) did not answer.")
        expect(page.get_by_role("heading", name="Nothing in this range")).to_be_hidden()
        expect(page.locator("#notices")).not_to_contain_text("No profile of this type")
        page.unroute(f"**/api/v1/{path}?**")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#notices")).to_be_empty()
        expect(page.locator("#facts")).to_contain_text("profiles")


def test_on_a_slow_network_the_page_says_that_it_loads_before_its_scripts_have_come(page: Page) -> None:
    network: CDPSession = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", SLOW)
    held: list[Route] = []
    scripts = re.compile(r"/static/phlare/main\.")
    page.route(scripts, lambda route: held.append(route))
    with page.expect_request(scripts):
        page.goto("/explore", wait_until="commit")
    expect(page.locator("#status")).to_have_text("loading")
    for waited_for in ("#services", "#chart", "#graph-views"):
        expect(page.locator(waited_for)).to_have_class(re.compile(r"\bskeleton\b"))
    picture(page, "explore-no-scripts-yet")
    held[0].continue_()
    loaded(page)
    expect(page.locator(".skeleton")).to_have_count(0)
