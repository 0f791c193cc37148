"""What reading a block can raise."""

from __future__ import annotations

from ingest.storage.errors import StorageError


class BlockDamaged(StorageError):
    """A file of a block is missing, of another size, of an unknown version, or holds what no writer wrote.

    The block stays unreadable until the file is replaced; other parts are not affected.
    """

    def __init__(self, block: str, file: str, why: str) -> None:
        super().__init__(f"block {block}: {file}: {why}")
        self.block = block
        self.file = file
        self.why = why
