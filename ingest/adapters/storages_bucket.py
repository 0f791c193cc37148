"""Django storage backends as buckets, so that any backend of django-storages can hold blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage, storages

from ingest.storage.bucket import Bucket, LocalBucket, check_key
from ingest.storage.errors import BucketError, NotFound

T = TypeVar("T")

#: Alias in ``STORAGES`` of the backend that holds blocks.
BLOCKS_ALIAS = "blocks"
_COPY_BYTES = 1 << 20


class StorageBucket:
    """An object store behind a Django storage. Puts of such stores are atomic: an object appears whole or not at
    all.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, key: str, source: bytes | Path) -> int:
        """Store bytes or a local file; returns its size."""
        check_key(key)
        try:
            if isinstance(source, bytes):
                stored, size_bytes = self._storage.save(key, ContentFile(source)), len(source)
            else:
                with source.open("rb") as opened:
                    stored, size_bytes = self._storage.save(key, File(opened)), source.stat().st_size
        except Exception as error:  # backends raise errors of their own libraries
            raise BucketError(f"{key!r}: {error}", transient=True) from error
        if stored != key:
            raise BucketError(f"the storage renamed {key!r} to {stored!r}; let it overwrite", transient=False)
        return size_bytes

    def get(self, key: str) -> bytes:
        """Return the whole object."""
        with self._open(key) as opened:
            return bytes(opened.read())

    def download(self, key: str, target: Path) -> None:
        """Write the object to a local file."""
        with self._open(key) as opened, target.open("wb") as sink:
            for chunk in opened.chunks(_COPY_BYTES):
                sink.write(chunk)

    def exists(self, key: str) -> bool:
        """Whether the object is there."""
        return self._call(key, lambda: bool(self._storage.exists(check_key(key))))

    def size(self, key: str) -> int:
        """Return the bytes of the object."""
        if not self.exists(key):
            raise NotFound(key)
        return self._call(key, lambda: int(self._storage.size(key)))

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with ``prefix``, ascending."""
        folder = prefix.rpartition("/")[0]
        found = self._call(prefix, lambda: sorted(self._walk(folder)))
        return (key for key in found if key.startswith(prefix))

    def delete(self, key: str) -> None:
        """Remove the object."""
        self._call(key, lambda: self._storage.delete(check_key(key)))

    def _walk(self, folder: str) -> Iterator[str]:
        folders, files = self._storage.listdir(folder)
        base = f"{folder}/" if folder else ""
        for name in files:
            yield base + name
        for name in folders:
            yield from self._walk(base + name)

    def _open(self, key: str) -> File:
        if not self.exists(key):
            raise NotFound(key)
        return self._call(key, lambda: self._storage.open(key, "rb"))

    def _call(self, key: str, call: Callable[[], T]) -> T:
        try:
            return call()
        except BucketError:
            raise
        except Exception as error:  # backends raise errors of their own libraries
            raise BucketError(f"{key!r}: {error}", transient=True) from error


def blocks_bucket() -> Bucket:
    """Return the bucket behind the ``blocks`` alias.

    A folder gets :class:`ingest.storage.bucket.LocalBucket`, which unlike ``FileSystemStorage`` flushes what it writes
    and never shows a half-written object.
    """
    storage = storages[BLOCKS_ALIAS]
    if isinstance(storage, FileSystemStorage):
        return LocalBucket(Path(storage.location))
    return StorageBucket(storage)
