"""The scripts of a page, all it imports included, as they are sent: small, and the same program as here."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from ingest.ui.preloading import modules_of
from phlareweb.minifying import minified
from phlareweb.static_files import StaticFilesStorage

SCRIPTS = Path(__file__).resolve().parents[3] / "static" / "phlare"
MOST_BYTES = 60_000
NODE = shutil.which("node")


@pytest.mark.parametrize("page", ["explore.js", "diff.js", "upload.js", "ring.js", "inbox.js"])
def test_the_scripts_of_a_page_are_at_most_60_kb_gzipped(page: str) -> None:
    names = {Path(one).name for one in (*modules_of(page), *modules_of("shell.js"), "theme.js")}
    sizes = {name: len(gzip.compress(minified(name, (SCRIPTS / name).read_text()).encode())) for name in names}
    assert page in sizes
    assert sum(sizes.values()) <= MOST_BYTES, sorted(sizes.items(), key=lambda one: -one[1])[:8]


@pytest.mark.parametrize(
    ("name", "text", "sent"),
    [
        (
            "phlare/a.js",
            "// a\nexport function one(first) {\n  return first + 1; // b\n}\n",
            "export function one(e){return e+1}",
        ),
        ("phlare/a.css", "/* a */\na {\n  color: red;\n}\n", "a{color:red}"),
        ("admin/a.js", "// a\nlet x;\n", "// a\nlet x;\n"),
        ("phlare/a.svg", "<svg> </svg>\n", "<svg> </svg>\n"),
    ],
)
def test_scripts_and_styles_of_ours_are_collected_minified_and_other_files_as_they_are(
    tmp_path: Path, name: str, text: str, sent: str
) -> None:
    file = ContentFile(text.encode())
    file.read()
    StaticFilesStorage(location=str(tmp_path)).save(name, file)
    assert (tmp_path / name).read_text() == sent


@pytest.mark.skipif(NODE is None, reason="no node on this machine; install Node 20 or later")
def test_what_is_sent_is_still_script(tmp_path: Path) -> None:
    assert NODE is not None
    for script in SCRIPTS.glob("*.js"):
        (tmp_path / script.name).write_text(minified(script.name, script.read_text("utf-8")), "utf-8")
    parse = (
        "const { readFileSync, readdirSync } = require('node:fs'); const { SourceTextModule } = require('node:vm');"
        "for (const name of readdirSync('.')) new SourceTextModule(readFileSync(name, 'utf8'), { identifier: name });"
    )
    run = [NODE, "--experimental-vm-modules", "--eval", parse]
    done = subprocess.run(run, cwd=tmp_path, check=False, timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(NODE is None, reason="no node on this machine; install Node 20 or later")
@pytest.mark.parametrize("literal", ["{ ...first }", "{ first }", "{ one: { first } }", "[first]", "first"])
def test_a_constant_is_declared_before_a_pattern_that_needs_it(tmp_path: Path, literal: str) -> None:
    assert NODE is not None
    text = f"""export function sum(value) {{
  // Minified it has to be shorter than it was, or the minifier has no room.
  const first = value + 1;
  const {{ length, ...others }} = {{ length: 2, given: {literal} }};
  const [second] = [length * first];
  return JSON.stringify([second, others]);
}}
console.log(sum(3));
"""
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    said = []
    for name, sent in (("whole.js", text), ("small.js", minified("phlare/a.js", text))):
        (tmp_path / name).write_text(sent, "utf-8")
        done = subprocess.run([NODE, name], cwd=tmp_path, check=False, timeout=60, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0] == said[1]
    assert said[0].startswith("[8,")


def test_no_script_declares_a_pattern_where_it_could_be_moved() -> None:
    """Beside a variable, or behind a constant of the same declaration, unless it is a part of ``this``."""
    beside = re.compile(r"^[ \t]*let \w.*\n[ \t]*const [{\[]|^[ \t]*let [{\[].*\n[ \t]*const [{\[]", re.MULTILINE)
    behind = re.compile(r"^[ \t]*const \w+ = .*, [{\[][\w, :]+[\]}] = (?!this;)", re.MULTILINE)
    found = {
        script.name: [
            one.group() for pattern in (beside, behind) for one in pattern.finditer(script.read_text("utf-8"))
        ]
        for script in SCRIPTS.glob("*.js")
    }
    assert {name: places for name, places in found.items() if places} == {}
