"""What an ingester answers to a message of pushes: the one thing distributors and ingesters share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class AckCode(IntEnum):
    """What an ingester says of one push record. One byte on the wire; numbers are never reused.

    0-1 are successes; 2-63 are the server's fault (asking again may help); 64 and up are the sender's.
    """

    STORED = 0  #: every group of the record is in the fsynced log
    DUPLICATE = 1  #: every group had been stored before: as good as stored
    PAYLOAD_GONE = 2  #: the payload had expired before the ingester came to it
    DAMAGED = 3  #: the record did not survive the way
    LOG_FAILED = 4  #: the write-ahead log could not be written: disk full or broken
    OVERLOADED = 5  #: sealed heads wait for the disk and memory is at its bound
    NOT_SERVING = 6  #: the ingester is starting or leaving
    UNREACHABLE = 7  #: never sent by an ingester: the batch could not be handed over
    BACKLOGGED = 8  #: never sent by an ingester: its queue is long; the message is in it, but nobody waits for it
    TOO_OLD = 64  #: older than the window within which profiles may come out of order

    @classmethod
    def from_wire(cls, value: int) -> AckCode:
        """Return the code for a byte; one that this version does not know counts as damage."""
        return cls(value) if value in cls._value2member_map_ else cls.DAMAGED

    @property
    def is_success(self) -> bool:
        """Whether this replica holds the record."""
        return self <= AckCode.DUPLICATE

    @property
    def is_client_error(self) -> bool:
        """Whether the sender has to change something before it can succeed."""
        return self >= 64


@dataclass(frozen=True, slots=True)
class Ack:
    """An ingester's answer to one message."""

    batch_id: str
    instance: str
    codes: Mapping[str, bytes]  #: payload name -> one AckCode byte for each record, or a single one for all of them

    def codes_of(self, payload_name: str, records: int) -> list[AckCode]:
        """Return the code of each record. An answer that does not fit counts as damage for all."""
        codes = self.codes.get(payload_name, b"")
        if len(codes) == 1:
            codes *= records
        if len(codes) != records:
            return [AckCode.DAMAGED] * records
        return [AckCode.from_wire(code) for code in codes]
