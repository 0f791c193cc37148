"""Object stores: where blocks live once they left their ingester.

A key is written once with one content: whoever puts a key again must put the same bytes, so a repeated put does no harm
and no reader ever sees two versions. A put is atomic: an object exists whole or not at all.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from ingest.storage.errors import BucketError, InvalidKey, NotFound
from ingest.storage.fs import TMP_SUFFIX, fsync_dir

#: Errors that the same call will meet again until somebody changes something.
_PERMANENT: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
)

#: A path through a file, or a folder, is no object either.
_MISSING: Final = (FileNotFoundError, NotADirectoryError, IsADirectoryError)

#: How often a put makes its folder again that deletes keep removing; each attempt loses a race of microseconds.
_FOLDER_ATTEMPTS: Final = 32

_COPY_BYTES: Final = 1 << 20


class Bucket(Protocol):
    """An object store. Keys are ``/``-separated, see ``check_key``. All methods raise BucketError."""

    def put(self, key: str, source: bytes | Path) -> int:
        """Store bytes, or the content of a local file, and return how many bytes it has. Durable on return."""
        ...

    def get(self, key: str) -> bytes:
        """Return the whole object. Raises NotFound."""
        ...

    def download(self, key: str, target: Path) -> None:
        """Write the object to a local file, whose parent exists. Not flushed, partial after an error. May raise
        NotFound."""
        ...

    def exists(self, key: str) -> bool: ...

    def size(self, key: str) -> int:
        """Return the bytes of the object. Raises NotFound."""
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with ``prefix``, any text, in ascending order."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; a missing one is no error."""
        ...


def check_key(key: str) -> str:
    """Return ``key``; raises InvalidKey unless it is a relative path without empty or dotted components.

    Components that begin with a dot are refused altogether: they would be special, hidden, or an unfinished upload.
    """
    if any(not part or part.startswith(".") for part in key.split("/")) or "\0" in key or "\\" in key:
        raise InvalidKey(key)
    return key


class LocalBucket:
    """A folder. Safe for several processes; on a shared mount as safe as its rename is."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, key: str, source: bytes | Path) -> int:
        path = self._path(key)
        with _reporting(key, missing_is_not_found=False):
            tmp = self._fill_tmp(path.parent, source)
            try:
                size_bytes = tmp.stat().st_size
                tmp.replace(path)
            except OSError:
                with suppress(OSError):
                    tmp.unlink()
                raise
            fsync_dir(path.parent)
        return size_bytes

    def get(self, key: str) -> bytes:
        with _reporting(key):
            return self._path(key).read_bytes()

    def download(self, key: str, target: Path) -> None:
        with _reporting(key):
            source = self._path(key).open("rb")
        with _reporting(key, missing_is_not_found=False), source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, _COPY_BYTES)

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def size(self, key: str) -> int:
        with _reporting(key):
            status = self._path(key).stat()
        if not stat.S_ISREG(status.st_mode):
            raise NotFound(key)
        return status.st_size

    def list(self, prefix: str) -> Iterator[str]:
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        with _reporting(prefix):
            names = [
                f"{parent.relative_to(self._root).as_posix()}/{name}" if parent != self._root else name
                for parent, name in _walk(self._root / folder)
            ]
        yield from sorted(name for name in names if name.startswith(prefix))

    def delete(self, key: str) -> None:
        path = self._path(key)
        with _reporting(key):
            try:
                path.unlink()
            except FileNotFoundError:
                return
            with suppress(FileNotFoundError):  # another delete has removed the folder as empty
                fsync_dir(path.parent)
            self._remove_empty(path.parent)

    def remove_stale_uploads(self, now_ns: int, min_age_ns: int) -> int:
        """Remove what interrupted puts left behind and return the count. Younger ones may still be under way."""
        removed = 0
        with _reporting(""):
            for path in self._root.rglob(f".*{TMP_SUFFIX}"):
                with suppress(FileNotFoundError):
                    if now_ns - path.stat().st_mtime_ns >= min_age_ns:
                        path.unlink()
                        removed += 1
        return removed

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _fill_tmp(self, folder: Path, source: bytes | Path) -> Path:
        """Write the source, flushed, to a hidden file next to its place. Raises OSError; then nothing is left."""
        fd, name = self._create_tmp(folder)
        tmp = Path(name)
        try:
            with open(fd, "wb") as sink:
                if isinstance(source, bytes):
                    sink.write(source)
                else:
                    with source.open("rb") as given:
                        shutil.copyfileobj(given, sink, _COPY_BYTES)
                sink.flush()
                os.fsync(sink.fileno())
            tmp.chmod(0o644)
        except FileNotFoundError as error:
            # Not the object is missing but the local file that should become it.
            tmp.unlink(missing_ok=True)
            raise BucketError(f"cannot read {source!s}", transient=False) from error
        except OSError:
            with suppress(OSError):
                tmp.unlink()
            raise
        return tmp

    def _create_tmp(self, folder: Path) -> tuple[int, str]:
        # A delete may remove the folder as empty between any two of these calls, also inside mkdir.
        attempts_left = _FOLDER_ATTEMPTS
        while True:
            try:
                self._make_folders(folder)
                return tempfile.mkstemp(prefix=".", suffix=TMP_SUFFIX, dir=folder)
            except (FileNotFoundError, FileExistsError):
                attempts_left -= 1
                if not attempts_left:
                    raise

    def _make_folders(self, folder: Path) -> None:
        """Create the folder with its parents and flush their names, without which the object could vanish with them."""
        missing = []
        place = folder
        while not place.is_dir():
            missing.append(place)
            place = place.parent
        for each in reversed(missing):
            each.mkdir(exist_ok=True, parents=True)
            fsync_dir(each.parent)

    def _remove_empty(self, folder: Path) -> None:
        with suppress(OSError):
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent


class MemoryBucket:
    """A dictionary, for tests and trials. ``before`` and ``after`` see (operation, key) and may raise to play a fault.

    A fault raised by ``after`` is an answer that got lost: the operation has happened.
    """

    def __init__(
        self,
        before: Callable[[str, str], None] | None = None,
        after: Callable[[str, str], None] | None = None,
    ) -> None:
        self.objects: dict[str, bytes] = {}
        self._before = before or _nothing
        self._after = after or _nothing

    def put(self, key: str, source: bytes | Path) -> int:
        with self._call("put", key):
            content = source if isinstance(source, bytes) else source.read_bytes()
            self.objects[key] = content
        return len(content)

    def get(self, key: str) -> bytes:
        with self._call("get", key):
            if key not in self.objects:
                raise NotFound(key)
            return self.objects[key]

    def download(self, key: str, target: Path) -> None:
        with self._call("download", key):
            if key not in self.objects:
                raise NotFound(key)
            target.write_bytes(self.objects[key])

    def exists(self, key: str) -> bool:
        with self._call("exists", key):
            return key in self.objects

    def size(self, key: str) -> int:
        with self._call("size", key):
            if key not in self.objects:
                raise NotFound(key)
            return len(self.objects[key])

    def list(self, prefix: str) -> Iterator[str]:
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        with self._call("list", prefix):
            keys = sorted(key for key in self.objects if key.startswith(prefix))
        yield from keys

    def delete(self, key: str) -> None:
        with self._call("delete", key):
            self.objects.pop(key, None)

    @contextmanager
    def _call(self, operation: str, key: str) -> Iterator[None]:
        if operation != "list":
            check_key(key)
        self._before(operation, key)
        yield
        self._after(operation, key)


def _nothing(operation: str, key: str) -> None:
    """No fault."""


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield (parent, name) of the files below ``folder`` that are objects. A missing folder holds none."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if not name.startswith("."):
                yield Path(parent), name


@contextmanager
def _reporting(key: str, missing_is_not_found: bool = True) -> Iterator[None]:
    """Turn OSError into BucketError."""
    try:
        yield
    except OSError as error:
        if isinstance(error, _MISSING) and missing_is_not_found:
            raise NotFound(key) from error
        transient = error.errno not in _PERMANENT
        raise BucketError(f"{key!r}: {error.strerror or error}", transient=transient) from error
