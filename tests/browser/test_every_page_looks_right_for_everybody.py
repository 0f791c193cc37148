"""Every page in both themes, on a phone and on a wall: nothing serious for axe, no sideways scroll, pictures kept."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import HUGE, PHONE, WIDE, OpenPage, fits_its_width, picture
from tests.integration.cluster.cluster import Cluster

PAGES = ["explore", "diff", "upload", "ring", "inbox", "start", "status", "limits", "api/docs", "accounts/login/"]


@pytest.fixture(scope="module", autouse=True)
def _trouble(cluster: Cluster) -> None:
    """Something to show where trouble is shown."""
    answer = cluster.request("POST", "/api/v1/profiles?__name__=process_cpu&service_name=broken", b"no profile")
    assert answer[0] == 400


def settled(page: Page, path: str) -> None:
    """Open a page and wait until it has asked for what it shows."""
    page.goto(f"/{path}")
    status = page.locator("#status")
    if status.count() and path != "upload":  # it has nothing to say before there is a file
        expect(status.first).to_contain_text(re.compile(r"loaded|refreshed|live|ago"), timeout=30_000)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_serious_for_axe_in_either_theme(open_page: OpenPage, path: str, theme: Any) -> None:
    page = open_page(theme=theme, size=WIDE)
    settled(page, path)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    picture(page, f"{path.replace('/', '-').strip('-')}-{theme}")
    assert violations(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_it_without_sideways_scroll(open_page: OpenPage, path: str) -> None:
    page = open_page(size=PHONE)
    settled(page, path)
    picture(page, f"{path.replace('/', '-').strip('-')}-phone", whole=False)
    assert fits_its_width(page)


@pytest.mark.parametrize("path", ["explore", "status"])
def test_a_wall_of_4k_is_filled(open_page: OpenPage, path: str) -> None:
    page = open_page(size=HUGE)
    settled(page, path)
    main = page.locator("main").bounding_box()
    assert main is not None
    assert main["width"] > 3800
