"""What a querier asks of a source of parts, and what comes back: MessagePack, columns as little-endian bytes.

A request is asked of an ingester (its heads and local blocks) or of a block worker (named blocks of the bucket). Both
ends are always of one version: requests live for seconds. Unknown fields are refused by the decoder.

A request or reply is a MessagePack array with the fields in the order given here. Columns are raw little-endian bytes:
fingerprints, counts, identities and times take 8 bytes an entry.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64, U64
from ingest.profiles.sample_choice import EVERY_SAMPLE, ExemplarKind, SampleChoice

T = TypeVar("T")


class ReadOp(StrEnum):
    """The questions a source answers."""

    DIGESTS = "digests"  #: per part and series: how many rows, and a digest of their identities
    IDENTITIES = "identities"  #: per part: identity of each row of the named series
    MERGE = "merge"  #: the named rows summed into one stack profile
    POINTS = "points"  #: totals of the named rows per time step and label group
    VALUES = "values"  #: smallest and largest value among the named rows
    HEATMAP = "heatmap"  #: how many of the named rows per time step, value bucket and label group
    HELD = "held"  #: per part: how much of the matching series lies in the range
    PROJECT = "project"  #: distinct projections of matching series on some labels
    LABEL_NAMES = "label_names"  #: names of the labels of matching series
    LABEL_VALUES = "label_values"  #: values of one label of matching series


#: Value buckets of a heatmap. Pyroscope has as many.
HEATMAP_BUCKETS = 20


class BlockRef(msgspec.Struct, array_like=True, frozen=True):
    """A block of the bucket that a block worker is to open."""

    part_id: str
    tenant: str
    prefix: str  #: key prefix of its files in the bucket
    size_bytes: int


class PartSelection(msgspec.Struct, array_like=True, frozen=True):
    """Rows of one part: whole series by fingerprint, and single rows by (fingerprint, identity)."""

    part_id: str
    whole: bytes = b""  #: uint64[n] fingerprints
    row_fingerprint: bytes = b""  #: uint64[m]
    row_hi: bytes = b""  #: uint64[m]
    row_lo: bytes = b""  #: uint64[m]


class ReadRequest(msgspec.Struct, array_like=True, frozen=True):
    """One question about one tenant's rows with ``start_ns <= time < end_ns``."""

    op: ReadOp
    tenant: str
    matchers: str  #: JSON, :func:`ingest.profiles.selector.matchers_to_json`
    start_ns: int
    end_ns: int
    parts: list[PartSelection] = []
    blocks: list[BlockRef] = []  #: for a block worker: which blocks hold the parts
    by_name: bool = True
    step_ns: int = 0
    origin_ns: int = 0  #: time of point 0
    labels: list[str] = []  #: group-by labels, projection, or the one label whose values are asked
    choice: SampleChoice = EVERY_SAMPLE
    exemplars: ExemplarKind = ExemplarKind.NONE
    counted: ExemplarKind = ExemplarKind.INDIVIDUAL  #: what has the values of a VALUES or HEATMAP request
    floors: list[int] = []  #: HEATMAP: the least value of each bucket, ascending


class PartDigestReply(msgspec.Struct, array_like=True, frozen=True):
    """Digest columns of one part, one entry a series, ascending by fingerprint."""

    part_id: str
    owner: str
    fingerprint: bytes
    count: bytes
    digest_hi: bytes
    digest_lo: bytes
    min_time_ns: bytes
    max_time_ns: bytes


class PartIdentitiesReply(msgspec.Struct, array_like=True, frozen=True):
    """Identity columns of one part, one entry a row."""

    part_id: str
    owner: str
    fingerprint: bytes
    id_hi: bytes
    id_lo: bytes


class ExemplarsReply(msgspec.Struct, array_like=True, frozen=True):
    """The largest value of each step of one label group."""

    labels: list[list[tuple[str, str]]]  #: label sets without the labels of the group
    step: bytes  #: int64[m], ascending
    value: bytes  #: int64[m]
    series: bytes  #: int64[m], index into ``labels``
    time: bytes  #: int64[m], nanoseconds
    id_hi: bytes  #: uint64[m]
    id_lo: bytes  #: uint64[m]
    span: bytes  #: uint64[m], 0 = none
    trace_hi: bytes  #: uint64[m]
    trace_lo: bytes  #: uint64[m]; both 0 = none


class PointsReply(msgspec.Struct, array_like=True, frozen=True):
    """Totals of one label group: step numbers from the start of the range, sums and row counts.

    For a heatmap a step number is that of the step times HEATMAP_BUCKETS plus that of the bucket.
    """

    labels: list[tuple[str, str]]
    step: bytes  #: int64[n], number of the point, 0 at ``origin_ns``
    total: bytes  #: int64[n]
    count: bytes  #: int64[n]
    exemplars: ExemplarsReply | None = None


class PartHeldReply(msgspec.Struct, array_like=True, frozen=True):
    """How much a part holds."""

    part_id: str
    owner: str
    min_time_ns: int  #: of the whole part, as all that follows but ``series`` and ``rows``
    max_time_ns: int  #: inclusive
    series: int  #: matching ones
    rows: int  #: of these in the range
    samples: int
    size_bytes: int  #: in memory for a head, on the disk for a block


class ReadReply(msgspec.Struct, array_like=True, frozen=True):
    """The answer of one source. Exactly the field of the asked operation is filled."""

    rows: int = 0
    gone: list[str] = []  #: part ids that were asked for and are no longer here
    damaged: list[str] = []  #: part ids that could not be read, each with its reason after a space
    digests: list[PartDigestReply] = []
    identities: list[PartIdentitiesReply] = []
    points: list[PointsReply] = []
    profile: bytes = b""  #: :func:`ingest.profiles.record.encode_stack_profile`
    series: list[list[tuple[str, str]]] = []
    strings: list[str] = []
    held: list[PartHeldReply] = []
    values: tuple[int, int] | None = None  #: smallest and largest


_request_decoder = msgspec.msgpack.Decoder(ReadRequest)
_reply_decoder = msgspec.msgpack.Decoder(ReadReply)


def encode_request(request: ReadRequest) -> bytes:
    """Return the request as MessagePack."""
    return msgspec.msgpack.encode(request)


def decode_request(data: bytes) -> ReadRequest:
    """Return the request; raises msgspec.DecodeError on anything else."""
    return _decoded(_request_decoder, data)


def encode_reply(reply: ReadReply) -> bytes:
    """Return the reply as MessagePack."""
    return msgspec.msgpack.encode(reply)


def decode_reply(data: bytes) -> ReadReply:
    """Return the reply; raises msgspec.DecodeError on anything else."""
    return _decoded(_reply_decoder, data)


def _decoded(decoder: msgspec.msgpack.Decoder[T], data: bytes) -> T:
    """Decode a message; what is nested so deep that it cannot even be passed over is no message."""
    try:
        return decoder.decode(data)
    except RecursionError as error:
        raise msgspec.DecodeError("nested too deep") from error


def u64_bytes(column: U64) -> bytes:
    """Return a uint64 column as little-endian bytes."""
    return np.ascontiguousarray(column, "<u8").tobytes()


def i64_bytes(column: I64) -> bytes:
    """Return an int64 column as little-endian bytes."""
    return np.ascontiguousarray(column, "<i8").tobytes()


def u64_column(data: bytes) -> U64:
    """Return the uint64 column in ``data``."""
    return np.frombuffer(data, "<u8").astype(np.uint64)


def i64_column(data: bytes) -> NDArray[np.int64]:
    """Return the int64 column in ``data``."""
    return np.frombuffer(data, "<i8").astype(np.int64)
