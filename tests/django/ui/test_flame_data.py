"""The numbers behind the flame graph, in the script engine of node where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NODE = shutil.which("node")

#: The example of the encoding: stacks a;b;e = 1, a;c = 2, a;c;d = 1.
GRAPH = {
    "names": ["total", "a", "c", "d", "b", "e"],
    "levels": [[0, 4, 0, 0], [0, 4, 0, 1], [0, 1, 0, 4, 0, 3, 2, 2], [0, 1, 1, 5, 2, 1, 1, 3]],
}
#: a calls itself: a;a;b = 3, a = 1.
RECURSIVE = {"names": ["total", "a", "b"], "levels": [[0, 4, 0, 0], [0, 4, 1, 1], [1, 3, 0, 1], [1, 3, 3, 2]]}


def in_node(expression: str) -> object:
    """Return what an expression over the module ``m`` comes to."""
    if NODE is None:
        pytest.skip("node is not installed")
    module = (ROOT / "static" / "phlare" / "flame_data.js").read_text(encoding="utf-8")
    # Typed arrays would be written as objects with numbers for names.
    plain = "(key, value) => ArrayBuffer.isView(value) ? Array.from(value) : value"
    script = f"{module}\nconsole.log(JSON.stringify({expression}, {plain}));"
    run = [NODE, "--input-type=module", "-"]
    result = subprocess.run(run, input=script, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(result.stdout)


def test_nodes_get_absolute_positions_and_their_parents() -> None:
    data = in_node(f"decode({json.dumps(GRAPH)})")
    named = {data["names"][data["name"][node]]: node for node in range(data["count"])}
    assert {name: data["x"][node] for name, node in named.items()} == {
        "total": 0, "a": 0, "b": 0, "c": 1, "e": 0, "d": 3
    }  # fmt: skip
    parents = {name: data["parent"][node] for name, node in named.items()}
    assert parents == {"total": -1, "a": 0, "b": named["a"], "c": named["a"], "e": named["b"], "d": named["c"]}


def test_a_point_is_found_by_depth_and_value() -> None:
    data = f"const d = decode({json.dumps(GRAPH)});"
    found = in_node(f"(() => {{ {data} return [seek(d, 2, 0.5), seek(d, 2, 1), seek(d, 3, 1.5), depthOf(d, 5)]; }})()")
    assert found == [2, 3, 5, 3]


def test_functions_are_ranked_by_self_and_recursion_counts_once() -> None:
    rows = in_node(f"functions(decode({json.dumps(RECURSIVE)}))")
    assert rows == [{"name": "b", "self": 3, "total": 3}, {"name": "a", "self": 1, "total": 4}]


@pytest.mark.parametrize(
    ("text", "count", "share"), [("^c$", 1, 0.75), ("[bc]", 2, 1.0), ("nothing", 0, 0), ("(", 0, 0)]
)
def test_a_search_counts_what_lies_under_a_match_once(text: str, count: int, share: float) -> None:
    found = in_node(f"search(decode({json.dumps(GRAPH)}), {json.dumps(text)})")
    assert (found["count"], found["share"]) == (count, share)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("runtime.mallocgc", "runtime"),
        ("net/http.(*conn).serve", "net/http"),
        ("app/views.py handler", "app/"),
        ("std::vec::Vec<T>::push", "std"),
        ("main", "main"),
    ],
)
def test_frames_of_one_package_share_a_colour(name: str, package: str) -> None:
    assert in_node(f"packageOf({json.dumps(name)})") == package
