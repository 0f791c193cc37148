"""A disk that fails on demand, on top of the real one."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from ingest.storage.fs import Buffer, OsFiles


class FaultyFiles(OsFiles):
    """Real files with faults that a test switches on.

    ``room_bytes`` is what the disk still takes (None: without end), ``failing`` maps the name of a method to the errno
    of all its calls, ``short_bytes`` is the most one writev takes, ``bad_sectors`` are offsets whose reading fails,
    ``free`` is what the disk says is free (None: the truth).
    """

    def __init__(self) -> None:
        self.room_bytes: int | None = None
        self.failing: dict[str, int] = {}
        self.short_bytes: int | None = None
        self.bad_sectors: frozenset[int] = frozenset()
        self.free: int | None = None
        self.calls: list[str] = []

    def _enter(self, method: str) -> None:
        self.calls.append(method)
        if method in self.failing:
            raise OSError(self.failing[method], os.strerror(self.failing[method]))

    def open(self, path: Path, flags: int) -> int:
        self._enter("create" if flags & os.O_CREAT else "open")
        return super().open(path, flags)

    def writev(self, fd: int, buffers: Sequence[Buffer]) -> int:
        self._enter("writev")
        data = b"".join(buffers)
        if self.short_bytes is not None:
            data = data[: self.short_bytes]
        if self.room_bytes is not None:
            if data and not self.room_bytes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            data = data[: self.room_bytes]  # as Linux does: the last write before the end is a short one
            self.room_bytes -= len(data)
        return super().writev(fd, [data])

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        if any(offset <= bad < offset + count for bad in self.bad_sectors):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().pread(fd, count, offset)

    def truncate(self, fd: int, size_bytes: int) -> None:
        self._enter("truncate")
        super().truncate(fd, size_bytes)

    def sync_data(self, fd: int) -> None:
        self._enter("sync_data")
        super().sync_data(fd)

    def sync(self, fd: int) -> None:
        self._enter("sync")
        super().sync(fd)

    def replace(self, source: Path, target: Path) -> None:
        self._enter("replace")
        super().replace(source, target)

    def unlink(self, path: Path) -> None:
        self._enter("unlink")
        super().unlink(path)

    def free_bytes(self, path: Path) -> int:
        return super().free_bytes(path) if self.free is None else self.free
