"""The exported page in Chromium, opened from a file: it draws, tells, zooms and searches, and no name in it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ingest.profiles.exports.flame_page import flame_page
from ingest.profiles.exports.flame_svg import flame_svg
from ingest.profiles.flamegraph import build_flamegraph
from tests.browser.conftest import PICTURES
from tests.unit.profiles.exports.export_cases import CAPTION, HOSTILE, STACKS
from tests.unit.profiles.stack_model import build_profile, plain


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page that must not complain, ask anybody anything, or open a dialog."""
    opened = browser.new_page(viewport={"width": 1100, "height": 500})
    wrong: list[str] = []
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    opened.on("request", lambda ask: wrong.append(ask.url) if not ask.url.startswith("file:") else None)
    yield opened
    assert wrong == []
    opened.close()


def show(page: Page, folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text, "utf-8")
    page.goto(path.as_uri())
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"export-{name}.png")


def test_the_page_tells_zooms_and_searches(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, "page.html", flame_page(build_flamegraph(build_profile(STACKS), 0), CAPTION))
    canvas, told, found = page.locator("#canvas"), page.locator("#told"), page.locator("#found")
    canvas.hover(position={"x": 900, "y": 70})
    expect(told).to_have_text("app.handle: 2 s (57.1 %), self 2 s (57.1 %)")
    canvas.click(position={"x": 900, "y": 70})
    canvas.hover(position={"x": 5, "y": 70})
    expect(told).to_contain_text("app.handle: 2 s")
    page.get_by_role("button", name="Reset zoom").click()
    canvas.hover(position={"x": 30, "y": 50})
    expect(told).to_contain_text("app.idle: 1 s")
    page.get_by_role("searchbox").fill("APP.")
    expect(found).to_have_text("2 functions, 85.6 %")
    page.screenshot(path=PICTURES / "export-page-search.png")


def test_the_page_is_used_by_keys(page: Page, tmp_path: Path) -> None:
    show(page, tmp_path, "keys.html", flame_page(build_flamegraph(build_profile(STACKS), 0), CAPTION))
    page.locator("#host").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#told")).to_contain_text("net/http.serve: 2.5 s")


def test_no_name_acts_in_a_page_or_a_drawing(page: Page, tmp_path: Path) -> None:
    graph = build_flamegraph(build_profile([(plain("root", name), 1) for name in HOSTILE]), 0)
    show(page, tmp_path, "hostile.html", flame_page(graph, CAPTION))
    page.locator("#canvas").hover(position={"x": 500, "y": 50})
    expect(page.locator("#told")).to_contain_text("1 ns")
    show(page, tmp_path, "hostile.svg", flame_svg(graph, CAPTION))
    assert page.evaluate("document.querySelectorAll('script, [onload]').length") == 0
    assert page.evaluate("document.querySelectorAll('g').length") == len(HOSTILE) + 2
