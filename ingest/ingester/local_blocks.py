"""The blocks on an ingester's own disk: ``<directory>/<escaped tenant>/<ulid>/``, and which of them are uploaded.

A block that is in the bucket and in the catalogue has an empty file ``uploaded`` beside its data; the file's time is
when that was. The mark saves a look into the bucket at the next start; losing it costs a repeated upload, nothing else.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ingest.storage.block.meta import META_FILE
from ingest.storage.block.reader import Block
from ingest.storage.errors import StorageError
from ingest.storage.fs import (
    directory_bytes,
    escape_component,
    fsync_dir,
    remove_leftovers,
    unescape_component,
    write_file_durably,
)

UPLOADED_MARK = "uploaded"
DAMAGED_SUFFIX = ".damaged"
#: Symbols and row columns that blocks keep between reads, all blocks of an ingester together.
MAX_READ_MEMORY_BYTES = 64 << 20


#: Bytes of damaged blocks that are kept for whoever may save something; beyond it the oldest go, uploaded ones first.
MAX_DAMAGED_BYTES = 1 << 30
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


class LocalBlocks:
    """Complete local blocks by tenant. Not locked: the store serialises changes and takes copies for readers."""

    def __init__(self, directory: Path, max_damaged_bytes: int = MAX_DAMAGED_BYTES) -> None:
        self._directory = directory
        self._max_damaged_bytes = max_damaged_bytes
        self._blocks: dict[str, tuple[Block, Path]] = {}
        self.damaged_blocks = 0  #: set aside in the directory
        self.damaged_bytes = 0
        #: Directory of each block that is not uploaded -> when its head was created.
        self._waiting: dict[Path, int] = {}

    def __len__(self) -> int:
        return len(self._blocks)

    def open(self) -> tuple[str, ...]:
        """Open every complete block; returns the ones that are damaged, each with its reason. They are set aside.

        What a crash left is removed: blocks half written or half deleted, and folders of tenants without blocks. What
        has no name of ours, like ``lost+found``, is none of our business and stays.
        """
        damaged: list[str] = []
        self._directory.mkdir(parents=True, exist_ok=True)
        for tenant in sorted(filter(_is_of_a_tenant, self._directory.iterdir())):
            remove_leftovers(tenant)
            for path in sorted(one for one in tenant.iterdir() if one.is_dir() and _ULID.fullmatch(one.name)):
                if not (path / META_FILE).is_file():
                    shutil.rmtree(path)  # a deletion that was interrupted
                    continue
                try:
                    self.add(path)
                except StorageError as error:
                    damaged.append(f"{path.name}: {error}")
                    _set_aside(path)
            with suppress(OSError):
                tenant.rmdir()  # refused unless it is empty
        self._bound_damaged()
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
        if _uploaded_at(path) is None:
            self._waiting = {**self._waiting, path: block.meta.created_at_ns}

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
        self._waiting = {waiting: since for waiting, since in self._waiting.items() if waiting != path}

    def waiting_since_ns(self) -> list[int]:
        """Return for each block that is not uploaded when its first profile came in."""
        return list(self._waiting.values())

    def uploaded(self) -> list[str]:
        """Return the ULIDs of uploaded blocks, oldest first."""
        return sorted(ulid for ulid, (_, path) in self._blocks.items() if _uploaded_at(path) is not None)

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

    def _bound_damaged(self) -> None:
        """Count what was set aside, and delete what is too much of it."""
        found = list(self._directory.glob(f"*/*{DAMAGED_SUFFIX}"))
        found.sort(key=lambda path: (_uploaded_at(path) is None, path.name))
        sizes = [directory_bytes(path) for path in found]
        while sum(sizes) > self._max_damaged_bytes:
            shutil.rmtree(found.pop(0), ignore_errors=True)
            sizes.pop(0)
        self.damaged_blocks, self.damaged_bytes = len(found), sum(sizes)


def _is_of_a_tenant(path: Path) -> bool:
    try:
        unescape_component(path.name)
    except ValueError:
        return False
    return path.is_dir()


def _set_aside(path: Path) -> None:
    """Keep a damaged block out of the way; the same block may have been damaged and written again before."""
    target = path.with_suffix(DAMAGED_SUFFIX)
    shutil.rmtree(target, ignore_errors=True)
    path.rename(target)


def _uploaded_at(path: Path) -> float | None:
    try:
        return (path / UPLOADED_MARK).stat().st_mtime
    except FileNotFoundError:
        return None
