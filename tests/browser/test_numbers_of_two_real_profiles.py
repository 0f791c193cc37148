"""Two recordings of real programs, pushed to the diff page and as files on the upload page: the numbers of the API."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.integration.cluster.cluster import ROOT, Cluster

RECORDINGS = ROOT / "ingest" / "demo" / "recordings"
PATIENCE_MS = 60_000
FIELDS = ("left_self", "right_self", "left_total", "right_total")


@dataclass(frozen=True)
class Pair:
    """Two files and what of them is compared."""

    left: str
    right: str
    profile_type: str
    tab: str
    unit: str


PAIRS = {
    "two versions in Python": Pair(
        "python_cpu_1.4.0_1.pb.gz",
        "python_cpu_1.5.0_1.pb.gz",
        "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        "cpu (nanoseconds)",
        "nanoseconds",
    ),
    "two heaps of Go": Pair(
        "go_heap_1.pb.gz", "go_heap_5.pb.gz", "memory:inuse_space:bytes:space:bytes", "inuse_space (bytes)", "bytes"
    ),
    "Java twice": Pair(
        "java_cpu_2.pb.gz",
        "java_cpu_6.pb.gz",
        "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        "cpu (nanoseconds)",
        "nanoseconds",
    ),
}


@pytest.fixture(scope="module", params=PAIRS)
def pair(request: pytest.FixtureRequest) -> Pair:
    return PAIRS[request.param]


@pytest.fixture(scope="module")
def state(cluster: Cluster, pair: Pair) -> dict[str, str]:
    """Both files stored, each as a service of its own; returns what page and API are asked."""
    now_ms = int(time.time() * 1000)
    asked = {}
    for side, name in (("left", pair.left), ("right", pair.right)):
        service = f"{side}-of-{re.sub('[^a-z0-9]+', '-', pair.left)}"
        query = urlencode({"service_name": service, "time": "now"})
        status, body, _ = cluster.request("POST", f"/api/v1/upload?{query}", (RECORDINGS / name).read_bytes())
        assert status == 200, body
        asked |= {f"{side}_query": f'{{service_name="{service}"}}'}
        asked |= {f"{side}_from": str(now_ms - 600_000), f"{side}_until": str(now_ms + 600_000)}
    return asked


@pytest.fixture(scope="module")
def changes(cluster: Cluster, pair: Pair, state: dict[str, str]) -> list[dict[str, Any]]:
    """The ten functions that changed most, as the API has them."""
    query = urlencode({**state, "profile_type": pair.profile_type, "limit": "10"})
    status, body, _ = cluster.request("GET", f"/api/v1/diff/top?{query}")
    assert status == 200, body
    functions: list[dict[str, Any]] = json.loads(body)["functions"]
    assert any(one["left_total"] for one in functions)
    assert any(one["right_total"] for one in functions)
    return functions


def shown(page: Page, name: str) -> list[str | None]:
    """Return the exact numbers of a function's row: self of A and B, total of A and B, and both changes."""
    page.get_by_role("searchbox", name="Search").locator("visible=true").fill(f"^{re.escape(name)}$")
    rows = page.locator(".changes tbody tr")
    expect(rows).to_have_count(1)
    cells: Locator = rows.first.locator("td")
    return [cells.nth(at).get_attribute("title") for at in (1, 2, 4, 5, 0, 3)]


def expected(one: dict[str, Any], unit: str) -> list[str]:
    values = [one[field] for field in FIELDS]
    values += [one["right_self"] - one["left_self"], one["right_total"] - one["left_total"]]
    return [f"{value:,} {unit}" for value in values]


def test_of_queries(page: Page, pair: Pair, state: dict[str, str], changes: list[dict[str, Any]]) -> None:
    page.goto(f"/diff?{urlencode({**state, 'type': pair.profile_type, 'view': 'table', 'mode': 'absolute'})}")
    expect(page.locator(".changes tbody tr").first).to_be_visible(timeout=PATIENCE_MS)
    for one in changes:
        assert shown(page, one["name"]) == expected(one, pair.unit)


def test_of_files(page: Page, pair: Pair, changes: list[dict[str, Any]]) -> None:
    page.goto("/upload?view=table&mode=absolute")
    page.locator("#picker").set_input_files([RECORDINGS / pair.left, RECORDINGS / pair.right])
    expect(page.locator("#compare")).to_be_visible(timeout=PATIENCE_MS)
    tab = page.get_by_role("tab", name=re.compile(f"^{re.escape(pair.tab)}"))
    if tab.count():
        tab.click()
    for one in changes:
        assert shown(page, one["name"]) == expected(one, pair.unit)
