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
    """Return total and self of both sides by the path of names; positions are those of a side that has the node."""
    found: dict[tuple[str, ...], Node] = {}
    above: list[tuple[tuple[str, ...], list[tuple[int, int]]]] = []
    for level in graph["levels"]:
        row: list[tuple[tuple[str, ...], list[tuple[int, int]]]] = []
        end = [0, 0]
        for at in range(0, len(level), 7):
            numbers = level[at : at + 7]
            spans = []
            for side in (0, 1):
                distance, total = numbers[side * 3], numbers[side * 3 + 1]
                spans.append((end[side] + distance, end[side] + distance + total))
                end[side] += distance + total
            side = 0 if numbers[1] else 1
            parents = [
                path
                for path, of in above
                if of[side][0] <= spans[side][0] and spans[side][1] <= of[side][1] and of[side][0] < of[side][1]
            ]
            assert len(parents) == (1 if above else 0), "a node lies under one parent on the side that has it"
            path = (*(parents[0] if parents else ()), graph["names"][numbers[6]])
            assert path not in found
            found[path] = (numbers[1], numbers[2], numbers[4], numbers[5])
            row.append((path, spans))
        above = row
    return found


def test_joined_graphs_have_the_nodes_and_numbers_of_the_servers_diff(tmp_path: Path) -> None:
    pairs = [(profile(seed), profile(seed + 1000)) for seed in range(40)]
    sent = [[graph_of(left), graph_of(right)] for left, right in pairs]
    joined = in_node(tmp_path, "diff_data", "data.map(([left, right]) => m.joinGraphs(left, right))", sent)
    for graph, (left, right) in zip(joined, pairs, strict=True):
        diff = build_diff(left, right, 0)
        wanted = {"names": diff.names, "levels": [level.tolist() for level in diff.levels]}
        assert by_path(graph) == by_path(wanted)
        assert (graph["left_total"], graph["right_total"]) == (diff.left_total, diff.right_total)


def test_as_shares_both_sides_are_as_wide_and_every_frame_is_the_mean_of_its_shares(tmp_path: Path) -> None:
    sent = [[graph_of(profile(seed)), graph_of(profile(seed + 700))] for seed in range(20)]
    laid_out = (
        "await import('./flame_data.js').then((flame) => data.map(([left, right]) => "
        "flame.decode(m.joinGraphs(left, right))).map((graph) => [graph, m.byShares(graph)]))"
    )
    for plain_graph, graph in in_node(tmp_path, "diff_data", laid_out, sent):
        left, right = graph["sides"]["left"], graph["sides"]["right"]
        assert graph["sides"] == plain_graph["sides"]
        assert graph["total"][0] == pytest.approx(left[0] + right[0])
        for node in range(graph["count"]):
            mean = (left[node] / left[0] + right[node] / right[0]) / 2
            assert graph["total"][node] / graph["total"][0] == pytest.approx(mean)
            children = range(graph["first"][node], graph["first"][node + 1])
            assert [graph["x"][child] for child in children] == pytest.approx(
                [graph["x"][node] + sum(graph["total"][one] for one in children if one < child) for child in children]
            )


def test_of_one_empty_side_the_width_is_that_of_the_other(tmp_path: Path) -> None:
    joined = "flame.decode(m.joinGraphs(data[0], data[1]))"
    width = f"await import('./flame_data.js').then((flame) => m.byShares({joined}).total)"
    total = in_node(tmp_path, "diff_data", width, [EMPTY, graph_of(profile(7))])
    assert total[0] == graph_of(profile(7))["levels"][0][1]


@pytest.mark.parametrize("side", [0, 1])
def test_one_side_of_a_diff_is_the_flame_graph_of_its_query(tmp_path: Path, side: int) -> None:
    pairs = [(profile(seed), profile(seed + 500)) for seed in range(20)]
    sent = []
    for left, right in pairs:
        diff = build_diff(left, right, 0)
        sent.append(
            {
                "names": diff.names,
                "levels": [level.tolist() for level in diff.levels],
                "left_total": diff.left_total,
                "right_total": diff.right_total,
            }
        )
    halves = in_node(tmp_path, "diff_data", f"data.map((graph) => m.sideOf(graph, {side}))", sent)
    # A flame graph against nothing has the same nodes as the flame graph.
    against = "data.map((graph) => m.joinGraphs(graph, { names: ['total'], levels: [[0, 0, 0, 0]] }))"
    alone = in_node(tmp_path, "diff_data", against, [graph_of(pair[side]) for pair in pairs])
    again = in_node(tmp_path, "diff_data", against, halves)
    assert [by_path(graph) for graph in again] == [by_path(graph) for graph in alone]


def test_a_side_without_data_is_an_empty_graph(tmp_path: Path) -> None:
    made = in_node(
        tmp_path,
        "diff_data",
        "[m.joinGraphs(data[0], data[1]), m.joinGraphs(data[1], data[0]), m.joinGraphs(data[0], data[0])]",
        [EMPTY, graph_of(profile(7))],
    )
    assert [(one["left_total"] > 0, one["right_total"] > 0) for one in made] == [
        (False, True),
        (True, False),
        (False, False),
    ]
    assert all(node[:2] == (0, 0) for node in by_path(made[0]).values())
    half = in_node(tmp_path, "diff_data", "m.sideOf(m.joinGraphs(data[0], data[1]), 0)", [EMPTY, graph_of(profile(7))])
    assert (half["levels"], half["total"]) == ([[0, 0, 0, 0]], 0)


def test_the_table_of_two_files_is_that_of_the_server(tmp_path: Path) -> None:
    pairs = [(profile(seed), profile(seed + 300)) for seed in range(20)]
    sent = [[graph_of(left), graph_of(right)] for left, right in pairs]
    rows = (
        "await import('./flame_data.js').then((flame) => data.map(([left, right]) => "
        "m.functionRows(flame.functions(flame.decode(m.joinGraphs(left, right))))))"
    )
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
