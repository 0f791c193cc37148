"""Every number that the explore page shows is the API's for the same query: no sum or share is of another making."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.explore_page import CHECKOUT, CPU, api, explore, has_the_functions, loaded, written
from tests.django.ui.test_page_code_in_the_script_engine import NODE
from tests.integration.cluster.cluster import Cluster

pytestmark = pytest.mark.skipif(NODE is None, reason="no node on this machine; install Node 20 or later")

SERVICES = [
    ("checkout", CPU),
    ("catalog", "memory:inuse_space:bytes:space:bytes"),
    ("billing", CPU),
    ("storefront", "wall:wall:nanoseconds:wall:nanoseconds"),
]


def types_of(cluster: Cluster, service: str) -> set[str]:
    series = api(cluster, "series", query=f'{{service_name="{service}"}}', labels="__profile_type__")["series"]
    return {one["__profile_type__"] for one in series}


@pytest.mark.parametrize(("service", "wanted"), SERVICES, ids=[service for service, _ in SERVICES])
def test_self_and_total_of_the_ten_largest_functions(
    page: Page, cluster: Cluster, tmp_path: Path, service: str, wanted: str
) -> None:
    known = types_of(cluster, service)
    profile_type = wanted if wanted in known else sorted(known)[0]
    query = f'{{service_name="{service}"}}'
    end = api(cluster, "timeline", query=query, profile_type=profile_type)["series"][0]["timestamps_ms"][-1]
    asked = {"query": query, "from": end - 1_800_000, "until": end}
    explore(page, view="table", type=profile_type, **{name: str(value) for name, value in asked.items()})
    top = api(cluster, "top", profile_type=profile_type, limit=10, **asked)
    has_the_functions(page, top, tmp_path)


def test_groups_of_the_timeline(page: Page, cluster: Cluster, tmp_path: Path) -> None:
    end = api(cluster, "timeline", query=CHECKOUT, profile_type=CPU)["series"][0]["timestamps_ms"][-1]
    asked: dict[str, Any] = {"query": CHECKOUT, "from": end - 1_800_000, "until": end}
    explore(page, type=CPU, group="region", **{name: str(value) for name, value in asked.items()})
    answer = api(cluster, "timeline", profile_type=CPU, group_by="region", **asked)
    groups = {
        line["labels"]["region"]: [
            value for time, value in zip(line["timestamps_ms"], line["values"], strict=True) if time > asked["from"]
        ]
        for line in answer["series"]
    }
    whole = sum(sum(values) for values in groups.values())
    assert whole == api(cluster, "flamegraph", profile_type=CPU, **{**asked, "from": asked["from"] + 1})["total"]
    for region, values in groups.items():
        texts = written(
            tmp_path,
            [
                f"quantity({sum(values)}, 'nanoseconds')",
                f"percent({sum(values)} / {whole})",
                f"quantity({max(values)}, 'nanoseconds')",
            ],
        )
        cells = page.locator("#legend tbody tr", has_text=region).locator("td.number")
        expect(cells).to_have_text(texts)


def test_what_a_zoom_asks_for_again_is_all_there_is(page: Page, cluster: Cluster) -> None:
    """The server sends few frames at first; below the frame that is zoomed to, all of them come."""
    end = api(cluster, "timeline", query=CHECKOUT, profile_type=CPU)["series"][0]["timestamps_ms"][-1]
    asked: dict[str, Any] = {"query": CHECKOUT, "profile_type": CPU, "from": end - 1_800_000, "until": end}
    whole = api(cluster, "flamegraph", max_nodes=0, **asked)
    assert whole["hidden_nodes"] == 0

    def fewer(url: str) -> str:
        return re.sub(r"max_nodes=\d+", "max_nodes=20", url)

    page.route(
        "**/api/v1/flamegraph**",
        lambda route: (
            route.continue_() if "call_site" in route.request.url else route.continue_(url=fewer(route.request.url))
        ),
    )
    explore(page, view="flame", type=CPU, query=CHECKOUT, **{"from": str(asked["from"]), "until": str(end)})
    expect(page.locator("#notices")).to_contain_text(re.compile(r"[\d.]+ % is in [\d,]+ frames too small to be sent"))
    page.locator("#search").fill("^other$")
    expect(page.locator("#search-result")).to_contain_text("1 function ·")
    page.locator("#search").fill("")
    page.locator("#flame").focus()
    with page.expect_response(lambda response: "call_site=" in response.url) as came:
        for key in ("ArrowDown", "ArrowDown", "Enter"):
            page.keyboard.press(key)
    deep = came.value.json()
    assert deep["hidden_nodes"] == 0
    loaded(page)
    page.locator("#search").fill("JSONEncoder.iterencode")
    expect(page.locator("#search-result")).to_contain_text("1 function ·")
