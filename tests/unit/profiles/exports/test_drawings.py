"""Drawings show every frame that can be seen, are looked at again only when they change, and no name acts in them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import empty_stack_profile
from ingest.profiles.exports.flame_page import flame_page
from ingest.profiles.exports.flame_svg import flame_svg
from ingest.profiles.exports.frames import colour, frames, package_of
from ingest.profiles.flamegraph import FlameGraph, build_flamegraph
from tests.unit.profiles.exports.export_cases import CAPTION, HOSTILE, STACKS
from tests.unit.profiles.stack_model import build_profile, plain, plain_stacks

GOLDEN = Path(__file__).parent / "golden"
SVG = "{http://www.w3.org/2000/svg}"


def graph_of(source: list) -> FlameGraph:
    return build_flamegraph(build_profile(source), 0)


def drawn(svg: str) -> list[tuple[str, float, float]]:
    """Return (tooltip, x, width) of each frame."""
    root = ET.fromstring(svg)
    found = []
    for group in root.iter(f"{SVG}g"):
        title, rect = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        assert title is not None
        assert rect is not None
        found.append((title.text or "", float(rect.get("x", "")), float(rect.get("width", ""))))
    return found


def data_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def test_a_small_flame_graph_is_drawn_as_ever() -> None:
    assert flame_svg(graph_of(STACKS), CAPTION) == (GOLDEN / "small.svg").read_text("utf-8")


def test_a_frame_has_its_place_its_width_and_its_tooltip() -> None:
    found = drawn(flame_svg(graph_of([(plain("main", "b"), 1), (plain("main", "a"), 2), (plain("main"), 1)]), CAPTION))
    assert [(title.split("\n")[0], x, width) for title, x, width in found] == [
        ("total", 10.0, 1179.5), ("main", 10.0, 1179.5), ("a", 305.0, 589.5), ("b", 895.0, 294.5)
    ]  # fmt: skip
    assert found[2][0] == "a\n2 ns (50.0 %), self 2 ns"


@settings(max_examples=50, deadline=None)
@given(plain_stacks)
def test_frames_lie_where_the_flame_graph_says(source: list) -> None:
    graph = graph_of(source)
    found = list(frames(graph))
    assert sum(frame.own for frame in found) == graph.total == sum(value for _, value in source)
    assert len(found) == sum(len(level) for level in graph.levels) // 4
    assert all(0 <= frame.start <= frame.start + frame.total <= graph.total for frame in found)


@settings(max_examples=100, deadline=None)
@given(st.text(), st.text())
def test_any_name_is_text_in_a_drawing(name: str, query: str) -> None:
    graph = graph_of([(plain(name), 1)])
    caption = type(CAPTION)(query, CAPTION.profile_type, 0, 2**62)
    root = ET.fromstring(flame_svg(graph, caption))
    assert {one.tag for one in root.iter()} <= {f"{SVG}{tag}" for tag in ("svg", "g", "rect", "text", "title")}
    assert data_of(flame_page(graph, caption))["names"][-1] == name


def test_no_name_leaves_its_place_in_a_page() -> None:
    blank = flame_page(graph_of(STACKS), CAPTION)
    page = flame_page(graph_of([(plain("root", *HOSTILE), 1)]), CAPTION)
    assert page.count("<script") == blank.count("<script") == 2
    assert page.count("<") == blank.count("<")
    assert data_of(page)["names"] == graph_of([(plain("root", *HOSTILE), 1)]).names


def test_a_page_asks_nothing_of_any_server() -> None:
    page = flame_page(graph_of(STACKS), CAPTION)
    assert "default-src 'none'" in page
    assert not re.search(r"\b(?:src|href|fetch|XMLHttpRequest|import)\b\s*[=(]|https?://", page)


def test_nothing_is_drawn_of_an_empty_profile() -> None:
    empty = build_flamegraph(empty_stack_profile(), 8192)
    svg = flame_svg(empty, CAPTION)
    assert drawn(svg) == []
    assert "no data" in svg
    assert data_of(flame_page(empty, CAPTION))["levels"] == [[0, 0, 0, 0]]


def test_frames_that_nobody_can_see_are_left_out() -> None:
    found = drawn(flame_svg(graph_of([(plain("wide"), 1_000_000), (plain("thin"), 1)]), CAPTION))
    assert [title.split("\n")[0] for title, _, _ in found] == ["total", "wide"]


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("net/http.(*Server).Serve", "net/http"), ("main.main", "main"), ("std::vec::push", "std"),
        ("malloc", "malloc"), ("./src/app.js:handle:12", "./src/"), ("app.py run", "app.py"),
        ("/usr/lib/x.py f", "/usr/lib/"),
        ("com.example.Foo.bar", "com"), ("", ""),
    ],
)  # fmt: skip
def test_functions_of_one_package_have_one_colour(name: str, package: str) -> None:
    assert package_of(name) == package
    assert re.fullmatch("#[0-9a-f]{6}", colour(name))
