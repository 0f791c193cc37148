"""Whatever happens to the bytes of a record, reading it ends in RecordError or in what was written."""

from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.columns import empty_stack_profile
from ingest.profiles.record import (
    HEADER_BYTES,
    PUSH_MAGIC,
    STACK_PROFILE_MAGIC,
    RecordError,
    decode_record,
    decode_stack_profile,
    encode_stack_profile,
    iter_records,
)
from ingest.profiles.record_columns import MAX_GROUPS, MAX_REFS, MAX_TEXTS, check_counts, pack_body, unpack_body
from tests.unit.profiles.record.record_model import (
    STORED_BYTES_AT,
    assert_same_record,
    counts_of,
    large_record,
    sealed,
    small_record,
    traced_record,
    with_body,
    with_counts,
)

RECORDS = [
    pytest.param(small_record(), id="plain"),
    pytest.param(large_record(), id="compressed"),
    pytest.param(traced_record(), id="with traces"),
]


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_cut_anywhere_is_refused(record: bytes) -> None:
    for size in range(len(record)):
        with pytest.raises(RecordError):
            decode_record(record[:size])
        if size:
            with pytest.raises(RecordError):
                list(iter_records(record[:size]))


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_a_record_with_any_byte_changed_is_refused(record: bytes, flip: int) -> None:
    for at in range(len(record)):
        damaged = bytearray(record)
        damaged[at] ^= flip
        with pytest.raises(RecordError):
            decode_record(damaged)


@pytest.mark.parametrize("record", RECORDS)
def test_a_changed_header_byte_under_a_right_checksum_is_refused_or_harmless(record: bytes) -> None:
    whole = decode_record(record)
    received_at = range(16, 24)
    for at in range(HEADER_BYTES):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(record)
            damaged[at] ^= flip
            if at in range(12, 16) or at in received_at:
                continue  # the checksum itself, and a time that may be any
            with pytest.raises(RecordError):
                decode_record(sealed(damaged))
    assert_same_record(decode_record(sealed(record)), whole)


def test_a_changed_body_byte_under_a_right_checksum_never_ends_in_another_error() -> None:
    for record in (small_record(), large_record()):
        for at in range(HEADER_BYTES, len(record)):
            damaged = bytearray(record)
            damaged[at] ^= 0xFF
            with_outcome(sealed(damaged))


def with_outcome(data: bytes) -> None:
    """Decode; what is returned instead of RecordError must keep the conventions that kernels rely on."""
    try:
        record = decode_record(data)
    except RecordError:
        return
    symbols = record.symbols
    assert (symbols.node_parent[1:] < np.arange(1, symbols.node_count)).all()
    assert (symbols.node_location[1:] < len(symbols.location_mapping)).all()
    assert (symbols.location_mapping < len(symbols.mapping_start)).all()
    assert (symbols.line_function < len(symbols.function_name)).all()
    for column in (
        symbols.function_name, symbols.function_system_name, symbols.function_filename, symbols.mapping_filename,
        symbols.mapping_build_id,
    ):  # fmt: skip
        assert (column < symbols.string_count).all()
    for offsets, total in (
        (symbols.string_offsets, len(symbols.string_bytes)),
        (symbols.location_line_offsets, len(symbols.line_function)),
    ):
        assert offsets[0] == 0
        assert offsets[-1] == total
        assert (np.diff(offsets) >= 0).all()
    for group in record.groups:
        assert (group.sample_node < symbols.node_count).all()
        assert group.sample_values.shape == (len(group.sample_types), len(group.sample_node))
        assert len(group.sample_span) in (0, len(group.sample_node))


@given(st.data())
def test_random_damage_under_a_right_checksum_never_ends_in_another_error(data: st.DataObject) -> None:
    record = data.draw(st.sampled_from([small_record(), large_record()]))
    damaged = bytearray(record)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(record) - 1))] = data.draw(st.integers(0, 255))
    with_outcome(sealed(damaged))


@given(st.binary(max_size=400), st.sampled_from([b"", PUSH_MAGIC, PUSH_MAGIC + b"\x01\0\0\0", STACK_PROFILE_MAGIC]))
def test_random_bytes_are_refused(junk: bytes, start: bytes) -> None:
    for decode in (decode_record, decode_stack_profile):
        with pytest.raises(RecordError):
            decode(start + junk)
    if start + junk:
        with pytest.raises(RecordError):
            list(iter_records(start + junk))


def change(name: str, at: int, value: int) -> bytes:
    """Return the small record with one entry of one column changed and a right checksum."""
    record = small_record()
    counts = counts_of(record)
    stored = np.frombuffer(record, np.uint8, counts.body_bytes, HEADER_BYTES)
    content = unpack_body(stored, counts)
    column = getattr(content, name) if hasattr(content, name) else getattr(content.symbols, name)
    column[at] = value
    return with_body(record, pack_body(content, counts).tobytes())


def test_a_record_that_is_taken_apart_and_put_together_is_the_same() -> None:
    assert_same_record(decode_record(change("values", 0, 1000)), decode_record(small_record()))


@pytest.mark.parametrize(
    ("column", "at", "value", "says"),
    [
        pytest.param("string_offsets", 0, 1, "string offsets", id="string offsets do not start at 0"),
        pytest.param("string_offsets", 1, 1, "string 0 is not empty", id="string 0 has a byte"),
        pytest.param("string_offsets", 2, -1, "string offsets", id="a negative string offset"),
        pytest.param("string_offsets", 2, 2**62, "string offsets", id="a string offset far beyond"),
        pytest.param("string_offsets", -1, 3, "string offsets", id="strings end early"),
        pytest.param("location_line_offsets", 1, 2**40, "line offsets", id="a line offset far beyond"),
        pytest.param("location_line_offsets", 0, 1, "line offsets", id="line offsets do not start at 0"),
        pytest.param("function_name", 0, 99, "string index", id="a function name"),
        pytest.param("function_system_name", 0, 99, "string index", id="a system name"),
        pytest.param("function_filename", -1, 99, "string index", id="a file name"),
        pytest.param("mapping_filename", 1, 2**32 - 1, "string index", id="the file of a mapping"),
        pytest.param("mapping_build_id", 1, 99, "string index", id="a build id"),
        pytest.param("location_mapping", 0, 2, "mapping index", id="the mapping of a location"),
        pytest.param("line_function", 0, 4, "function index", id="the function of a line"),
        pytest.param("location_folded", 0, 2, "folded mark", id="a folded mark"),
        pytest.param("node_location", 1, 3, "location index", id="the location of a node"),
        pytest.param("node_location", 0, 1, "root", id="the root has a location"),
        pytest.param("node_parent", 0, 1, "root", id="the root has a parent"),
        pytest.param("node_parent", 2, 2, "before its parent", id="a node is its own parent"),
        pytest.param("node_parent", 1, 3, "before its parent", id="a parent comes later"),
        pytest.param("mapping_start", 0, 1, "mapping 0", id="mapping 0 has an address"),
        pytest.param("mapping_filename", 0, 1, "mapping 0", id="mapping 0 has a file"),
        pytest.param("mapping_flags", 0, 1, "mapping 0", id="mapping 0 has a flag"),
        pytest.param("sample_node", 1, 4, "sample node", id="a sample of no node"),
        pytest.param("sample_node", 1, 0, "order of their nodes", id="samples out of order"),
        pytest.param("group_counts", 0, 4, "add up", id="a label too many"),
        pytest.param("group_counts", 1, 1, "add up", id="a sample type too few"),
        pytest.param("group_counts", 2, 2**32 - 1, "add up", id="samples far beyond"),
        pytest.param("group_counts", 3, 1, "add up", id="a span id too few"),
        pytest.param("text_lengths", 0, 2**32 - 1, "text lengths", id="a text far too long"),
        pytest.param("text_lengths", 0, 8, "text lengths", id="a text one byte shorter"),
        pytest.param("refs", 0, 99, "text 99", id="a text that is not there"),
        pytest.param("refs", 0, 5, "sorted", id="labels out of order"),
        pytest.param("text_bytes", 3, 0xFF, "UTF-8", id="a text that is not UTF-8"),
    ],
)
def test_a_column_that_contradicts_the_others_is_refused(column: str, at: int, value: int, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        decode_record(change(column, at, value))


def test_span_ids_for_some_samples_are_refused() -> None:
    # Two span ids move from the group of two samples to the one of three; the sums stay what they were.
    record = small_record()
    counts = counts_of(record)
    content = unpack_body(np.frombuffer(record, np.uint8, counts.body_bytes, HEADER_BYTES), counts)
    content.group_counts[3], content.group_counts[7] = 0, 2
    with pytest.raises(RecordError, match="some of its samples"):
        decode_record(with_body(record, pack_body(content, counts).tobytes()))


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param({"strings": 0}, id="no string"),
        pytest.param({"mappings": 0}, id="no mapping"),
        pytest.param({"nodes": 0}, id="no root"),
        pytest.param({"nodes": 2**32 - 1}, id="nodes beyond memory"),
        pytest.param({"string_bytes": 2**32 - 1}, id="string bytes beyond memory"),
        pytest.param({"values": 2**32 - 1}, id="values beyond memory"),
        pytest.param({"groups": MAX_GROUPS + 1}, id="too many groups"),
        pytest.param({"texts": MAX_TEXTS + 1}, id="too many texts"),
        pytest.param({"refs": MAX_REFS + 1}, id="too many references"),
        pytest.param({"texts": 0}, id="no tenant"),
        pytest.param({"samples": 4}, id="a sample fewer"),
    ],
)
@pytest.mark.parametrize("record", RECORDS)
def test_counts_that_cannot_be_are_refused_before_anything_is_allocated(record: bytes, counts: dict[str, int]) -> None:
    forged = with_counts(record, **counts)
    tracemalloc.start()
    try:
        with pytest.raises(RecordError):
            decode_record(forged)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_the_bound_of_a_body_is_far_above_any_profile_that_the_limits_let_through() -> None:
    # 4 MiB of pprof hold at most as many locations, each of which may become a node.
    check_counts(counts_of(small_record())._replace(nodes=4 << 20, string_bytes=4 << 20, values=16_000 * 20))


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        pytest.param(4, 3, "version 3", id="a version of the future"),
        pytest.param(4, 2, "a body of", id="a version that has a column more"),
        pytest.param(6, 2, "flags 2", id="a flag of the future"),
        pytest.param(6, 1, "decompress", id="a plain body that claims to be compressed"),
    ],
)
def test_what_this_version_does_not_know_is_refused_by_name(at: int, value: int, says: str) -> None:
    forged = bytearray(small_record())
    struct.pack_into("<H", forged, at, value)
    with pytest.raises(RecordError, match=says):
        decode_record(sealed(forged))


def test_a_compressed_body_that_claims_to_be_plain_is_refused() -> None:
    forged = bytearray(large_record())
    struct.pack_into("<H", forged, 6, 0)
    with pytest.raises(RecordError, match="the counts make"):
        decode_record(sealed(forged))


@pytest.mark.parametrize("difference", [-8, -1, 1, 8, 2**31])
def test_a_stored_size_that_is_not_the_size_is_refused(difference: int) -> None:
    for record in (small_record(), large_record()):
        forged = bytearray(record)
        (stored,) = struct.unpack_from("<I", record, STORED_BYTES_AT)
        struct.pack_into("<I", forged, STORED_BYTES_AT, stored + difference)
        with pytest.raises(RecordError):
            decode_record(sealed(forged))


def test_one_kind_of_record_is_not_read_as_the_other() -> None:
    with pytest.raises(RecordError, match="magic"):
        decode_stack_profile(small_record())
    with pytest.raises(RecordError, match="magic"):
        decode_record(encode_stack_profile(empty_stack_profile()))
    with pytest.raises(RecordError, match="values"):
        decode_stack_profile(sealed(STACK_PROFILE_MAGIC + small_record()[4:]))


def test_bytes_behind_a_record_are_refused() -> None:
    with pytest.raises(RecordError, match="follow"):
        decode_record(small_record() + bytes(8))


def test_a_merged_answer_has_no_version_with_traces() -> None:
    forged = bytearray(encode_stack_profile(empty_stack_profile()))
    struct.pack_into("<H", forged, 4, 2)
    with pytest.raises(RecordError, match="version 2"):
        decode_stack_profile(sealed(forged))
