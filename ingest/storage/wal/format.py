"""Bytes of the write-ahead log: segment header, record header, file names. The layout is drawn in docs/wal.md.

Nothing here touches a file. Payloads are opaque: what a record means is known to the head.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ingest.storage.fs import Buffer

#: 64 MiB: a segment is the unit of deletion, and a head lives in few of them.
DEFAULT_SEGMENT_BYTES: Final = 64 << 20

FORMAT_VERSION: Final = 1
SEGMENT_MAGIC: Final = b"phlrwal\n"
SEGMENT_HEADER_BYTES: Final = 32
RECORD_MARKER: Final = b"\xf5rec"  # 0xf5 occurs in no UTF-8 text, so a search does not stop in symbol tables
RECORD_HEADER_BYTES: Final = 32
SALT_BYTES: Final = 8
MAX_PAYLOAD_BYTES: Final = 0xFFFF_FFFF

_SEGMENT: Final = struct.Struct("<8sII8s4xI")
_RECORD: Final = struct.Struct("<4s8sB3xIIII")
_CRC: Final = struct.Struct("<I")
_NAME: Final = re.compile(r"[0-9]{8}\.wal")


class RecordKind(IntEnum):
    """Kinds the ingester writes. The log carries any number from 0 to 255."""

    PUSH = 1  #: push records as they came, concatenated
    HEAD_OPEN = 2
    HEAD_SEALED = 3
    HEAD_WRITTEN = 4  #: in checkpoints: the head's pushes that follow are in a block


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """What the first 32 bytes of a segment say once their CRC holds."""

    version: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class RecordHeader:
    """What the 32 bytes before a payload say once their CRC holds."""

    salt: bytes
    kind: int
    sequence: int
    payload_bytes: int
    payload_crc: int


def checksum(data: Buffer) -> int:
    """CRC-32 (zlib's polynomial) of the bytes.

    Rejected: CRC-32C, which would need a dependency. zlib is in the standard library, runs at 2 GB/s and more here,
    releases the GIL, and finds the same classes of error at these lengths.
    """
    return zlib.crc32(data)


def segment_name(number: int) -> str:
    """File name of segment ``number``, which counts from 1."""
    return f"{number:08d}.wal"


def segment_number(name: str) -> int | None:
    """Inverse of ``segment_name``; None for the name of any other file."""
    return int(name[:8]) if _NAME.fullmatch(name) and int(name[:8]) else None


def encode_segment_header(salt: bytes) -> bytes:
    """Return the 32 bytes a segment begins with. ``salt`` is 8 random bytes that all its records repeat."""
    body = _SEGMENT.pack(SEGMENT_MAGIC, FORMAT_VERSION, 0, salt, 0)[:-4]
    return body + _CRC.pack(checksum(body))


def decode_segment_header(data: Buffer) -> SegmentHeader | None:
    """Read a segment header; None when it is short or damaged. The version may be one unknown here."""
    if len(data) < SEGMENT_HEADER_BYTES:
        return None
    magic, version, _, salt, crc = _SEGMENT.unpack_from(data)
    if magic != SEGMENT_MAGIC or crc != checksum(memoryview(data)[: SEGMENT_HEADER_BYTES - 4]):
        return None
    return SegmentHeader(version, salt)


def encode_record_header(salt: bytes, kind: int, sequence: int, payload: Buffer) -> bytes:
    """Return the 32 bytes that go before ``payload``. ``sequence`` counts the records of the segment from 1."""
    body = _RECORD.pack(RECORD_MARKER, salt, kind, sequence, len(payload), checksum(payload), 0)[:-4]
    return body + _CRC.pack(checksum(body))


def decode_record_header(data: Buffer, offset: int, salt: bytes | None) -> RecordHeader | None:
    """Read the record header at ``offset`` of ``data``; None when there is no whole one of this segment.

    ``salt`` None accepts any salt: the segment header, which would tell it, is damaged.
    """
    if offset + RECORD_HEADER_BYTES > len(data):
        return None
    marker, found_salt, kind, sequence, length, payload_crc, crc = _RECORD.unpack_from(data, offset)
    if marker != RECORD_MARKER or (salt is not None and found_salt != salt):
        return None
    if crc != checksum(memoryview(data)[offset : offset + RECORD_HEADER_BYTES - 4]):
        return None
    return RecordHeader(found_salt, kind, sequence, length, payload_crc)
