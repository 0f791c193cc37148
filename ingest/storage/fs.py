"""Durable files: what must hold after a crash is written through here.

A file or directory gets its final name only when its content is on the disk, so a name without a temporary suffix means
whole content. ``Files`` is the seam at which tests make the disk fail; production code passes ``DISK``.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final, Protocol

Buffer = bytes | bytearray | memoryview

#: Suffix of a file or directory that is being written. What still carries it after a crash is removed at start.
TMP_SUFFIX: Final = ".tmp"

#: Longest output of ``escape_component``: NAME_MAX is 255 on the file systems in use, suffixes need some of it.
MAX_COMPONENT_BYTES: Final = 200

#: Linux refuses a writev of more buffers than this (UIO_MAXIOV in linux/uio.h).
_MAX_WRITEV_BUFFERS: Final = 1024

_EMPTY: Final = "%empty"
_HASH_MARK: Final = "%~"
_HASH_CHARS: Final = 32
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")
_ESCAPED: Final = re.compile(r"(?:[a-z0-9_-]|%[0-9a-f]{2})+")
_HASHED: Final = re.compile(r"(?:[a-z0-9_-]|%[0-9a-f]{2})*%~[0-9a-f]{32}")


class Files(Protocol):
    """The calls of ``os`` that the engine makes on files it must not lose. All raise OSError."""

    def open(self, path: Path, flags: int) -> int:
        """Open with O_CLOEXEC and mode 0o644."""
        ...

    def close(self, fd: int) -> None: ...

    def size(self, fd: int) -> int:
        """Bytes of the open file."""
        ...

    def writev(self, fd: int, buffers: Sequence[Buffer]) -> int:
        """Write and return how many bytes were taken, which may be fewer than given."""
        ...

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        """Read up to ``count`` bytes; fewer at the end of the file."""
        ...

    def truncate(self, fd: int, size_bytes: int) -> None: ...

    def sync_data(self, fd: int) -> None:
        """Flush content and size."""
        ...

    def sync(self, fd: int) -> None:
        """Flush content and all metadata."""
        ...

    def replace(self, source: Path, target: Path) -> None: ...

    def unlink(self, path: Path) -> None: ...

    def free_bytes(self, path: Path) -> int:
        """Bytes that an unprivileged process may still write to the file system of ``path``, which must exist."""
        ...


class OsFiles:
    """``Files`` on the operating system."""

    def open(self, path: Path, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC, 0o644)

    def close(self, fd: int) -> None:
        os.close(fd)

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def writev(self, fd: int, buffers: Sequence[Buffer]) -> int:
        return os.writev(fd, buffers)

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        return os.pread(fd, count, offset)

    def truncate(self, fd: int, size_bytes: int) -> None:
        os.ftruncate(fd, size_bytes)

    def sync_data(self, fd: int) -> None:
        # macOS has no fdatasync.
        getattr(os, "fdatasync", os.fsync)(fd)

    def sync(self, fd: int) -> None:
        os.fsync(fd)

    def replace(self, source: Path, target: Path) -> None:
        source.replace(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def free_bytes(self, path: Path) -> int:
        return free_bytes(path)


DISK: Final[Files] = OsFiles()


def is_full(error: OSError) -> bool:
    """Tell whether the error says that there is no room: the disk is full or the quota is used up."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def write_all(files: Files, fd: int, buffers: Sequence[Buffer]) -> None:
    """Write all buffers in order, going on after short writes.

    Raises OSError; then an unknown number of leading bytes was written.
    """
    pending = [view for view in (memoryview(buffer).cast("B") for buffer in buffers) if len(view)]
    start = 0
    while start < len(pending):
        taken = files.writev(fd, pending[start : start + _MAX_WRITEV_BUFFERS])
        if taken <= 0:
            raise OSError(errno.EIO, "the file took no bytes")
        while start < len(pending) and taken >= len(pending[start]):
            taken -= len(pending[start])
            start += 1
        if taken:
            pending[start] = pending[start][taken:]


def write_file_durably(path: Path, data: Buffer | Iterable[Buffer], files: Files = DISK) -> None:
    """Put ``data`` at ``path``, replacing what is there: after a crash the old or the new content is found, whole.

    Pieces of an iterable are written as they come, so content larger than memory can be streamed.

    The parent must exist. Raises OSError; then ``path`` is as it was, unless only the flush of the parent failed.
    """
    buffers = [data] if isinstance(data, (bytes, bytearray, memoryview)) else data
    tmp = path.with_name(path.name + TMP_SUFFIX)
    try:
        fd = files.open(tmp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            for buffer in buffers:
                write_all(files, fd, [buffer])
            files.sync(fd)
        finally:
            files.close(fd)
        rename_durably(tmp, path, files)
    except OSError:
        with suppress(OSError):
            files.unlink(tmp)
        raise


def rename_durably(source: Path, target: Path, files: Files = DISK) -> None:
    """Give a file or directory whose content is already flushed its final name and flush the parent of both."""
    files.replace(source, target)
    fsync_dir(target.parent, files)


def fsync_dir(directory: Path, files: Files = DISK) -> None:
    """Flush the names in a directory: without it a created, renamed or deleted file may come back after power loss."""
    fd = files.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        files.sync(fd)
    finally:
        files.close(fd)


def fsync_file(path: Path, files: Files = DISK) -> None:
    """Flush a file that something else wrote, for example a Parquet writer."""
    fd = files.open(path, os.O_RDONLY)
    try:
        files.sync(fd)
    finally:
        files.close(fd)


def remove_leftovers(directory: Path, suffix: str = TMP_SUFFIX, files: Files = DISK) -> tuple[str, ...]:
    """Remove files and directories whose name ends with ``suffix``; return their names. A missing directory has none.

    Call it at start only: while something writes, its unfinished files carry the suffix too.
    """
    if not directory.is_dir():
        return ()
    removed = []
    for entry in sorted(directory.iterdir()):
        if not entry.name.endswith(suffix):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            files.unlink(entry)
        removed.append(entry.name)
    if removed:
        fsync_dir(directory, files)
    return tuple(removed)


def directory_bytes(directory: Path) -> int:
    """Sum of the sizes of the files below ``directory``; files that vanish meanwhile count 0."""
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def free_bytes(path: Path) -> int:
    """Bytes that an unprivileged process may still write to the file system of ``path``, which must exist."""
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def escape_component(text: str) -> str:
    """Map any text to one path component of at most ``MAX_COMPONENT_BYTES`` characters; different texts differ.

    Lower-case ASCII letters, digits, ``_`` and ``-`` stay, every other byte of the UTF-8 form becomes ``%xx``. Capitals
    are escaped so that two tenants never share a folder on a file system that ignores case; dots, so that no result is
    ``.`` or ``..``, is hidden or ends with a suffix that has a meaning. A long text keeps its beginning and gets a
    128-bit hash of the whole.
    """
    if not text:
        return _EMPTY
    raw = text.encode("utf-8", "surrogatepass")
    pieces = [chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in raw]
    escaped = "".join(pieces)
    if len(escaped) <= MAX_COMPONENT_BYTES:
        return escaped
    room = MAX_COMPONENT_BYTES - len(_HASH_MARK) - _HASH_CHARS
    return _leading(pieces, room) + _HASH_MARK + blake2b(raw, digest_size=_HASH_CHARS // 2).hexdigest()


def unescape_component(component: str) -> str | None:
    """Return the text that ``escape_component`` was given, or None when the component holds a hash instead of its end.

    Raises ValueError for what ``escape_component`` never returns.
    """
    if component == _EMPTY:
        return ""
    if _HASHED.fullmatch(component) and len(component) <= MAX_COMPONENT_BYTES:
        return None
    if _ESCAPED.fullmatch(component):
        raw = re.sub(rb"%(..)", lambda found: bytes.fromhex(found[1].decode()), component.encode())
        with suppress(UnicodeDecodeError):
            text = raw.decode("utf-8", "surrogatepass")
            if escape_component(text) == component:
                return text
    raise ValueError(f"not an escaped path component: {component!r}")


def _leading(pieces: Iterable[str], room: int) -> str:
    """Join as many whole pieces as fit into ``room`` characters."""
    kept: list[str] = []
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept)
