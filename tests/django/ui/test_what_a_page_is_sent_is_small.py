"""The scripts of a page, all it imports included, as they are sent: small, and the same program as here."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from ingest.ui.preloading import modules_of
from phlareweb.static_files import StaticFilesStorage, without_comments

SCRIPTS = Path(__file__).resolve().parents[3] / "static" / "phlare"
MOST_BYTES = 60_000
NODE = shutil.which("node")


@pytest.mark.parametrize("page", ["explore.js", "diff.js", "upload.js", "ring.js", "inbox.js"])
def test_the_scripts_of_a_page_are_at_most_60_kb_gzipped(page: str) -> None:
    names = {Path(one).name for one in (*modules_of(page), *modules_of("shell.js"), "theme.js")}
    sizes = {name: len(gzip.compress(without_comments((SCRIPTS / name).read_text()).encode())) for name in names}
    assert page in sizes
    assert sum(sizes.values()) <= MOST_BYTES, sorted(sizes.items(), key=lambda one: -one[1])[:8]


@pytest.mark.parametrize(
    ("script", "sent"),
    [
        ("// a\nlet x = 1;\n", "let x = 1;\n"),
        ("/**\n * a\n * @b\n */\nlet x = '//';\n", "let x = '//';\n"),
        ("  if (a) { // why\n    b();\n\n\n  }\n", "if (a) { // why\nb();\n}\n"),
        ("  /** a */\n  f() { return /\\/\\*/; }\n", "f() { return /\\/\\*/; }\n"),
        ("a = `b // c`;\n", "a = `b // c`;\n"),
    ],
)
def test_only_comments_with_lines_of_their_own_and_indentation_go(script: str, sent: str) -> None:
    assert without_comments(script) == sent


def test_scripts_are_collected_without_comments_and_other_files_as_they_are(tmp_path: Path) -> None:
    storage = StaticFilesStorage(location=str(tmp_path))
    for name, sent in (
        ("phlare/a.js", "let x;\n"),
        ("phlare/a.css", "// a\nlet x;\n"),
        ("admin/a.js", "// a\nlet x;\n"),
    ):
        file = ContentFile(b"// a\nlet x;\n")
        file.read()
        storage.save(name, file)
        assert (tmp_path / name).read_text() == sent


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.js")), ids=lambda path: path.name)
def test_no_text_of_a_script_goes_over_the_end_of_a_line(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    for line in text.splitlines():
        # Between other quotes, or in a class of a regular expression, a back quote begins nothing.
        plain = line.replace("'`'", "").replace("""'"\\'`'""", "").replace("""["'`]""", "")
        assert plain.count("`") % 2 == 0, line


@pytest.mark.skipif(NODE is None, reason="no node on this machine; install Node 20 or later")
def test_what_is_sent_is_still_script(tmp_path: Path) -> None:
    assert NODE is not None
    for script in SCRIPTS.glob("*.js"):
        (tmp_path / script.name).write_text(without_comments(script.read_text("utf-8")), "utf-8")
    parse = (
        "const { readFileSync, readdirSync } = require('node:fs'); const { SourceTextModule } = require('node:vm');"
        "for (const name of readdirSync('.')) new SourceTextModule(readFileSync(name, 'utf8'), { identifier: name });"
    )
    run = [NODE, "--experimental-vm-modules", "--eval", parse]
    done = subprocess.run(run, cwd=tmp_path, check=False, timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
