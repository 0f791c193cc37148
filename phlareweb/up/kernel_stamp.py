"""Whether the kernels are known to be compiled, told without loading the compiler: that alone takes seconds.

The stamp is written after a compilation and names what it was made from (the project's code and the installed packages)
and the cache folders with their number of files. While all of it still holds, starting needs no look at the kernels.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

_PACKAGES = ("ring", "ingest")
_COMPILER = ("numba", "llvmlite", "numpy")


def is_current(stamp: Path, project: Path) -> bool:
    """Whether ``stamp`` was written for the code of today and its cache is still there."""
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
        counts = {Path(folder): int(count) for folder, count in content["folders"].items()}
        return bool(
            counts
            and content["sources"] == sources_digest(project)
            and all(_count(folder) >= count for folder, count in counts.items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def write(stamp: Path, project: Path, folders: Iterable[Path]) -> None:
    """Write the stamp for a compilation whose results lie in ``folders``."""
    counts = {str(folder): _count(folder) for folder in sorted(set(folders))}
    stamp.parent.mkdir(parents=True, exist_ok=True)
    draft = stamp.with_name(f"{stamp.name}.{os.getpid()}")
    draft.write_text(json.dumps({"sources": sources_digest(project), "folders": counts}), encoding="utf-8")
    draft.replace(stamp)


def sources_digest(project: Path) -> str:
    """Return a name for everything the compiled kernels can depend on."""
    versions = [f"{package} {importlib.metadata.version(package)}" for package in _COMPILER]
    settings = [sys.version, os.environ.get("NUMBA_CACHE_DIR", ""), *versions]
    digest = hashlib.sha256("\0".join(settings).encode())
    for path in sorted(path for package in _PACKAGES for path in (project / package).rglob("*.py")):
        digest.update(str(path.relative_to(project)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.glob("*.nb[ci]"))
