"""The chunks of a recording: a recording is one or more of them, each complete in itself.

A chunk starts with a header, all numbers big endian:

======  =====  ==============================================================
offset  bytes  content
======  =====  ==============================================================
0       4      magic, ``FLR\\0``
4       2      major version, 1 or 2
6       2      minor version
8       8      size of the chunk in bytes, header included
16      8      offset of the last checkpoint
24      8      offset of the metadata event
32      8      start, Unix ns
40      8      duration, ns
48      8      start, ticks
56      8      ticks per second
64      1      generation; 255: still being written
65      1      not used
66      2      features; bit 0: integers are compressed
======  =====  ==============================================================

Offsets count from the start of the chunk. Events follow up to its end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.profiles.formats.refused import malformed

_HEADER = struct.Struct(">4sHHQQQqqqqBBH")
_MAGIC = b"FLR\0"
_VERSIONS = (1, 2)
_IS_COMPRESSED = 1

#: The JDK starts a chunk every 12 MB; the agent's uploads of ten seconds are one.
MAX_CHUNKS = 1000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where a chunk lies; positions count from the start of the recording."""

    start: int
    events: int  #: position of the first event
    metadata: int  #: position of the metadata event
    end: int
    is_plain: bool  #: integers have a fixed size
    start_ns: int
    duration_ns: int


def chunks_of(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a recording; raises Refused."""
    start = count = 0
    while start < len(data) or not count:
        if count == MAX_CHUNKS:
            raise malformed(f"the recording has more than {MAX_CHUNKS} chunks")
        chunk = _chunk_at(data, start)
        yield chunk
        start = chunk.end
        count += 1


def _chunk_at(data: bytes, start: int) -> Chunk:
    """Return the chunk that starts at ``start``."""
    if data[start : start + len(_MAGIC)] != _MAGIC:
        what = "there is no chunk" if start else "not a JFR recording: it does not start with a chunk"
        raise malformed(f"{what} (at byte {start})")
    if len(data) - start < _HEADER.size:
        raise malformed(f"the header of the chunk at byte {start} is cut off")
    _, major, minor, size, _, metadata, start_ns, duration_ns, *_, features = _HEADER.unpack_from(data, start)
    if major not in _VERSIONS:
        raise malformed(f"the chunk at byte {start} has version {major}.{minor}, those read are 1 and 2")
    if not _HEADER.size <= size <= len(data) - start:
        raise malformed(
            f"the chunk at byte {start} says it has {size} bytes, of {len(data) - start} that are there: "
            "the recording is cut off, or was still being written"
        )
    if not _HEADER.size <= metadata < size:
        raise malformed(f"the chunk at byte {start} of {size} bytes has its metadata at {metadata}")
    is_plain = not features & _IS_COMPRESSED
    return Chunk(start, start + _HEADER.size, start + metadata, start + size, is_plain, start_ns, duration_ns)
