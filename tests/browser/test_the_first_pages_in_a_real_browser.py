"""Explore and ring in Chromium against a real cluster with the demo's profiles: seen, clicked, typed and linked to.

Chromium is the system's (``PHLARE_CHROMIUM``, or found by name); without one these tests are skipped aloud.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.integration.cluster.cluster import Cluster

CHROMIUM = os.environ.get("PHLARE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; install it or set PHLARE_CHROMIUM"),
]
PICTURES = Path(__file__).resolve().parents[2] / "build" / "pictures"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("browser") / "data")
    made.start()
    made.wait_until_whole(3)
    made.manage("demo", f"--url=http://127.0.0.1:{made.port}", "--hours=0.25")
    yield made
    made.kill_everything()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, cluster: Cluster) -> Iterator[Page]:
    """A page that must not complain on its console nor ask any other host."""
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    complaints: list[str] = []
    strangers: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "request",
        lambda request: strangers.append(request.url) if urlsplit(request.url).port != cluster.port else None,
    )
    yield opened
    opened.close()
    assert complaints == []
    assert strangers == []


def explore(page: Page, cluster: Cluster, address: str = "/") -> None:
    page.goto(f"http://127.0.0.1:{cluster.port}{address}")
    expect(page.locator("#status")).to_contain_text("loaded")


def test_explore_lands_on_a_flame_graph_of_all_services(page: Page, cluster: Cluster) -> None:
    explore(page, cluster)
    expect(page.locator("#services button")).to_contain_text(
        ["All services", "billing", "catalog", "checkout", "storefront"]
    )
    expect(page.locator("#flame-total")).to_have_text(re.compile(r"\d.* in \d+ profiles"))
    expect(page.locator("#flame canvas")).to_be_visible()
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "explore.png")


def test_a_service_and_a_type_are_chosen_and_the_address_says_so(page: Page, cluster: Cluster) -> None:
    explore(page, cluster)
    page.get_by_role("button", name="catalog").click()
    expect(page).to_have_url(re.compile("catalog"))
    expect(page.locator("#status")).to_contain_text("loaded")
    page.locator("select[name=type]").select_option("memory:inuse_space:bytes:space:bytes")
    expect(page).to_have_url(re.compile("inuse_space"))
    expect(page.locator("#flame-total")).to_contain_text("iB")
    page.go_back()
    expect(page.locator("#flame-total")).to_have_text(re.compile(r"(s|min) in \d+ profiles"))


def test_a_link_to_a_view_shows_that_view(page: Page, cluster: Cluster) -> None:
    explore(page, cluster, "/?query=%7Bservice_name%3D%22checkout%22%7D&range=1h")
    expect(page.get_by_role("button", name="checkout")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("input[name=query]")).to_have_value('{service_name="checkout"}')


@pytest.mark.parametrize(("form", "extension"), [("pprof", ".pb.gz"), ("html", ".html"), ("collapsed", ".txt")])
def test_what_is_shown_is_downloaded_in_the_chosen_format(
    page: Page, cluster: Cluster, form: str, extension: str
) -> None:
    explore(page, cluster, "/?query=%7Bservice_name%3D%22checkout%22%7D&range=1h")
    page.get_by_label("Format of the download").select_option(form)
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    assert started.value.suggested_filename.endswith(extension)
    assert started.value.path().stat().st_size > 200


def test_frames_are_found_by_search_by_pointer_and_by_keyboard(page: Page, cluster: Cluster) -> None:
    explore(page, cluster, "/?query=%7Bservice_name%3D%22checkout%22%7D&range=1h")
    page.keyboard.press("/")
    page.keyboard.type("place_order")
    expect(page.locator("#search-result")).to_have_text(re.compile(r"\d+ functions, \d+.*%"))
    canvas = page.locator("#flame canvas")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 30)
    expect(page.locator("#frame")).to_contain_text("total")
    page.locator("#flame").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#frame")).to_contain_text("%")
    whole = canvas.screenshot()
    page.keyboard.press("Enter")
    zoomed = canvas.screenshot()
    assert zoomed != whole
    page.locator("#reset").click()
    assert canvas.screenshot() != zoomed


def test_the_table_has_the_numbers_of_the_api(page: Page, cluster: Cluster) -> None:
    explore(page, cluster, "/?query=%7Bservice_name%3D%22checkout%22%7D&range=1h")
    page.get_by_text("Functions as a table").click()
    first = page.locator("#functions tbody tr").first
    expect(first).to_contain_text("%")
    expect(page.locator("#functions tbody")).to_contain_text("place_order")


def test_a_bad_selector_says_what_is_wrong(browser: Browser, cluster: Cluster) -> None:
    page = browser.new_page()  # the refused request is an error on the console, and right so
    page.goto(f"http://127.0.0.1:{cluster.port}/?query=%7Bservice_name%3D&range=1h")
    expect(page.locator("#notices")).to_contain_text(re.compile("selector|expected", re.IGNORECASE))
    expect(page.locator("#status")).to_have_text("failed")
    page.close()


def test_nothing_in_the_range_says_how_to_push(page: Page, cluster: Cluster) -> None:
    explore(page, cluster, "/?range=custom&from=1000000000000&until=1000000100000")
    expect(page.get_by_role("heading", name="Nothing in this range")).to_be_visible()
    expect(page.locator("pre code")).to_contain_text(f"127.0.0.1:{cluster.port}")


def test_the_ring_shows_each_ingester_with_its_state_and_goes_on_refreshing(page: Page, cluster: Cluster) -> None:
    page.goto(f"http://127.0.0.1:{cluster.port}/ring")
    for number in range(3):
        expect(page.get_by_role("heading", name=f"ingester-{number} ACTIVE")).to_be_visible()
    expect(page.get_by_text("3 / 3").first).to_be_visible()
    stamp = page.locator("#status")
    expect(stamp).to_contain_text("refreshed")
    before = stamp.inner_text()
    expect(stamp).not_to_have_text(before, timeout=10_000)
    page.screenshot(path=PICTURES / "ring.png")


@pytest.mark.parametrize("address", ["/", "/ring"])
def test_a_phone_has_no_sideways_scroll(browser: Browser, cluster: Cluster, address: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740})
    page.goto(f"http://127.0.0.1:{cluster.port}{address}")
    expect(page.locator("#status")).to_contain_text(re.compile("loaded|refreshed"))
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.close()


def test_the_inbox_shows_a_refusal_with_its_reason_and_filters_find_it(page: Page, cluster: Cluster) -> None:
    refused = cluster.request("POST", "/api/v1/profiles?__name__=process_cpu&service_name=broken", b"no profile")
    assert refused[0] == 400
    page.goto(f"http://127.0.0.1:{cluster.port}/inbox")
    expect(page.locator("#inbox")).to_contain_text("not a pprof message")
    expect(page.locator("#inbox")).to_contain_text("checkout")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / "inbox.png")
    page.locator("select[name=show]").select_option("rejected")
    expect(page).to_have_url(re.compile("show=rejected"))
    expect(page.locator("#inbox tbody tr")).to_have_count(1)
    expect(page.locator("#inbox .badge")).to_have_text("rejected")
    page.get_by_text("More").click()
    expect(page.locator("#inbox")).to_contain_text("malformed_profile")
    page.locator("input[name=service_name]").fill("nobody")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#empty")).to_contain_text("No push is like that")
