"""Profiles of other people's profilers: what the pages show is what the API says, and what an independent reader says.

The files are those of ``PHLARE_CORPUS_DIR``; ``expected.json`` beside them is the reader's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CHROMIUM
from tests.browser.explore_page import CPU, api, explore, has_the_functions
from tests.django.ui.test_page_code_in_the_script_engine import NODE
from tests.integration.cluster.cluster import OF_ANY_TIME, Cluster, wait_for

pytestmark = pytest.mark.skipif(NODE is None, reason="no node on this machine; install Node 20 or later")

SPACE = "memory:inuse_space:bytes:space:bytes"
#: Files, the profile type that is looked at, and the type of value it is in the file.
FILES = {
    "go_cpu.pb.gz": (CPU, "cpu"),
    "go_heap_small.pb.gz": ("memory:alloc_space:bytes:space:bytes", "alloc_space"),
    "java_cpu.pb.gz": (CPU, "cpu"),
    "nodejs.pb.gz": ("wall:wall:microseconds:wall:microseconds", "wall"),
    "python_cpu.pb.gz": ("process_cpu:samples:count::milliseconds", "samples"),
    "ruby.pb.gz": ("process_cpu:samples:count::milliseconds", "samples"),
    "rust.pb.gz": (CPU, "cpu"),
    "1644509272337470000.pb.gz": (SPACE, "inuse_space"),
    "1644509299337903000.pb.gz": (SPACE, "inuse_space"),
}
#: Go's runtime cut its stacks; they get their roots back, so totals by function are other ones than the reader's.
REPAIRED = {"go_heap_small.pb.gz"}
ALL_TIME = {"from": 1_262_304_000_000, "until": 4_102_444_800_000}  # 2010 to 2100 in ms


def query_of(file: str) -> str:
    return f'{{service_name="{file}"}}'


@pytest.fixture(scope="module")
def cluster(corpus_dir: Path, reader: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A database with these files, each as a service, the oldest first."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install it or set PHLARE_CHROMIUM")
    made = Cluster(
        tmp_path_factory.mktemp("recorded") / "data",
        arguments=("--ingesters=1", "--zones=1", "--replication-factor=1"),
        environment=OF_ANY_TIME,
    )
    folders = {path.name: path for folder in ("pprof", "series") for path in (corpus_dir / folder).iterdir()}

    def are_all_read() -> bool:
        return len(api(made, "series", labels="service_name", **ALL_TIME)["series"]) == len(FILES)

    try:
        made.start()
        for file in sorted(FILES, key=lambda file: reader[file]["time_nanos"] or ALL_TIME["until"] * 1_000_000):
            path = f"/api/v1/profiles?{urlencode({'service_name': file})}"
            status, body, _ = made.request("POST", path, folders[file].read_bytes())
            assert status == 200, body
        wait_for(are_all_read, 60, "every file is a service")
        yield made
    finally:
        made.kill_everything()


@pytest.fixture(scope="module")
def reader(corpus_dir: Path) -> dict[str, Any]:
    """What the independent reader says."""
    said: dict[str, Any] = json.loads((corpus_dir / "expected.json").read_text("utf-8"))
    return said


@pytest.mark.parametrize("file", FILES)
def test_self_and_total_of_the_ten_largest_functions(
    page: Page, cluster: Cluster, reader: dict[str, Any], tmp_path: Path, file: str
) -> None:
    profile_type, value_type = FILES[file]
    asked = {"query": query_of(file), **ALL_TIME}
    top = api(cluster, "top", profile_type=profile_type, limit=10_000, **asked)
    by_name = {row["name"]: row for row in top["functions"]}
    said = next(one for one in reader[file]["types"] if one["type"] == value_type)
    assert top["total"] == said["total"] > 0
    for column in ("self",) if file in REPAIRED else ("self", "total"):
        assert {name: by_name[name][column] for name, _ in said[f"top_{column}"]} == dict(said[f"top_{column}"])
    explore(page, view="table", type=profile_type, **{name: str(value) for name, value in asked.items()})
    has_the_functions(page, {**top, "functions": top["functions"][:10]}, tmp_path)


def test_the_difference_of_two_has_the_numbers_of_each(page: Page, cluster: Cluster) -> None:
    left, right = (file for file, (profile_type, _) in FILES.items() if profile_type == SPACE)
    sides = {"left": query_of(left), "right": query_of(right)}
    tops = {
        side: api(cluster, "top", profile_type=SPACE, query=query, limit=10_000, **ALL_TIME)
        for side, query in sides.items()
    }
    state: dict[str, object] = {"type": SPACE, "view": "table", "mode": "absolute"}
    for side, query in sides.items():
        state |= {f"{side}_query": query, f"{side}_from": ALL_TIME["from"], f"{side}_until": ALL_TIME["until"]}
    page.goto(f"/diff?{urlencode(state)}")
    for side, top in tops.items():
        expect(page.locator(f"#{side}-total")).to_have_attribute("title", f"{top['total']:,} bytes", timeout=60_000)
    own = {side: {row["name"]: row for row in top["functions"]} for side, top in tops.items()}
    names = {*own["left"], *own["right"]}
    values = {
        name: [own[side].get(name, {"self": 0, "total": 0})[kind] for kind in ("self", "total") for side in sides]
        for name in names
    }
    rows = page.locator(".changes tbody tr")
    expect(rows.nth(9)).to_be_visible()
    shown = [
        (row.locator("th").inner_text(), [row.locator("td").nth(at).get_attribute("title") for at in range(6)])
        for row in rows.all()[:10]
    ]
    for name, titles in shown:
        a_self, b_self, a_total, b_total = values[name]
        wanted = [b_self - a_self, a_self, b_self, b_total - a_total, a_total, b_total]
        assert titles == [f"{value:,} bytes" for value in wanted]
    changes = sorted((abs(b - a) for a, b, _, _ in values.values()), reverse=True)
    assert [abs(values[name][1] - values[name][0]) for name, _ in shown] == changes[:10]
