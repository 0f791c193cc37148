"""Collected files have names with a digest; a copy that is not of today's files is not believed."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from phlareweb import bundling, static_files
from phlareweb.static_files import StaticFilesMiddleware, StaticFilesStorage

NAME = "phlare/page.js"


@pytest.fixture
def sources(settings: Settings, tmp_path: Path) -> Path:
    """A project with one module, whose files nobody has collected."""
    folder = tmp_path / "static"
    (folder / "phlare").mkdir(parents=True)
    (folder / NAME).write_text("export const one = [" + "1," * 1000 + "];\n")
    settings.STATICFILES_DIRS = [folder]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"
    return folder


def address() -> str:
    return str(StaticFilesStorage().url(NAME))


def test_files_that_were_not_collected_have_their_plain_names(sources: Path) -> None:
    assert not static_files.is_collected()
    assert address() == f"/static/{NAME}"


def test_collected_files_are_named_by_content_and_compressed(sources: Path, settings: Settings) -> None:
    call_command("collect_static")
    assert static_files.is_collected()
    found = address()
    assert re.fullmatch(r"/static/phlare/page\.[0-9a-f]{12}\.js", found)
    copy = Path(settings.STATIC_ROOT) / found.removeprefix("/static/")
    assert gzip.decompress(copy.with_name(f"{copy.name}.gz").read_bytes()) == copy.read_bytes()
    middleware = StaticFilesMiddleware(lambda _request: None)
    assert {found, f"/static/{NAME}"} <= set(middleware.files)


@pytest.mark.parametrize("change", ["content", "new file", "gone"])
def test_a_copy_of_other_files_is_not_believed(sources: Path, change: str) -> None:
    call_command("collect_static")
    before = address()
    match change:
        case "content":
            (sources / NAME).write_text("export const two = 2;\n")
        case "new file":
            (sources / "phlare" / "new.js").write_text("")
        case _:
            (sources / NAME).unlink()
    assert not static_files.is_collected()
    assert address() == f"/static/{NAME}"
    if change == "content":
        call_command("collect_static")
        assert address() not in (before, f"/static/{NAME}")


def test_a_copy_is_believed_whatever_the_times_of_the_files(sources: Path) -> None:
    """An image that was sent to a registry and fetched from there has files of other times."""
    call_command("collect_static")
    os.utime(sources / NAME, (1, 1))
    assert static_files.is_collected()


def test_the_script_of_all_pages_is_sent_with_what_it_imports(sources: Path, settings: Settings) -> None:
    folder = sources / "phlare"
    (folder / "main.js").write_text("// Of all pages.\nimport { one } from './page.js';\nconsole.log(one.length);\n")
    (folder / "theme.js").write_text("const colours = 2; // no variable of the page\nconsole.log(colours);\n")
    call_command("collect_static")
    sent = {
        name: Path(settings.STATIC_ROOT, StaticFilesStorage().stored_name(name)).read_text()
        for name in ("phlare/main.js", "phlare/theme.js")
    }
    assert "Of all pages" not in sent["phlare/main.js"]
    assert "import" not in sent["phlare/main.js"]
    assert "1,1,1" in sent["phlare/main.js"]
    assert sent["phlare/theme.js"].startswith("(()=>{")


def test_the_name_of_the_script_of_all_pages_changes_with_what_it_imports(sources: Path) -> None:
    (sources / "phlare" / "main.js").write_text("import { one } from './page.js';\nconsole.log(one);\n")
    names = set()
    for number in "12":
        (sources / NAME).write_text(f"export const one = {number};\n")
        call_command("collect_static")
        names.add(StaticFilesStorage().url("phlare/main.js"))
    assert len(names) == 2
    assert "/static/phlare/main.js" not in names


@pytest.mark.parametrize("lack", ["no wheel", "cannot run", "another system's", "says no"])
def test_without_a_bundler_modules_are_sent_as_they_are_written(
    sources: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lack: str
) -> None:
    program = tmp_path / "bun"
    match lack:
        case "cannot run":
            program.write_text("#!/bin/sh\n")
        case "another system's":
            program.write_bytes(b"\x7fELF of something else")
            program.chmod(0o755)
        case "says no":
            program.write_text("#!/bin/sh\necho nonsense; exit 3\n")
            program.chmod(0o755)
    monkeypatch.setattr(bundling, "_program", lambda: None if lack == "no wheel" else program)
    text = "import { one } from './page.js';\nconsole.log(one);\n"
    (sources / "phlare" / "main.js").write_text(text)
    call_command("collect_static")
    assert static_files.is_collected()
    assert Path(settings.STATIC_ROOT, StaticFilesStorage().stored_name("phlare/main.js")).read_text() == text
    assert Path(settings.STATIC_ROOT, NAME).read_text() == (sources / NAME).read_text()


def test_a_script_that_is_none_stops_nothing_else(sources: Path, settings: Settings) -> None:
    (sources / "phlare" / "main.js").write_text("import { one } from './nowhere.js';\n")
    call_command("collect_static")
    assert Path(settings.STATIC_ROOT, StaticFilesStorage().stored_name("phlare/main.js")).is_file()


def test_nobody_has_to_have_collected_anything(sources: Path) -> None:
    assert f"/static/{NAME}" in StaticFilesMiddleware(lambda _request: None).files
