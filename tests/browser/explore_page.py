"""The explore page as a test sees it."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

CHECKOUT = '{service_name="checkout"}'
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"


def explore(page: Page, **state: str) -> None:
    """Go to the page with this state in its address, and wait until it has loaded."""
    page.goto(f"/explore?{urlencode(state)}" if state else "/explore")
    loaded(page)


def loaded(page: Page) -> None:
    """Wait until the page shows what its address says."""
    expect(page.locator("#status")).to_have_text(re.compile("^loaded"), timeout=20_000)


def has_state(page: Page, **state: str) -> None:
    """Expect each of these in the address."""
    for name, value in state.items():
        expect(page).to_have_url(re.compile(rf"[?&]{name}=[^&]*{re.escape(urlencode({'': value})[1:])}"))
