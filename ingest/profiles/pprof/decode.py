"""Decode pprof bytes into columns, with nothing judged yet but the bytes themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.pprof import varint_kernels as varint
from ingest.profiles.pprof import wire_kernels as wire
from ingest.profiles.reasons import Reason, Rejection

#: Bytes of columns a byte of a message can make: the dearest record is an empty mapping, 2 bytes on the wire.
MAX_BYTES_PER_RAW_BYTE = 8 * wire.MAPPING_COLUMNS // 2

#: Positions are packed into 32 bits of one number while reading.
_MAX_RAW_BYTES = (1 << 31) - 1

_MESSAGES = {
    varint.BAD_VARINT: "a number is cut off or longer than 64 bits",
    varint.BAD_LENGTH: "a length runs past the end",
    varint.BAD_WIRE_TYPE: "a field has a wire type it cannot have",
    varint.BAD_FIELD: "a field number is not valid",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The tables of one profile as sent: ids and string indices are the sender's and unchecked.

    All int64 but ``raw``; columns as at :mod:`ingest.profiles.pprof.wire_kernels`. Checks and normalisation may change
    the tables in place, so a decoded profile is used once.
    """

    raw: U8  #: uint8[n], read-only view of the message
    header: I64  #: int64[HEADER_SIZE]
    types: I64  #: int64[T, 2]
    samples: I64  #: int64[n + 1, 3]
    refs: I64  #: int64[R], location ids, leaf first
    values: I64  #: int64[V]
    labels: I64  #: int64[L, 2], key and str; numeric labels have str 0
    mappings: I64  #: int64[M, 7]
    locations: I64  #: int64[L + 1, 5]
    lines: I64  #: int64[K, 2]
    functions: I64  #: int64[F, 5]
    strings: I64  #: int64[S, 2]

    @property
    def type_count(self) -> int:
        """Number of sample types."""
        return len(self.types)

    @property
    def sample_count(self) -> int:
        """Number of samples."""
        return len(self.samples) - 1

    def string(self, index: int) -> str:
        """Return a string of the table; one out of range is empty, damaged UTF-8 becomes U+FFFD."""
        if not 0 <= index < len(self.strings):
            return ""
        offset, size = self.strings[index].tolist()
        return self.raw[offset : offset + size].tobytes().decode("utf-8", "replace")


def decode_pprof(data: bytes) -> Decoded | Rejection:
    """Decode an uncompressed pprof message; columns take at most MAX_BYTES_PER_RAW_BYTE times its size."""
    if len(data) > _MAX_RAW_BYTES:
        return Rejection(Reason.PROFILE_SIZE_LIMIT, f"a profile of {len(data)} bytes is above what can be read")
    raw = np.frombuffer(data, np.uint8)
    header = np.zeros(wire.HEADER_SIZE, np.int64)
    status = wire.count_records(raw, header)
    if status != varint.OK:
        return _malformed(status, header)
    types, samples, refs, values, labels, mappings, locations, lines, functions, strings = header.tolist()[:10]
    zeros, empty, i64 = np.zeros, np.empty, np.int64
    decoded = Decoded(
        raw=raw,
        header=header,
        types=zeros((types, wire.TYPE_COLUMNS), i64),
        samples=zeros((samples + 1, wire.SAMPLE_COLUMNS), i64),
        refs=empty(refs, i64),
        values=empty(values, i64),
        labels=empty((labels, wire.LABEL_COLUMNS), i64),
        mappings=empty((mappings, wire.MAPPING_COLUMNS), i64),
        locations=zeros((locations + 1, wire.LOCATION_COLUMNS), i64),
        lines=empty((lines, wire.LINE_COLUMNS), i64),
        functions=zeros((functions, wire.FUNCTION_COLUMNS), i64),
        strings=empty((strings, wire.STRING_COLUMNS), i64),
    )
    status = wire.fill_records(
        raw,
        header,
        decoded.types,
        decoded.samples,
        decoded.refs,
        decoded.values,
        decoded.labels,
        decoded.mappings,
        decoded.locations,
        decoded.lines,
        decoded.functions,
        decoded.strings,
    )
    return decoded if status == varint.OK else _malformed(status, header)


def _malformed(status: int, header: I64) -> Rejection:
    """Return the refusal of bytes that are no profile, with the position of the field at fault."""
    position = int(header[wire.ERROR_POSITION])
    return Rejection(
        Reason.MALFORMED_PROFILE, f"not a pprof message: {_MESSAGES[status]} (in the field at byte {position})"
    )
