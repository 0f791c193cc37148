"""A flame graph as an SVG drawing: readable by itself, with a tooltip a frame, without any script.

The root is on top and a frame's own value is its left part, as on the pages and in Grafana.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ingest.profiles.exports.caption import Caption
from ingest.profiles.exports.frames import Frame, colour, frames
from ingest.profiles.flamegraph import FlameGraph
from ingest.profiles.quantity import quantity, share

_WIDTH = 1200
_MARGIN = 10
_HEADER = 52
_ROW = 18
_CHARACTER = 6.7  #: width of a character of the font, in pixels
#: Frames narrower than this many pixels are left out: nobody sees them.
_LEAST_WIDTH = 0.3

#: What XML 1.0 does not allow in a document at all.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def flame_svg(graph: FlameGraph, caption: Caption) -> str:
    """Return the drawing; it holds text from profiles only as text."""
    unit = caption.profile_type.sample_unit
    height = _HEADER + _ROW * len(graph.levels) + _MARGIN
    inner = _WIDTH - 2 * _MARGIN
    whole = graph.total
    boxes = "".join(
        _box(frame, inner / whole, whole, unit)
        for frame in frames(graph)
        if whole and frame.total * inner / whole >= _LEAST_WIDTH
    )
    subtitle = f"{_time(caption.start_ms)} to {_time(caption.end_ms)}, {quantity(whole, unit)}" if whole else "no data"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="ui-monospace, DejaVu Sans Mono, monospace" font-size="11">\n'
        f"<title>{_text(caption.title)}</title>\n"
        '<rect width="100%" height="100%" fill="#ffffff"/>\n'
        f'<text x="{_MARGIN}" y="21" font-size="14">{_text(_cut(caption.title, inner, 8.5))}</text>\n'
        f'<text x="{_MARGIN}" y="40" fill="#5a626e">{_text(subtitle)}</text>\n'
        f"{boxes}</svg>\n"
    )


def _box(frame: Frame, scale: float, whole: int, unit: str) -> str:
    x, y, width = _MARGIN + frame.start * scale, _HEADER + _ROW * frame.depth, frame.total * scale
    sums = f"{quantity(frame.total, unit)} ({share(frame.total, whole)}), self {quantity(frame.own, unit)}"
    label = _cut(frame.name, width - 6, _CHARACTER)
    text = f'<text x="{x + 3:.1f}" y="{y + 12.5:.1f}">{_text(label)}</text>' if label else ""
    return (
        f'<g><title>{_text(frame.name)}\n{_text(sums)}</title><rect x="{x:.2f}" y="{y}" '
        f'width="{max(width - 0.5, 0.1):.2f}" height="{_ROW - 1}" rx="1" fill="{colour(frame.name)}"/>{text}</g>\n'
    )


def _cut(text: str, width: float, character: float) -> str:
    """Return as much of ``text`` as fits into ``width`` pixels; nothing when that is less than three characters."""
    room = int(width / character)
    if len(text) <= room:
        return text
    return f"{text[: room - 1]}…" if room >= 3 else ""


def _text(text: str) -> str:
    """Return ``text`` as the content of an element."""
    clean = _FORBIDDEN.sub("\ufffd", text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(moment_ms: int) -> str:
    """Return a moment for a person; a number for one that no calendar has."""
    try:
        return datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{moment_ms} ms"
