"""The diff page against a real database: its main paths, each of its states, by pointer and by keys."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PHONE, WIDE, OpenPage, answer_with, fits_its_width, picture
from tests.integration.cluster.cluster import Cluster

CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"
CHECKOUT = '{service_name="checkout"}'
CATALOG = '{service_name="catalog"}'
LOADED = re.compile("^loaded")
#: What the timeline says once it has something to cut.
CUT = re.compile("^cut at ")
#: A machine that does much else takes its time.
PATIENCE_MS = 60_000


def sides(**changes: str) -> dict[str, str]:
    """Return two services over one range that does not move; the page and the API take the same names."""
    until = int(time.time() * 1000)
    both = {f"{side}_from": str(until - 3_600_000) for side in ("left", "right")}
    both |= {f"{side}_until": str(until) for side in ("left", "right")}
    return {**both, "left_query": CHECKOUT, "right_query": CATALOG, **changes}


def visit(page: Page, state: dict[str, str] | None = None) -> None:
    page.goto(f"/diff?{urlencode(state or {})}")
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)


def asked(page: Page) -> dict[str, str]:
    """Return the state in the address of the page."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def api(cluster: Cluster, path: str, state: dict[str, str], **more: str) -> Any:
    query = urlencode({**state, "profile_type": CPU, **more})
    status, body, _ = cluster.request("GET", f"/api/v1/{path}?{query}")
    assert status == 200, body
    return json.loads(body)


def test_the_page_lands_on_a_comparison_with_profiles_on_both_sides_and_says_which(page: Page) -> None:
    visit(page)
    expect(page.locator("#notices")).to_contain_text("To begin with: the service ")
    expect(page.locator("#notices")).not_to_contain_text("is empty")
    for side in ("left", "right"):
        title = page.locator(f"#{side}-total").get_attribute("title") or ""
        assert int(title.split(" ")[0].replace(",", "")) > 0
    chosen = asked(page)
    assert chosen["left_query"] == chosen["right_query"]
    page.reload()
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)
    assert asked(page) == chosen
    expect(page.locator("#view canvas").first).to_be_visible()
    expect(page.get_by_text("Compared are shares")).to_be_visible()
    expect(page.locator("#profiles")).to_have_text(re.compile(r"^[1-9].* profiles?$"))
    picture(page, "diff")


def test_the_numbers_on_the_page_are_those_of_the_api(page: Page, cluster: Cluster) -> None:
    state = sides()
    visit(page, {**state, "view": "table", "mode": "absolute"})
    graph, top = api(cluster, "diff", state), api(cluster, "diff/top", state, limit="10")
    for side in ("left", "right"):
        assert graph[f"{side}_total"] > 0
        expect(page.locator(f"#{side}-total")).to_have_attribute("title", f"{graph[f'{side}_total']:,} nanoseconds")
    rows = page.locator(".changes tbody tr")
    expect(rows.nth(9)).to_be_visible()
    by_name = {
        row.locator("th").inner_text(): [row.locator("td").nth(at).get_attribute("title") for at in range(6)]
        for row in rows.all()[:20]
    }
    for one in top["functions"]:
        a_self, b_self, a_total, b_total = (
            one[key] for key in ("left_self", "right_self", "left_total", "right_total")
        )
        wanted = [b_self - a_self, a_self, b_self, b_total - a_total, a_total, b_total]
        assert by_name[one["name"]] == [f"{value:,} nanoseconds" for value in wanted]


def test_shares_are_parts_of_each_sides_whole_and_the_page_says_which_is_compared(page: Page, cluster: Cluster) -> None:
    state = sides()
    visit(page, {**state, "view": "table"})
    (first,) = api(cluster, "diff/top", state, limit="1")["functions"]
    graph = api(cluster, "diff", state)
    page.get_by_label("Search").fill(f"^{re.escape(first['name'])}$")
    cells = page.locator(".changes tbody tr").first.locator("td")
    share = 100 * first["left_self"] / graph["left_total"]
    expect(cells.nth(1)).to_have_text(
        re.compile(rf"^{share:.1f}.* %$") if share >= 0.1 or share == 0 else re.compile(" %$")
    )
    expect(page.get_by_text("Compared are shares")).to_be_visible()
    page.get_by_role("button", name="Values", exact=True).click()
    expect(page.get_by_text("Compared are the values themselves")).to_be_visible()
    assert asked(page)["mode"] == "absolute"
    expect(cells.nth(1)).to_have_text(re.compile(r" (ns|µs|ms|s|min|h)$"))


def test_views_filters_and_order_are_chosen_and_a_link_shows_them_again(page: Page, open_page: OpenPage) -> None:
    visit(page, sides())
    page.get_by_role("button", name="Side by side").click()
    expect(page.locator("figure canvas")).to_have_count(2)
    page.get_by_role("button", name="Table").click()
    expect(page.locator(".changes tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Only new").click()
    expect(page.locator(".changes tbody td.new").first).to_be_visible()
    assert page.locator(".changes tbody tr").first.locator("td").nth(4).get_attribute("title") == "0 nanoseconds"
    page.get_by_role("button", name="B total").click()
    expect(page.locator('th[aria-sort="descending"]')).to_have_text(re.compile("B total"))
    picture(page, "diff-table")
    again = open_page("light")
    again.goto(page.url)
    expect(again.get_by_role("button", name="Only new")).to_have_attribute("aria-pressed", "true")
    expect(again.locator(".changes tbody td.new").first).to_be_visible()


def test_presets_swap_and_the_halves_change_both_sides_and_back_takes_it_back(page: Page) -> None:
    visit(page, {"right_from": "now-10m", "right_until": "now", "right_query": CHECKOUT})
    page.get_by_role("button", name="Previous period").click()
    expect(page).to_have_url(re.compile("left_from=now-20m"))
    assert (asked(page)["left_until"], asked(page)["left_query"]) == ("now-10m", CHECKOUT)
    page.get_by_role("button", name="Swap A and B").click()
    expect(page).to_have_url(re.compile("right_from=now-20m"))
    page.go_back()
    expect(page).to_have_url(re.compile("left_from=now-20m"))
    expect(page.locator("input[name=left_from]")).to_have_value("now-20m")
    page.get_by_role("button", name="First half against second").click()
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)
    state = asked(page)
    assert int(state["right_from"]) == int(state["left_until"]) + 1
    page.get_by_role("button", name="24 h ago").click()
    expect(page.locator("#notices")).to_contain_text("A is empty")


def test_a_click_on_the_timeline_cuts_it_and_a_drag_chooses_a_range(page: Page) -> None:
    visit(page, sides(left_query=CHECKOUT, right_query=CHECKOUT))
    expect(page.locator("#timeline canvas")).to_have_attribute("aria-valuetext", CUT, timeout=PATIENCE_MS)
    box = page.locator("#timeline canvas").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.click(box["x"] + box["width"] * 0.8, middle)
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)
    cut = asked(page)
    assert int(cut["left_until"]) + 1 == int(cut["right_from"])
    page.get_by_role("radio", name="A", exact=True).check()
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
    page.mouse.up()
    expect(page).not_to_have_url(re.compile(f"left_until={cut['left_until']}"))
    dragged = asked(page)
    assert int(cut["left_from"]) < int(dragged["left_from"]) < int(dragged["left_until"]) < int(cut["left_until"])
    assert dragged["right_from"] == cut["right_from"]


def test_two_values_of_a_label_are_compared(page: Page) -> None:
    visit(page)
    page.get_by_text("Compare two values of a label").click()
    page.locator("select[name=label]").select_option("service_name")
    details = page.locator("#label-details")
    details.locator("select[name=left_value]").select_option("billing")
    details.locator("select[name=right_value]").select_option("catalog")
    details.get_by_role("button", name="Compare values").click()
    expect(page).to_have_url(re.compile("billing.*catalog"))
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)
    assert asked(page)["left_query"] == '{service_name="billing"}'


def test_both_sides_change_alike_where_that_is_wanted(page: Page) -> None:
    visit(page, {"sync": "on", "left_query": CHECKOUT, "right_query": CHECKOUT})
    page.locator("input[name=left_query]").fill(CATALOG)
    page.locator("input[name=left_from]").fill("now-50m")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page).to_have_url(re.compile("now-50m"))
    state = asked(page)
    assert (state["left_query"], state["right_query"]) == (CATALOG, CATALOG)
    assert (state["right_from"], state.get("right_until", "now")) == ("now-20m", "now")


@pytest.mark.parametrize(("letter", "query"), [("A", CHECKOUT), ("B", CATALOG)])
def test_one_side_is_opened_alone(page: Page, letter: str, query: str) -> None:
    state = sides()
    visit(page, state)
    link = page.get_by_role("link", name=f"Open {letter}").get_attribute("href")
    assert link is not None
    carried = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert (carried["query"], carried["type"], carried["from"]) == (query, CPU, state["left_from"])
    page.get_by_role("link", name=f"Open {letter}").click()
    expect(page).to_have_url(re.compile("/explore"))
    expect(page.locator("#flame canvas, .flame-canvas").first).to_be_visible()


def test_an_empty_side_is_said_with_what_may_help(page: Page) -> None:
    visit(page, sides(left_query='{service_name="nobody"}'))
    expect(page.locator("#notices")).to_contain_text("A is empty")
    picture(page, "diff-empty-side")
    page.get_by_role("button", name="Take the labels of B").click()
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)
    expect(page.locator("#notices")).not_to_contain_text("A is empty")
    assert asked(page)["left_query"] == CATALOG


def test_nothing_at_all_leads_to_how_to_send(page: Page) -> None:
    long_ago = {f"{side}_{edge}": "1600000000000" for side in ("left", "right") for edge in ("from", "until")}
    page.goto(f"/diff?{urlencode({**long_ago, 'from': '1600000000000', 'until': '1600000600000'})}")
    expect(page.locator("#notices")).to_contain_text("No profile has a time in either range")
    expect(page.get_by_role("link", name="How to send")).to_have_attribute("href", re.compile("/start"))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"left_from": "yesterday"}, "A time of A is none"),
        ({"right_from": "now", "right_until": "now-1h"}, "B ends before it begins."),
    ],
)
def test_what_cannot_be_compared_is_said_and_not_asked(page: Page, state: dict[str, str], said: str) -> None:
    page.goto(f"/diff?{urlencode(state)}")
    expect(page.locator("#notices")).to_contain_text(said)
    expect(page.locator("#status")).to_have_text("failed")


def test_a_selector_that_is_none_is_answered_in_the_servers_words(open_page: OpenPage) -> None:
    page = open_page(expected=("400",))
    page.goto(f"/diff?{urlencode({'left_query': '{service_name='})}")
    expect(page.locator("#notices")).to_contain_text("left")
    expect(page.locator("#status")).to_have_text("failed")


def test_a_failure_names_its_request_and_is_tried_again(open_page: OpenPage) -> None:
    page = open_page(expected=("503",))
    answer_with(page, "**/api/v1/diff?**", 503, '{"message": "No ingester answers.", "reason": "ingester_unavailable"}')
    page.goto(f"/diff?{urlencode(sides())}")
    expect(page.locator("#notices")).to_contain_text("No ingester answers.", timeout=PATIENCE_MS)
    expect(page.locator("#notices code")).to_have_text("feedc0de")
    picture(page, "diff-failed")
    page.unroute("**/api/v1/diff?**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)
    expect(page.locator("#notices")).to_be_empty()


def test_what_is_still_shown_after_a_failure_is_called_old(open_page: OpenPage) -> None:
    page = open_page(expected=("503",))
    visit(page, sides())
    answer_with(page, "**/api/v1/diff?**", 503, '{"message": "No ingester answers.", "reason": "ingester_unavailable"}')
    page.get_by_role("button", name="Swap A and B").click()
    expect(page.locator("#status")).to_have_text(re.compile("^stale: of "), timeout=PATIENCE_MS)
    expect(page.locator("#notices")).to_contain_text("What is shown is of ")
    expect(page.locator("#notices code")).to_have_text("feedc0de")


def test_a_long_wait_is_shown_and_can_be_ended(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/v1/diff?**", lambda route: held.append(route))
    page.goto(f"/diff?{urlencode(sides())}")
    expect(page.locator("#view")).to_have_attribute("aria-busy", "true", timeout=PATIENCE_MS)
    expect(page.locator(".waiting")).to_contain_text("Comparing", timeout=PATIENCE_MS)
    page.locator(".waiting").get_by_role("button", name="Cancel").click()
    expect(page.locator("#view")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#status")).to_have_text("cancelled")
    page.unroute("**/api/v1/diff?**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)
    expect(page.locator("#notices")).to_be_empty()


def test_a_newer_question_ends_the_one_before(page: Page) -> None:
    held: list[Route] = []
    page.route("**/api/v1/diff?**", lambda route: held.append(route) if not held else route.continue_())
    page.goto(f"/diff?{urlencode(sides())}")
    expect(page.locator("#view")).to_have_attribute("aria-busy", "true")
    with page.expect_event("requestfailed", lambda request: "/api/v1/diff?" in request.url):
        page.get_by_role("button", name="Swap A and B").click()
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)
    assert asked(page)["left_query"] == CATALOG


def test_a_part_of_an_answer_is_called_one(page: Page) -> None:
    def without_one(route: Route) -> None:
        answer = route.fetch()
        document = answer.json()
        document["sources"] |= {"complete": False, "missing": [{"name": "ingester-2", "reason": "deadline"}]}
        route.fulfill(response=answer, json=document)

    page.route("**/api/v1/diff?**", without_one)
    visit(page)
    expect(page.locator("#notices")).to_contain_text("This is only a part: ingester-2 (deadline) did not answer.")


def test_everything_is_reached_by_keys(page: Page) -> None:
    visit(page, sides(left_query=CHECKOUT, right_query=CHECKOUT))
    expect(page.locator("#timeline canvas")).to_have_attribute("aria-valuetext", CUT, timeout=PATIENCE_MS)
    page.locator("#timeline canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#timeline canvas")).to_have_attribute("aria-valuetext", CUT)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("left_until"))
    expect(page.locator("#status")).to_have_text(LOADED, timeout=PATIENCE_MS)
    assert int(asked(page)["left_until"]) + 1 == int(asked(page)["right_from"])
    page.locator("h1").evaluate("() => document.activeElement.blur()")
    page.keyboard.press("/")
    page.keyboard.type("place_order")
    expect(page.locator("#view output")).to_have_text(re.compile(r"^\d+ functions?, .* %$"))
    assert asked(page)["q"] == "place_order"
    page.locator(".diff-overlay").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Back")).to_be_enabled()
    page.get_by_role("button", name="Back").press("Enter")
    expect(page.get_by_role("button", name="Back")).to_be_disabled()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("view", ["overlay", "side", "table"])
def test_every_view_fits_every_screen(open_page: OpenPage, theme: str, size: tuple[int, int], view: str) -> None:
    page = open_page(theme, size)
    visit(page, {"view": view})
    shown = {"overlay": ".diff-overlay canvas", "side": "figure canvas", "table": ".changes tbody tr"}[view]
    expect(page.locator(shown).first).to_be_visible()
    assert fits_its_width(page)
    picture(page, f"diff-{view}-{theme}-{size[0]}")
