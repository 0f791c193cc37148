"""Messages in gRPC's frames: ``uint8 flags, uint32 length (big endian), length bytes``.

Of the flags the lowest bit says that the message is compressed; the highest, in gRPC-Web, that the frame holds
trailers as lines of text.
"""

from __future__ import annotations

import struct

from ingest.profiles.pprof.gunzip import gunzip_bounded
from ingest.profiles.reasons import Reason, Rejection

_PREFIX = struct.Struct(">BI")
PREFIX_BYTES = _PREFIX.size

COMPRESSED, TRAILERS = 0x01, 0x80

_GZIP_MAGIC = b"\x1f\x8b"


def frame(content: bytes, flags: int = 0) -> bytes:
    """Return ``content`` in a frame."""
    return _PREFIX.pack(flags, len(content)) + content


def only_message(framed: bytes, encoding: str, max_bytes: int, max_ratio: int) -> bytes | Rejection:
    """Return the one message of a unary request, decompressed; all that is not exactly one is refused."""
    if len(framed) < PREFIX_BYTES:
        return Rejection(Reason.BAD_REQUEST, f"The request ended after {len(framed)} of the 5 bytes before a message.")
    flags, length = _PREFIX.unpack_from(framed)
    if flags & ~COMPRESSED:
        return Rejection(Reason.BAD_REQUEST, f"A request cannot have a frame with the flags {flags:#04x}.")
    if length > max_bytes:
        return Rejection(Reason.BODY_TOO_LARGE, f"The message is larger than {max_bytes} bytes.")
    message = framed[PREFIX_BYTES:]
    if len(message) < length:
        return Rejection(Reason.BAD_REQUEST, f"The message ended after {len(message)} of {length} bytes.")
    if len(message) > length:
        return Rejection(Reason.BAD_REQUEST, "A unary request has one message, and more follows it.")
    if not flags & COMPRESSED:
        return message
    if encoding not in ("gzip", ""):
        return Rejection(
            Reason.UNSUPPORTED_ENCODING, f"grpc-encoding {encoding[:40]!r} is not supported; gzip and identity are."
        )
    if not encoding or not message.startswith(_GZIP_MAGIC):
        return Rejection(Reason.BAD_GZIP, "The message says that it is compressed and is not gzip.")
    return gunzip_bounded(message, max_bytes, max_ratio)


def unpacked(message: bytes, max_bytes: int, max_ratio: int) -> bytes | Rejection:
    """Return a message that the transport took out of its frame and left compressed.

    The flag is gone by then. The first byte of gzip, 0x1f, would be a protobuf tag of wire type 7, which does not
    exist, so nothing that is a message is taken for gzip.
    """
    if len(message) > max_bytes:
        return Rejection(Reason.BODY_TOO_LARGE, f"The message is larger than {max_bytes} bytes.")
    if not message.startswith(_GZIP_MAGIC):
        return message
    return gunzip_bounded(message, max_bytes, max_ratio)
