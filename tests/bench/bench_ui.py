"""How fast flame graphs are in a browser: a graph of 220 000 nodes in the system's Chromium, drawn without a GPU.

``make bench-ui`` prints one JSON object a line. The graph is made of the demo's recordings, see
``tests/browser/flame/graphs.py``. Times are the browser's own: the median of some runs, after one that does not count.
At the end ``/explore`` of a real cluster with the demo's profiles is opened.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from phlareweb.bundling import bundled
from phlareweb.static_files import BUNDLES
from tests.browser.flame.stage import graph, serving
from tests.integration.cluster.cluster import Cluster

SCRIPTS = Path(__file__).resolve().parents[2] / "static" / "phlare"
RUNS = 7
MOVES = 120  # frames of panning and zooming
CHROMIUM = os.environ.get("PHLARE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--js-flags=--expose-gc")

#: Functions that the page is given; times in milliseconds.
MEASURES = """
window.median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];
window.timed = async (runs, action) => {
  await action(0);
  const times = [];
  for (let run = 1; run <= runs; run++) {
    window.gc?.();
    await stage.painted();
    const start = performance.now();
    await action(run);
    times.push(performance.now() - start);
  }
  return median(times);
};
window.moved = async (frames, move) => {
  const times = [], costs = [];
  let before = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < frames; frame++) {
    const start = performance.now();
    move(frame / frames);
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    costs.push(performance.now() - start);
    before = now;
  }
  return median(times);
};
"""


def figure(name: str, value: float, unit: str, goal: str, **more: object) -> None:
    """Print one figure."""
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit, "goal": goal, **more}), flush=True)


def scripts_gzipped() -> float:
    """Return the kilobytes of the scripts of all pages as they are sent."""
    sent = (bundled(SCRIPTS.parent / name, form) for name, form in BUNDLES.items())
    return sum(len(gzip.compress(content or b"", mtime=0)) for content in sent) / 1000


def open_stage(page: Page, address: str, name: str) -> None:
    """Load a graph's text and draw it."""
    page.goto(address)
    page.wait_for_function("window.stage")
    page.evaluate(MEASURES)
    # The tables and trees beside the graph are measured by themselves.
    page.evaluate("stage.flame.onchange = () => {}")
    page.evaluate(
        "async (url) => { window.text = await (await fetch(url)).text(); await stage.paint(text); }",
        f"{address}/graphs/{name}",
    )


def measure_large(page: Page, address: str) -> None:
    """Measure what is asked of a graph of 220 000 nodes."""
    open_stage(page, address, "large")
    nodes = sum(len(level) for level in graph("large")["levels"]) // 4
    size = page.evaluate("text.length")
    painted = page.evaluate(f"timed({RUNS}, () => stage.paint(text))")
    figure("ui: JSON text to painted", painted, "ms", "<= 150", nodes=nodes, json_bytes=size)
    whole = "const whole = stage.flame.whole;"
    for name, move in {
        "pan": "stage.flame.look(whole * 0.8 * part, whole * (0.8 * part + 0.2))",
        "zoom": "stage.flame.look(whole * 0.4 * part, whole * (1 - 0.59 * part))",
    }.items():
        times = page.evaluate(f"(() => {{ {whole} return moved({MOVES}, (part) => {move}); }})()")
        figure(f"ui: frames a second while {name}ning" if name == "pan" else "ui: frames a second while zooming",
               1000 / times, "1/s", ">= 57", frame_ms=round(times, 2))  # fmt: skip
    page.evaluate("stage.flame.look(0, stage.flame.whole)")
    texts = json.dumps(["runtime", "java.util", "alloc", "[a-f]{3}", "main", "Write", "gc", "lock"])
    searched = page.evaluate(f"timed({RUNS}, (run) => {{ stage.flame.search({texts}[run]); }})")
    figure("ui: search", searched, "ms", "<= 20")
    page.evaluate("stage.flame.search('')")
    names = json.dumps(["runtime.mallocgc", "runtime.gcDrain", "runtime.scanobject", "runtime.mallocgc"])
    sandwiched = page.evaluate(
        f"timed({RUNS}, async (run) => {{"
        f" stage.sandwich.show(stage.flame.graph, {names}[run % 4]); await stage.painted(); }})"
    )
    figure("ui: sandwich, painted", sandwiched, "ms", "<= 200")
    table = page.evaluate(
        f"timed({RUNS}, () => stage.table.show(stage.functions(stage.flame.graph), stage.flame.whole, 'nanoseconds'))"
    )
    figure("ui: table of functions", table, "ms", "")
    for kind in ("invert", "collapse"):
        taken = page.evaluate(f"timed(3, () => {{ stage.flame.apply({{ kind: '{kind}' }}); stage.flame.undo(); }})")
        figure(f"ui: {kind}, and back", taken, "ms", "")


def measure_deep(page: Page, address: str) -> None:
    """Measure a graph of 5 000 levels, and say how much of its last screen is drawn."""
    open_stage(page, address, "deep")
    painted = page.evaluate(f"timed({RUNS}, () => stage.paint(text))")
    page.evaluate("stage.flame.host.scrollTop = stage.flame.host.scrollHeight")
    page.evaluate("stage.painted()")
    drawn = page.evaluate(
        """(() => {
          const { context, canvas } = stage.flame;
          const column = context.getImageData(canvas.width - 10, 0, 1, canvas.height).data;
          const ground = [...column.slice(-4)].join();
          let drawn = 0;
          for (let at = 0; at < column.length; at += 4) drawn += column.slice(at, at + 4).join() !== ground;
          return drawn / canvas.height;
        })()"""
    )
    figure(
        "ui: 5 000 levels painted", painted, "ms", "<= 150", canvas_height=page.evaluate("stage.flame.canvas.height")
    )
    figure("ui: part of the last screen of 5 000 levels that is drawn", drawn, "share", ">= 0.8")


def first_paints_ms(page: Page) -> tuple[float, float]:
    """Open explore without a word of what to show; return when its first content and its flame graph were painted.

    Both are milliseconds from the navigation on.
    """
    page.goto("/explore")
    expect(page.locator("#status")).to_have_text(re.compile("^loaded"), timeout=60_000)
    content, graph = (
        float(page.evaluate(f"performance.getEntriesByName('{name}')[0].startTime"))
        for name in ("first-contentful-paint", "phlare-first-graph")
    )
    page.close()
    return content, graph


def measure_first_paint(browser: Browser, port: int) -> None:
    """Measure explore on a server that has answered before, in a browser with its files and in one without any."""
    options: dict[str, Any] = {"viewport": {"width": 1400, "height": 900}, "base_url": f"http://127.0.0.1:{port}"}
    warm = browser.new_context(**options)
    for _ in range(RUNS):
        first_paints_ms(warm.new_page())
    times: dict[str, list[tuple[float, float]]] = {"with its files": [], "without any file": []}
    for _ in range(RUNS):
        times["with its files"].append(first_paints_ms(warm.new_page()))
        cold = browser.new_context(**options)
        times["without any file"].append(first_paints_ms(cold.new_page()))
        cold.close()
    for files, taken in times.items():
        for what, paints in zip(("first content", "flame graph"), zip(*taken, strict=True), strict=True):
            name = f"ui: from the address of explore to its {what}, {files} in the browser"
            figure(name, statistics.median(paints), "ms", "<= 500", fastest=round(min(paints)))


def main() -> int:
    """Print all figures."""
    figure("ui: JavaScript of all pages together, gzipped", scripts_gzipped(), "kB", "<= 60")
    if CHROMIUM is None:
        print("no Chromium on this machine; install it or set PHLARE_CHROMIUM", file=sys.stderr)
        return 1
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
        measure_large(page, address)
        measure_deep(page, address)
        page.close()
        with tempfile.TemporaryDirectory() as folder:
            cluster = Cluster(Path(folder) / "data")
            try:
                cluster.start()
                cluster.wait_until_whole(3)
                cluster.manage("demo", f"--url=http://127.0.0.1:{cluster.port}", "--hours=0.25")
                measure_first_paint(browser, cluster.port)
            finally:
                cluster.kill_everything()
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
