"""A server of the static files and of one page that mounts the flame graph, with answers for it; needs no cluster."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from django.template import Context, Engine
from playwright.sync_api import Page

from tests.browser.flame import graphs

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LARGE_NODES = 220_000

GRAPHS: dict[str, Callable[[], graphs.Answer]] = {
    "go": lambda: graphs.answer(graphs.recorded("go_cpu_*")),
    "java": lambda: graphs.answer(graphs.recorded("java_cpu_*")),
    "python": lambda: graphs.answer(graphs.recorded("python_cpu_*")),
    "node": lambda: graphs.answer(graphs.recorded("node_wall_*")),
    "diff": lambda: graphs.difference(graphs.recorded("go_cpu_[1-4]*"), graphs.recorded("go_cpu_[5-8]*")),
    "large": lambda: graphs.crossed(LARGE_NODES),
    "deep": lambda: graphs.deep(5000),
}


@cache
def graph(name: str) -> graphs.Answer:
    """Return an answer by its name."""
    return GRAPHS[name]()


@cache
def frame_menu() -> bytes:
    """Return the menu as the explore page has it."""
    template = Engine().from_string((ROOT / "templates" / "ingest" / "frame_menu.html").read_text("utf-8"))
    return template.render(Context({"can_compare": True, "has_address": True})).encode()


class _Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/graphs/"):
            self._send(json.dumps(graph(self.path.removeprefix("/graphs/"))).encode(), "application/json")
        elif self.path in ("/", "/stage.js"):
            name, kind = {"/": ("stage.html", "text/html"), "/stage.js": ("stage.js", "text/javascript")}[self.path]
            self._send((HERE / name).read_bytes().replace(b"<!-- frame menu -->", frame_menu()), kind)
        else:
            super().do_GET()

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", "default-src 'self'")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: requests are not what is tested."""


@contextmanager
def serving() -> Iterator[str]:
    """Serve the stage on a free port; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: _Handler(*args, directory=str(ROOT)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def show(page: Page, address: str, name: str) -> None:
    """Open the stage with an answer on it."""
    if not page.url.startswith(address):
        page.goto(address)
        page.wait_for_function("window.stage")
    page.evaluate("async (url) => stage.paint(await (await fetch(url)).text())", f"{address}/graphs/{name}")
