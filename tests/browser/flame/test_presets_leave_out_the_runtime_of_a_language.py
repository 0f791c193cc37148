"""What a preset leaves out of a real profile of its language, and that the program itself stays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.flame import graphs
from tests.browser.flame.stage import graph, show

LANGUAGES = {
    "go": ("go", {"runtime.mallocgc", "runtime.gcDrain", "runtime.systemstack"}, {"main.main", "main.withRoute"}),
    "java": (
        "jvm",
        {"JavaThread::thread_main_inner", "CompileBroker::compiler_thread_loop", "Matcher::match_tree"},
        {"Billing.main", "Billing.formatInvoice", "java.util.Formatter.format"},
    ),
    "python": (
        "python",
        {"Thread._bootstrap", "Thread._bootstrap_inner", "Thread.run", "_GeneratorContextManager.__enter__"},
        {"place_order", "show_cart", "JSONEncoder.iterencode"},
    ),
    "node": ("v8", {"processTimers", "listOnTimeout"}, {"handleListing", "renderPage", "serve"}),
}
PRESETS = ("go", "python", "libc", "jvm", "v8")


def names(page: Page) -> set[str]:
    found: list[str] = page.evaluate("[...new Set(stage.flame.graph.name)].map((at) => stage.flame.graph.names[at])")
    return set(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_runtime_goes_to_its_callers_and_the_program_stays(page: Page, address: str, language: str) -> None:
    preset, gone, kept = LANGUAGES[language]
    show(page, address, language)
    before = names(page)
    assert gone | kept <= before
    page.evaluate("(preset) => stage.flame.apply({ kind: 'preset', preset })", preset)
    after = names(page)
    assert not gone & after
    assert kept <= after
    assert page.evaluate("stage.flame.graph.total[0]") == sum(value for _, value in graphs.stacks_of(graph(language)))
    for other in set(PRESETS) - {preset}:
        page.evaluate("(preset) => stage.flame.apply({ kind: 'preset', preset })", other)
    assert kept <= names(page), "presets of other languages take nothing of the program"
