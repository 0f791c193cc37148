"""Checkpoints of a log: what is still needed of its oldest segments, in a directory that takes their place.

``checkpoint.<N>`` has the layout of a log and stands for the segments up to N. It gets its name when it is complete and
flushed; only then are those segments and older checkpoints deleted. So at every moment the newest checkpoint and the
segments after its N hold everything, and a crash anywhere leaves at most files that the next start removes.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

from ingest.storage.errors import WalError
from ingest.storage.fs import TMP_SUFFIX, Buffer, Files, fsync_dir, remove_leftovers, rename_durably
from ingest.storage.wal.format import segment_name
from ingest.storage.wal.reader import QUARANTINE, Replay, ReplayReport, WalRecord, replay
from ingest.storage.wal.writer import WalWriter, list_segments

#: Records written in one call; a batch lies in one segment.
_BATCH_RECORDS: Final = 32
_NAME: Final = re.compile(r"checkpoint\.([0-9]{8})")
#: The segment that records of a checkpoint are said to lie in: before every real one.
CHECKPOINT_SEGMENT: Final = 0


def checkpoint_name(number: int) -> str:
    """Name of the directory that stands for the segments up to ``number``."""
    return f"checkpoint.{number:08d}"


def list_checkpoints(directory: Path) -> list[int]:
    """Numbers of the complete checkpoints of a log, ascending."""
    if not directory.is_dir():
        return []
    found = (_NAME.fullmatch(entry.name) for entry in directory.iterdir() if entry.is_dir())
    return sorted(int(match[1]) for match in found if match is not None)


def last_replaced(finished: list[int]) -> int | None:
    """Return the N of the next checkpoint: two thirds of the segments that are no longer written, as Prometheus takes.

    The youngest third is left alone because most of it is still needed. None when there are too few to gain anything.
    """
    if not finished:
        return None
    first, last = finished[0], finished[-1]
    number = first + (last - first) * 2 // 3
    return number if number > first else None


def write_checkpoint(
    directory: Path, number: int, records: Iterable[tuple[int, Buffer]], segment_bytes: int, files: Files
) -> None:
    """Write records, (kind, payload) in the order of the log, as the checkpoint that stands for segments <= ``number``.

    Deletes nothing of the log. Raises WalError or OSError; then there is no such checkpoint, unless only the flush of
    its name failed, which leaves a complete one that does no harm.
    """
    final = directory / checkpoint_name(number)
    temporary = final.with_name(final.name + TMP_SUFFIX)
    shutil.rmtree(temporary, ignore_errors=True)
    if final.exists():
        discard_checkpoint(directory, number, files)  # the flush of its name failed the last time
    try:
        writer = WalWriter(temporary, segment_bytes, files)
        waiting = iter(records)
        while batch := list(islice(waiting, _BATCH_RECORDS)):
            writer.append(batch)
        writer.close()
        fsync_dir(temporary, files)
        rename_durably(temporary, final, files)
    except (WalError, OSError):
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def discard_checkpoint(directory: Path, number: int, files: Files) -> None:
    """Delete a checkpoint. A crash leaves it whole or under a name that the next start removes. Raises OSError."""
    final = directory / checkpoint_name(number)
    temporary = final.with_name(final.name + TMP_SUFFIX)
    shutil.rmtree(temporary, ignore_errors=True)
    rename_durably(final, temporary, files)
    shutil.rmtree(temporary, ignore_errors=True)


def settle_checkpoints(directory: Path, files: Files) -> int:
    """Finish what a crash interrupted: remove what is void; return the N of the newest checkpoint, 0 without one.

    Call it at start only. A disk that refuses leaves the files where they are; nothing reads them.
    """
    if not directory.is_dir():
        return 0
    with suppress(OSError):
        remove_leftovers(directory, files=files)
        remove_leftovers(directory / QUARANTINE, files=files)
    checkpoints = list_checkpoints(directory)
    if not checkpoints:
        return 0
    newest = checkpoints[-1]
    with suppress(OSError):
        fsync_dir(directory, files)  # its name is durable before anything it stands for goes
        for number in list_segments(directory):
            if number <= newest:
                files.unlink(directory / segment_name(number))
        for number in checkpoints[:-1]:
            discard_checkpoint(directory, number, files)
    return newest


class LogReplay:
    """Iterator over the records of a whole log: its checkpoint, then the segments after it. ``report`` as of a replay.

    Records of the checkpoint have the segment CHECKPOINT_SEGMENT.
    """

    def __init__(self, directory: Path, checkpoint: int, repair: bool, files: Files, up_to: int | None = None) -> None:
        """``checkpoint`` is the N to begin with, 0 for none; ``up_to`` the last segment to read. ``repair`` as in
        :func:`ingest.storage.wal.reader.replay`.
        """
        self._parts: list[Replay] = []
        if checkpoint:
            folder = directory / checkpoint_name(checkpoint)
            quarantine = directory / QUARANTINE
            self._parts.append(replay(folder, repair=repair, files=files, quarantine=quarantine))
        self._has_checkpoint = bool(checkpoint)
        self._parts.append(replay(directory, checkpoint + 1, repair=repair, files=files, up_to=up_to))

    def __iter__(self) -> Iterator[WalRecord]:
        if self._has_checkpoint:
            for record in self._parts[0]:
                yield WalRecord(record.kind, record.data, CHECKPOINT_SEGMENT, record.offset)
        yield from self._parts[-1]

    @property
    def report(self) -> ReplayReport:
        """Counts and damages up to here; damages of a checkpoint name its own segments."""
        reports = [part.report for part in self._parts]
        return ReplayReport(
            segments=sum(one.segments for one in reports),
            records=sum(one.records for one in reports),
            payload_bytes=sum(one.payload_bytes for one in reports),
            damages=tuple(damage for one in reports for damage in one.damages),
            missing_segments=tuple(number for one in reports for number in one.missing_segments),
            unreadable_bytes=sum(one.unreadable_bytes for one in reports),
        )
