"""The shape of the project: which part may import which, and sizes that keep files and functions readable."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("phlareweb", "ring", "ingest")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 80
MAX_FUNCTION_LINES_OF_MOST = 45
MOST = 0.95
#: Names that say nothing about what is inside, and so attract everything.
EMPTY_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}


def is_ours(path: Path) -> bool:
    """Whether a person wrote the file: neither a migration nor generated."""
    return "migrations" not in path.parts and not path.name.endswith("_pb2.py")


def sources() -> list[Path]:
    """Return the project's own Python files, without tests."""
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if is_ours(path)]


def functions() -> Iterator[tuple[str, int]]:
    """Yield each function's place and its number of lines."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1


@pytest.mark.slow
def test_imports_point_one_way():
    """The contracts are in pyproject.toml under ``tool.importlinter``."""
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    ended = subprocess.run([sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_files_stay_short():
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    assert {path: length for path, length in lengths.items() if length > MAX_FILE_LINES} == {}


def test_functions_stay_short():
    lengths = dict(functions())
    assert {place: length for place, length in lengths.items() if length > MAX_FUNCTION_LINES} == {}
    ordered = sorted(lengths.values())
    assert ordered[int(len(ordered) * MOST)] <= MAX_FUNCTION_LINES_OF_MOST


def test_file_names_say_what_is_inside():
    assert [path for path in sources() if path.name in EMPTY_NAMES] == []


def test_packages_re_export_nothing():
    """Imports in an ``__init__.py`` are how cycles begin."""
    found = [path for path in sources() if path.name == "__init__.py" and path.read_text(encoding="utf-8").strip()]
    assert found == []


def test_nothing_is_left_for_later():
    marker = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    files = [*sources(), *(ROOT / "tests").rglob("*.py")]
    found = [path for path in files if path.name != "test_architecture.py" and marker.search(path.read_text("utf-8"))]
    assert found == []


def test_no_function_imports_the_project_to_dodge_a_cycle():
    """Only ``AppConfig.ready`` may: what it imports needs the applications to be loaded."""
    found = []
    for path in sources():
        for function in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(function, ast.FunctionDef) or function.name == "ready":
                continue
            for node in ast.walk(function):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                found += [f"{path.relative_to(ROOT)}:{node.lineno}" for name in names if name.split(".")[0] in PACKAGES]
    assert found == []
