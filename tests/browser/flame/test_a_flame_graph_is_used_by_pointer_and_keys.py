"""The flame graph in Chromium: what a click, the menu, a key and the pointer do, and what is seen of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.flame import graphs
from tests.browser.flame.stage import graph, show
from tests.integration.cluster.cluster import wait_for

ROW = 20


@pytest.fixture
def flame(page: Page, address: str) -> Page:
    show(page, address, "go")
    return page


def place_of(page: Page, name: str) -> tuple[float, float]:
    """Return where on the canvas the widest frame of a function is."""
    found = page.evaluate(
        """(name) => {
          const { graph, from, until, width } = stage.flame, at = graph.names.indexOf(name);
          let best = -1;
          graph.name.forEach((own, node) => {
            if (own === at && (best < 0 || graph.total[node] > graph.total[best])) best = node;
          });
          const middle = Math.min(until, graph.x[best] + graph.total[best]) + Math.max(from, graph.x[best]);
          return [(middle / 2 - from) * width / (until - from), stage.flame.rowBottom(best) - 10];
        }""",
        name,
    )
    return float(found[0]), float(found[1])


def click(page: Page, name: str, **options: Any) -> None:
    x, y = place_of(page, name)
    page.locator("#flame canvas").click(position={"x": x, "y": y}, **options)


def trail(page: Page) -> list[str]:
    labels: list[str] = page.evaluate("stage.flame.trail.map(({ label }) => label)")
    return labels


def test_a_left_click_zooms_and_escape_goes_back(flame: Page) -> None:
    click(flame, "main.withRoute")
    assert flame.evaluate("stage.flame.zoomed") == ["runtime.main", "main.main", "main.withRoute"]
    click(flame, "runtime.main")
    assert flame.evaluate("stage.flame.zoomed") == ["runtime.main"], "a frame above is a way back"
    flame.keyboard.press("Escape")
    assert flame.evaluate("stage.flame.zoomed") == []
    assert flame.evaluate("[stage.flame.from, stage.flame.until]") == [0, flame.evaluate("stage.flame.whole")]


def test_a_right_click_has_the_menu_and_each_transform_can_be_taken_back(flame: Page) -> None:
    whole = flame.evaluate("stage.flame.graph.total[0]")
    for item, label in [
        ("Focus function, all places", "Focus: main.withRoute"),
        ("Merge into callers", "Merged: main.withRoute"),
        ("Hide with its stacks", "Hidden: main.withRoute"),
        ("Collapse recursion", "Recursion collapsed"),
        ("Focus this subtree", "Focus subtree: main.withRoute"),
        ("Invert", "Inverted"),
    ]:
        click(flame, "main.withRoute", button="right")
        flame.get_by_role("menuitem", name=item, exact=False).click()
        assert trail(flame) == [label]
        expect(flame.locator("#trail")).to_have_text(label)
        flame.keyboard.press("Backspace")
        assert trail(flame) == []
        assert flame.evaluate("stage.flame.graph.total[0]") == whole


def test_what_a_page_does_itself_is_told_to_it(flame: Page) -> None:
    for item in ("Search this", "Open in diff", "Copy link", "Sandwich"):
        click(flame, "main.withRoute", button="right")
        flame.get_by_role("menuitem", name=item).click()
    told = flame.evaluate("stage.actions")
    assert told == [[action, "main.withRoute"] for action in ("search", "diff", "link", "sandwich")]


@pytest.mark.parametrize("opener", ["ContextMenu", "Shift+F10"])
def test_the_menu_is_used_by_keys_alone(flame: Page, opener: str) -> None:
    flame.locator("#flame").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", opener):
        flame.keyboard.press(key)
    menu = flame.get_by_role("menu", name="main.main")
    expect(menu).to_be_visible()
    expect(flame.get_by_role("menuitem", name="Zoom")).to_be_focused()
    flame.keyboard.press("ArrowUp")
    expect(flame.get_by_role("menuitem", name="Copy link")).to_be_focused()
    flame.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(flame.locator("#flame")).to_be_focused()
    flame.keyboard.press(opener)
    flame.keyboard.press("ArrowDown")
    flame.keyboard.press("Enter")
    assert trail(flame) == ["Focus: main.main"]


def test_keys_walk_zoom_and_are_heard(flame: Page) -> None:
    flame.locator("#flame").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown"):
        flame.keyboard.press(key)
    expect(flame.locator("#flame .flame-live")).to_have_text(re.compile(r"main\.main: total \d.*%; self "))
    flame.keyboard.press("Enter")
    assert trail(flame) == ["main.main"]
    expect(flame.get_by_role("application", name="Processor time, zoomed on main.main")).to_be_focused()
    before = flame.evaluate("stage.flame.until - stage.flame.from")
    flame.keyboard.press("+")
    assert flame.evaluate("stage.flame.until - stage.flame.from") == pytest.approx(0.7 * before)
    flame.keyboard.press("0")
    assert trail(flame) == []
    for key, label in [("r", "Recursion collapsed"), ("i", "Inverted")]:
        flame.keyboard.press(key)
        assert trail(flame) == [label]
        flame.keyboard.press("u")


def test_a_flame_stands_on_its_root_and_an_icicle_hangs_from_it(flame: Page) -> None:
    assert flame.evaluate("stage.flame.at(600, 10)") == 0
    flame.evaluate("stage.flame.view = 'flame'")
    flame.evaluate("stage.painted()")
    height = flame.evaluate("stage.flame.height")
    assert flame.evaluate(f"stage.flame.at(600, {height - 10})") == 0
    flame.locator("#flame").focus()
    flame.keyboard.press("ArrowUp")
    flame.keyboard.press("ArrowUp")
    assert flame.evaluate("stage.flame.graph.parent[stage.flame.pointed]") == 0, "up is away from the root"


def test_the_tooltip_has_self_and_total_of_view_and_whole(flame: Page) -> None:
    x, y = place_of(flame, "main.main")
    flame.locator("#flame canvas").hover(position={"x": x, "y": y})
    rows = flame.locator("#flame .flame-tooltip tr")
    expect(rows).to_have_text([re.compile(r"ValueOf whole"), re.compile(r"Total.*s.*%"), re.compile(r"Self")])
    click(flame, "main.main")
    x, y = place_of(flame, "main.withRoute")
    flame.locator("#flame canvas").hover(position={"x": x, "y": y})
    expect(rows.first).to_have_text("ValueOf viewOf whole")
    box = flame.locator("#flame .flame-tooltip").bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= 1200 - box["width"]


def test_frames_too_narrow_to_draw_say_how_many_they_are(page: Page, address: str) -> None:
    show(page, address, "large")
    found = page.evaluate("stage.flame.runs.find((run) => run.right - run.left > 90)")
    y = page.evaluate("(node) => stage.flame.rowBottom(node) - 10", found["first"])
    canvas = page.locator("#flame canvas")
    canvas.hover(position={"x": found["left"] + 20, "y": y})
    frames = found["end"] - found["first"]
    assert frames > 90
    expect(page.locator("#flame .flame-tooltip")).to_contain_text(f"{frames:,} frames")
    canvas.click(position={"x": found["left"] + 20, "y": y})
    seen = page.evaluate("(node) => [stage.flame.from, stage.flame.graph.x[node]]", found["first"])
    assert seen[0] == pytest.approx(seen[1])


def test_a_search_tells_its_share_marks_and_leads_through_its_hits(flame: Page) -> None:
    stacks = list(graphs.stacks_of(graph("go")))
    whole = sum(value for _, value in stacks)
    under = sum(value for path, value in stacks if any("mallocgc" in name for name in path))
    names = {name for path, _ in stacks for name in path if "mallocgc" in name}
    before = flame.locator("#flame canvas").screenshot()
    found = flame.evaluate(
        "(() => { const { functions, share } = stage.flame.search('mallocgc'); return { functions, share }; })()"
    )
    assert found == {"functions": len(names), "share": pytest.approx(under / whole)}
    flame.evaluate("stage.painted()")
    assert flame.locator("#flame canvas").screenshot() != before
    first, second = flame.evaluate(
        "[stage.flame.nextMatch(), stage.flame.nextMatch()].map(({ node, name }) => [node, name])"
    )
    assert second[0] > first[0]
    assert all("mallocgc" in name for _, name in (first, second))
    assert flame.evaluate("stage.flame.nextMatch(-1).node") == first[0]


def test_dragging_and_the_wheel_move_a_part_and_take_no_step(flame: Page) -> None:
    canvas = flame.locator("#flame canvas")
    canvas.hover(position={"x": 600, "y": 200})
    flame.keyboard.down("Control")
    flame.mouse.wheel(0, -100)
    flame.keyboard.up("Control")
    flame.wait_for_function("stage.flame.until - stage.flame.from < 0.5 * stage.flame.whole")
    before = flame.evaluate("stage.flame.from")
    flame.mouse.down()
    flame.mouse.move(500, 400, steps=4)
    flame.mouse.up()
    assert flame.evaluate("stage.flame.from") > before
    assert trail(flame) == []


def test_a_link_carries_the_steps(flame: Page) -> None:
    click(flame, "main.main", button="right")
    flame.get_by_role("menuitem", name="Focus function").click()
    click(flame, "main.withRoute")
    steps = flame.evaluate("JSON.stringify(stage.flame.transforms)")
    state = "[stage.flame.graph.count, stage.flame.zoomed, stage.flame.from, stage.flame.until]"
    before = flame.evaluate(state)
    flame.evaluate("(steps) => stage.flame.show(stage.flame.steps.base, { transforms: JSON.parse(steps) })", steps)
    assert flame.evaluate(state) == before


def test_a_difference_marks_what_is_new_and_what_is_gone(page: Page, address: str) -> None:
    show(page, address, "diff")
    sides = page.evaluate("(({ left, right }) => [left[0], right[0]])(stage.flame.graph.sides)")
    assert sides == [sum(graph("diff")["levels"][0][at::7]) for at in (1, 4)]
    click(page, "main.main", button="right")
    expect(page.get_by_role("menuitem", name="Open in diff")).to_be_hidden()
    page.keyboard.press("Escape")
    x, y = place_of(page, "main.main")
    page.locator("#flame canvas").hover(position={"x": x, "y": y - ROW})
    page.locator("#flame canvas").hover(position={"x": x, "y": y})
    expect(page.locator("#flame .flame-tooltip tr").first).to_have_text("ABChange")


def test_names_are_text_wherever_they_are_shown(page: Page) -> None:
    name = "<img src=x onerror=alert(1)>"
    page.evaluate(
        "(name) => stage.paint(JSON.stringify({ names: ['total', name], levels: [[0, 5, 0, 0], [0, 5, 5, 1]] }))", name
    )
    page.locator("#flame canvas").click(position={"x": 300, "y": 30}, button="right")
    expect(page.get_by_role("menu")).to_contain_text(name)
    page.keyboard.press("Escape")
    page.locator("#flame canvas").hover(position={"x": 400, "y": 30})
    expect(page.locator("#flame .flame-tooltip strong")).to_have_text(name)
    assert page.evaluate("document.querySelectorAll('img').length") == 0


@pytest.mark.parametrize("is_secure", [True, False], ids=["with a clipboard", "over plain HTTP"])
def test_a_name_and_a_stack_are_copied(flame: Page, is_secure: bool) -> None:
    flame.evaluate(
        """(isSecure) => {
          window.copied = [];
          const clipboard = isSecure ? { writeText: async (text) => { copied.push(text); } } : undefined;
          Object.defineProperty(navigator, 'clipboard', { value: clipboard });
          document.addEventListener('copy', () => copied.push(document.activeElement.value));
        }""",
        is_secure,
    )
    flame.locator("#flame").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "c", "Shift+C"):
        flame.keyboard.press(key)
    wait_for(lambda: flame.evaluate("stage.actions.length") == 2, 30, "both are told")
    assert flame.evaluate("copied") == ["main.main", "runtime.main\nmain.main"]
    assert flame.evaluate("stage.actions") == [["copied", None], ["copied", None]]
    expect(flame.locator("#flame")).to_be_focused()


def test_what_the_browser_does_not_copy_is_told(flame: Page) -> None:
    flame.evaluate("Object.defineProperty(navigator, 'clipboard', {}); document.execCommand = () => false;")
    click(flame, "main.main", button="right")
    flame.get_by_role("menuitem", name="Copy name").click()
    wait_for(lambda: flame.evaluate("stage.actions.length") == 1, 30, "it is told")
    assert flame.evaluate("stage.actions") == [["not copied", None]]


def test_a_canvas_has_the_pixels_of_the_screen_and_of_no_more_than_the_view(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 700}, device_scale_factor=2)
    page.goto(address)
    page.wait_for_function("window.stage")
    show(page, address, "deep")
    canvas = page.evaluate(
        "[stage.flame.canvas.width, stage.flame.canvas.height, stage.flame.width, stage.flame.height]"
    )
    assert canvas[:2] == [2 * canvas[2], 2 * canvas[3]]
    assert canvas[3] < 700
    page.evaluate("stage.flame.host.scrollTop = stage.flame.host.scrollHeight")
    page.evaluate("stage.painted()")
    colours = page.evaluate(
        """(() => {
          const { context, canvas } = stage.flame;
          const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
          const seen = new Set();
          for (let at = 0; at < pixels.length; at += 4) seen.add(pixels.slice(at, at + 3).join());
          return seen.size;
        })()"""
    )
    assert colours > 10, "the last of 5 000 levels are drawn"
    assert page.evaluate("stage.flame.at(stage.flame.width - 1, stage.flame.height - 30)") > 4900
    page.close()
