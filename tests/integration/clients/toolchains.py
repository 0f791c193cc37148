"""Clients that are built or installed for the tests, once, in a folder of the user's cache.

What a machine lacks, a toolchain or the registry to download from, skips the test with the reason.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

#: A slow machine that shares its cores compiles for minutes.
_TIMEOUT_SECONDS = 900


def cache_dir() -> Path:
    """Return the folder for what tests download and build."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "phlareweb-tests"


def require(tool: str) -> str:
    """Return the path of a tool; skips when the machine has none."""
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"{tool} is not installed")
    return path


def made(name: str, content: bytes, make: Callable[[Path], None]) -> Path:
    """Return a folder that ``make`` filled, now or before; ``content`` is all that the result depends on."""
    folder = cache_dir() / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"
    stamp = folder / ".complete"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        make(folder)
        stamp.touch()
    return folder


def run(command: Sequence[str], folder: Path) -> None:
    """Run a step of a build; skips with the end of its output when it fails: mostly there is no registry to reach."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        pytest.skip(f"{' '.join(command[:3])} failed: {said[-300:]}")


def python_with(*requirements: str) -> Path:
    """Return the interpreter of an environment that has these pinned packages and nothing else."""

    def install(folder: Path) -> None:
        run([sys.executable, "-m", "venv", "."], folder)
        run(["bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements], folder)

    content = "\n".join([sys.version, *requirements]).encode()
    return made("python", content, install) / "bin" / "python"


def go_program(source: Path) -> Path:
    """Return the program built from a folder with a Go module."""
    go = require("go")
    content = b"".join(path.read_bytes() for path in sorted(source.glob("*")))

    def build(folder: Path) -> None:
        run([go, "build", "-trimpath", "-buildvcs=false", "-o", str(folder / "program"), "."], source)

    return made("go", content, build) / "program"


def node_project(source: Path) -> Path:
    """Return a copy of a folder with a Node project, with the packages its lock file names."""
    npm = require("npm")
    require("node")
    content = b"".join(path.read_bytes() for path in sorted(source.glob("*")))

    def install(folder: Path) -> None:
        for path in source.glob("*"):
            shutil.copy(path, folder)
        run([npm, "ci", "--no-audit", "--no-fund"], folder)

    return made("node", content, install)
