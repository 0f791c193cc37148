"""Small logs whose bytes the tests of the log damage."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ingest.storage.wal.format import RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, segment_name
from ingest.storage.wal.reader import Replay, WalDamage, replay
from ingest.storage.wal.writer import WalWriter

#: Payloads of different lengths, one of them empty; each names itself.
PAYLOADS = (b"one" * 9, b"", b"three" * 50, b"four" * 11, b"five")


def write_log(directory: Path, payloads: Iterable[bytes] = PAYLOADS) -> list[int]:
    """Write one segment and return where each record begins, with the end of the segment last."""
    writer = WalWriter(directory)
    offsets = [SEGMENT_HEADER_BYTES]
    for kind, payload in enumerate(payloads):
        writer.append([(kind, payload)])
        offsets.append(offsets[-1] + RECORD_HEADER_BYTES + len(payload))
    writer.close()
    return offsets


def segment_path(directory: Path, number: int = 1) -> Path:
    return directory / segment_name(number)


def read_all(directory: Path, **options: object) -> tuple[list[bytes], tuple[WalDamage, ...]]:
    """Replay to the end; return the payloads and the damages."""
    run = replay(directory, **options)  # type: ignore[arg-type]
    return payloads_of(run), run.report.damages


def payloads_of(run: Replay) -> list[bytes]:
    return [bytes(record.data) for record in run]
