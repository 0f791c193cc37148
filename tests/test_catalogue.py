"""``tests/catalogue.md`` and the tests agree: every row once, every named test there, and no gap without a reason."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "tests" / "catalogue.md"

#: Rows of each theme, numbered from 1.
ROWS = {
    "A": 17,
    "B": 12,
    "C": 17,
    "D": 10,
    "E": 12,
    "F": 14,
    "G": 23,
    "H": 23,
    "I": 15,
    "J": 15,
    "K": 12,
    "L": 15,
    "M": 4,
}
IDS = [f"{theme}{number}" for theme, count in ROWS.items() for number in range(1, count + 1)]
MIN_HELD = 150

APPLIED, ADAPTED, NOT_APPLICABLE = "applied", "adapted", "not applicable"
#: A reason in a word or two is none.
MIN_REASON_CHARACTERS = 10
_TESTS = re.compile(r"`([^`]+)`")
_NODE = re.compile(r"(tests/[\w/]+\.py)((?:::\w+)+)")


@dataclass(frozen=True)
class Row:
    """One line of the page."""

    id: str
    claim: str
    status: str
    note: str  #: what differs, or why the row does not apply
    tests: tuple[str, ...]  #: pytest nodes without parameters


def parsed(page: str) -> list[Row]:
    """Return the lines of all tables whose first cell is the id of a row."""
    rows = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if re.fullmatch(r"[A-Z]\d+", cells[0]):
            assert len(cells) == 5, line
            rows.append(Row(*cells[:4], tuple(_TESTS.findall(cells[4]))))
    return rows


@cache
def names_in(path: Path) -> frozenset[tuple[str, ...]]:
    """Return what pytest can find in a module: functions, and classes with their methods, as paths of names."""
    found: set[tuple[str, ...]] = set()

    def visit(body: list[ast.stmt], above: tuple[str, ...]) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found.add((*above, node.name))
            elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
                found.add((*above, node.name))
                visit(node.body, (*above, node.name))
            elif isinstance(node, ast.Assign):  # a test made by a library, such as a state machine's
                found.update((*above, one.id) for one in node.targets if isinstance(one, ast.Name) and one.id[0] == "T")

    visit(ast.parse(path.read_bytes()).body, ())
    return frozenset(found)


def problem_with(node: str) -> str | None:
    """Return what is wrong with the name of a test, or None."""
    match = _NODE.fullmatch(node)
    if match is None:
        return "is not a pytest node without parameters"
    path = ROOT / match[1]
    if not path.is_file():
        return "is in a file that does not exist"
    if tuple(match[2].split("::")[1:]) not in names_in(path):
        return "does not exist in its file"
    return None


def problems(rows: list[Row]) -> list[str]:
    """Return everything that is wrong with the page, one sentence each."""
    found = []
    counted = Counter(row.id for row in rows)
    found += [f"{one} is missing" for one in IDS if not counted[one]]
    found += [f"{one} is there {count} times" for one, count in counted.items() if count > 1]
    found += [f"{one} is no row of the catalogue" for one in counted if one not in IDS]
    for row in rows:
        if row.status not in (APPLIED, ADAPTED, NOT_APPLICABLE):
            found.append(f"{row.id} has the unknown status {row.status!r}")
        if not row.claim:
            found.append(f"{row.id} claims nothing")
        if row.status != APPLIED and len(row.note) < MIN_REASON_CHARACTERS:
            found.append(f"{row.id} is {row.status} without saying why")
        if bool(row.tests) == (row.status == NOT_APPLICABLE):
            found.append(f"{row.id} is {row.status} and names {len(row.tests)} tests")
        found += [f"{row.id}: {node} {what}" for node in row.tests if (what := problem_with(node)) is not None]
    held = sum(row.status in (APPLIED, ADAPTED) for row in rows)
    if held < MIN_HELD:
        found.append(f"only {held} rows are applied or adapted")
    return found


def counts_told(page: str) -> dict[str, tuple[int, ...]]:
    """Return the numbers of the table of themes: rows, applied, adapted, not applicable."""
    lines = re.findall(r"^\| ([A-Z]): [^|]+\| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    return {theme: tuple(map(int, numbers)) for theme, *numbers in lines}


def test_every_row_is_held_by_a_test_or_has_a_reason() -> None:
    assert problems(parsed(PAGE.read_text(encoding="utf-8"))) == []


def test_the_table_of_themes_counts_the_rows_below_it() -> None:
    page = PAGE.read_text(encoding="utf-8")
    counted = Counter((row.id[0], row.status) for row in parsed(page))
    assert counts_told(page) == {
        theme: (count, *(counted[theme, status] for status in (APPLIED, ADAPTED, NOT_APPLICABLE)))
        for theme, count in ROWS.items()
    }


def test_the_property_tests_it_lists_exist() -> None:
    _, _, properties = PAGE.read_text(encoding="utf-8").partition("## Property tests")
    nodes = [node for node in _TESTS.findall(properties) if "::" in node]
    assert len(nodes) >= 10
    assert [f"{node} {what}" for node in nodes if (what := problem_with(node)) is not None] == []


HELD = "tests/test_catalogue.py::test_every_row_is_held_by_a_test_or_has_a_reason"
GOOD = [Row(one, "a claim", APPLIED, "", (HELD,)) for one in IDS]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(GOOD, [], id="all is well"),
        pytest.param(GOOD[1:], ["A1 is missing"], id="a row is missing"),
        pytest.param([*GOOD, GOOD[3]], ["A4 is there 2 times"], id="a row is there twice"),
        pytest.param([*GOOD, Row("A18", "x", APPLIED, "", (HELD,))], ["A18 is no row"], id="a row nobody knows"),
        pytest.param([Row("A1", "x", APPLIED, "", ()), *GOOD[1:]], ["A1 is applied and names 0"], id="no test"),
        pytest.param(
            [Row("A1", "x", APPLIED, "", (HELD + "_not",)), *GOOD[1:]], ["does not exist in its file"], id="a lost test"
        ),
        pytest.param(
            [Row("A1", "x", APPLIED, "", ("tests/test_lost.py::test_x",)), *GOOD[1:]], ["file that"], id="a lost file"
        ),
        pytest.param(
            [Row("A1", "x", APPLIED, "", (HELD + "[1]",)), *GOOD[1:]], ["not a pytest node"], id="a parameter"
        ),
        pytest.param(
            [Row("A1", "x", NOT_APPLICABLE, "", ()), *GOOD[1:]], ["A1 is not applicable without"], id="no reason"
        ),
        pytest.param([Row("A1", "x", NOT_APPLICABLE, "for a good reason", (HELD,)), *GOOD[1:]], ["names 1"], id="both"),
        pytest.param([Row("A1", "x", ADAPTED, "", (HELD,)), *GOOD[1:]], ["A1 is adapted without"], id="no difference"),
        pytest.param([Row("A1", "x", "open", "for a reason", (HELD,)), *GOOD[1:]], ["unknown status"], id="open"),
        pytest.param(
            [Row(one, "x", NOT_APPLICABLE, "for a good reason", ()) for one in IDS[:40]] + GOOD[40:],
            ["only 149 rows"],
            id="too few held",
        ),
    ],
)
def test_each_kind_of_gap_is_found(rows: list[Row], expected: list[str]) -> None:
    found = problems(rows)
    assert len(found) == len(expected)
    assert all(part in problem for part, problem in zip(expected, found, strict=True))
