"""Levels of a flame graph become lines, parents before their children, the largest child first."""

from __future__ import annotations

from typing import Any

from ingest.cli.reading import call_tree

GRAPH: dict[str, Any] = {
    "unit": "count",
    "names": ["total", "main", "run", "idle"],
    "total": 100,
    "levels": [[0, 100, 0, 0], [0, 100, 10, 1], [10, 89, 89, 2, 0, 1, 1, 3]],
}


def test_each_node_is_a_line_under_its_parent():
    assert call_tree(GRAPH, depth=10, least=0.0) == [
        "       100  100.0 %  total",
        "       100  100.0 %    main",
        "        89   89.0 %      run",
        "         1    1.0 %      idle",
    ]


def test_what_is_small_or_deep_is_left_out():
    assert [line.split()[-1] for line in call_tree(GRAPH, depth=10, least=0.05)] == ["total", "main", "run"]
    assert [line.split()[-1] for line in call_tree(GRAPH, depth=1, least=0.0)] == ["total", "main"]


def test_a_graph_without_values_is_its_root():
    empty = {"unit": "count", "names": ["total"], "total": 0, "levels": [[0, 0, 0, 0]]}

    assert call_tree(empty, depth=10, least=0.0) == ["         0        -  total"]
