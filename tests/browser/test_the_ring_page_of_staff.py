"""The ring page of staff on a real cluster whose processes are halted and killed: seen, acted on, by keyboard."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import CHROMIUM, PHONE, OpenPage, fits_its_width, picture
from tests.integration.cluster.cluster import Cluster

CREATE_USER = (
    "from django.contrib.auth.models import User; User.objects.create_user('ada', password='right', is_staff=True)"
)
#: A halted ingester is soon missed, and one on a busy machine is not.
BEATS = {"PHLARE_RING_HEARTBEAT_PERIOD_SECONDS": "1s", "PHLARE_RING_HEARTBEAT_TIMEOUT_SECONDS": "12s"}
SERIES = 'process_cpu{service_name="web"}'
LONG_MS = 60_000


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install it or set PHLARE_CHROMIUM")
    made = Cluster(tmp_path_factory.mktemp("browser") / "data", environment=BEATS)
    made.start()
    made.wait_until_whole(3)
    made.manage("shell", "-c", CREATE_USER)
    yield made
    made.kill_everything()


def signed_in(page: Page) -> Page:
    """Go to the ring page by way of its own link to sign in."""
    page.goto("/ring")
    page.get_by_role("link", name="sign in to act").click()
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("right")
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile("/ring$"))
    expect(page.locator("article")).to_have_count(3)
    return page


def card(page: Page, instance: str) -> Locator:
    return page.locator(f"article[data-id={instance}]")


def act(page: Page, instance: str, name: str) -> Locator:
    """Press a button of a card; returns the dialog that asks."""
    card(page, instance).get_by_role("button", name=name).click()
    return page.get_by_role("dialog")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_an_action_asks_first_shows_what_came_of_it_and_is_audited_on_the_card(open_page: OpenPage, theme: str) -> None:
    page = signed_in(open_page(theme=theme, expected=("404",)))
    dialog = act(page, "ingester-1", "Read-only")
    expect(dialog).to_contain_text("takes no pushes; others take them in its place")
    picture(page, f"ring-confirm-{theme}", whole=False)
    dialog.get_by_role("button", name="Do nothing").click()
    expect(page.locator("#outcome")).to_be_empty()
    act(page, "ingester-1", "Read-only").get_by_role("button", name="Read-only").click()
    expect(page.locator("#outcome")).to_have_text("ingester-1 is read-only.")
    expect(card(page, "ingester-1").get_by_role("heading")).to_have_text(
        "ingester-1ACTIVE · READ-ONLY", timeout=LONG_MS
    )
    expect(page.locator("#history tbody tr").first).to_contain_text("read-only, by ada", timeout=LONG_MS)
    expect(card(page, "ingester-1")).to_contain_text(re.compile("set-read-only by ada, .* ago: done"))
    act(page, "ingester-1", "Read-write").get_by_role("button", name="Read-write").click()
    expect(page.locator("#outcome")).to_have_text("ingester-1 is read-write.")
    act(page, "ingester-0", "Prepare shutdown").get_by_role("button", name="Prepare shutdown").click()
    expect(page.locator("#outcome")).to_contain_text("The next stop of ingester-0 uploads everything")
    expect(card(page, "ingester-0")).to_contain_text("uploads everything and leaves the ring", timeout=LONG_MS)
    act(page, "ingester-0", "Cancel prepared").get_by_role("button", name="Cancel prepared").click()
    expect(page.locator("#outcome")).to_have_text("The next stop of ingester-0 goes by its settings.")
    picture(page, f"ring-staff-{theme}")


def test_everything_is_done_by_keyboard_alone(open_page: OpenPage, cluster: Cluster) -> None:
    page = signed_in(open_page(expected=("404",)))
    assert cluster.request("POST", "/ingest?name=web&format=folded", b"main;work 5\n")[0] == 200
    expect(card(page, "ingester-2")).to_contain_text(re.compile(r"Ingest(under )?\d[\d.]* profiles/s"))
    flush = card(page, "ingester-2").get_by_role("button", name="Flush")
    for _ in range(80):
        page.keyboard.press("Tab")
        if flush.evaluate("node => node === document.activeElement"):
            break
    expect(flush).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Do nothing")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(flush).to_be_focused()
    before = page.locator("#status").inner_text()
    expect(page.locator("#status")).not_to_have_text(before)
    expect(flush).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_have_text("ingester-2 has uploaded what it held.", timeout=LONG_MS)
    expect(card(page, "ingester-2")).to_contain_text(re.compile(r"Last upload\d.* ago ✓"))


def test_the_owners_of_a_series_are_those_of_the_api_and_a_link_shows_them(
    open_page: OpenPage, cluster: Cluster
) -> None:
    page = open_page()
    page.goto("/ring")
    page.get_by_label("Who owns the series").fill(SERIES)
    page.keyboard.press("Enter")
    _, body, _ = cluster.request("GET", f"/api/v1/ring/owners?labels={urllib.parse.quote(SERIES)}")
    answer = json.loads(body)
    assert len(answer["instances"]) == 3
    result = page.locator("#lookup-result")
    expect(result).to_contain_text(str(answer["token"]))
    expect(result).to_contain_text(f"{', '.join(answer['instances'])}; 1 of them may fail")
    expect(card(page, answer["instances"][0])).to_contain_text("Stores the seriesyes")
    picture(page, "ring-needle", whole=False)
    other = open_page(size=PHONE)
    other.goto(page.url)
    expect(other.locator("#lookup-result")).to_contain_text(str(answer["token"]))
    assert fits_its_width(other)
    picture(other, "ring-phone")
    page.get_by_role("button", name="Clear").click()
    expect(result).to_be_empty()


def test_what_is_no_series_is_said_beside_the_field(open_page: OpenPage) -> None:
    page = open_page(expected=("400",))
    page.goto("/ring?series=%7Bservice_name%3D%22web%22%7D")
    expect(page.locator("#lookup-notices")).to_contain_text("__name__")


def test_a_halted_ingester_grows_old_its_queue_waits_and_it_is_forgotten_by_its_name(
    open_page: OpenPage, cluster: Cluster
) -> None:
    page = signed_in(open_page(expected=("404", "409")))
    two = card(page, "ingester-2")
    expect(two.get_by_role("button", name="Forget")).to_be_disabled()
    with cluster.halted("ingester-2"):
        for _ in range(3):  # one message may be with the halted process already
            assert cluster.request("POST", "/ingest?name=web&format=folded", b"main;work 7\n")[0] == 200
        expect(two).to_contain_text(re.compile(r"Queue\d · oldest \d"), timeout=LONG_MS)
        expect(two.get_by_role("heading")).to_have_text("ingester-2UNHEALTHY", timeout=LONG_MS)
        expect(page.get_by_role("alert")).to_contain_text(
            "ingester-2 has sent no heartbeat for longer than the timeout"
        )
        expect(two.locator("dd").first).to_have_class("lost")
        expect(two.get_by_role("button", name="Flush")).to_be_disabled()
        picture(page, "ring-halted")
        dialog = act(page, "ingester-2", "Forget")
        go = dialog.get_by_role("button", name="Forget")
        expect(go).to_be_disabled()
        page.keyboard.type("ingester-1")
        expect(go).to_be_disabled()
        page.keyboard.press("Enter")
        expect(dialog).to_be_visible()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("ingester-2")
        expect(go).to_be_enabled()
        picture(page, "ring-forget", whole=False)
        page.keyboard.press("Enter")
        expect(page.locator("#outcome")).to_contain_text("ingester-2 is forgotten.", timeout=LONG_MS)
        expect(page.locator("article")).to_have_count(2, timeout=LONG_MS)
        expect(page.locator("#history tbody tr").first).to_contain_text("ACTIVE → absent", timeout=LONG_MS)
        expect(page.get_by_role("alert")).to_contain_text("only 2 copies of each series are kept", timeout=LONG_MS)
    expect(two.get_by_role("heading")).to_have_text("ingester-2ACTIVE", timeout=LONG_MS)


def test_a_killed_ingester_is_seen_to_come_back(open_page: OpenPage, cluster: Cluster) -> None:
    page = open_page()
    page.goto("/ring")
    expect(page.locator("article")).to_have_count(3)
    lines = page.locator("#history tbody tr", has_text="ingester-1")
    expect(lines.first).to_be_visible()
    before = lines.count()
    cluster.kill("ingester-1")
    expect(lines.nth(before)).to_be_visible(timeout=LONG_MS)
    expect(card(page, "ingester-1").get_by_role("heading")).to_have_text("ingester-1ACTIVE", timeout=LONG_MS)


def test_while_redis_hangs_the_last_ring_stays_grey_and_it_recovers(open_page: OpenPage, cluster: Cluster) -> None:
    page = open_page(expected=("503", "504"))
    page.goto("/ring")
    expect(page.locator("#status")).to_contain_text("live")
    with cluster.halted("redis"):
        expect(page.get_by_role("alert")).to_contain_text("Redis has not answered for", timeout=LONG_MS)
        expect(page.locator("#status")).to_contain_text("stale · as it was")
        expect(page.locator("article")).to_have_count(3)
        expect(page.locator("body")).to_have_class(re.compile("stale"))
    expect(page.locator("#status")).to_contain_text("live", timeout=LONG_MS)
    expect(page.locator("body")).not_to_have_class(re.compile("stale"))
