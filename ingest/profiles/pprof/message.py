"""A pprof message as columns, for converters: what another format holds is put into these and encoded at once.

The columns are those of the wire (https://github.com/google/pprof/blob/main/proto/profile.proto) with indexes in place
of ids: record ``i`` of a table gets the id ``i + 1``. Nothing is judged here; what a converter makes meets the same
checks as every pprof that is pushed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ingest.profiles.columns import I64, U8, U32, U64, SampleType
from ingest.profiles.pprof import encode_kernels as kernels
from ingest.profiles.pprof.encode import mapping_fields, scalar_fields, with_type_strings

_SAMPLE_TYPE, _MAPPING, _FUNCTION, _PERIOD_TYPE = 0x0A, 0x1A, 0x2A, 0x5A

#: Most bytes of a varint of 64 and of 32 bits, and of a tag with a length.
_WIDE, _NARROW, _FRAME = 10, 5, 11


def _empty_u32() -> U32:
    return np.zeros(0, np.uint32)


def _empty_u64() -> U64:
    return np.zeros(0, np.uint64)


def _one_offset() -> I64:
    return np.zeros(1, np.int64)


@dataclass(frozen=True, slots=True)
class StringTable:
    """Strings one after the other; the first is empty."""

    offsets: I64  #: int64[S+1], offsets into ``data``; first is 0
    data: U8  #: uint8[total], UTF-8

    @staticmethod
    def of(texts: Sequence[str]) -> StringTable:
        """Return the table of ``texts``, whose first is ``""``; halves of surrogate pairs become question marks."""
        encoded = [text.encode("utf-8", "replace") for text in texts]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(one) for one in encoded], out=offsets[1:])
        return StringTable(offsets, np.frombuffer(b"".join(encoded), np.uint8))


@dataclass(frozen=True, slots=True)
class FunctionColumns:
    """F functions."""

    name: U32  #: uint32[F], string index
    system_name: U32  #: uint32[F], string index
    filename: U32  #: uint32[F], string index
    start_line: I64  #: int64[F]


@dataclass(frozen=True, slots=True)
class MappingColumns:
    """M mappings."""

    start: U64 = field(default_factory=_empty_u64)  #: uint64[M]
    limit: U64 = field(default_factory=_empty_u64)  #: uint64[M]
    offset: U64 = field(default_factory=_empty_u64)  #: uint64[M]
    filename: U32 = field(default_factory=_empty_u32)  #: uint32[M], string index
    build_id: U32 = field(default_factory=_empty_u32)  #: uint32[M], string index
    flags: U32 = field(default_factory=_empty_u32)  #: uint32[M], ``columns.MAPPING_*`` bits


@dataclass(frozen=True, slots=True)
class LocationColumns:
    """L locations with K lines in all, the innermost inlined callee first."""

    mapping: U32  #: uint32[L], 1 + mapping index; 0 = none
    address: U64  #: uint64[L]
    line_offsets: I64  #: int64[L+1], offsets into the line columns; first is 0
    line_function: U32  #: uint32[K], function index
    line_number: I64  #: int64[K]


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """N samples of T values each, with R locations and P labels in all."""

    location_offsets: I64  #: int64[N+1], offsets into ``location``; first is 0
    location: U32  #: uint32[R], location index, leaf first
    values: I64  #: int64[T, N]
    label_offsets: I64 = field(default_factory=_one_offset)  #: int64[N+1], offsets into the label columns; or int64[1]
    label_key: U32 = field(default_factory=_empty_u32)  #: uint32[P], string index
    label_str: U32 = field(default_factory=_empty_u32)  #: uint32[P], string index


@dataclass(frozen=True, slots=True)
class PprofMessage:
    """A whole profile. The types are not in ``strings``; the encoder adds them."""

    sample_types: tuple[SampleType, ...]
    period_type: SampleType  #: both fields empty when the profile has none
    period: int
    time_ns: int
    duration_ns: int
    strings: StringTable
    functions: FunctionColumns
    locations: LocationColumns
    samples: SampleColumns
    mappings: MappingColumns = field(default_factory=MappingColumns)


def encode_message(message: PprofMessage) -> bytes:
    """Return the uncompressed google.v1.Profile; ValueError when the lengths of the columns contradict each other.

    An index out of its table makes a message that the decoder's checks refuse or mend, never a read beyond an array.
    """
    samples, locations = _consistent_samples(message), _consistent_locations(message.locations)
    offsets, data, types, period = with_type_strings(
        message.strings.offsets, message.strings.data, message.sample_types, message.period_type
    )
    mapping, function = message.mappings, message.functions
    mappings = mapping_fields(
        mapping.start, mapping.limit, mapping.offset, mapping.filename, mapping.build_id, mapping.flags
    )
    functions = np.column_stack(
        (
            np.arange(1, len(function.name) + 1, dtype=np.uint64),
            function.name.astype(np.uint64),
            function.system_name.astype(np.uint64),
            function.filename.astype(np.uint64),
            function.start_line.view(np.uint64),
        )
    )
    records = (types, period, mappings, functions)
    out = np.empty(
        sum(one.size * _FRAME + len(one) * _FRAME for one in records)
        + samples.values.shape[1] * 3 * _FRAME + len(samples.location) * _NARROW + samples.values.size * _WIDE
        + len(samples.label_key) * 2 * _FRAME
        + len(locations.mapping) * (_FRAME + 3 * _FRAME) + len(locations.line_function) * 3 * _FRAME
        + len(offsets) * _FRAME + len(data),
        np.uint8,
    )  # fmt: skip
    position = kernels.write_records(out, 0, _SAMPLE_TYPE, types)
    position = kernels.write_message_samples(
        out,
        position,
        samples.location_offsets,
        samples.location,
        samples.values,
        samples.label_offsets,
        samples.label_key,
        samples.label_str,
    )
    position = kernels.write_records(out, position, _MAPPING, mappings)
    position = kernels.write_locations(
        out,
        position,
        locations.mapping,
        locations.address,
        np.zeros(len(locations.mapping), np.uint8),
        locations.line_offsets,
        locations.line_function,
        locations.line_number,
    )
    position = kernels.write_records(out, position, _FUNCTION, functions)
    position = kernels.write_strings(out, position, offsets, data)
    if period.any():
        position = kernels.write_records(out, position, _PERIOD_TYPE, period)
    return out[:position].tobytes() + scalar_fields(message.time_ns, message.duration_ns, message.period)


def _consistent_samples(message: PprofMessage) -> SampleColumns:
    """Return the samples contiguous and with label offsets for each; ValueError when columns do not fit together."""
    samples = message.samples
    values = np.ascontiguousarray(samples.values)
    types, count = values.shape
    label_offsets = samples.label_offsets
    if len(label_offsets) == 1 and not len(samples.label_key):
        label_offsets = np.zeros(count + 1, np.int64)
    if types != len(message.sample_types):
        raise ValueError(f"{types} rows of values for {len(message.sample_types)} sample types")
    _check_offsets(samples.location_offsets, count, len(samples.location), "locations of samples")
    _check_offsets(label_offsets, count, len(samples.label_key), "labels of samples")
    if len(samples.label_key) != len(samples.label_str):
        raise ValueError("label keys and values differ in number")
    return SampleColumns(
        samples.location_offsets, samples.location, values, label_offsets, samples.label_key, samples.label_str
    )


def _consistent_locations(locations: LocationColumns) -> LocationColumns:
    """Return the locations; ValueError when columns do not fit together."""
    _check_offsets(locations.line_offsets, len(locations.mapping), len(locations.line_function), "lines of locations")
    if len(locations.address) != len(locations.mapping) or len(locations.line_number) != len(locations.line_function):
        raise ValueError("columns of locations or lines differ in length")
    return locations


def _check_offsets(offsets: I64, rows: int, items: int, what: str) -> None:
    """Raise ValueError unless ``offsets`` divide ``items`` among ``rows``."""
    fits = len(offsets) == rows + 1 and offsets[0] == 0 and offsets[-1] == items and bool((np.diff(offsets) >= 0).all())
    if not fits:
        raise ValueError(f"the offsets of the {what} do not divide {items} among {rows}")
