"""A flame graph as one HTML file to send to somebody: zoom, search and tooltips, nothing loaded from anywhere.

The page is ``flame_page.html`` beside this file. Its data are JSON inside a script element that is never run, with
every ``<`` written as an escape, so that no name can end the element; the script shows names only as text. A policy in
the page forbids every request.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from ingest.profiles.exports.caption import Caption
from ingest.profiles.exports.frames import colour
from ingest.profiles.flamegraph import FlameGraph

_PLACE = "@DATA@"


def flame_page(graph: FlameGraph, caption: Caption) -> str:
    """Return the page."""
    document = {
        "title": caption.title,
        "unit": caption.profile_type.sample_unit,
        "from": caption.start_ms,
        "until": caption.end_ms,
        "names": graph.names,
        "colours": [colour(name) for name in graph.names],
        "levels": [level.tolist() for level in graph.levels],
    }
    data = msgspec.json.encode(document).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028")
    before, after = _template().split(_PLACE)
    return before + data + after


@cache
def _template() -> str:
    return Path(__file__).with_name("flame_page.html").read_text("utf-8")
