"""The records of a log that say which head took the pushes between them.

Payload of HEAD_OPEN and HEAD_SEALED: a JSON object with ``tenant``, ``ulid`` and ``at_ns``. Payload of PUSH:
concatenated push records (:mod:`ingest.profiles.record`), as they came or cut to those of one log.
"""

from __future__ import annotations

import msgspec

from ingest.storage.fs import Buffer


class HeadMark(msgspec.Struct, frozen=True):
    """What HEAD_OPEN and HEAD_SEALED say of a head."""

    tenant: str
    ulid: str
    at_ns: int


_decoder = msgspec.json.Decoder(HeadMark)


def encode_mark(mark: HeadMark) -> bytes:
    """Return the payload of a HEAD_OPEN or HEAD_SEALED record."""
    return msgspec.json.encode(mark)


def decode_mark(payload: Buffer) -> HeadMark:
    """Return what the payload of such a record says; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(payload)
