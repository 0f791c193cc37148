"""The ring page on documents of rings that are large, empty, alone, too few, starting, or not to be read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from ring.core.hashring import Snapshot
from tests.browser.conftest import HUGE, PHONE, OpenPage, fits_its_width, picture
from tests.browser.ring_documents import ring_document, show_ring
from tests.unit.ring.rings import instance, random_ring, snapshot

THEMES = ["dark", "light"]
#: Painting 32 x 512 tokens the first time takes about 20 ms; the bound leaves room for a busy machine.
MAX_PAINT_MS = 250


def open_ring(page: Page, document: dict[str, Any], query: str = "") -> Page:
    show_ring(page, document)
    page.goto(f"/ring{query}")
    expect(page.locator("#status")).to_have_text(re.compile("live|stale"))
    return page


def large() -> Snapshot:
    return snapshot(random_ring(32, ("zone-a", "zone-b", "zone-c"), tokens=512), zones=True)


def greyed(page: Page) -> bool:
    return bool(page.locator("#figures").evaluate("node => getComputedStyle(node).filter.includes('grayscale')"))


@pytest.mark.parametrize("theme", THEMES)
def test_thirty_two_ingesters_of_512_tokens_are_drawn_at_once(open_page: OpenPage, theme: str) -> None:
    page = open_page(theme=theme, size=(1440, 960))
    document = ring_document(large())
    open_ring(page, document)
    expect(page.locator("article")).to_have_count(32)
    expect(page.locator("#donut-words")).to_contain_text("32 of 32 ingesters are healthy. Ownership: i000")
    picture(page, f"ring-large-{theme}", whole=False)
    milliseconds = page.evaluate(
        """async (ring) => {
            const { Donut } = await import('/static/phlare/ring_donut.js');
            const canvas = document.createElement('canvas');
            canvas.style.width = '820px';
            document.querySelector('main').append(canvas);
            const donut = new Donut(canvas, () => {});
            const began = performance.now();
            donut.setTokens(ring.instances.map((one) => one.token_list));
            donut.show(ring);
            canvas.getContext('2d').getImageData(0, 0, 1, 1);
            const took = performance.now() - began;
            canvas.remove();
            return took;
        }""",
        document,
    )
    print(f"32 x 512 tokens painted in {milliseconds:.0f} ms")
    assert milliseconds < MAX_PAINT_MS


def test_every_arc_and_share_is_there_in_its_colour(open_page: OpenPage) -> None:
    page = open_ring(open_page(), ring_document(large()))
    colours = page.locator("#donut").evaluate(
        """canvas => {
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const found = new Set();
            for (let at = 0; at < data.length; at += 4) {
                if (data[at + 3] === 255) found.add([data[at], data[at + 1], data[at + 2]].join());
            }
            return found.size;
        }"""
    )
    assert colours >= 32


def test_the_table_has_the_same_ingesters_and_the_address_says_so(open_page: OpenPage) -> None:
    page = open_ring(open_page(size=(1440, 960)), ring_document(large()))
    page.get_by_role("button", name="Table").click()
    expect(page).to_have_url(re.compile("view=table"))
    expect(page.locator(".members tbody tr")).to_have_count(32)
    expect(page.locator(".members tbody tr").first).to_contain_text("30 MiB")
    picture(page, "ring-table", whole=False)
    page.get_by_role("button", name="Group by zone").click()
    expect(page.locator("section.zone")).to_have_count(3)
    expect(page.get_by_role("region", name="zone-a")).to_contain_text("11 of 11 healthy")
    page.go_back()
    expect(page.locator("section.zone")).to_have_count(0)
    page.go_back()
    expect(page.locator("article")).to_have_count(32)


def test_an_ingester_keeps_its_colour_while_others_come_and_go(open_page: OpenPage) -> None:
    page = open_page()
    members = random_ring(4, tokens=16)

    def colours() -> dict[str, str]:
        found: dict[str, str] = page.locator("article").evaluate_all(
            """all => Object.fromEntries(all.map(one => [
                one.dataset.id, getComputedStyle(one.querySelector('.swatch')).backgroundColor,
            ]))"""
        )
        return found

    open_ring(page, ring_document(snapshot(members[1:])))
    expect(page.locator("article")).to_have_count(3)
    before = colours()
    assert len(set(before.values())) == 3
    for present in (members, members[2:]):
        show_ring(page, ring_document(snapshot(present)))
        expect(page.locator("article")).to_have_count(len(present))
        now = colours()
        assert len(set(now.values())) == len(present)
        assert all(now[name] == colour for name, colour in before.items() if name in now)


def test_whether_uploads_go_well_is_said_and_what_fails_is_marked(open_page: OpenPage) -> None:
    said = {
        "i001": {"is_upload_failing": True, "last_error": "StorageError: the bucket is away"},
        "i002": {"is_upload_failing": True, "last_upload_seconds": None},
        "i003": {"last_upload_seconds": None, "stored_profiles_per_second": 0.01},
    }
    page = open_ring(open_page(), ring_document(snapshot(random_ring(4)), said=said))
    words = {
        "i000": r"Ingest161 profiles/s.*Last upload2 min \d+ s ago ✓",
        "i001": r"Last upload2 min \d+ s ago ✗ fails since.*the bucket is away",
        "i002": r"Last uploadnone since its start, fails",
        "i003": r"Ingestunder 0\.1 profiles/s.*Last uploadnone since its start",
    }
    for name, pattern in words.items():
        expect(page.locator(f"article[data-id={name}]")).to_contain_text(re.compile(pattern, re.DOTALL))
    assert page.locator("article dd.lost").count() == 2
    expect(page.locator("#figures")).to_contain_text("Ingest rate482/sprofiles, all copies")


def test_tokens_are_listed_when_asked_for(open_page: OpenPage) -> None:
    page = open_ring(open_page(), ring_document(snapshot(random_ring(3, tokens=16))), "?tokens=true")
    expect(page.get_by_text("i000: 16 tokens")).to_be_visible()
    expect(page.locator(".token-list").first).to_have_text(re.compile(r"^\d+( \d+){15}$"))
    page.get_by_role("button", name="Show tokens").click()
    expect(page.locator("#tokens-panel")).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "ring", "sentence"),
    [
        pytest.param("empty", snapshot([]), "no instance has registered, so every push is refused", id="empty"),
        pytest.param("alone", snapshot(random_ring(1), 1), "i000 is the only instance", id="single node"),
        pytest.param("few", snapshot(random_ring(1)), "2 copies are needed for a quorum", id="too few instances"),
        pytest.param("two", snapshot(random_ring(2)), "only 2 copies of each series are kept", id="one too few"),
        pytest.param(
            "zones",
            snapshot(random_ring(6, ("a",)), zones=True),
            "there is 1 zone, and a zone holds one copy",
            id="zone",
        ),
    ],
)
def test_what_fails_now_is_said_in_a_sentence(open_page: OpenPage, name: str, ring: Snapshot, sentence: str) -> None:
    page = open_ring(open_page(), ring_document(ring))
    expect(page.get_by_role("alert")).to_contain_text(sentence)
    picture(page, f"ring-{name}")


def test_an_empty_ring_says_how_one_starts(open_page: OpenPage) -> None:
    page = open_ring(open_page(), ring_document(snapshot([])))
    expect(page.get_by_role("heading", name="No ingester has joined")).to_be_visible()
    expect(page.locator("#members pre")).to_have_text("make up")


def test_states_are_words_and_ages_change_colour_before_they_are_lost(open_page: OpenPage) -> None:
    half_late = instance("late", (10,), heartbeat_ms=1_000_000_000 - 40_000)
    members = [
        instance("fine", (1,)), half_late, instance("gone", (20,), "S"), instance("joins", (30,), "J"),
        instance("leaves", (40,), "L"), instance("reads", (50,), read_only=True, read_only_updated_ms=1),
    ]  # fmt: skip
    said = {"joins": {"phase": "starting", "replayed_bytes": 3 << 20, "replay_total_bytes": 12 << 20}}
    page = open_ring(open_page(size=(1440, 960)), ring_document(snapshot(members), said=said))
    for name, state in {
        "fine": "ACTIVE", "gone": "UNHEALTHY", "joins": "JOINING", "leaves": "LEAVING", "reads": "ACTIVE · READ-ONLY"
    }.items():  # fmt: skip
        expect(page.get_by_role("heading", name=f"{name} {state}", exact=True)).to_be_visible()
    heartbeat = "article[data-id={}] dd"
    expect(page.locator(heartbeat.format("fine")).first).to_have_class("fine")
    expect(page.locator(heartbeat.format("late")).first).to_have_class("late")
    expect(page.locator(heartbeat.format("gone")).first).to_have_class("lost")
    expect(page.get_by_text("Replays its log: 3 MiB of 12 MiB")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Replay of joins")).to_have_attribute("value", "0.25")
    picture(page, "ring-states")


def test_the_last_known_ring_is_grey_while_redis_is_away_and_says_since_when(open_page: OpenPage) -> None:
    page = open_ring(open_page(), ring_document(snapshot(random_ring(3)), stale_seconds=42))
    expect(page.get_by_role("alert")).to_contain_text("Redis has not answered for 42 s.")
    expect(page.locator("#status")).to_have_text(re.compile(r"stale · as it was 4\d\.\d s ago"))
    expect(page.locator("#figures")).to_contain_text("unknown")
    assert greyed(page)
    picture(page, "ring-redis-away")


@pytest.mark.parametrize("theme", THEMES)
def test_a_server_that_fails_leaves_the_last_ring_with_its_age_and_a_way_to_ask_again(
    open_page: OpenPage, theme: str
) -> None:
    page = open_page(theme=theme, expected=("503",))
    document = ring_document(snapshot(random_ring(3)))
    open_ring(page, document)
    assert not greyed(page)
    page.unroute("**/api/v1/ring")

    def refuse(route: Route) -> None:
        route.fulfill(status=503, json={"message": "Not now."}, headers={"X-Request-ID": "feedc0de"})

    page.route("**/api/v1/ring", refuse)
    expect(page.get_by_role("alert")).to_contain_text("The ring could not be read: Not now.", timeout=20_000)
    expect(page.get_by_role("alert")).to_contain_text("feedc0de")
    expect(page.locator("#status")).to_contain_text("stale")
    expect(page.locator("article")).to_have_count(3)
    assert greyed(page)
    picture(page, f"ring-stale-{theme}", whole=False)
    page.unroute("**/api/v1/ring")
    show_ring(page, document)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#status")).to_contain_text("live")
    expect(page.locator("#notices")).not_to_contain_text("Not now.")


def test_a_first_request_that_fails_says_so(open_page: OpenPage) -> None:
    page = open_page(expected=("503",))
    page.route("**/api/v1/ring", lambda route: route.fulfill(status=503, json={"message": "Not now."}))
    page.goto("/ring")
    expect(page.get_by_role("alert")).to_contain_text("The ring could not be read: Not now.")
    expect(page.locator("#status")).to_have_text("no answer")
    expect(page.locator("#waiting")).to_be_empty()


def test_nothing_is_asked_while_the_page_is_hidden(open_page: OpenPage) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if one.url.endswith("/api/v1/ring") else None)
    open_ring(page, ring_document(snapshot(random_ring(3))))
    hide = """hidden => {
        Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(hide, True)
    expect(page.locator("#status")).to_contain_text("stale", timeout=30_000)
    assert greyed(page), "what is old looks old, whether or not anybody said why"
    seen = len(asked)
    expect(page.locator("#status")).to_have_text(re.compile(r"was (1[3-9]|[2-9]\d)\."), timeout=30_000)
    assert len(asked) == seen, "three periods went by without a request"
    with page.expect_request("**/api/v1/ring"):
        page.evaluate(hide, False)
    expect(page.locator("#status")).to_contain_text("live")


def test_somebody_who_is_not_staff_sees_no_buttons_to_act(open_page: OpenPage) -> None:
    page = open_ring(open_page(), ring_document(snapshot(random_ring(3))))
    expect(page.get_by_role("link", name="sign in to act")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Flush|Shut down|Forget"))).to_have_count(0)


@pytest.mark.parametrize("size", [PHONE, HUGE], ids=["phone", "4K"])
@pytest.mark.parametrize("query", ["", "?view=table", "?group=zone"])
def test_it_fits(open_page: OpenPage, size: tuple[int, int], query: str) -> None:
    page = open_ring(open_page(size=size), ring_document(large()), query)
    expect(page.locator("article, .members tbody tr")).to_have_count(32)
    assert fits_its_width(page)
    if not query:
        picture(page, f"ring-{size[0]}", whole=False)
