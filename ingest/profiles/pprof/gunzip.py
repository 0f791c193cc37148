"""Bounded decompression: a small body must not become a large one unnoticed."""

from __future__ import annotations

import zlib
from typing import Any, cast

from isal import isal_zlib

from ingest.profiles.reasons import Reason, Rejection

_INFLATE_ERRORS: tuple[type[Exception], ...] = (zlib.error, cast(Any, isal_zlib.error))
_MAGIC = b"\x1f\x8b"
#: 16 + 15: a gzip header and trailer around the largest window.
_GZIP_WINDOW = 31
#: Output below this passes whatever its ratio: it costs little, and small repetitive profiles compress extremely well.
_RATIO_FLOOR_BYTES = 1 << 20
#: A gzip member has at least a header of 10 bytes, a block of 2 and a trailer of 8.
_MIN_MEMBER_BYTES = 20
#: Concatenated members are rare; each costs a decompressor, so a body may not consist of nothing else.
_MAX_MEMBERS = 1024


def gunzip_bounded(data: bytes, max_bytes: int, max_ratio: int = 256) -> bytes | Rejection:
    """Return ``data`` decompressed when it is gzip (any number of members), else as it is.

    Refuses results above ``max_bytes`` (never decompressing more than one byte beyond), and results above
    ``max_ratio`` times the input once they exceed 1 MiB, both as DECOMPRESSED_TOO_LARGE. Damaged or cut gzip, and
    bytes after the last member, are BAD_GZIP.
    """
    if data[:2] != _MAGIC:
        if len(data) > max_bytes:
            return _too_large(f"{len(data)} bytes", max_bytes)
        return data
    bound = min(max_bytes, max(_RATIO_FLOOR_BYTES, max_ratio * len(data)))
    parts: list[bytes] = []
    size = 0
    rest = data
    while rest:
        if len(parts) == _MAX_MEMBERS or len(rest) < _MIN_MEMBER_BYTES or rest[:2] != _MAGIC:
            return Rejection(Reason.BAD_GZIP, f"{len(rest)} bytes after the end of the gzip data")
        inflater = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
        try:
            # a bound of 0 would mean none, hence the byte that may only be there in excess
            part = inflater.decompress(rest, bound - size + 1)
        except _INFLATE_ERRORS as error:
            return Rejection(Reason.BAD_GZIP, f"damaged gzip data: {error}")
        size += len(part)
        if size > bound:
            return _too_large(f"more than {bound} bytes from {len(data)}", max_bytes)
        if not inflater.eof:
            return Rejection(Reason.BAD_GZIP, "the gzip data is cut off")
        parts.append(part)
        rest = inflater.unused_data
    return parts[0] if len(parts) == 1 else b"".join(parts)


def claimed_bytes(data: bytes) -> int:
    """Return how large ``data`` says to be once decompressed: by the trailer of its last gzip member, or as it is.

    A stream of one member is refused when that is not true; one of several members is larger.
    """
    if data[:2] != _MAGIC or len(data) < _MIN_MEMBER_BYTES:
        return len(data)
    return int.from_bytes(data[-4:], "little")


def _too_large(what: str, max_bytes: int) -> Rejection:
    """Return the refusal of a result above the bounds."""
    return Rejection(Reason.DECOMPRESSED_TOO_LARGE, f"decompressed to {what}, at most {max_bytes} are allowed")
