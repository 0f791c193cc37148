"""A server of the stage, and a page that must not complain nor ask any other host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.flame.stage import serving


@pytest.fixture(scope="package")
def address() -> Iterator[str]:
    with serving() as started:
        yield started


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of a person who wants no motion, so that a zoom is where it leads at once."""
    opened = browser.new_page(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
    wrong: list[str] = []
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda ask: None if ask.url.startswith(address) else wrong.append(ask.url))
    opened.goto(address)
    opened.wait_for_function("window.stage")
    yield opened
    opened.close()
    assert wrong == []
