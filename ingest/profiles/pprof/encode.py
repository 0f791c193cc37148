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
    offsets, data, types, period = _with_type_strings(symbols, sample_types, period_type)
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
    tail = b"".join(_scalar(tag, value) for tag, value in zip(_SCALARS, scalars, strict=True) if value)
    return out[:position].tobytes() + tail


def _with_type_strings(
    symbols: Symbols, sample_types: tuple[SampleType, ...], period_type: SampleType
) -> tuple[I64, U8, U64, U64]:
    """Return the string table with the names of the types behind it, and the records of the types."""
    texts: dict[str, int] = {"": 0}
    records = [
        [texts.setdefault(text, symbols.string_count - 1 + len(texts)) for text in (kind.name, kind.unit)]
        for kind in (*sample_types, period_type)
    ]
    added = [text.encode() for text in texts if text]
    ends = symbols.string_offsets[-1] + np.cumsum([len(text) for text in added], dtype=np.int64)
    offsets = np.concatenate((symbols.string_offsets, ends))
    data = np.concatenate((symbols.string_bytes, np.frombuffer(b"".join(added), np.uint8)))
    numbers = np.array(records, np.uint64)
    return offsets, data, np.ascontiguousarray(numbers[:-1]), np.ascontiguousarray(numbers[-1:])


def _mapping_records(symbols: Symbols) -> U64:
    """Return the pprof fields 1 to 10 of each mapping but the unknown one, uint64[M - 1, 10]."""
    count = len(symbols.mapping_start) - 1
    records = np.empty((count, 10), np.uint64)
    records[:, 0] = np.arange(1, count + 1)
    records[:, 1] = symbols.mapping_start[1:]
    records[:, 2] = symbols.mapping_limit[1:]
    records[:, 3] = symbols.mapping_offset[1:]
    records[:, 4] = symbols.mapping_filename[1:]
    records[:, 5] = symbols.mapping_build_id[1:]
    for bit in range(4):
        records[:, 6 + bit] = symbols.mapping_flags[1:] >> bit & 1
    return records


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
