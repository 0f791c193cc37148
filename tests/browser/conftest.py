"""What the tests in a real browser share: one cluster with the demo's profiles, one Chromium, pages that must behave.

Chromium is the system's (``PHLARE_CHROMIUM``, or found by name); without one these tests are skipped aloud. A page that
complains on its console, or asks another host, fails its test. Pictures are written to ``build/pictures``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.integration.cluster.cluster import Cluster

CHROMIUM = os.environ.get("PHLARE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = Path(__file__).resolve().parents[2] / "build" / "pictures"
WIDE, PHONE, HUGE = (1400, 900), (360, 740), (3840, 2160)
#: How long a page is given for what a test waits for: a busy machine may need it, and what is there costs no time.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder."""
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A whole database with a quarter of an hour of the demo's profiles."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install it or set PHLARE_CHROMIUM")
    made = Cluster(tmp_path_factory.mktemp("browser") / "data")
    try:
        made.start()
        made.wait_until_whole(3)
        made.manage("demo", f"--url=http://127.0.0.1:{made.port}", "--hours=0.25")
        yield made
    finally:
        made.kill_everything()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window and without a word to anybody else."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install it or set PHLARE_CHROMIUM")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_QUIET))
        yield started
        started.close()


@dataclass
class Opened:
    """A page and what it did that it should not."""

    page: Page
    port: int
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    #: Texts of complaints that the test is about, such as the browser's line on an answer of 503.
    expected: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", lambda one: self.complaints.append(one.text) if one.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda one: self._look_at(one.url))

    def verdict(self) -> None:
        unexpected = [one for one in self.complaints if not any(text in one for text in self.expected)]
        assert unexpected == []
        assert self.strangers == []

    def _look_at(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and (parts.hostname, parts.port) != ("127.0.0.1", self.port):
            self.strangers.append(url)


#: Makes a page: ``open_page(theme="light", size=PHONE, expected=("503",))``.
OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, cluster: Cluster) -> Iterator[OpenPage]:
    """Make pages in a theme and size; each is checked when the test ends."""
    opened: list[Opened] = []

    def make(theme: Any = "dark", size: tuple[int, int] = WIDE, expected: tuple[str, ...] = (), port: int = 0) -> Page:
        page = browser.new_page(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,
            base_url=f"http://127.0.0.1:{port or cluster.port}",
        )
        page.set_default_timeout(PATIENCE_MS)
        one = Opened(page, port or cluster.port, expected=list(expected))
        one.listen()
        opened.append(one)
        return page

    yield make
    for one in opened:
        one.page.close()
    for one in opened:
        one.verdict()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A dark page of the usual size."""
    return open_page()


def picture(page: Page, name: str, *, whole: bool = True) -> None:
    """Keep what the page looks like as ``build/pictures/<name>.png``."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)


def fits_its_width(page: Page) -> bool:
    """Whether the page has no sideways scroll."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def answer_with(page: Page, path: str, status: int, body: str) -> None:
    """Answer requests of a page for a path, a glob, instead of the server."""

    def fulfil(route: Route) -> None:
        headers = {"X-Request-ID": "feedc0de", "Content-Type": "application/json"}
        route.fulfill(status=status, body=body, headers=headers)

    page.route(path, fulfil)
