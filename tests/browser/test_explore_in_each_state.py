"""What the explore page says while it waits, when there is nothing, when it fails, and when it has only a part."""

from __future__ import annotations

import json
import re

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, answer_with, picture
from tests.browser.explore_page import CHECKOUT, CPU, explore, loaded
from tests.integration.cluster.cluster import Cluster


def test_a_bad_selector_says_what_is_wrong(open_page: OpenPage) -> None:
    page = open_page(expected=("400",))  # the refused request is an error on the console, and right so
    page.goto("/explore?query=%7Bservice_name%3D")
    expect(page.locator("#notices")).to_contain_text(re.compile("selector|expected", re.IGNORECASE))
    expect(page.locator("#notices .request-id").first).to_have_text(re.compile(r"\w+"))
    expect(page.locator("#status")).to_have_text("failed")
    picture(page, "explore-bad-selector")


def test_nothing_in_the_range_says_how_to_push(page: Page, cluster: Cluster) -> None:
    explore(page, **{"from": "1000000000000", "until": "1000000100000"})
    expect(page.get_by_role("heading", name="Nothing in this range")).to_be_visible()
    expect(page.locator("pre code")).to_contain_text(f"127.0.0.1:{cluster.port}")
    expect(page.locator("#flame")).to_be_hidden()
    picture(page, "explore-empty")


def test_no_profile_that_matches_says_what_to_do(page: Page) -> None:
    explore(page, query='{service_name="checkout", region="mars"}', type=CPU)
    expect(page.locator("#notices")).to_contain_text("No profile of this type matches")


def test_a_failure_names_the_request_and_is_tried_again(open_page: OpenPage) -> None:
    page = open_page(expected=("500",))
    answer_with(page, "**/api/v1/flamegraph**", 500, json.dumps({"message": "The server failed; its log says why."}))
    page.goto("/explore")
    expect(page.locator("#notices")).to_contain_text("The flame graph could not be read: The server failed")
    expect(page.locator("#notices .request-id")).to_have_text("feedc0de")
    expect(page.locator("#status")).to_have_text("failed")
    picture(page, "explore-error")
    page.unroute("**/api/v1/flamegraph**")
    page.get_by_role("button", name="Try again").click()
    loaded(page)
    expect(page.locator("#notices")).to_be_empty()


def test_after_a_failed_refresh_the_old_picture_says_how_old_it_is(open_page: OpenPage) -> None:
    page = open_page(expected=("500",))
    explore(page, query=CHECKOUT, type=CPU)
    facts = page.locator("#facts").inner_text()
    answer_with(page, "**/api/v1/flamegraph**", 500, "{}")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator("#status")).to_have_text(re.compile("^stale: of .*:"))
    expect(page.locator("#notices")).to_contain_text("What is shown is of")
    assert page.locator("#facts").inner_text() == facts


def test_a_part_of_an_answer_is_labelled_so(page: Page) -> None:
    def without_an_ingester(route: Route) -> None:
        response = route.fetch()
        document = response.json()
        document["sources"]["missing"] = [{"name": "ingester-1", "reason": "timeout"}]
        document["sources"]["complete"] = False
        route.fulfill(response=response, json=document)

    page.route("**/api/v1/flamegraph**", without_an_ingester)
    explore(page, query=CHECKOUT, type=CPU)
    expect(page.locator("#notices")).to_contain_text("This is only a part: ingester-1 (timeout) did not answer.")
    picture(page, "explore-partial")


def test_what_takes_long_shows_its_time_and_can_be_cancelled(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/v1/flamegraph**", lambda route: held.append(route))
    page.goto("/explore")
    waiting = page.locator(".waiting")
    expect(waiting).to_contain_text(re.compile(r"Merging profiles: \d+ s"), timeout=10_000)
    picture(page, "explore-loading")
    with page.expect_event("requestfailed", lambda request: "/flamegraph" in request.url):
        waiting.get_by_role("button", name="Cancel").click()
    expect(waiting).to_have_count(0)
    expect(page.locator("#status")).to_have_text("cancelled")
    page.unroute("**/api/v1/flamegraph**")
    page.get_by_role("button", name="Refresh").click()
    loaded(page)


def test_an_answer_that_is_overtaken_is_not_shown(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU)
    held: list[Route] = []
    page.route(re.compile(r"/api/v1/flamegraph\?.*catalog"), lambda route: held.append(route))
    page.locator("#services .pick", has_text="catalog").click()
    expect(page.locator("#status")).to_have_text("loading")
    page.locator("#services .pick", has_text="billing").click()
    loaded(page)
    expect(page.locator("#functions")).to_contain_text("sha256")
    assert held
    assert page.title().startswith("billing")


def test_a_function_without_a_name_has_its_sandwich_and_is_searched_for(page: Page) -> None:
    answer = {
        "unit": "nanoseconds", "total": 4, "max_self": 3, "profiles": 1, "hidden": 0, "hidden_nodes": 0,
        "names": ["total", "main", ""], "levels": [[0, 4, 0, 0], [0, 4, 3, 1], [3, 1, 1, 2]],
        "sources": {"asked": [], "missing": [], "complete": True},
    }  # fmt: skip
    answer_with(page, "**/api/v1/flamegraph**", 200, json.dumps(answer))
    explore(page, query=CHECKOUT, type=CPU, view="table")
    page.locator("#functions .function-grid").get_by_role("row").filter(has_text="(no name)").click()
    told = re.compile(r"callers · \(no name\) · 1 ns, 25\.0 %")
    expect(page.locator(".sandwich-heading")).to_have_text(told)
    page.reload()
    loaded(page)
    expect(page.locator(".sandwich-heading")).to_have_text(told)
    page.locator("#search").fill("^$")
    expect(page.locator("#search-result")).to_have_text("1 function · 25.0 %")


def test_a_name_from_a_profile_is_text(page: Page, cluster: Cluster) -> None:
    answer = {
        "unit": "nanoseconds", "total": 4, "max_self": 4, "profiles": 1, "hidden": 0, "hidden_nodes": 0,
        "names": ["total", "<img src=x onerror=alert(1)>"], "levels": [[0, 4, 0, 0], [0, 4, 4, 1]],
        "sources": {"asked": [], "missing": [], "complete": True},
    }  # fmt: skip
    answer_with(page, "**/api/v1/flamegraph**", 200, json.dumps(answer))
    for view in ("both", "sandwich", "tree"):
        explore(page, query=CHECKOUT, type=CPU, view=view)
        expect(page.locator("#graph-views")).to_contain_text("<img src=x" if view != "sandwich" else "onerror")
        assert page.locator("#graph-views img").count() == 0
