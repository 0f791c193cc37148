"""The state of a page as the query of its address and back, in the script engine of node where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NODE = shutil.which("node")
DEFAULTS = {"type": "", "range": "1h", "label": [], "view": ["flame"]}


def in_node(module: str, expression: str) -> object:
    """Return what an expression over what a module exports comes to."""
    if NODE is None:
        pytest.skip("node is not installed")
    text = (ROOT / "static" / "phlare" / module).read_text(encoding="utf-8")
    script = f"{text}\nconsole.log(JSON.stringify({expression}));"
    run = [NODE, "--input-type=module", "-"]
    result = subprocess.run(run, input=script, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(result.stdout)


def read(search: str) -> object:
    return in_node("state.js", f"readState({json.dumps(search)}, {json.dumps(DEFAULTS)})")


def write(search: str, values: dict[str, object]) -> object:
    return in_node("state.js", f"writeState({json.dumps(search)}, {json.dumps(values)}, {json.dumps(DEFAULTS)})")


@pytest.mark.parametrize(
    ("search", "changed"),
    [
        ("", {}),
        ("?type=cpu", {"type": "cpu"}),
        ("?range=&type=a%20b", {"range": "", "type": "a b"}),
        ("?label=a&label=b", {"label": ["a", "b"]}),
        ("?view=", {"view": []}),
        ("?unknown=1", {}),
    ],
)
def test_values_are_read_and_the_rest_are_defaults(search: str, changed: dict[str, object]) -> None:
    assert read(search) == DEFAULTS | changed


@pytest.mark.parametrize(
    ("search", "values", "expected"),
    [
        ("", {}, ""),
        ("?type=old", {"type": ""}, ""),
        ("?tenant=a", {"type": "cpu"}, "?tenant=a&type=cpu"),
        ("", {"label": ["a", "b=c"]}, "?label=a&label=b%3Dc"),
        ("", {"view": []}, "?view="),
        ("?range=6h", {"range": "1h"}, ""),
    ],
)
def test_what_is_a_default_is_left_out_and_other_names_stay(
    search: str, values: dict[str, object], expected: str
) -> None:
    assert write(search, values) == expected


@pytest.mark.parametrize(
    "values",
    [
        {"type": "a&b=c#d?e", "range": "ü", "label": ['{x="y"}', "+ %"], "view": ["flame", "table"]},
        {"type": "", "range": "", "label": [], "view": []},
    ],
)
def test_what_is_written_is_read_back(values: dict[str, object]) -> None:
    assert read(str(write("?tenant=t", values))) == values


@pytest.mark.parametrize(
    ("path", "parameters", "expected"),
    [
        ("/a", {}, "/a"),
        ("/a", {"x": "", "y": None, "z": 0}, "/a?z=0"),
        ("/a", {"x": ["1", "", "2"]}, "/a?x=1&x=2"),
        ("/a", {"q": '{a="b"}'}, "/a?q=%7Ba%3D%22b%22%7D"),
    ],
)
def test_parameters_that_are_empty_are_not_sent(path: str, parameters: dict[str, object], expected: str) -> None:
    assert in_node("page.js", f"withParameters({json.dumps(path)}, {json.dumps(parameters)})") == expected
