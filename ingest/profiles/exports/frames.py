"""The frames of a flame graph as rectangles, in parts of the whole's width, and their colours."""

from __future__ import annotations

import colorsys
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.profiles.flamegraph import FlameGraph


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; positions are in the unit of the values."""

    name: str
    depth: int  #: 0 is the root
    start: int
    total: int
    own: int  #: self value


#: Hues that can be told apart, as on the pages.
_HUES = (24, 34, 47, 70, 95, 140, 163, 180, 194, 211, 230, 246, 265, 290, 305, 330)
_FILE = re.compile(r"((?:[^ ]*/)?)([^/ ]+?\.(?:py|rb|php|jsx?|tsx?))\b")


def frames(graph: FlameGraph) -> Iterator[Frame]:
    """Yield the frames level by level, each level from left to right."""
    for depth, level in enumerate(graph.levels):
        end = 0
        numbers = level.tolist()
        for offset, total, own, name in zip(numbers[0::4], numbers[1::4], numbers[2::4], numbers[3::4], strict=True):
            start = end + offset
            end = start + total
            yield Frame(graph.names[name], depth, start, total, own)


def colour(name: str) -> str:
    """Return the fill of a frame as ``#rrggbb``: the same for all functions of one file, package or namespace."""
    hue = _HUES[zlib.crc32(package_of(name).encode("utf-8", "replace")) % len(_HUES)]
    red, green, blue = colorsys.hls_to_rgb(hue / 360, 0.72, 0.62)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def package_of(name: str) -> str:
    """Return what a function belongs to, by the habits of the languages: a folder, a file, a module or a namespace."""
    file = _FILE.match(name)
    if file is not None:
        return file.group(1) or file.group(2)
    dot = name.find(".", name.rfind("/") + 1)
    if dot > 0:
        return name[:dot]
    colons = name.find("::")
    return name[:colons] if colons > 0 else name
