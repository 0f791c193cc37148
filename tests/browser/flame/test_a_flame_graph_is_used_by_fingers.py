"""Fingers on a flame graph in Chromium: a tap, a press that rests, two fingers, and one that drags."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.flame.stage import show
from tests.integration.cluster.cluster import wait_for

Point = tuple[float, float]


@pytest.fixture
def phone(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 360, "height": 740}, has_touch=True, reduced_motion="reduce")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    show(page, address, "go")
    yield page
    page.close()
    assert wrong == []


@pytest.fixture
def fingers(phone: Page) -> CDPSession:
    return phone.context.new_cdp_session(phone)


def touch(fingers: CDPSession, kind: str, *points: Point) -> None:
    fingers.send(
        "Input.dispatchTouchEvent",
        {"type": f"touch{kind}", "touchPoints": [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(points)]},
    )


def frame(page: Page, name: str) -> Point:
    """Return where in the window the widest frame of a function is."""
    x, y = page.evaluate(
        """(name) => {
          const { graph, from, until, width, canvas } = stage.flame, at = graph.names.indexOf(name);
          let best = -1;
          graph.name.forEach((own, node) => {
            if (own === at && (best < 0 || graph.total[node] > graph.total[best])) best = node;
          });
          canvas.scrollIntoView();
          const box = canvas.getBoundingClientRect(), middle = graph.x[best] + graph.total[best] / 2;
          return [box.left + ((middle - from) * width) / (until - from), box.top + stage.flame.rowBottom(best) - 10];
        }""",
        name,
    )
    return float(x), float(y)


def view(page: Page) -> tuple[float, float]:
    start, end = page.evaluate("[stage.flame.from / stage.flame.whole, stage.flame.until / stage.flame.whole]")
    return float(start), float(end)


def comes_true(page: Page, expression: str) -> None:
    """Wait for the page, from out here: its policy lets nothing in it evaluate a text again and again."""
    wait_for(lambda: bool(page.evaluate(expression)), 30, expression)


def steps(page: Page) -> list[str]:
    labels: list[str] = page.evaluate("stage.flame.trail.map(({ label }) => label)")
    return labels


def test_a_tap_zooms(phone: Page) -> None:
    phone.touchscreen.tap(*frame(phone, "main.withRoute"))
    comes_true(phone, "stage.flame.zoomed.length")
    assert steps(phone) == ["main.withRoute"]


def test_a_finger_that_rests_has_the_menu_with_the_numbers_of_the_frame(phone: Page, fingers: CDPSession) -> None:
    place = frame(phone, "main.withRoute")
    touch(fingers, "Start", place)
    comes_true(phone, "stage.flame.frame(stage.flame.pointed)?.name === 'main.withRoute'")
    touch(fingers, "End")
    menu = phone.get_by_role("menu", name="main.withRoute")
    expect(menu).to_be_visible()
    expect(menu).to_contain_text("total ")
    assert steps(phone) == [], "it does not zoom as well"
    menu.get_by_role("menuitem", name="Merge into callers").tap()
    assert steps(phone) == ["Merged: main.withRoute"]
    expect(menu).to_be_hidden()


def test_two_fingers_zoom_and_one_moves_what_is_in_view(phone: Page, fingers: CDPSession) -> None:
    x, y = frame(phone, "main.main")
    touch(fingers, "Start", (x - 20, y), (x + 20, y))
    for apart in (30, 40, 60):
        touch(fingers, "Move", (x - apart, y), (x + apart, y))
    touch(fingers, "End")
    comes_true(phone, "stage.flame.until - stage.flame.from < 0.4 * stage.flame.whole")
    before = view(phone)
    touch(fingers, "Start", (x, y))
    for step in (8, 20, 50):
        touch(fingers, "Move", (x - step, y))
    touch(fingers, "End")
    comes_true(phone, f"stage.flame.from / stage.flame.whole > {before[0]}")
    after = view(phone)
    assert after[1] - after[0] == pytest.approx(before[1] - before[0])
    assert steps(phone) == []
