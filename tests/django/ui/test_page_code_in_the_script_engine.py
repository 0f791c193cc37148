"""The page's modules held against naive models, in the script engine of node where there is one: ``tests/page``."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from phlareweb.bundling import bundled

ROOT = Path(__file__).resolve().parents[3]
NODE = shutil.which("node")
TESTS = sorted((ROOT / "tests" / "page").glob("*.test.js"))

pytestmark = pytest.mark.skipif(NODE is None, reason="no node on this machine; install Node 20 or later")


@pytest.fixture(scope="module", params=["as written", "as sent"])
def copied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Modules and their tests beside each other, in a folder that says that they are modules."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    shutil.copytree(ROOT / "static" / "phlare", folder / "phlare")
    shutil.copytree(ROOT / "tests" / "page", folder / "tests")
    if request.param == "as sent":
        for module in (ROOT / "static" / "phlare").glob("*.js"):
            sent = bundled(module, "esm")
            assert sent is not None
            (folder / "phlare" / module.name).write_bytes(sent)
    return folder


@pytest.mark.parametrize("name", [path.name for path in TESTS])
def test_page_code(copied: Path, name: str) -> None:
    assert NODE is not None
    run = subprocess.run(
        [NODE, "--test", f"tests/{name}"], cwd=copied, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert "# pass 0" not in run.stdout
