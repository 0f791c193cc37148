"""The errors of the storage engine.

::

    StorageError
    ├── WalError
    │   ├── WalFull         the disk has no room: the ingester turns read-only, the writer stays usable
    │   └── WalFailed       the disk failed: what was not yet synced may be lost
    ├── BucketError         transient or not
    │   ├── NotFound        no object has this key
    │   └── InvalidKey      the key could leave its place in the bucket
    └── BlockIncomplete     the files of a local block are not the ones its meta.json lists

Damage found in files is no error: it is reported as a value and reading goes on.
"""

from __future__ import annotations


class StorageError(Exception):
    """Root of what the storage engine raises on purpose."""


class WalError(StorageError):
    """The write-ahead log did not take records. Nothing that was appended since the last sync may be acknowledged."""


class WalFull(WalError):
    """No room on the disk (ENOSPC or EDQUOT). Records that were synced before are whole; a later append may succeed."""


class WalFailed(WalError):
    """A write or a flush failed. The segment is left behind and the next append begins another one."""


class BucketError(StorageError):
    """An object-store operation failed.

    ``transient`` says whether the same call may succeed later: a timeout is transient, refused access is not.
    """

    def __init__(self, message: str, *, transient: bool) -> None:
        super().__init__(message)
        self.transient = transient


class NotFound(BucketError):
    """No object has this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object {key!r}", transient=False)
        self.key = key


class InvalidKey(BucketError):
    """The key is empty, absolute, or has a component that is empty or begins with a dot."""

    def __init__(self, key: str) -> None:
        super().__init__(f"not a key of an object: {key!r}", transient=False)
        self.key = key


class BlockIncomplete(StorageError):
    """A local block lacks a file that its meta.json lists, or a file has another size, or the meta cannot be read."""
