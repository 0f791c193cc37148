"""A name that turns the text around it, or shows nothing, is written out; copies have it as it is."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

TURNED = "\u202egnp.exe"
#: What a page copies, in ``got``.
CLIPBOARD = (
    "Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.got = text; } } })"
)
#: Spies on what is written on the canvas.
WRITTEN = """() => {
  const { context } = stage.flame;
  const told = [];
  context.fillText = (text) => { told.push(text); };
  stage.flame.draw();
  delete context.fillText;
  return told;
}"""


@pytest.mark.parametrize(("name", "written"), [(TURNED, "[U+202E]gnp.exe"), ("", "(no name)"), ("a\tb", "a[U+0009]b")])
def test_it_is_written_out_in_graph_table_tree_tooltip_menu_and_sandwich(page: Page, name: str, written: str) -> None:
    answer = json.dumps({"names": ["total", name, "x"], "levels": [[0, 5, 0, 0], [0, 5, 3, 1], [3, 2, 2, 2]]})
    page.evaluate("(text) => stage.paint(text)", answer)
    assert written in page.evaluate(WRITTEN)
    for place in ("#functions", "#tree"):
        cell = page.locator(f"{place} [role=gridcell][title]").filter(has_text=written)
        expect(cell).to_have_attribute("title", written)
    page.locator("#flame canvas").hover(position={"x": 300, "y": 30})
    expect(page.locator("#flame .flame-tooltip strong")).to_have_text(written)
    page.evaluate(CLIPBOARD)
    for item in ("Copy name", "Sandwich", "Focus function"):
        page.locator("#flame canvas").click(position={"x": 300, "y": 30}, button="right")
        menu = page.get_by_role("menu", name=written)
        expect(menu.locator("p")).to_contain_text(written)
        menu.get_by_role("menuitem", name=item).click()
    assert page.evaluate("got") == name
    expect(page.locator(".sandwich-heading")).to_contain_text(f"callers · {written} ·")
    expect(page.locator("#trail")).to_have_text(f"Focus: {written}")
    assert page.evaluate("stage.flame.transforms") == [{"kind": "focus", "name": name}]
    page.locator("#flame").focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#flame .flame-live")).to_contain_text(written)
