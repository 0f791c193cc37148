"""Records for tests: generated groups over generated symbols, and comparing what went in with what came out."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from ingest.profiles.columns import Labels, ProfileGroup, SampleType, Symbols, no_traces
from ingest.profiles.record import HEADER_BYTES, TRACES_VERSION, PushRecord, encode_record
from ingest.profiles.record_columns import COUNTS, Counts
from tests.unit.profiles.stack_model import Location, build_profile, plain, stacks

LABELS: Labels = (("__name__", "process_cpu"), ("region", "größe"), ("service_name", "web"))
CPU = SampleType("cpu", "nanoseconds")

VERSION_AT = 4
STORED_BYTES_AT = 8
CRC_AT = 12
COUNTS_AT = 24


def group(
    nodes: list[int], types: int = 1, *, spans: bool = False, traces: bool = False, labels: Labels = LABELS
) -> ProfileGroup:
    """Return a group with one sample per node; values, span and trace ids follow from the position."""
    count = len(nodes)
    return ProfileGroup(
        labels=labels,
        profile_id=bytes(range(16)),
        time_ns=1_700_000_000_123_456_789,
        duration_ns=10_000_000_000,
        period=10_000_000,
        sample_types=tuple(SampleType(f"type{index}", "count") for index in range(types)),
        period_type=CPU,
        sample_node=np.array(nodes, np.uint32),
        sample_values=np.arange(1, types * count + 1, dtype=np.int64).reshape(types, count) * 1000,
        sample_span=np.arange(count, dtype=np.uint64) + np.uint64(2**63) if spans else np.zeros(0, np.uint64),
        sample_trace=np.arange(2 * count, dtype=np.uint64).reshape(-1, 2) + np.uint64(2**63) if traces else no_traces(),
    )


def small_symbols() -> Symbols:
    """Return symbols that use every table: inlined lines, a mapping, a folded location, several functions."""
    inlined = Location((("inner", "a.go", 3), ("outer", "a.go", 9)), 0x1000, (7, "libx.so"), True)
    return build_profile([((*plain("main", "work"), inlined), 5), (plain("main"), 2)]).symbols


def small_record() -> bytes:
    """Return an uncompressed record with two groups, one of which has span ids and two sample types."""
    groups = [group([1, 2], 2, spans=True), group([1, 3, 3], labels=(("__name__", "x"), ("service_name", "y")))]
    return uncompressed(encode_record("anonymous", 42, small_symbols(), groups))


def traced_record() -> bytes:
    """Return an uncompressed record of two groups, one of which has trace ids."""
    groups = [group([1, 2], 2, spans=True, traces=True), group([1, 3, 3], labels=(("__name__", "x"),))]
    return uncompressed(encode_record("anonymous", 42, small_symbols(), groups))


def large_record() -> bytes:
    """Return a record that is large enough to be compressed."""
    symbols = build_profile([(plain("main", f"function_{index:04}"), index) for index in range(200)]).symbols
    return encode_record("anonymous", 42, symbols, [group(list(range(2, 201)))])


def counts_of(record: bytes) -> Counts:
    """Return the counts in the header of a record."""
    counts = Counts(*COUNTS.unpack_from(record, COUNTS_AT))
    return counts._replace(traces=2 * counts.samples) if record[VERSION_AT] == TRACES_VERSION else counts


def sealed(record: bytes | bytearray) -> bytes:
    """Return the record with a checksum that is right, so that a forgery gets as far as the checks behind it."""
    forged = bytearray(record)
    crc = zlib.crc32(forged[CRC_AT + 4 :], zlib.crc32(forged[:CRC_AT]))
    struct.pack_into("<I", forged, CRC_AT, crc)
    return bytes(forged)


def with_counts(record: bytes, **changed: int) -> bytes:
    """Return the record with other counts in its header and a right checksum."""
    forged = bytearray(record)
    COUNTS.pack_into(forged, COUNTS_AT, *counts_of(record)._replace(**changed).header)
    return sealed(forged)


def uncompressed(record: bytes) -> bytes:
    """Return the record with its body stored as it is."""
    (stored_bytes,) = struct.unpack_from("<I", record, STORED_BYTES_AT)
    stored = record[HEADER_BYTES : HEADER_BYTES + stored_bytes]
    return with_body(record, pa.Codec("zstd").decompress(stored, counts_of(record).body_bytes, asbytes=True))


def with_body(record: bytes, body: bytes) -> bytes:
    """Return the record with another uncompressed body and a right checksum."""
    forged = bytearray(record[:HEADER_BYTES]) + body + bytes(-len(body) % 8)
    struct.pack_into("<HI", forged, STORED_BYTES_AT - 2, 0, len(body))
    return sealed(forged)


def assert_same_array(found: np.ndarray, expected: np.ndarray) -> None:
    """Assert equal content, type and shape, and that kernels can take what was decoded."""
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert np.array_equal(found, expected)
    assert found.flags.writeable
    assert found.flags.c_contiguous
    assert found.flags.aligned


def assert_same_symbols(found: Symbols, expected: Symbols) -> None:
    for name in Symbols.__slots__:
        assert_same_array(getattr(found, name), getattr(expected, name))


def assert_same_record(found: PushRecord, expected: PushRecord) -> None:
    assert (found.tenant, found.received_ns) == (expected.tenant, expected.received_ns)
    assert_same_symbols(found.symbols, expected.symbols)
    assert len(found.groups) == len(expected.groups)
    for got, wanted in zip(found.groups, expected.groups, strict=True):
        for name in ("labels", "profile_id", "time_ns", "duration_ns", "period", "sample_types", "period_type"):
            assert getattr(got, name) == getattr(wanted, name), name
        for name in ("sample_node", "sample_values", "sample_span", "sample_trace"):
            assert_same_array(getattr(got, name), getattr(wanted, name))


_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
_i64 = st.integers(-(2**63), 2**63 - 1)
_sample_types = st.builds(SampleType, _text, _text)


@st.composite
def groups_over(draw: st.DrawFn, node_count: int) -> ProfileGroup:
    """Draw a group whose samples are nodes of a tree of this size."""
    nodes = sorted(draw(st.lists(st.integers(0, node_count - 1), max_size=8)))
    types = draw(st.lists(_sample_types, max_size=3))
    values = draw(st.lists(_i64, min_size=len(types) * len(nodes), max_size=len(types) * len(nodes)))
    span = draw(st.one_of(st.just([]), st.lists(st.integers(0, 2**64 - 1), min_size=len(nodes), max_size=len(nodes))))
    trace = draw(st.one_of(st.just([]), st.lists(st.integers(0, 3), min_size=2 * len(nodes), max_size=2 * len(nodes))))
    return ProfileGroup(
        labels=tuple(sorted(draw(st.dictionaries(_text, _text, max_size=4)).items())),
        profile_id=draw(st.binary(min_size=16, max_size=16)),
        time_ns=draw(_i64),
        duration_ns=draw(_i64),
        period=draw(_i64),
        sample_types=tuple(types),
        period_type=draw(_sample_types),
        sample_node=np.array(nodes, np.uint32),
        sample_values=np.array(values, np.int64).reshape(len(types), len(nodes)),
        sample_span=np.array(span, np.uint64),
        sample_trace=np.array(trace if any(trace) else [], np.uint64).reshape(-1, 2),
    )


@st.composite
def push_records(draw: st.DrawFn) -> PushRecord:
    """Draw a push record as it is before encoding."""
    symbols = build_profile(draw(stacks)).symbols
    groups = draw(st.lists(groups_over(symbols.node_count), max_size=4))
    return PushRecord(draw(_text), draw(_i64), symbols, tuple(groups))
