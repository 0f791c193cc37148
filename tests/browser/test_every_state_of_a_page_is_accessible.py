"""Pages that compare, show files and tell of pushes, in each state: nothing serious for axe in either theme."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import OpenPage, answer_with
from tests.integration.cluster.cluster import Cluster

PATIENCE_MS = 60_000
AWAY = '{"message": "No ingester answers.", "reason": "ingester_unavailable"}'
LOADED = re.compile("^loaded")
STACKS = {
    "one.folded": "main;work 30\nmain;rest 5\n",
    "two.folded": "main;work 20\nmain;new 9\n",
    "bad.folded": "a x\n",
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    for name, text in STACKS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return {name: tmp_path / name for name in STACKS}


@pytest.fixture(scope="module", autouse=True)
def _refusal(cluster: Cluster) -> None:
    """Something to show where trouble is shown."""
    answer = cluster.request("POST", "/api/v1/profiles?__name__=process_cpu&service_name=broken", b"no profile")
    assert answer[0] == 400


def diff(page: Page, **state: str) -> None:
    page.goto(f"/diff?{urlencode(state)}")
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)


def diff_with_one_side(page: Page, _files: dict[str, Path]) -> None:
    diff(page, left_query='{service_name="nobody"}', right_from="now-6h", right_query='{service_name="checkout"}')
    expect(page.locator("#notices")).to_contain_text("A is empty")


def diff_of_nothing(page: Page, _files: dict[str, Path]) -> None:
    long_ago = {f"{side}_{edge}": "1600000000000" for side in ("left", "right") for edge in ("from", "until")}
    page.goto(f"/diff?{urlencode(long_ago)}")
    expect(page.locator("#notices")).to_contain_text("No profile has a time")


def diff_that_failed(page: Page, _files: dict[str, Path]) -> None:
    answer_with(page, "**/api/v1/diff?**", 503, AWAY)
    page.goto("/diff")
    expect(page.locator("#notices")).to_contain_text("No ingester answers.", timeout=PATIENCE_MS)


def diff_of_labels(page: Page, _files: dict[str, Path]) -> None:
    diff(page)
    page.get_by_text("Compare two values of a label").click()
    expect(page.locator("select[name=left_value] option").first).to_be_attached(timeout=PATIENCE_MS)


def upload(page: Page, *paths: Path) -> None:
    page.goto("/upload")
    if paths:
        page.locator("#picker").set_input_files(list(paths))
        expect(page.locator("#status")).to_have_text(re.compile("^(read |failed)"), timeout=PATIENCE_MS)


def upload_being_kept(page: Page, files: dict[str, Path]) -> None:
    upload(page, files["one.folded"])
    page.get_by_role("button", name="Keep…").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def inbox_with_details(page: Page, _files: dict[str, Path]) -> None:
    page.goto("/inbox?show=rejected")
    page.get_by_text("More").first.click()
    expect(page.locator("#inbox dl").first).to_be_visible()


def inbox_without_matches(page: Page, _files: dict[str, Path]) -> None:
    page.goto("/inbox?service_name=nobody")
    expect(page.locator("#empty")).to_contain_text("No push is like that", timeout=PATIENCE_MS)


def failing(path: str, api: str) -> Callable[[Page, dict[str, Path]], None]:
    def show(page: Page, _files: dict[str, Path]) -> None:
        answer_with(page, f"**{api}**", 503, AWAY)
        page.goto(path)
        expect(page.locator("#notices")).to_contain_text("No ingester answers.", timeout=PATIENCE_MS)
        expect(page.locator("#notices code")).to_have_text("feedc0de")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()

    return show


STATES: dict[str, Callable[[Page, dict[str, Path]], None]] = {
    "diff as an overlay": lambda page, _: diff(page),
    "diff side by side": lambda page, _: diff(page, view="side"),
    "diff as a table": lambda page, _: diff(page, view="table"),
    "diff with one side": diff_with_one_side,
    "diff of nothing": diff_of_nothing,
    "diff that failed": diff_that_failed,
    "diff of two values of a label": diff_of_labels,
    "upload, empty": lambda page, _: upload(page),
    "upload of a file": lambda page, files: upload(page, files["one.folded"]),
    "upload of two files": lambda page, files: upload(page, files["one.folded"], files["two.folded"]),
    "upload, refused": lambda page, files: upload(page, files["bad.folded"]),
    "upload, to be kept": upload_being_kept,
    "inbox with details": inbox_with_details,
    "inbox without matches": inbox_without_matches,
    "inbox that failed": failing("/inbox", "/api/v1/inbox?"),
    "limits that failed": failing("/limits", "/api/v1/limits"),
    "status that failed": failing("/status", "/api/v1/status"),
    "start that failed": failing("/start", "/api/v1/inbox?"),
}


@pytest.mark.parametrize("state", STATES)
def test_nothing_serious_for_axe_in_either_theme(open_page: OpenPage, files: dict[str, Path], state: str) -> None:
    page = open_page("dark", expected=("503", "400"))
    STATES[state](page, files)
    assert violations(page) == []
    page.emulate_media(color_scheme="light")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    assert violations(page) == []
