"""One process a data directory: two ingesters that write one log would each replay and delete what the other needs."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ingest.storage.errors import StorageError

LOCK_NAME = "lock"


class DirectoryInUse(StorageError):
    """Another process holds the directory."""


class DirectoryLock:
    """The file ``lock`` in a directory, held through ``flock``: the kernel lets go of it however the process ends.

    The file stays, because removing it would let two processes hold two files of one name. It contains the number of
    the last holder, for people; only the lock itself counts.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / LOCK_NAME
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the directory, which is created. Raises DirectoryInUse when a process has it, this one included."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(fd)
            raise DirectoryInUse(
                f"{self._path.parent} is in use by process {holder}: two ingesters cannot share a data directory. "
                "Give each its own PHLARE_INSTANCE_ID, or its own PHLARE_DATA_DIR."
            ) from error
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Let go of it; without effect when it is not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
