"""Collected files have names with a digest; a copy that is not of today's files is not believed."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from phlareweb import static_files
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


def test_nobody_has_to_have_collected_anything(sources: Path) -> None:
    assert f"/static/{NAME}" in StaticFilesMiddleware(lambda _request: None).files
