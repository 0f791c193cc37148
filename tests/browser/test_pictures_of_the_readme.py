"""The views that the README shows, with something in each of them."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, picture

#: The first and the second half of what the demo made of a service.
SIDES = {
    **dict.fromkeys(("left_query", "right_query"), '{service_name="checkout"}'),
    "left_from": "now-15m",
    "left_until": "now-8m",
    "right_from": "now-8m",
    "right_until": "now",
}


@pytest.mark.parametrize(
    ("name", "address", "shown", "status"),
    [
        ("explore", "/explore", "#flame canvas", "^loaded"),
        ("ring", "/ring", "text=ingester-2", "^live"),
        ("diff", f"/diff?{urlencode(SIDES)}", "#view canvas", "^loaded"),
    ],
)
def test_a_view_has_what_it_is_about(open_page: OpenPage, name: str, address: str, shown: str, status: str) -> None:
    page = open_page()
    page.goto(address)
    expect(page.locator("#status")).to_have_text(re.compile(status), timeout=30_000)
    expect(page.locator(shown).first).to_be_visible()
    expect(page.locator("main")).not_to_have_text(re.compile("could not be"))
    picture(page, f"readme-{name}", whole=False)
