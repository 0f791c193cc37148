"""Encode columns as an uncompressed pprof message: the answer of a query, or profiles for tests and clients."""

from __future__ import annotations

import numpy as np

from ingest.profiles.columns import I64, U8, U32, U64, ProfileGroup, SampleType, StackProfile, Symbols
from ingest.profiles.pprof import encode_kernels as kernels
from ingest.profiles.profile_type import ProfileType

#: Tags of the fields of a profile that are messages, and of its scalars.
_SAMPLE_TYPE, _MAPPING, _FUNCTION, _SCALARS = 0x0A, 0x1A, 0x2A, (0x48, 0x50, 0x60)
_PERIOD_TYPE = 0x5A

#: Most bytes of a varint of 64 and of 32 bits, and of a tag with a length.
_WIDE, _NARROW, _FRAME = 10, 5, 11


def encode_pprof(
    profile: StackProfile, profile_type: ProfileType, time_ns: int, duration_ns: int, period: int
) -> bytes:
    """Return a google.v1.Profile with one sample for each node that has a value of its own.

    All of the profile's symbols are written, so prune it before when it shares them with others.
    """
    nodes = np.flatnonzero(profile.node_self).astype(np.uint32)
    return _encode(
        profile.symbols,
        (SampleType(profile_type.sample_type, profile_type.sample_unit),),
        SampleType(profile_type.period_type, profile_type.period_unit),
        (time_ns, duration_ns, period),
        nodes,
        np.ascontiguousarray(profile.node_self[nodes].reshape(1, -1)),
    )


def encode_groups(symbols: Symbols, group: ProfileGroup) -> bytes:
    """Return a google.v1.Profile of one group with all its sample types; span ids are not written."""
    return _encode(
        symbols,
        group.sample_types,
        group.period_type,
        (group.time_ns, group.duration_ns, group.period),
        group.sample_node,
        group.sample_values,
    )


def _encode(
    symbols: Symbols,
    sample_types: tuple[SampleType, ...],
    period_type: SampleType,
    scalars: tuple[int, int, int],
    nodes: U32,
    values: I64,
) -> bytes:
    """Write everything into one buffer of the largest size it can take."""
    offsets, data, types, period = with_type_strings(
        symbols.string_offsets, symbols.string_bytes, sample_types, period_type
    )
    mappings, functions = _mapping_records(symbols), _function_records(symbols)
    locations, lines = len(symbols.location_mapping), len(symbols.line_function)
    references = kernels.reference_count(nodes, symbols.node_parent)
    out = np.empty(
        sum(records.size * _FRAME + len(records) * _FRAME for records in (types, period, mappings, functions))
        + len(nodes) * 3 * _FRAME + references * _NARROW + values.size * _WIDE
        + locations * (_FRAME + 3 * _FRAME + 2) + lines * (3 * _FRAME)
        + len(offsets) * _FRAME + len(data)
        + len(scalars) * _FRAME,
        np.uint8,
    )  # fmt: skip
    position = kernels.write_records(out, 0, _SAMPLE_TYPE, types)
    position = kernels.write_samples(out, position, nodes, values, symbols.node_parent, symbols.node_location)
    position = kernels.write_records(out, position, _MAPPING, mappings)
    position = kernels.write_locations(
        out,
        position,
        symbols.location_mapping,
        symbols.location_address,
        symbols.location_folded,
        symbols.location_line_offsets,
        symbols.line_function,
        symbols.line_number,
    )
    position = kernels.write_records(out, position, _FUNCTION, functions)
    position = kernels.write_strings(out, position, offsets, data)
    if period.any():
        position = kernels.write_records(out, position, _PERIOD_TYPE, period)
    return out[:position].tobytes() + scalar_fields(*scalars)


def with_type_strings(
    string_offsets: I64, string_bytes: U8, sample_types: tuple[SampleType, ...], period_type: SampleType
) -> tuple[I64, U8, U64, U64]:
    """Return the string table with the names of the types behind it, and the records of the types."""
    texts: dict[str, int] = {"": 0}
    records = [
        [texts.setdefault(text, len(string_offsets) - 2 + len(texts)) for text in (kind.name, kind.unit)]
        for kind in (*sample_types, period_type)
    ]
    added = [text.encode("utf-8", "replace") for text in texts if text]
    ends = string_offsets[-1] + np.cumsum([len(text) for text in added], dtype=np.int64)
    offsets = np.concatenate((string_offsets, ends))
    data = np.concatenate((string_bytes, np.frombuffer(b"".join(added), np.uint8)))
    numbers = np.array(records, np.uint64)
    return offsets, data, np.ascontiguousarray(numbers[:-1]), np.ascontiguousarray(numbers[-1:])


def mapping_fields(start: U64, limit: U64, offset: U64, filename: U32, build_id: U32, flags: U32) -> U64:
    """Return the pprof fields 1 to 10 of mappings, uint64[M, 10]; the ids are 1 + index."""
    records = np.empty((len(start), 10), np.uint64)
    records[:, 0] = np.arange(1, len(start) + 1)
    records[:, 1] = start
    records[:, 2] = limit
    records[:, 3] = offset
    records[:, 4] = filename
    records[:, 5] = build_id
    for bit in range(4):
        records[:, 6 + bit] = flags >> bit & 1
    return records


def scalar_fields(time_ns: int, duration_ns: int, period: int) -> bytes:
    """Return the varint fields of the profile itself; zeros are left out."""
    pairs = zip(_SCALARS, (time_ns, duration_ns, period), strict=True)
    return b"".join(_scalar(tag, value) for tag, value in pairs if value)


def _mapping_records(symbols: Symbols) -> U64:
    """Return the records of each mapping but the unknown one."""
    return mapping_fields(
        symbols.mapping_start[1:],
        symbols.mapping_limit[1:],
        symbols.mapping_offset[1:],
        symbols.mapping_filename[1:],
        symbols.mapping_build_id[1:],
        symbols.mapping_flags[1:],
    )


def _function_records(symbols: Symbols) -> U64:
    """Return the pprof fields 1 to 5 of each function, uint64[F, 5]."""
    count = len(symbols.function_name)
    records = np.empty((count, 5), np.uint64)
    records[:, 0] = np.arange(1, count + 1)
    records[:, 1] = symbols.function_name
    records[:, 2] = symbols.function_system_name
    records[:, 3] = symbols.function_filename
    records[:, 4] = symbols.function_start_line.view(np.uint64)
    return records


def _scalar(tag: int, value: int) -> bytes:
    """Return a varint field of the profile itself."""
    value &= (1 << 64) - 1
    encoded = bytearray([tag])
    while value >= 128:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
