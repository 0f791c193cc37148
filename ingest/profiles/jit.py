"""How the project compiles its kernels: three decorators, one cache, one warm-up.

A kernel is a function over numpy arrays that numba compiles once for one signature. Files that hold kernels are named
``*kernels.py`` and offer ``warm_up()``, which calls each of their public kernels once with the dtypes of real use.
Kernels never raise: they return a status, and Python turns it into a :class:`~ingest.profiles.reasons.Rejection` or an
exception.

numba's own cache notices when the file of a kernel changes, but not when a function or a constant changes that the
kernel takes from another file: it would go on calling the old code. So each file caches in a folder named by the
content of the file and of every project file it imports, directly or not; stale code is then out of reach. The folders
lie in ``NUMBA_CACHE_DIR`` when the operator set it, else next to this file.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("ingest", "ring")
_FORMATS = "ingest.profiles.formats."
_config: Any = numba.config
_njit: Any = numba.njit
_CACHE_ROOT = Path(_config.CACHE_DIR or Path(__file__).resolve().parent / "__pycache__" / "kernels")
#: A cache folder that no process started with for this long is removed by the next warm-up.
_FORGET_AFTER_SECONDS = 30 * 24 * 3600


def kernel(function: Kernel) -> Kernel:
    """Compile ``function`` on first call: cached on disk, runs without the GIL, indices unchecked.

    For arrays the project made itself. Division follows numpy (no ZeroDivisionError), so that nothing raises.
    """
    return _compiled(function, boundscheck=False)


def checked_kernel(function: Kernel) -> Kernel:
    """Like :func:`kernel` with every index checked: for kernels that read bytes or indices from outside.

    The check is the second line of defence: the kernel tests its bounds itself and returns a status.
    """
    return _compiled(function, boundscheck=True)


def inlined_kernel(function: Kernel) -> Kernel:
    """Like :func:`kernel`, but pasted into each kernel that calls it, whose index checks it then has or has not.

    For the small inner steps of hot loops. A kernel that calls another one counts a reference to each of its arrays up
    and down with atomic instructions, which costs some ten times what reading a varint does; a pasted one does not.
    """
    return _compiled(function, boundscheck=False, inline="always")


def kernel_modules() -> list[str]:
    """Return the dotted names of all modules of the project that hold kernels, sorted."""
    files = (path for package in _PACKAGES for path in (_ROOT / package).rglob("*kernels.py"))
    return sorted(".".join(path.relative_to(_ROOT).with_suffix("").parts) for path in files)


def core_kernel_modules() -> list[str]:
    """Return those of :func:`kernel_modules` that every push and query needs.

    The others read a format that some clients send: a third of the compiler's work, and nothing that an ingester runs.
    """
    return [name for name in kernel_modules() if not name.startswith(_FORMATS)]


def warm_up_core() -> None:
    """Import the kernel modules that every push and query needs and run their ``warm_up()``.

    So that no request waits for a compiler. Takes well under a second when the cache is filled; a kernel of a format is
    loaded from there by the first profile that needs it.
    """
    _warm_up(core_kernel_modules())


def warm_up_all() -> None:
    """Import every kernel module and run its ``warm_up()``."""
    _warm_up(kernel_modules())


def _warm_up(names: list[str]) -> None:
    for name in names:
        warm_up_module(name)
    _remove_forgotten_folders()


def warm_up_module(name: str) -> str:
    """Import one kernel module, run its ``warm_up()`` and return its name. Several processes may do so at once."""
    warm_up = getattr(importlib.import_module(name), "warm_up", None)
    if warm_up is not None:
        warm_up()
    return name


def _compiled(function: Kernel, *, boundscheck: bool, inline: str = "never") -> Kernel:
    """Apply ``numba.njit`` with the cache folder that belongs to the file of ``function``."""
    configured = _config.CACHE_DIR
    _config.CACHE_DIR = str(_CACHE_ROOT / _content_key(Path(function.__code__.co_filename).resolve()))
    try:
        options = {"boundscheck": boundscheck, "inline": inline, "cache": True, "nogil": True, "error_model": "numpy"}
        compiled: Kernel = _njit(**options)(function)
        return compiled
    finally:
        _config.CACHE_DIR = configured


@cache
def _content_key(file: Path) -> str:
    """Return a name for the content of ``file``, of the project files it depends on, and of the compiler."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(_dependencies(file)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _dependencies(file: Path) -> set[Path]:
    """Return ``file`` and every project file it imports, directly or through others."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting.extend(_imported_files(path))
    return found


def _imported_files(file: Path) -> Iterator[Path]:
    """Yield the project files that the import statements of ``file`` name."""
    for statement in ast.walk(ast.parse(file.read_bytes())):
        names: list[str] = []
        if isinstance(statement, ast.Import):
            names = [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom) and statement.module and statement.level == 0:
            names = [statement.module, *(f"{statement.module}.{alias.name}" for alias in statement.names)]
        for name in names:
            if name.split(".")[0] in _PACKAGES:
                path = _ROOT.joinpath(*name.split(".")).with_suffix(".py")
                if path.is_file():
                    yield path


def _remove_forgotten_folders() -> None:
    """Mark the caches of this version of the code as used; remove those that were not used for a month before that."""
    in_use = {_content_key(_ROOT.joinpath(*name.split(".")).with_suffix(".py")) for name in kernel_modules()}
    folders = [folder for folder in _CACHE_ROOT.glob("?" * 16) if folder.is_dir()]
    try:
        for folder in folders:
            if folder.name in in_use:
                folder.touch()
        used = {folder: folder.stat().st_mtime for folder in folders}
    except OSError:
        return  # another process was quicker, or the folder is read-only: the cache works as it is
    for folder, last_use in used.items():
        if last_use < max(used.values()) - _FORGET_AFTER_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
