"""A browser's clock may be hours off: ranges end at the server's now, and ages are counted from it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.explore_page import explore

HOUR_MS = 3_600_000


def set_clock(page: Page, ahead_ms: int) -> None:
    """Have everything in the page read the same wrong clock."""
    page.add_init_script(f"{{ const real = Date.now.bind(Date); Date.now = () => real() + {ahead_ms}; }}")


@pytest.mark.parametrize("ahead_ms", [5 * HOUR_MS, -5 * HOUR_MS])
def test_the_last_hour_is_the_last_hour(open_page: OpenPage, ahead_ms: int) -> None:
    page = open_page()
    set_clock(page, ahead_ms)
    explore(page)
    expect(page.locator("#facts")).to_contain_text(re.compile(r"in [1-9][\d,]* profiles?"))
    page.goto("/inbox")
    expect(page.locator("#inbox tbody td:first-child").first).to_have_text(
        re.compile(r"^(\d+\.\d s|\d+ min \d+ s|[0-2] h \d+ min) ago$")
    )
