"""The minifier moves a pattern to the front of what is declared together, and misses that an object literal behind it
needs what stood before: ``let a = 1; let {b} = f({a})`` would read ``a`` too early. No script has such a place.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).resolve().parents[3] / "static" / "phlare").glob("*.js"))
#: In one declaration; in two next to each other, of which the second is made a ``let`` before it is minified.
WITHIN = re.compile(r"^[ \t]*(?:export )?(?:const|let) \w+ = [^;\n]*, [\[{][^=\n]*[\]}] = [^\n]*\{", re.MULTILINE)
BEHIND = re.compile(r"^[ \t]*let [^;{\[\n]+;[^\n]*\n[ \t]*(?:const|let) [\[{][^=\n]*= [^\n]*\{", re.MULTILINE)


def places(text: str) -> list[str]:
    return [found.group() for pattern in (WITHIN, BEHIND) for found in pattern.finditer(text)]


@pytest.mark.parametrize(
    ("text", "is_such"),
    [
        ("const a = 1, { b } = f({ a });", True),
        ("  let a = 1;\n  const { b } = f({ a });", True),
        ("  let a = 1; // why\n  let [b] = f({ a });", True),
        ("const a = 1, { b } = this;", False),
        ("const a = 1;\nconst { b } = f({ a });", False),
        ("let a = 1;\nconst b = f({ a });", False),
    ],
)
def test_such_a_place_is_found(text: str, is_such: bool) -> None:
    assert bool(places(text)) is is_such


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_has_such_a_place(script: Path) -> None:
    assert places(script.read_text("utf-8")) == []
