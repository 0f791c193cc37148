"""What style sheets name is somewhere in a page: a class, an element's id, a token. What nobody uses is taken out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SHEETS = sorted((ROOT / "static" / "phlare").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "phlare").glob("*.js"))
#: Elements of django-unfold's pages.
OF_THE_ADMIN = {"#content", "#nav-sidebar-apps", "#result_list", ".dark", ".readonly", ".text-primary-600", ".truncate"}


def plain(path: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)


def used_words() -> set[str]:
    """Return the words of all templates and scripts, hyphens included."""
    files = [*SCRIPTS, *(ROOT / "templates").rglob("*.html"), *(ROOT / "ring").rglob("*.py")]
    return {word for path in files for word in re.findall(r"[\w-]+", path.read_text("utf-8"))}


def composed() -> set[str]:
    """Return what comes before a value in the names that pages put together, as ``fate-`` in ``fate-${verdict}``."""
    files = [*SCRIPTS, *(ROOT / "templates").rglob("*.html")]
    return {start for path in files for start in re.findall(r"\b([a-z]+-)(?:\$\{|\{\{)", path.read_text("utf-8"))}


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_selector_may_match(sheet: Path) -> None:
    selectors = " ".join(re.findall(r"(?:^|[{};])\s*([^{};@]+)\{", plain(sheet)))
    words, starts = used_words(), composed()
    assert "fate-" in starts
    assert "levels" in words
    named = set(re.findall(r"[.#][A-Za-z][\w-]*", selectors)) - (OF_THE_ADMIN if sheet.name == "admin.css" else set())
    unused = {
        name for name in named if name[1:] not in words and not any(name[1:].startswith(start) for start in starts)
    }
    assert unused == set()


def test_every_token_is_used() -> None:
    sheets = "".join(map(plain, SHEETS))
    everything = sheets + "".join(path.read_text("utf-8") for path in SCRIPTS)
    defined = set(re.findall(r"(?<![\w-])(--[a-z][\w-]*)\s*:", sheets))
    assert "--panel" in defined
    used = set(re.findall(r"var\((--[\w-]+)", everything)) | set(re.findall(r"'(--[\w-]+)'", everything))
    assert defined - used == set()
    assert {name for name in re.findall(r"var\((--[\w-]+)\)", sheets) if not name.startswith("--color-")} - {
        "--border-radius"
    } <= defined | set(re.findall(r"setProperty\('(--[\w-]+)'", everything))
