"""Accessibility as axe-core sees it."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

#: Of its four weights the two that keep somebody from using a page.
_SERIOUS = frozenset({"serious", "critical"})

#: Ends when nothing fades or moves any more, but for what does so for ever: colours on their way are nobody's choice.
_SETTLED = """() => Promise.allSettled(document.getAnimations()
  .filter((one) => one.effect.getComputedTiming().endTime !== Infinity).map((one) => one.finished)).then(() => true)"""


def violations(page: Page, *rules: str) -> list[str]:
    """Return what is seriously wrong with a page for whoever cannot see it well or uses no pointer, one line each.

    ``rules`` are all that axe-core has, unless some are named.
    """
    page.evaluate(_SETTLED)
    options: dict[str, Any] = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    results: Any = Axe().run(page, options=options).response
    return [
        f"{found['id']} ({found['impact']}): {found['help']}: {node['target']} {node.get('failureSummary', '')}"
        for found in results["violations"]
        if found["impact"] in _SERIOUS
        for node in found["nodes"]
    ]
