"""Two files are compared in the browser as two queries are by the server: the same numbers on the same nodes."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ingest.profiles.diff import build_diff
from ingest.profiles.exports.top_table import top_diff
from ingest.profiles.flamegraph import build_flamegraph
from tests.django.ui.page_modules import in_node
from tests.unit.profiles.stack_model import build_profile, plain

EMPTY = {"names": ["total"], "levels": [[0, 0, 0, 0]]}
DECODED = "await import('./flame_data.js').then(({ decode, functions }) => %s)"
Node = tuple[int, int, int, int]


def profile(seed: int) -> Any:
    """Return a small profile of few names, so that both sides share stacks and functions call themselves."""
    draw = random.Random(seed)
    stacks = [
        (plain(*(draw.choice("abcdef") for _ in range(draw.randint(1, 7)))), draw.randint(1, 40))
        for _ in range(draw.randint(1, 60))
    ]
    return build_profile(stacks)


def graph_of(stacks: Any, max_nodes: int = 0) -> dict[str, Any]:
    graph = build_flamegraph(stacks, max_nodes)
    return {"names": graph.names, "levels": [level.tolist() for level in graph.levels]}


def by_path(graph: dict[str, Any]) -> dict[tuple[str, ...], Node]:
    """Return both sides of each path of names; checks that frames lie in their parents, side by side."""
    paths: list[tuple[str, ...]] = []
    found: dict[tuple[str, ...], Node] = {}
    sides, ends = graph["sides"], {}
    for node in range(graph["count"]):
        above = graph["parent"][node]
        path = (*(paths[above] if node else ()), graph["names"][graph["name"][node]])
        assert path not in found
        paths.append(path)
        found[path] = (sides["left"][node], sides["leftSelf"][node], sides["right"][node], sides["rightSelf"][node])
        if node:
            assert graph["x"][node] == pytest.approx(ends.get(above, graph["x"][above] + graph["self"][above]))
        ends[above] = graph["x"][node] + graph["total"][node]
    return found


def of_the_server(left: Any, right: Any) -> dict[str, Any]:
    diff = build_diff(left, right, 0)
    return {"names": diff.names, "levels": [level.tolist() for level in diff.levels]}


def test_joined_graphs_are_what_the_server_makes_of_the_two(tmp_path: Path) -> None:
    pairs = [(profile(seed), profile(seed + 1000)) for seed in range(40)]
    sent = [[graph_of(left), graph_of(right), of_the_server(left, right)] for left, right in pairs]
    both = DECODED % "data.map(([left, right, wanted]) => [m.joined(decode(left), decode(right)), decode(wanted)])"
    for graph, wanted in in_node(tmp_path, "diff_data", both, sent):
        assert by_path(graph) == by_path(wanted)
        assert graph["x"] == wanted["x"]
        assert graph["parent"] == wanted["parent"]


def test_as_shares_both_sides_are_as_wide_and_every_frame_is_the_mean_of_its_shares(tmp_path: Path) -> None:
    sent = [[graph_of(profile(seed)), graph_of(profile(seed + 700))] for seed in range(20)]
    laid_out = (
        DECODED % "data.map(([left, right]) => m.joined(decode(left), decode(right)))"
        ".map((graph) => [graph, m.byShares(graph)])"
    )
    for plain_graph, graph in in_node(tmp_path, "diff_data", laid_out, sent):
        assert by_path(graph) == by_path(plain_graph)
        left, right = graph["sides"]["left"], graph["sides"]["right"]
        assert graph["total"][0] == pytest.approx(left[0] + right[0])
        for node in range(graph["count"]):
            mean = (left[node] / left[0] + right[node] / right[0]) / 2
            assert graph["total"][node] / graph["total"][0] == pytest.approx(mean)


def test_of_one_empty_side_the_width_is_that_of_the_other(tmp_path: Path) -> None:
    width = DECODED % "m.byShares(m.joined(decode(data[0]), decode(data[1]))).total"
    total = in_node(tmp_path, "diff_data", width, [EMPTY, graph_of(profile(7))])
    assert total[0] == graph_of(profile(7))["levels"][0][1]


@pytest.mark.parametrize("side", [0, 1])
def test_one_side_of_a_diff_is_the_flame_graph_of_its_query(tmp_path: Path, side: int) -> None:
    pairs = [(profile(seed), profile(seed + 500)) for seed in range(20)]
    sent = [[of_the_server(*pair), graph_of(pair[side])] for pair in pairs]
    halves = DECODED % f"data.map(([both, own]) => [m.sideOf(decode(both), {side}), decode(own)])"
    for half, alone in in_node(tmp_path, "diff_data", halves, sent):
        for column in ("x", "total", "self", "parent", "offsets"):
            assert half[column] == alone[column], column
        assert half["sides"] is None
        assert [half["names"][name] for name in half["name"]] == [alone["names"][name] for name in alone["name"]]


def test_a_side_without_data_is_an_empty_graph(tmp_path: Path) -> None:
    made = in_node(
        tmp_path,
        "diff_data",
        DECODED % "[[0, 1], [1, 0], [0, 0]].map(([a, b]) => m.joined(decode(data[a]), decode(data[b])))",
        [EMPTY, graph_of(profile(7))],
    )
    assert [(one["sides"]["left"][0] > 0, one["sides"]["right"][0] > 0) for one in made] == [
        (False, True),
        (True, False),
        (False, False),
    ]
    assert all(node[:2] == (0, 0) for node in by_path(made[0]).values())
    half = in_node(
        tmp_path,
        "diff_data",
        DECODED % "m.sideOf(m.joined(decode(data[0]), decode(data[1])), 0)",
        [EMPTY, graph_of(profile(7))],
    )
    assert (half["count"], half["total"]) == (1, [0])


def test_the_table_of_two_files_is_that_of_the_server(tmp_path: Path) -> None:
    pairs = [(profile(seed), profile(seed + 300)) for seed in range(20)]
    sent = [[graph_of(left), graph_of(right)] for left, right in pairs]
    rows = DECODED % ("data.map(([left, right]) => m.functionRows(functions(m.joined(decode(left), decode(right)))))")
    for table, (left, right) in zip(in_node(tmp_path, "diff_data", rows, sent), pairs, strict=True):
        assert sorted(table, key=lambda row: row["name"]) == sorted(
            (asdict(row) for row in top_diff(left, right)), key=lambda row: str(row["name"])
        )


@pytest.mark.parametrize(
    ("values", "mode", "kind", "change", "ratio"),
    [
        ((10, 30, 100, 100), "absolute", "grew", 20, 2),
        ((10, 30, 100, 300), "share", "same", 0, 0),
        ((30, 30, 100, 300), "share", "shrank", -0.2, -2 / 3),
        ((30, 30, 100, 300), "absolute", "same", 0, 0),
        ((0, 5, 100, 50), "share", "new", 0.1, None),
        ((5, 0, 50, 100), "absolute", "gone", -5, -1),
        ((5, 0, 50, 0), "share", "gone", -0.1, -1),
        ((0, 0, 0, 0), "share", "same", 0, 0),
    ],
)
def test_a_change_is_of_shares_or_of_values_and_new_and_gone_have_names(
    tmp_path: Path, values: Node, mode: str, kind: str, change: float, ratio: float | None
) -> None:
    found = in_node(tmp_path, "diff_data", f"m.changeOf(...data, '{mode}')", list(values))
    assert found["kind"] == kind
    assert found["change"] == pytest.approx(change)
    assert found["ratio"] == (None if ratio is None else pytest.approx(ratio))  # JSON has no Infinity
