"""How long it takes from the address to the first flame graph, on a server that is warm."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.browser.conftest import OpenPage
from tests.browser.explore_page import explore

#: What is wanted is half a second, on a machine that does nothing else; a test that runs among others asks for less.
BOUND_MS = 2000
TRIES = 8


def test_the_first_graph_comes_soon(open_page: OpenPage) -> None:
    times: list[float] = []
    while len(times) < TRIES and (not times or min(times) > BOUND_MS):
        page = open_page()
        explore(page)
        times.append(page.evaluate("performance.getEntriesByName('phlare-first-graph')[0].startTime"))
    print("first graph after", [round(one) for one in times], "ms")
    assert min(times) <= BOUND_MS


def test_the_first_questions_are_asked_before_the_page_is_complete_and_each_once(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    with page.expect_response(lambda response: "/api/v1/timeline" in response.url and "group_by" in response.url):
        explore(page)
    paths = [urlsplit(url).path for url in asked]
    questions = [url for url in asked if "/api/v1/" in url]
    assert max(Counter(questions).values()) == 1
    assert Counter(path for path in paths if "/api/v1/" in path and "whoami" not in path) == {
        "/api/v1/series": 2,
        "/api/v1/flamegraph": 1,
        "/api/v1/timeline": 2,
    }
