"""Blocks of the bucket, opened for reading and kept open while they are in use.

A bucket that is a folder is read in place. Any other is copied to a local folder first, whole blocks at a time, and the
folder is bounded: the least recently read blocks go first.
"""

from __future__ import annotations

import itertools
import shutil
import threading
from collections import OrderedDict
from pathlib import Path

from ingest.ingester.directory_lock import DirectoryInUse, DirectoryLock
from ingest.storage.block.reader import Block
from ingest.storage.bucket import Bucket
from ingest.storage.errors import StorageError
from ingest.storage.fs import TMP_SUFFIX
from ingest.storage.read_messages import BlockRef
from ingest.storage.shipper import META_NAME

#: Blocks kept open: bounds file handles and the row columns each block remembers.
MAX_OPEN_BLOCKS = 64
#: Symbols and row columns that open blocks keep between reads, all together.
MAX_READ_MEMORY_BYTES = 128 << 20


def claim_folder(parent: Path) -> tuple[DirectoryLock, Path]:
    """Return the first numbered folder below ``parent`` that no living process has, and the lock that holds it.

    So the copies of a process that was killed are replaced by those of the next one instead of lying there for ever.
    """
    for number in itertools.count():
        lock = DirectoryLock(parent / str(number))
        try:
            lock.acquire()
        except DirectoryInUse:
            continue
        return lock, parent / str(number) / "blocks"
    raise AssertionError("counting has no end")


class BlockCache:
    """Opens blocks by reference. Thread-safe; a block that is evicted while it is read stays readable to its reader."""

    def __init__(self, bucket: Bucket, local_root: Path | None, cache_dir: Path, max_cache_bytes: int) -> None:
        """``local_root`` is the bucket's folder when it is one; otherwise blocks are copied below ``cache_dir``."""
        self._bucket = bucket
        self._local_root = local_root
        self._cache_dir = cache_dir
        self._max_cache_bytes = max_cache_bytes
        self._open: OrderedDict[str, Block] = OrderedDict()
        self._copies: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        if local_root is None:
            shutil.rmtree(cache_dir, ignore_errors=True)  # whose copies are whole is not known after a crash
            cache_dir.mkdir(parents=True, exist_ok=True)

    def open_all(self, refs: list[BlockRef]) -> tuple[list[Block], list[str]]:
        """Open blocks; returns those that could be, and ``ulid reason`` for each that could not."""
        opened: list[Block] = []
        damaged: list[str] = []
        for ref in refs:
            try:
                opened.append(self.open(ref))
            except (StorageError, OSError) as error:
                damaged.append(f"{ref.part_id} {error}")
        return opened, damaged

    def trim_memory(self) -> None:
        """Let go of what reads left in memory once it passes the bound; the next read loads what it needs again."""
        with self._lock:
            blocks = list(self._open.values())
        if sum(block.memory_bytes for block in blocks) > MAX_READ_MEMORY_BYTES:
            for block in blocks:
                block.forget()

    def open(self, ref: BlockRef) -> Block:
        """Return the block, opening it when it is not open. Raises StorageError or OSError."""
        with self._lock:
            block = self._open.get(ref.part_id)
            if block is not None:
                self._open.move_to_end(ref.part_id)
                return block
        path = self._local_root / ref.prefix / ref.part_id if self._local_root is not None else self._copy(ref)
        block = Block.open(path)
        if block.tenant != ref.tenant:
            raise StorageError(f"block {ref.part_id} belongs to another tenant than its catalogue row says")
        with self._lock:
            self._open[ref.part_id] = block
            while len(self._open) > MAX_OPEN_BLOCKS:
                self._open.popitem(last=False)
        return block

    def _copy(self, ref: BlockRef) -> Path:
        target = self._cache_dir / ref.part_id
        with self._lock:
            if ref.part_id in self._copies:
                self._copies.move_to_end(ref.part_id)
                return target
            self._make_room(ref.size_bytes)
            tmp = target.with_suffix(TMP_SUFFIX)
            shutil.rmtree(tmp, ignore_errors=True)
            tmp.mkdir(parents=True)
            for key in self._bucket.list(f"{ref.prefix}/{ref.part_id}/"):
                self._bucket.download(key, tmp / key.rpartition("/")[2])
            if not (tmp / META_NAME).is_file():
                raise StorageError(f"block {ref.part_id} has no {META_NAME} in the bucket")
            tmp.rename(target)
            self._copies[ref.part_id] = ref.size_bytes
        return target

    def _make_room(self, size_bytes: int) -> None:
        while self._copies and sum(self._copies.values()) + size_bytes > self._max_cache_bytes:
            part_id, _ = self._copies.popitem(last=False)
            self._open.pop(part_id, None)
            shutil.rmtree(self._cache_dir / part_id, ignore_errors=True)
