"""Appending to the write-ahead log.

The writer never opens an old segment for writing, so a crash can only damage the tail of the newest one. A batch lies
in one segment and a failed batch is cut off again; a batch is durable once ``sync`` returned.

After a failed flush nothing is retried on the same file: the kernel marks the pages clean and drops the error, so a
second fsync would succeed without having written anything (the PostgreSQL "fsyncgate" of 2018). The segment is left
behind, the next append begins another one, and everything not yet synced counts as lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.storage.errors import WalError, WalFailed, WalFull
from ingest.storage.fs import DISK, Buffer, Files, fsync_dir, is_full, write_all
from ingest.storage.wal.format import (
    DEFAULT_SEGMENT_BYTES,
    MAX_PAYLOAD_BYTES,
    RECORD_HEADER_BYTES,
    SALT_BYTES,
    SEGMENT_HEADER_BYTES,
    encode_record_header,
    encode_segment_header,
    segment_name,
    segment_number,
)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a batch begins: the segment and the byte in it."""

    segment: int
    offset: int


@dataclass(slots=True)
class _OpenSegment:
    number: int
    fd: int
    salt: bytes
    end: int  #: bytes up to the last whole record
    sequence: int = 0  #: of the last record
    dirty: bool = True  #: holds bytes that were not yet flushed


def list_segments(directory: Path) -> list[int]:
    """Numbers of the segments in ``directory``, ascending. Other files and a missing directory count as nothing."""
    if not directory.is_dir():
        return []
    numbers = (segment_number(entry.name) for entry in directory.iterdir() if entry.is_file())
    return sorted(number for number in numbers if number is not None)


class WalWriter:
    """Appends records to segments. Not thread-safe: the group commit above calls it from one thread at a time.

    A segment file is created by the first append that needs it, so that opening a log works on a full disk.
    """

    def __init__(
        self,
        directory: Path,
        segment_bytes: int = DEFAULT_SEGMENT_BYTES,
        files: Files = DISK,
        random_bytes: Callable[[int], bytes] = os.urandom,
        after: int = 0,
    ) -> None:
        """Open the log in ``directory``, which is created. ``segment_bytes`` is exceeded by a larger batch only. New
        segments have numbers above ``after``, even when there is none that is older.
        """
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._files = files
        self._random_bytes = random_bytes
        self._segments = list_segments(directory)
        self._next = max(self._segments[-1] if self._segments else 0, after) + 1
        self._open: _OpenSegment | None = None
        self._lost: OSError | None = None

    @property
    def first_segment(self) -> int:
        """Lowest segment that exists, or the one the next append will create."""
        return self._segments[0] if self._segments else self._next

    @property
    def last_segment(self) -> int:
        """The segment that is being written, or the one the next append will create."""
        return self._open.number if self._open else self._next

    @property
    def finished_segments(self) -> list[int]:
        """Segments that are never written again, ascending."""
        return [number for number in self._segments if self._open is None or number != self._open.number]

    @property
    def size_bytes(self) -> int:
        """Bytes of all segments on the disk."""
        return self.bytes_up_to(self._next)

    def bytes_up_to(self, segment: int) -> int:
        """Bytes of the segments not higher than ``segment`` on the disk. May be called from any thread."""
        total = 0
        for number in list(self._segments):
            with suppress(FileNotFoundError):
                total += self._path(number).stat().st_size if number <= segment else 0
        return total

    def append(self, records: Sequence[tuple[int, Buffer]]) -> Position:
        """Write a batch of (kind, payload) and return where it begins. It is not durable before ``sync``.

        Raises WalFull or WalFailed; then no record of the batch may be acknowledged, though after a crash some of them
        may be replayed. Raises ValueError for a kind outside 0..255 or a payload of 4 GiB.
        """
        payloads = [(kind, memoryview(payload).cast("B")) for kind, payload in records]
        batch_bytes = sum(RECORD_HEADER_BYTES + len(payload) for _, payload in payloads)
        for kind, payload in payloads:
            if not 0 <= kind <= 255 or len(payload) > MAX_PAYLOAD_BYTES:
                raise ValueError(f"record of kind {kind} with {len(payload)} bytes does not fit the log")
        segment = self._segment_for(batch_bytes)
        start, sequence = segment.end, segment.sequence
        buffers: list[Buffer] = []
        for kind, payload in payloads:
            sequence += 1
            buffers += (encode_record_header(segment.salt, kind, sequence, payload), payload)
        self._write(segment, buffers)
        segment.end, segment.sequence = start + batch_bytes, sequence
        return Position(segment.number, start)

    def sync(self) -> None:
        """Flush: after a normal return everything appended is durable.

        Raises WalFull or WalFailed when something appended since the last call to ``sync`` is not, or may not be: also
        once after a flush failed while a segment was cut, although the newer segment is sound.
        """
        self._flush()
        lost, self._lost = self._lost, None
        if lost is not None:
            raise self._error("flush of the log failed", lost) from lost

    def cut(self) -> int:
        """Finish the segment that is being written and return the number of the one that follows.

        Records appended from now on lie in that segment or a later one. A flush that fails is reported by ``sync``.
        """
        self._retire()
        return self._next

    def truncate_before(self, segment: int) -> int:
        """Delete the segments lower than ``segment``, the oldest first, and return how many were deleted.

        The segment being written stays. Raises WalFailed; a later call goes on where this one stopped.
        """
        limit = min(segment, self.last_segment)
        doomed = [number for number in self._segments if number < limit]
        try:
            for number in doomed:
                with suppress(FileNotFoundError):
                    self._files.unlink(self._path(number))
                self._segments.remove(number)
            if doomed:
                fsync_dir(self._directory, self._files)
        except OSError as error:
            raise self._error(f"cannot delete segments before {limit}", error) from error
        return len(doomed)

    def close(self) -> None:
        """Flush and close. Raises like ``sync``. The writer may be used again and then begins another segment."""
        self._retire()
        self.sync()

    def _segment_for(self, batch_bytes: int) -> _OpenSegment:
        segment = self._open
        if segment is not None and segment.sequence and segment.end + batch_bytes > self._segment_bytes:
            self._retire()
        return self._open or self._create()

    def _create(self) -> _OpenSegment:
        number, salt = self._next, self._random_bytes(SALT_BYTES)
        path = self._path(number)
        try:
            fd = self._files.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
        except OSError as error:
            raise self._error(f"cannot create segment {number}", error) from error
        try:
            write_all(self._files, fd, [encode_segment_header(salt)])
            # The name must be durable before a record in the file is; the header is flushed with the first record.
            fsync_dir(self._directory, self._files)
        except OSError as error:
            self._abandon(number, fd)
            raise self._error(f"cannot begin segment {number}", error) from error
        self._segments.append(number)
        self._next = number + 1
        self._open = _OpenSegment(number, fd, salt, SEGMENT_HEADER_BYTES)
        return self._open

    def _abandon(self, number: int, fd: int) -> None:
        """Take back a segment that could not be begun, so that its number can be used by the next attempt."""
        with suppress(OSError):
            self._files.close(fd)
        try:
            self._files.unlink(self._path(number))
        except OSError:
            self._segments.append(number)
            self._next = number + 1

    def _write(self, segment: _OpenSegment, buffers: Sequence[Buffer]) -> None:
        segment.dirty = True
        try:
            write_all(self._files, segment.fd, buffers)
        except OSError as error:
            try:
                self._files.truncate(segment.fd, segment.end)
                usable = is_full(error)
            except OSError:
                usable = False
            if not usable:
                # A file that failed other than by lack of room is not trusted with more records.
                self._retire()
            raise self._error(f"append to segment {segment.number} failed", error) from error

    def _flush(self) -> None:
        """Flush the open segment; a failure is kept for ``sync`` and the segment is left behind."""
        segment = self._open
        if segment is None or not segment.dirty:
            return
        try:
            self._files.sync_data(segment.fd)
            segment.dirty = False
        except OSError as error:
            self._lost = self._lost or error
            self._drop()

    def _retire(self) -> None:
        self._flush()
        self._drop()

    def _drop(self) -> None:
        if self._open is not None:
            with suppress(OSError):
                self._files.close(self._open.fd)
            self._open = None

    def _path(self, number: int) -> Path:
        return self._directory / segment_name(number)

    def _error(self, what: str, error: OSError) -> WalError:
        kind = WalFull if is_full(error) else WalFailed
        return kind(f"{what}: {error.strerror or error}")
