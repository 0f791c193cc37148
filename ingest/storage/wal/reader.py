"""Reading the write-ahead log back after a restart.

Damage never stops a replay. Whatever does not verify is reported with its place and length, a copy is kept in
``quarantine/``, and reading goes on at the next record whose header verifies. A tail that does not verify in the newest
segment is cut off, as that is what a crash leaves.

Memory stays within one window plus one record, whatever the size of a segment. Segments are read, not mapped: a bad
sector under a mapping kills the process with SIGBUS, while a failed read can be reported and passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from ingest.storage.fs import DISK, Files, directory_bytes, write_file_durably
from ingest.storage.wal.format import (
    FORMAT_VERSION,
    RECORD_HEADER_BYTES,
    RECORD_MARKER,
    SEGMENT_HEADER_BYTES,
    RecordHeader,
    checksum,
    decode_record_header,
    decode_segment_header,
    segment_name,
)
from ingest.storage.wal.writer import list_segments

#: How much of a segment is read at once.
WINDOW_BYTES: Final = 1 << 20

#: Upper bound of what ``quarantine/`` holds; further damage is reported but not copied.
QUARANTINE_BYTES: Final = 256 << 20

QUARANTINE: Final = "quarantine"

#: After a failed read the same bytes are tried again in pieces of this size, a page, to lose no more than needed.
_PIECE_BYTES: Final = 4096

#: How much is searched at once for the next record; smaller than a window, so that the search stays inside it.
_SCAN_BYTES: Final = 256 << 10


class Damage(StrEnum):
    """What is wrong with a range of a segment."""

    SEGMENT_HEADER = "segment header damaged"
    UNKNOWN_VERSION = "segment of an unknown version"
    RECORD_HEADER = "record header damaged"
    PAYLOAD = "payload damaged"
    REPEATED = "record repeated"
    TORN = "record ends beyond the file"
    ZEROS = "zeros"


@dataclass(frozen=True, slots=True)
class WalRecord:
    """One verified record. ``data`` is aligned to 8 bytes in memory; holding it may hold a window of 1 MiB."""

    kind: int
    data: memoryview
    segment: int
    offset: int  #: of the record header in the segment


@dataclass(frozen=True, slots=True)
class WalDamage:
    """A range of a segment that holds no verified record. ``length`` may span several lost records."""

    segment: int
    offset: int
    length: int
    what: Damage
    truncated: bool = False  #: the range was the tail of the newest segment and was cut off
    quarantined: Path | None = None  #: where a copy of the range is


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay met so far."""

    segments: int
    records: int
    payload_bytes: int
    damages: tuple[WalDamage, ...]
    missing_segments: tuple[int, ...]  #: numbers that lie between two segments that exist
    unreadable_bytes: int  #: bytes the disk refused to give; they were taken as zeros


class Replay:
    """Iterator over the records of a log, oldest first. ``report`` tells what was met, complete at the end."""

    def __init__(
        self,
        directory: Path,
        from_segment: int,
        up_to: int | None,
        repair: bool,
        quarantine: Path | None,
        quarantine_bytes: int,
        files: Files,
    ) -> None:
        self._directory = directory
        self._repair = repair
        self._quarantine = quarantine if quarantine is not None else directory / QUARANTINE
        self._quarantine_prefix = f"{directory.name}-" if quarantine is not None else ""
        self._quarantine_bytes = quarantine_bytes
        self._files = files
        found = list_segments(directory)
        self._numbers = [one for one in found if from_segment <= one and (up_to is None or one <= up_to)]
        self._segments = 0
        self._records = 0
        self._payload_bytes = 0
        self._unreadable_bytes = 0
        self._damages: list[WalDamage] = []
        self._walk = self._run()

    def __iter__(self) -> Iterator[WalRecord]:
        return self._walk

    def __next__(self) -> WalRecord:
        return next(self._walk)

    @property
    def report(self) -> ReplayReport:
        """Counts and damages up to here."""
        present = set(self._numbers)
        span = range(self._numbers[0], self._numbers[-1]) if self._numbers else ()
        return ReplayReport(
            self._segments,
            self._records,
            self._payload_bytes,
            tuple(self._damages),
            tuple(number for number in span if number not in present),
            self._unreadable_bytes,
        )

    def _run(self) -> Iterator[WalRecord]:
        for number in self._numbers:
            path = self._directory / segment_name(number)
            fd = self._files.open(path, os.O_RDWR if self._repair else os.O_RDONLY)
            try:
                segment = _Segment(self._files, fd, number)
                for found in segment.walk():
                    if isinstance(found, WalRecord):
                        self._records += 1
                        self._payload_bytes += len(found.data)
                        yield found
                    else:
                        self._damages.append(self._settle(found, segment, fd))
                self._segments += 1
                self._unreadable_bytes += segment.unreadable_bytes
            finally:
                self._files.close(fd)

    def _settle(self, damage: WalDamage, segment: _Segment, fd: int) -> WalDamage:
        """Keep a copy of the damaged range and cut it off when it is the tail of the newest segment."""
        if not self._repair:
            return damage
        at_end = damage.offset + damage.length == segment.size
        # Nothing of value can be in zeros, in a record met before, or in one that was still being written.
        worthless = damage.what in (Damage.ZEROS, Damage.REPEATED) or (damage.what is Damage.TORN and at_end)
        if not worthless:
            damage = replace(damage, quarantined=self._copy(damage, segment))
        is_newest = damage.segment == self._numbers[-1] and damage.what is not Damage.UNKNOWN_VERSION
        if at_end and is_newest and (worthless or damage.quarantined is not None):
            # A disk that refuses leaves the tail where it is: it was reported, and nothing is ever appended to it.
            with suppress(OSError):
                self._files.truncate(fd, damage.offset)
                self._files.sync(fd)
                damage = replace(damage, truncated=True)
        return damage

    def _copy(self, damage: WalDamage, segment: _Segment) -> Path | None:
        folder = self._quarantine
        target = folder / f"{self._quarantine_prefix}{damage.segment:08d}-{damage.offset}.bin"
        try:
            if target.is_file() and target.stat().st_size == damage.length:
                return target  # an earlier start met the same damage
            if directory_bytes(folder) + damage.length > self._quarantine_bytes:
                return None
            folder.mkdir(exist_ok=True)
            end = damage.offset + damage.length
            places = range(damage.offset, end, _SCAN_BYTES)
            pieces = (segment.view(place, min(_SCAN_BYTES, end - place)) for place in places)
            write_file_durably(target, pieces, self._files)
        except OSError:
            return None
        return target


def replay(
    directory: Path,
    from_segment: int = 0,
    *,
    up_to: int | None = None,
    repair: bool = True,
    quarantine: Path | None = None,
    quarantine_bytes: int = QUARANTINE_BYTES,
    files: Files = DISK,
) -> Replay:
    """Read the segments from ``from_segment`` to ``up_to``, in order. A missing or empty directory gives no records.

    ``quarantine`` is where copies of damage go, by default a folder of the directory. ``repair`` cuts off a damaged
    tail and keeps copies of damage; without it nothing on the disk changes. Repair only a log that nobody is writing
    to. Raises OSError when a segment cannot be opened.
    """
    return Replay(directory, from_segment, up_to, repair, quarantine, quarantine_bytes, files)


class _Segment:
    """One open segment: a sliding window over its bytes and the walk from record to record."""

    def __init__(self, files: Files, fd: int, number: int) -> None:
        self._files = files
        self._fd = fd
        self._number = number
        self.size = files.size(fd)
        self.unreadable_bytes = 0
        self._window = memoryview(b"")
        self._window_start = 0
        self._salt: bytes | None = None
        self._sequence = 0  # of the last good record; later ones must be higher, so a repeated record is found out

    def walk(self) -> Iterator[WalRecord | WalDamage]:
        """Yield each verified record and each range between them, which together cover the file after its header."""
        offset = 0
        if self.size:  # a crash between creation and first write leaves no bytes, which is no damage
            header = decode_segment_header(self.view(0, min(SEGMENT_HEADER_BYTES, self.size)))
            if header is not None and header.version != FORMAT_VERSION:
                yield WalDamage(self._number, 0, self.size, Damage.UNKNOWN_VERSION)
                return
            if header is not None:
                self._salt = header.salt
                offset = SEGMENT_HEADER_BYTES
        while offset < self.size:
            found = self._verified(offset)
            if isinstance(found, Damage):
                end = self._next_header(offset + 1)
                yield WalDamage(self._number, offset, end - offset, self._name_damage(offset, end, found))
            else:
                header_found, data = found
                end = offset + RECORD_HEADER_BYTES + len(data)
                if header_found.sequence > self._sequence:
                    self._salt, self._sequence = header_found.salt, header_found.sequence
                    yield WalRecord(header_found.kind, data, self._number, offset)
                else:
                    yield WalDamage(self._number, offset, end - offset, Damage.REPEATED)
            offset = end

    def view(self, offset: int, count: int) -> memoryview:
        """Return exactly ``count`` bytes, all inside the file."""
        start = offset - self._window_start
        if start < 0 or start + count > len(self._window):
            wanted = min(max(count, WINDOW_BYTES), self.size - offset)
            self._window = memoryview(self._read(offset, wanted))
            self._window_start, start = offset, 0
        return self._window[start : start + count]

    def _verified(self, offset: int) -> tuple[RecordHeader, memoryview] | Damage:
        """Read the record at ``offset`` and check both of its CRCs."""
        left = self.size - offset
        if left < (RECORD_HEADER_BYTES if offset else SEGMENT_HEADER_BYTES):
            return Damage.TORN
        if not offset:
            return Damage.SEGMENT_HEADER
        header = decode_record_header(self.view(offset, RECORD_HEADER_BYTES), 0, self._salt)
        if header is None:
            return Damage.RECORD_HEADER
        if RECORD_HEADER_BYTES + header.payload_bytes > left:
            return Damage.TORN
        data = self.view(offset, RECORD_HEADER_BYTES + header.payload_bytes)[RECORD_HEADER_BYTES:]
        if checksum(data) != header.payload_crc:
            return Damage.PAYLOAD
        if (offset - self._window_start) % 8:
            data = memoryview(bytes(data))  # columns are read in place and must lie on 8 bytes
        return header, data

    def _next_header(self, offset: int) -> int:
        """Return where the next header that verifies begins, or the end of the file."""
        while self.size - offset >= RECORD_HEADER_BYTES:
            piece = self.view(offset, min(_SCAN_BYTES, self.size - offset)).tobytes()
            marker = RECORD_MARKER if self._salt is None else RECORD_MARKER + self._salt
            place = piece.find(marker)
            while 0 <= place <= len(piece) - RECORD_HEADER_BYTES:
                if decode_record_header(piece, place, self._salt) is not None:
                    return offset + place
                place = piece.find(marker, place + 1)
            # A header may begin in the last bytes of this piece: the next one starts there.
            offset += len(piece) - RECORD_HEADER_BYTES + 1
        return self.size

    def _name_damage(self, start: int, end: int, what: Damage) -> Damage:
        if what is Damage.RECORD_HEADER or what is Damage.TORN:
            pieces = (self.view(at, min(_SCAN_BYTES, end - at)).tobytes() for at in range(start, end, _SCAN_BYTES))
            if all(piece.count(0) == len(piece) for piece in pieces):
                return Damage.ZEROS
        return what

    def _read(self, offset: int, count: int) -> bytes:
        try:
            return self._read_range(offset, count)
        except OSError:
            pieces = []
            for place in range(offset, offset + count, _PIECE_BYTES):
                length = min(_PIECE_BYTES, offset + count - place)
                try:
                    pieces.append(self._read_range(place, length))
                except OSError:
                    pieces.append(bytes(length))
                    self.unreadable_bytes += length
            return b"".join(pieces)

    def _read_range(self, offset: int, count: int) -> bytes:
        data = self._files.pread(self._fd, count, offset)
        while len(data) < count:
            more = self._files.pread(self._fd, count - len(data), offset + len(data))
            if not more:  # the file shrank under the reader
                more = bytes(count - len(data))
            data += more
        return data
