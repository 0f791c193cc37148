"""The blocks on an ingester's own disk: ``<directory>/<escaped tenant>/<ulid>/``, and which of them are uploaded.

A block that is in the bucket and in the catalogue has an empty file ``uploaded`` beside its data; the file's time is
when that was. The mark saves a look into the bucket at the next start; losing it costs a repeated upload, nothing else.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from ingest.storage.block.meta import META_FILE
from ingest.storage.block.reader import Block
from ingest.storage.errors import StorageError
from ingest.storage.fs import escape_component, fsync_dir, remove_leftovers, write_file_durably

UPLOADED_MARK = "uploaded"
DAMAGED_SUFFIX = ".damaged"
#: Symbols and row columns that blocks keep between reads, all blocks of an ingester together.
MAX_READ_MEMORY_BYTES = 64 << 20


class LocalBlocks:
    """Complete local blocks by tenant. Not locked: the store serialises changes and takes copies for readers."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._blocks: dict[str, tuple[Block, Path]] = {}

    def __len__(self) -> int:
        return len(self._blocks)

    def open(self) -> tuple[str, ...]:
        """Open every complete block; returns the ones that are damaged, each with its reason. They are set aside."""
        damaged: list[str] = []
        self._directory.mkdir(parents=True, exist_ok=True)
        for tenant in sorted(path for path in self._directory.iterdir() if path.is_dir()):
            remove_leftovers(tenant)
            for path in sorted(one for one in tenant.iterdir() if one.is_dir() and one.suffix != DAMAGED_SUFFIX):
                if not (path / META_FILE).is_file():
                    shutil.rmtree(path)  # a deletion that was interrupted
                    continue
                try:
                    self.add(path)
                except StorageError as error:
                    damaged.append(f"{path.name}: {error}")
                    path.rename(path.with_suffix(DAMAGED_SUFFIX))
        return tuple(damaged)

    def directory_of(self, tenant: str) -> Path:
        """Return the directory of a tenant's blocks, made when it is missing."""
        path = self._directory / escape_component(tenant)
        if not path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            fsync_dir(self._directory)
        return path

    def add(self, path: Path) -> None:
        """Open a complete block. Raises StorageError when it is damaged."""
        block = Block.open(path)
        self._blocks = {**self._blocks, block.part_id: (block, path)}

    def has(self, ulid: str) -> bool:
        """Whether the block is here, complete."""
        return ulid in self._blocks

    def all(self) -> list[Block]:
        """Return every block."""
        return [block for block, _ in self._blocks.values()]

    def of(self, tenant: str) -> list[Block]:
        """Return a tenant's blocks."""
        return [block for block, _ in self._blocks.values() if block.tenant == tenant]

    def trim_memory(self) -> None:
        """Let go of what reads left in memory once it passes the bound; the next read loads what it needs again."""
        blocks = [block for block, _ in self._blocks.values()]
        if sum(block.memory_bytes for block in blocks) > MAX_READ_MEMORY_BYTES:
            for block in blocks:
                block.forget()

    def to_upload(self) -> list[tuple[str, Path]]:
        """Return (tenant, directory) of the blocks that are not uploaded, oldest first."""
        waiting = [(ulid, block, path) for ulid, (block, path) in self._blocks.items() if _uploaded_at(path) is None]
        return [(block.tenant, path) for _, block, path in sorted(waiting, key=lambda item: item[0])]

    def mark_uploaded(self, path: Path) -> None:
        """Note that the block is visible in the catalogue."""
        write_file_durably(path / UPLOADED_MARK, b"")

    def evictable(self, uploaded_before_seconds: float) -> list[str]:
        """Return the ULIDs of blocks that were uploaded before this Unix time."""
        found: list[str] = []
        for ulid, (_, path) in self._blocks.items():
            uploaded_at = _uploaded_at(path)
            if uploaded_at is not None and uploaded_at < uploaded_before_seconds:
                found.append(ulid)
        return found

    def evict(self, ulids: Iterable[str]) -> None:
        """Stop serving these blocks, then delete them. Reads that hold them open go on."""
        doomed = [(ulid, self._blocks[ulid]) for ulid in ulids]
        gone = {ulid for ulid, _ in doomed}
        self._blocks = {ulid: one for ulid, one in self._blocks.items() if ulid not in gone}
        for _, (_, path) in doomed:
            # meta.json goes first: a deletion that is interrupted leaves something that is no block.
            (path / META_FILE).unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)


def _uploaded_at(path: Path) -> float | None:
    try:
        return (path / UPLOADED_MARK).stat().st_mtime
    except FileNotFoundError:
        return None
