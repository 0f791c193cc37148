"""Runs modules of the pages in node, where there is one: what they compute needs no browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "static" / "phlare"
NODE = shutil.which("node")


def in_node(tmp_path: Path, module: str, expression: str, data: object = None) -> Any:
    """Return what an expression over the module ``m`` and the value ``data`` comes to; skips aloud without node."""
    if NODE is None:
        pytest.skip("node is not installed")
    # Node takes a .js file for a module only where a package file says so.
    for source in FOLDER.glob("*.js"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    (tmp_path / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    (tmp_path / "data.json").write_text(json.dumps(data), encoding="utf-8")
    script = (
        f"import * as m from './{module}.js';\n"
        "import { readFileSync } from 'node:fs';\n"
        "const data = JSON.parse(readFileSync('data.json', 'utf-8'));\n"
        "const plain = (key, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);\n"
        f"console.log(JSON.stringify({expression}, plain));\n"
    )
    (tmp_path / "run.js").write_text(script, encoding="utf-8")
    done = subprocess.run([NODE, "run.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
