"""Pages without JavaScript, in the system's few colours, on paper, and at four times the size."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import OpenPage, fits_its_width, picture
from tests.browser.explore_page import CHECKOUT, CPU, explore, loaded
from tests.integration.cluster.cluster import Cluster

PAGES = ["explore", "diff", "upload", "ring", "inbox", "start", "status", "limits"]
#: 1280 pixels at 400 %, where WCAG asks for one column (success criterion 1.4.10).
FOUR_TIMES = (320, 256)


@pytest.fixture
def scriptless(browser: Browser, cluster: Cluster) -> Iterator[BrowserContext]:
    """A browser without JavaScript."""
    context = browser.new_context(java_script_enabled=False, base_url=f"http://127.0.0.1:{cluster.port}")
    yield context
    context.close()


def background(page: Page, selector: str) -> str:
    return str(page.locator(selector).first.evaluate("one => getComputedStyle(one).backgroundColor"))


@pytest.mark.parametrize("path", PAGES)
def test_without_javascript_a_page_says_what_tells_the_same(scriptless: BrowserContext, path: str) -> None:
    page = scriptless.new_page()
    page.goto(f"/{path}")
    told = page.locator("noscript .notice")
    expect(told).to_be_visible()
    told.locator("a").click()
    expect(page.get_by_role("heading", level=1, name="API")).to_be_visible()
    expect(told).to_have_count(0)


def test_what_is_chosen_is_told_in_the_colours_of_the_system(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    explore(page, query=CHECKOUT, type=CPU)
    assert background(page, '#views [aria-pressed="true"]') != background(page, '#views [aria-pressed="false"]')
    assert background(page, "nav [aria-current]") != background(page, "nav a:not([aria-current])")
    swatches = page.locator(".function-swatch").evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundColor)"
    )
    assert len(set(swatches)) > 3
    picture(page, "explore-forced-colours")


#: Keeps in ``printed`` what the graphs look like at the moment in which the page is to be printed, or is so no more.
KEPT = """() => {
  const all = document.querySelectorAll('#timeline canvas, #flame canvas');
  const next = () => new Promise(requestAnimationFrame);
  window.pictures = () => Array.from(all, (one) => one.toDataURL());
  window.drawn = () => next().then(next).then(pictures);
  matchMedia('print').addEventListener('change', () => { window.printed = pictures(); });
}"""


def test_paper_is_light_whatever_the_screen_is(open_page: OpenPage) -> None:
    page = open_page(theme="dark")
    explore(page, query=CHECKOUT, type=CPU)
    page.evaluate(KEPT)
    dark = page.evaluate("drawn()")
    page.emulate_media(media="print")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    light = page.evaluate("printed")
    assert light == page.evaluate("drawn()"), "nothing waits for a next picture, which paper has not"
    assert len(dark) == len(light) == 2
    assert not set(dark) & set(light)
    expect(page.locator("nav[aria-label=Pages]")).to_be_hidden()
    expect(page.locator("#facts")).to_be_visible()
    picture(page, "explore-on-paper")
    page.emulate_media(media="screen")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("printed") == dark


@pytest.mark.parametrize("path", PAGES)
def test_four_times_as_large_nothing_runs_out_of_the_window(open_page: OpenPage, path: str) -> None:
    page = open_page(size=FOUR_TIMES)
    page.goto(f"/{path}?group={'g' * 3000}" if path == "explore" else f"/{path}")
    if path == "explore":
        loaded(page)
        expect(page.locator("#group")).to_have_value(re.compile("^g+$"))
    assert fits_its_width(page)


def test_an_address_that_does_not_exist_leads_on(open_page: OpenPage) -> None:
    page = open_page(expected=("404",))
    page.goto("/no/such/page")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    page.get_by_role("link", name="Status", exact=True).click()
    expect(page).to_have_url(re.compile("/status$"))
