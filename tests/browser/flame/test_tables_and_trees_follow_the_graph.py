"""The table of functions, the call tree and the sandwich beside a flame graph, in Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.flame import graphs
from tests.browser.flame.stage import graph, show


def sums(name: str) -> dict[str, tuple[int, int]]:
    """Return self and total by function, counted stack by stack."""
    found: dict[str, tuple[int, int]] = {}
    for path, value in graphs.stacks_of(graph(name)):
        for one in set(path):
            own, total = found.get(one, (0, 0))
            found[one] = (own + value * (path[-1] == one), total + value)
    return found


@pytest.fixture
def table(page: Page, address: str) -> Page:
    show(page, address, "java")
    return page


def test_the_largest_functions_have_the_numbers_of_the_stacks(table: Page) -> None:
    rows = table.evaluate("stage.table.rows.slice(0, 10).map(({ name, self, total }) => [name, self, total])")
    expected = sums("java")
    assert [(own, total) for _, own, total in rows] == [expected[name] for name, _, _ in rows]
    assert [own for _, own, _ in rows] == sorted((own for own, _ in expected.values()), reverse=True)[:10]
    whole = sum(value for _, value in graphs.stacks_of(graph("java")))
    first = table.locator("#functions .list-body [role=row]").first
    expect(first).to_contain_text(rows[0][0])
    expect(first.locator("small").first).to_have_text(f"{100 * rows[0][1] / whole:.1f} %")


def test_only_rows_in_view_exist_and_scrolling_brings_the_others(table: Page) -> None:
    count = table.evaluate("stage.table.rows.length")
    body = table.locator("#functions .list-body")
    assert body.locator("[role=row]").count() < count
    table.evaluate("document.querySelector('#functions .function-grid').scrollTop = 1e6")
    last = table.evaluate("stage.table.rows.at(-1).name")
    expect(body).to_contain_text(last)
    expect(table.get_by_role("grid", name="Functions")).to_have_attribute("aria-rowcount", str(count + 1))


def test_a_column_sorts_both_ways_and_says_so(table: Page) -> None:
    head = table.locator("#functions [role=columnheader]")
    expect(head.nth(1)).to_have_attribute("aria-sort", "descending")
    table.locator("#functions").get_by_role("button", name="Total").click()
    expect(head.nth(2)).to_have_attribute("aria-sort", "descending")
    totals = table.evaluate("stage.table.rows.map(({ total }) => total)")
    assert totals == sorted(totals, reverse=True)
    table.locator("#functions").get_by_role("button", name="Function").click()
    names = table.evaluate("stage.table.rows.map(({ name }) => name)")
    assert names == sorted(names)


def test_a_filter_leaves_what_a_search_finds(table: Page) -> None:
    found = table.evaluate("stage.flame.search('java.util').functions")
    table.evaluate("stage.table.filter('java.util')")
    assert table.evaluate("stage.table.rows.length") == found > 0
    table.evaluate("stage.table.filter('')")
    assert table.evaluate("stage.table.rows.length") > found


def test_pointing_marks_the_function_in_graph_and_table(table: Page) -> None:
    row = table.locator("#functions .list-body [role=row]").nth(2)
    row.hover()
    name = table.evaluate("stage.table.rows[2].name")
    assert table.evaluate("stage.flame.graph.names[stage.flame.hovered]") == name
    table.mouse.move(5, 5)
    assert table.evaluate("stage.flame.hovered") == -1
    table.evaluate(
        "(name) => stage.flame.point(stage.flame.graph.name.indexOf(stage.flame.graph.names.indexOf(name)))", name
    )
    expect(table.locator("#functions .hovered")).to_contain_text(name)


def test_the_table_is_used_by_keys(table: Page) -> None:
    table.locator("#functions .function-grid").focus()
    table.keyboard.press("ArrowDown")
    table.keyboard.press("ArrowDown")
    table.keyboard.press("Enter")
    name = table.evaluate("stage.table.rows[1].name")
    assert table.evaluate("stage.actions") == [["select", name]]
    active = table.locator("#functions .function-grid").get_attribute("aria-activedescendant")
    expect(table.locator(f"#{active}")).to_contain_text(name)
    table.keyboard.press("End")
    expect(table.locator("#functions .active")).to_contain_text(table.evaluate("stage.table.rows.at(-1).name"))


def test_the_call_tree_opens_the_heaviest_way_and_is_used_by_keys(page: Page, address: str) -> None:
    show(page, address, "go")
    grid = page.get_by_role("treegrid", name="Call tree")
    first = grid.locator(".list-body [role=row]").first
    expect(first).to_contain_text("runtime.main")
    expect(first).to_have_attribute("aria-expanded", "true")
    grid.focus()
    page.keyboard.press("ArrowDown")
    before = page.evaluate("stage.tree.rows.length")
    page.keyboard.press("ArrowLeft")
    expect(first).to_have_attribute("aria-expanded", "false")
    assert page.evaluate("stage.tree.rows.length") < before
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("stage.flame.zoomed") == ["runtime.main", "main.main"]


def test_the_sandwich_has_callers_above_and_callees_below(page: Page, address: str) -> None:
    show(page, address, "go")
    name = "runtime.mallocgc"
    page.evaluate("(name) => stage.sandwich.show(stage.flame.graph, name, { unit: 'nanoseconds' })", name)
    total = sums("go")[name][1]
    assert (
        page.evaluate("[stage.sandwich.callers, stage.sandwich.callees].map(({ graph }) => graph.total[0])")
        == [total] * 2
    )
    expect(page.locator(".sandwich-heading")).to_contain_text(f"{name} · {total / 1e9:.3g} s")
    expect(page.get_by_role("application", name=f"Callers of {name}")).to_be_visible()
    expect(page.get_by_role("application", name=f"Callees of {name}")).to_be_visible()


def test_a_name_with_little_room_keeps_its_end_and_is_read_whole(table: Page) -> None:
    table.evaluate("document.querySelector('#functions').style.width = '460px'")
    names = table.evaluate("stage.table.rows.slice(0, 12).map(({ name }) => name)")
    row = table.locator("#functions .list-body [role=row]").nth(
        next(at for at, name in enumerate(names) if name.startswith("java.util.regex."))
    )
    name = row.locator("[role=gridcell]").first
    expect(row.locator(".name-package")).to_have_text("java.util.regex.")
    widths = "(element) => [element.clientWidth, element.scrollWidth, element.getBoundingClientRect().right]"
    package, function = (row.locator(f".name-{part}").evaluate(widths) for part in ("package", "function"))
    assert package[0] < package[1], "the package gives way"
    assert function[0] >= function[1] > 0, "the function is whole"
    assert function[2] <= name.evaluate(widths)[2]
    assert name.inner_text().replace("\n", "") == name.get_attribute("title") in names
