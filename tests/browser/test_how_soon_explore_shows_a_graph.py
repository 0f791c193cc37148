"""How long it takes from the address to the first flame graph, on a server that is warm."""

from __future__ import annotations

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
