"""Explore in Chromium against a real cluster with the demo's profiles: clicked, typed, linked to, gone back from."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.conftest import HUGE, PHONE, WIDE, OpenPage, fits_its_width, picture
from tests.browser.explore_page import CHECKOUT, CPU, explore, has_state, loaded


def asked(page: Page) -> list[str]:
    """Return the list to which every path that the page asks of the API is added from now on."""
    paths: list[str] = []

    def note(request: Request) -> None:
        path = urlsplit(request.url).path
        if path.startswith("/api/v1/") and path != "/api/v1/whoami":
            paths.append(path.removeprefix("/api/v1/"))

    page.on("request", note)
    return paths


def drag(page: Page, chart: Locator, start: float, end: float) -> None:
    """Drag over a part of a chart, from and to these shares of its width."""
    box = chart.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], middle, steps=4)
    page.mouse.up()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_one_lands_on_the_flame_graph_of_the_first_service(open_page: OpenPage, theme: str) -> None:
    page = open_page(theme=theme)
    explore(page)
    # In this order, with whatever other tests of the package have pushed between them.
    expect(page.locator("#services .name")).to_contain_text(
        ["All services", "billing", "catalog", "checkout", "storefront"]
    )
    expect(page.locator("#services [aria-pressed=true] .name")).to_have_text("billing")
    expect(page.locator("#facts")).to_have_text(re.compile(r"\d.* in \d+ profiles? · [\d,]+ frames"))
    expect(page.locator("#flame canvas")).to_be_visible()
    expect(page.locator("#functions [role=row]").nth(3)).to_be_visible()
    expect(page.locator("#services .total").nth(1)).to_have_text(re.compile(r"(s|min)$"))
    has_state(page, query='{service_name="billing"}', type=CPU)
    picture(page, f"explore-{theme}")


def test_services_types_and_ranges_are_chosen_and_back_goes_back(page: Page) -> None:
    explore(page)
    page.get_by_role("button", name="catalog", exact=False).first.click()
    has_state(page, query='{service_name="catalog"}')
    loaded(page)
    page.locator("#type").select_option("memory:inuse_space:bytes:space:bytes")
    expect(page.locator("#facts")).to_contain_text("iB")
    page.locator("#range").click()
    page.get_by_role("button", name="Last 15 minutes").click()
    has_state(page, **{"from": "now-15m"})
    loaded(page)
    page.go_back()
    page.go_back()
    expect(page.locator("#facts")).to_contain_text(re.compile(r"(s|min) in"))
    page.go_forward()
    expect(page.locator("#facts")).to_contain_text("iB")
    expect(page.locator("#range")).to_have_text("Last hour")


def test_moments_of_ones_own_are_a_range_and_wrong_ones_are_refused(page: Page) -> None:
    explore(page)
    page.locator("#range").click()
    until = page.get_by_label("Until").input_value()
    box = page.get_by_role("dialog", name="Range").bounding_box()
    assert box is not None
    assert box["width"] < WIDE[0] / 3, "it leaves the page in view"
    page.get_by_label("From").fill(until)
    page.get_by_role("button", name="Show this range").click()
    expect(page.get_by_text("The first moment must be before the last.")).to_be_visible()
    page.get_by_label("From").fill(until[:11] + "00:00:00")
    page.get_by_role("button", name="Show this range").click()
    expect(page).to_have_url(re.compile(r"[?&]from=\d{13}&until=\d{13}"))
    loaded(page)


def test_a_part_of_the_timeline_is_drawn_and_only_the_graph_is_asked_for_again(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU)
    whole = page.locator("#facts").inner_text()
    expect(page.locator("#services .total").nth(1)).to_have_text(re.compile(r"(s|min)$"))
    paths = asked(page)
    drag(page, page.locator("#timeline canvas"), 0.7, 0.9)
    expect(page).to_have_url(re.compile(r"sel=\d{13}-\d{13}"))
    expect(page.locator("#facts")).not_to_have_text(whole)
    loaded(page)
    assert paths == ["flamegraph"]
    expect(page.locator("#inner-text")).to_contain_text("–")
    page.locator("#timeline canvas").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#facts")).to_have_text(whole)


def test_names_of_functions_have_room_beside_the_graph_on_a_laptop(open_page: OpenPage) -> None:
    page = open_page(size=(1280, 800), theme="light")
    explore(page, query=CHECKOUT, type=CPU, view="both")
    name = page.locator("#functions .list-body [role=gridcell]").first.bounding_box()
    graph = page.locator("#flame canvas").first.bounding_box()
    assert name is not None
    assert graph is not None
    assert name["width"] >= 200
    assert graph["width"] >= 450
    picture(page, "explore-laptop")


def test_groups_have_a_table_from_which_one_is_opened_or_two_are_compared(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU)
    expect(page.locator("#group option")).to_contain_text(["nothing", "namespace", "region"])
    paths = asked(page)
    page.locator("#group").select_option("region")
    rows = page.locator("#legend tbody tr")
    expect(rows).to_have_count(2)
    assert paths == ["timeline"]
    for region in ("eu-west", "us-east"):
        expect(rows.filter(has_text=region)).to_contain_text("%")
    picture(page, "explore-grouped")
    page.get_by_role("button", name="Diff A: eu-west").click()
    page.get_by_role("button", name="Diff B: us-east").click()
    link = page.get_by_role("link", name="Compare eu-west with us-east").get_attribute("href")
    assert link is not None
    sides = parse_qs(urlsplit(link).query)
    assert sides["left_query"] == ['{service_name="checkout", region="eu-west"}']
    assert sides["right_query"] == ['{service_name="checkout", region="us-east"}']
    page.get_by_role("button", name="Open us-east").click()
    has_state(page, query='region="us-east"')
    expect(page.locator("#labels .chip")).to_have_count(2)


def test_values_of_labels_are_included_left_out_and_taken_away(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU)
    page.get_by_role("button", name="region 2").click()
    expect(page.locator(".values li")).to_have_count(2)
    page.get_by_role("button", name="Without region eu-west").click()
    has_state(page, query='region!="eu-west"')
    expect(page.locator("#labels .chip.out")).to_contain_text("region != eu-west")
    loaded(page)
    page.get_by_role("button", name="Remove region != eu-west").click()
    expect(page.locator("#labels .chip.out")).to_have_count(0)


def test_a_menu_that_is_open_stays_open_over_a_refresh(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU)
    page.locator("#labels .label", has_text="region").click()
    find = page.get_by_role("searchbox", name="Find values of region")
    find.press_sequentially("eu")
    with page.expect_response(re.compile("/api/v1/series.*query=")):  # the last that asks, for the labels
        page.evaluate("document.getElementById('refresh').click()")
    loaded(page)
    expect(find).to_be_focused()
    expect(find).to_have_value("eu")
    expect(page.locator(".values li")).to_have_count(1)


def test_a_selector_is_written_with_the_labels_and_values_there_are(page: Page) -> None:
    explore(page)
    paths = asked(page)
    field = page.locator("#query-text")
    field.fill("")
    field.press_sequentially("{reg")
    offered = page.locator(".suggestions").get_by_role("option")
    expect(offered).to_have_text(["region"])
    field.press("ArrowDown")
    field.press("Enter")
    expect(offered.first).to_have_text("eu-west")
    picture(page, "explore-completion", whole=False)
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value('{region="eu-west"}')
    assert paths == ["labels", "labels/region/values"]  # and not once more with each letter
    field.press("Enter")
    has_state(page, query='{region="eu-west"}')
    loaded(page)


def test_steps_stand_in_the_address_and_are_taken_back(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU, view="flame")
    page.locator("#hide").click()
    page.get_by_role("button", name="Python internals").click()
    expect(page.locator("#trail")).to_contain_text("Without Python internals")
    page.keyboard.press("/")
    page.keyboard.type("place_order")
    expect(page.locator("#search-result")).to_have_text(re.compile(r"\d+ functions? · \d+.*%"))
    steps = json.loads(parse_qs(urlsplit(page.url).query)["steps"][0])
    assert steps == [{"kind": "preset", "preset": "python"}]
    page.reload()
    loaded(page)
    expect(page.locator("#trail")).to_contain_text("Without Python internals")
    expect(page.locator("#search-result")).to_contain_text("%")
    page.locator("#undo").click()
    expect(page.locator("#trail li")).to_have_count(0)
    page.go_back()
    expect(page.locator("#trail")).to_contain_text("Without Python internals")


def test_a_function_of_the_table_is_seen_with_its_callers_and_callees_and_in_the_tree(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU)
    page.locator("#search").fill("show_cart")
    expect(page.locator("#functions")).not_to_contain_text("place_order")
    page.locator("#functions").get_by_text("show_cart", exact=True).click()
    has_state(page, view="sandwich", fn="show_cart")
    expect(page.locator(".sandwich-heading")).to_have_text(re.compile(r"callers · show_cart · \d.*% · callees"))
    expect(page.locator("#sandwich canvas")).to_have_count(2)
    picture(page, "explore-sandwich")
    page.get_by_role("button", name="Call tree").click()
    tree = page.get_by_role("treegrid", name="Call tree")
    expect(tree).to_contain_text("place_order")
    picture(page, "explore-call-tree")
    tree.locator(".tree-toggle").first.click()
    expect(tree).not_to_contain_text("place_order")


def test_single_profiles_are_found_in_the_heatmap_and_shown_alone(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU)
    page.locator("#chart-kind").select_option("profiles")
    expect(page.locator("#exemplars button")).to_have_count(12)
    picture(page, "explore-heatmap")
    page.locator("#exemplars button").first.click()
    expect(page.locator("#facts")).to_contain_text("in 1 profile ·")
    expect(page.locator("#notices")).to_contain_text("This is one profile")
    page.get_by_role("button", name="Show all profiles").click()
    expect(page.locator("#facts")).not_to_contain_text("in 1 profile ·")


@pytest.mark.parametrize(("form", "extension"), [("pprof", ".pb.gz"), ("HTML", ".html"), ("PNG", ".png")])
def test_what_is_shown_is_taken_away(page: Page, form: str, extension: str) -> None:
    explore(page, query=CHECKOUT, type=CPU)
    page.locator("#export").click()
    with page.expect_download() as started:
        page.get_by_role("button", name=form).click()
    assert started.value.suggested_filename.endswith(extension)
    assert started.value.path().stat().st_size > 200


def test_all_is_done_by_keys_alone(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU, view="flame")
    page.locator("#timeline canvas").focus()
    page.keyboard.press("End")
    expect(page.locator("#timeline canvas")).to_have_attribute("aria-valuetext", re.compile(r", \d"))
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    expect(page).to_have_url(re.compile("sel="))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"from=\d{13}"))
    loaded(page)
    page.locator("#flame").focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#trail li")).to_have_count(2)
    page.keyboard.press("Backspace")
    expect(page.locator("#trail li")).to_have_count(0)
    page.keyboard.press("2")
    expect(page.locator("#functions")).to_be_visible()
    expect(page.locator("#flame")).to_be_hidden()
    page.locator("#services .pick").first.focus()
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    has_state(page, query='{service_name="catalog"}')


def test_favourites_come_first_and_stay(page: Page) -> None:
    explore(page)
    page.get_by_role("button", name="Favourite storefront").click()
    expect(page.locator("#services .name").nth(1)).to_have_text("storefront")
    page.goto("/explore")
    has_state(page, query='{service_name="storefront"}')
    loaded(page)
    page.locator("#service-filter").fill("CHECK")
    expect(page.locator("#services .name")).to_have_text(["checkout"])


@pytest.mark.parametrize(("name", "size"), [("phone", PHONE), ("4k", HUGE)])
@pytest.mark.parametrize("view", ["both", "sandwich", "tree"])
def test_it_fits_a_phone_and_a_wall(open_page: OpenPage, name: str, size: tuple[int, int], view: str) -> None:
    page = open_page(size=size)
    explore(page, query=CHECKOUT, type=CPU, view=view, group="region")
    expect(page.locator("#legend tbody tr")).to_have_count(2)
    assert fits_its_width(page)
    picture(page, f"explore-{view}-{name}")


def test_on_a_phone_the_services_take_little_of_the_screen_and_scroll(open_page: OpenPage) -> None:
    page = open_page(size=PHONE)
    names = [f"service-{number:03}" for number in range(300)]

    def many(route: Route) -> None:
        response = route.fetch()
        document = response.json()
        document["series"] += [{"service_name": name, "__profile_type__": CPU} for name in names]
        route.fulfill(response=response, json=document)

    page.route(re.compile(r"/api/v1/series\?.*labels="), many)
    explore(page, query=CHECKOUT, type=CPU)
    services = page.locator("#services")
    box = services.bounding_box()
    assert box is not None
    assert box["height"] < PHONE[1] / 3
    services.evaluate("(list) => { list.scrollTop = list.scrollHeight; }")
    expect(services.get_by_text("service-299", exact=True)).to_be_in_viewport()
    assert services.locator("li").count() < 30


STEPS = [
    ("Enter", "serve"),
    ("f", "Focus: serve"),
    ("F", "Focus subtree: serve"),
    ("m", "Merged: serve"),
    ("x", "Hidden: serve"),
    ("r", "Recursion collapsed"),
    ("i", "Inverted"),
]


def test_back_and_forward_take_every_step_back_and_again(page: Page) -> None:
    explore(page, query=CHECKOUT, type=CPU, view="flame", q="^serve$")
    trail = page.locator("#trail button")
    for key, label in STEPS:
        page.locator("#search").focus()
        page.keyboard.press("Enter")  # points at the only match
        page.locator("#flame").focus()
        page.keyboard.press(key)
        expect(trail).to_have_text(["Whole", label])
        page.go_back()
        expect(trail).to_have_count(0)
        page.go_forward()
        expect(trail).to_have_text(["Whole", label])
        page.go_back()
        expect(trail).to_have_count(0)


def test_the_page_refreshes_itself_until_it_is_told_not_to(page: Page) -> None:
    page.clock.install()
    explore(page, query=CHECKOUT, type=CPU, refresh="30")
    first = asked(page)
    with page.expect_response(lambda response: "/api/v1/flamegraph" in response.url):
        page.clock.fast_forward(31_000)
    loaded(page)
    assert first.count("flamegraph") == 1
    page.locator("#refresh-every").select_option("")
    expect(page).not_to_have_url(re.compile("refresh="))
    later = asked(page)
    page.clock.fast_forward(120_000)
    with page.expect_response(lambda response: "/api/v1/flamegraph" in response.url):
        page.locator("#services .pick", has_text="catalog").click()
    loaded(page)
    assert later.count("flamegraph") == 1, "the one that was asked for by hand"
    page.locator("#earlier").click()
    expect(page.locator("#refresh-every")).to_be_disabled()


def test_a_link_to_the_view_is_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    explore(page, query=CHECKOUT, type=CPU, view="flame")
    page.locator("#flame").focus()
    for key in ("ArrowDown", "ArrowDown", "Shift+F10"):
        page.keyboard.press(key)
    page.get_by_role("menuitem", name="Copy link").click()
    expect(page.locator("#status")).to_have_text("link copied")
    assert page.evaluate("navigator.clipboard.readText()") == page.url
