"""Names and stacks are copied, also where pages have no clipboard, and what was not copied is not called so."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.flame.stage import show

#: What a page finds in place of the clipboard of a secure one.
ABSENT = "Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })"


def copied(page: Page) -> str:
    """Return what is pasted into a field."""
    page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'paste' }))")
    page.locator("#paste").focus()
    page.keyboard.press("Control+V")
    return page.locator("#paste").input_value()


@pytest.mark.parametrize("is_secure", [True, False])
def test_a_name_is_copied_by_a_key_and_a_stack_from_the_menu(page: Page, address: str, is_secure: bool) -> None:
    if is_secure:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:
        page.evaluate(ABSENT)
    show(page, address, "go")
    graph = page.locator("#flame")
    graph.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "c"):
        page.keyboard.press(key)
    page.wait_for_function("() => stage.actions.length === 1")
    assert page.evaluate("stage.actions") == [["copied", None]]
    expect(graph).to_be_focused()
    assert copied(page) == "main.main"
    page.locator("#paste").evaluate("(field) => field.remove()")
    graph.focus()
    page.keyboard.press("Shift+C")
    page.wait_for_function("() => stage.actions.length === 2")
    assert copied(page).splitlines()[-1] == "main.main"


def test_what_was_not_copied_is_not_called_so(page: Page, address: str) -> None:
    page.evaluate(f"{ABSENT}; document.execCommand = () => false")
    show(page, address, "go")
    page.locator("#flame").focus()
    for key in ("ArrowDown", "c"):
        page.keyboard.press(key)
    page.wait_for_function("() => stage.actions.length === 1")
    assert page.evaluate("stage.actions") == [["not copied", None]]
