"""The explore page as a test sees it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.django.ui.test_page_code_in_the_script_engine import NODE, ROOT
from tests.integration.cluster.cluster import Cluster

CHECKOUT = '{service_name="checkout"}'
CPU = "process_cpu:cpu:nanoseconds:cpu:nanoseconds"


def explore(page: Page, **state: str) -> None:
    """Go to the page with this state in its address, and wait until it has loaded."""
    page.goto(f"/explore?{urlencode(state)}" if state else "/explore")
    loaded(page)


def loaded(page: Page) -> None:
    """Wait until the page shows what its address says."""
    expect(page.locator("#status")).to_have_text(re.compile("^loaded"), timeout=20_000)


def has_state(page: Page, **state: str) -> None:
    """Expect each of these in the address."""
    for name, value in state.items():
        expect(page).to_have_url(re.compile(rf"[?&]{name}=[^&]*{re.escape(urlencode({'': value})[1:])}"))


def api(cluster: Cluster, path: str, **parameters: object) -> dict[str, Any]:
    """Ask the API what the page asks it."""
    status, body, _ = cluster.request("GET", f"/api/v1/{path}?{urlencode(parameters)}")
    assert status == 200, body
    answer: dict[str, Any] = json.loads(body)
    return answer


def written(folder: Path, expressions: list[str]) -> list[str]:
    """Return what the page's own ``format.js`` makes of numbers, in one run of the script engine."""
    assert NODE is not None
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    module = (ROOT / "static" / "phlare" / "format.js").read_text("utf-8")
    script = f"{module}\nconsole.log(JSON.stringify([{', '.join(expressions)}]));"
    run = [NODE, "--input-type=module", "-"]
    done = subprocess.run(run, input=script, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    texts: list[str] = json.loads(done.stdout)
    return texts


def has_the_functions(page: Page, top: dict[str, Any], folder: Path) -> None:
    """Expect the table of the page to have the numbers of an answer of ``/api/v1/top``: its total, its functions."""
    unit = json.dumps(top["unit"])
    expressions = [f"quantity({top['total']}, {unit})"]
    for row in top["functions"]:
        for value in (row["self"], row["total"]):
            expressions += [f"quantity({value}, {unit})", f"percent({value} / {top['total']})"]
    texts = written(folder, expressions)
    expect(page.locator("#facts")).to_contain_text(f"{texts[0]} in {top['profiles']} profile")
    rows = page.locator("#functions .list-body [role=row]")
    shown = {}
    for number in range(12):
        cells = rows.nth(number).locator("[role=gridcell]")
        if cells.count():
            name, own, total = (cells.nth(at) for at in range(3))
            shown[name.get_attribute("title")] = [
                text for cell in (own, total) for text in cell.locator("span, small").all_inner_texts()
            ]
    expected = {row["name"]: texts[1 + 4 * at : 5 + 4 * at] for at, row in enumerate(top["functions"])}
    # Functions of the same value may stand in any order, so those of the tenth value may be left out of what is shown.
    last = top["functions"][-1]["self"]
    certain = [row["name"] for row in top["functions"] if row["self"] > last]
    assert certain or last == 0 or len({row["self"] for row in top["functions"]}) == 1
    for name in certain:
        assert shown[name] == expected[name]
