"""The records of a log that say which head took the pushes between them.

HEAD_OPEN comes before the first push of a head and HEAD_SEALED after its last. HEAD_WRITTEN occurs in checkpoints alone
and stands for a HEAD_OPEN: the pushes that follow are in a block already, and what came before them is gone.

Payload of all three: a JSON object with ``tenant``, ``ulid`` and ``at_ns``. Payload of PUSH: concatenated push records
(:mod:`ingest.profiles.record`), as they came or cut to those of one log.
"""

from __future__ import annotations

import msgspec

from ingest.storage.fs import Buffer


class HeadMark(msgspec.Struct, frozen=True):
    """What a mark says of a head."""

    tenant: str
    ulid: str
    at_ns: int


_decoder = msgspec.json.Decoder(HeadMark)


def encode_mark(mark: HeadMark) -> bytes:
    """Return the payload of a mark."""
    return msgspec.json.encode(mark)


def decode_mark(payload: Buffer) -> HeadMark:
    """Return what the payload of a mark says; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(payload)
