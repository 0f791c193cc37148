"""Django storage backends as buckets, so that any backend of django-storages can hold blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages

from ingest.storage.bucket import Bucket, LocalBucket, check_key
from ingest.storage.errors import BucketError, NotFound

T = TypeVar("T")

#: Alias in ``STORAGES`` of the backend that holds blocks.
BLOCKS_ALIAS = "blocks"
_COPY_BYTES = 1 << 20

#: How backends say that there is no such object; a folder, or a path through an object, is none either.
_MISSING = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
#: Refusals by status that another attempt may not meet: a timeout, and being asked to slow down.
_TRANSIENT_STATUSES = frozenset({408, 429})


class StorageBucket:
    """An object store behind a Django storage, which must replace what it has under a name instead of choosing another.

    Puts of object stores are atomic: an object appears whole or not at all.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, key: str, source: bytes | Path) -> int:
        """Store bytes or a local file; returns its size."""
        check_key(key)
        if isinstance(source, bytes):
            stored, size_bytes = self._save(key, ContentFile(source)), len(source)
        else:
            try:
                opened = source.open("rb")
            except OSError as error:
                raise BucketError(f"cannot read {source}: {error.strerror or error}", transient=False) from error
            with opened:
                size_bytes = source.stat().st_size
                stored = self._save(key, File(opened))
        if stored != key:
            with suppress(BucketError):
                self.delete(stored)
            raise BucketError(f"the storage renamed {key!r} to {stored!r}; let it overwrite", transient=False)
        return size_bytes

    def get(self, key: str) -> bytes:
        """Return the whole object."""
        return self._read(key, lambda opened: bytes(opened.read()))

    def download(self, key: str, target: Path) -> None:
        """Write the object to a local file."""

        def copy(opened: File) -> None:
            chunks = opened.chunks(_COPY_BYTES)
            first = next(chunks, b"")  # before the target exists: an object that cannot be read leaves none
            with target.open("wb") as sink:
                sink.write(first)
                for chunk in chunks:
                    sink.write(chunk)

        self._read(key, copy)

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        try:
            return self._read(key, lambda opened: True)
        except NotFound:
            return False

    def size(self, key: str) -> int:
        """Return the bytes of the object."""
        return self._read(key, lambda opened: int(opened.size))

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with ``prefix``, ascending."""
        folder = prefix.rpartition("/")[0]
        if folder:
            check_key(folder)
        found = self._call(prefix, lambda: sorted(self._walk(folder)))
        return (key for key in found if key.startswith(prefix))

    def delete(self, key: str) -> None:
        """Remove the object."""
        check_key(key)
        with suppress(NotFound):
            self._call(key, lambda: self._storage.delete(key))

    def _walk(self, folder: str) -> Iterator[str]:
        try:
            folders, files = self._storage.listdir(folder)
        except _MISSING:
            return
        base = f"{folder}/" if folder else ""
        for name in files:
            yield base + name
        for name in folders:
            yield from self._walk(base + name)

    def _save(self, key: str, content: File) -> str:
        return str(self._call(key, lambda: self._storage.save(key, content), missing_is_not_found=False))

    def _read(self, key: str, read: Callable[[File], T]) -> T:
        """Open the object, which object stores do by asking for its metadata, and apply ``read`` to it."""
        check_key(key)

        def opened_and_read() -> T:
            with self._storage.open(key, "rb") as opened:
                return read(opened)

        return self._call(key, opened_and_read)

    def _call(self, key: str, call: Callable[[], T], missing_is_not_found: bool = True) -> T:
        try:
            return call()
        except BucketError:
            raise
        except Exception as error:  # backends raise errors of their own libraries
            if isinstance(error, _MISSING) and missing_is_not_found:
                raise NotFound(key) from error
            raise BucketError(f"{key!r}: {error}", transient=_is_transient(error)) from error


def _is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later. Errors of botocore carry the status of the answer."""
    if isinstance(error, PermissionError):
        return False
    response: Any = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    status = metadata.get("HTTPStatusCode", 500)
    return not 400 <= status < 500 or status in _TRANSIENT_STATUSES


def blocks_bucket() -> Bucket:
    """Return the bucket behind the ``blocks`` alias.

    A folder gets :class:`ingest.storage.bucket.LocalBucket`, which unlike ``FileSystemStorage`` flushes what it writes
    and never shows a half-written object.
    """
    storage = storages[BLOCKS_ALIAS]
    if isinstance(storage, FileSystemStorage):
        return LocalBucket(Path(storage.location))
    return StorageBucket(storage)
