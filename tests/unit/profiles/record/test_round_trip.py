"""What goes into a record comes out of it, in arrays that kernels can take."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from ingest.profiles.columns import StackProfile, empty_stack_profile, empty_symbols
from ingest.profiles.limits import Limits
from ingest.profiles.prepare import prepare_profile
from ingest.profiles.reasons import Rejection
from ingest.profiles.record import (
    HEADER_BYTES,
    PushRecord,
    RecordError,
    decode_record,
    decode_stack_profile,
    encode_record,
    encode_stack_profile,
    iter_records,
)
from tests.unit.profiles.record.record_model import (
    LABELS,
    assert_same_record,
    assert_same_symbols,
    counts_of,
    group,
    large_record,
    push_records,
    small_record,
    small_symbols,
)
from tests.unit.profiles.stack_model import Stack, build_profile, stacks


@given(push_records())
def test_every_record_is_read_as_it_was_written(record: PushRecord) -> None:
    data = encode_record(record.tenant, record.received_ns, record.symbols, record.groups)
    assert len(data) % 8 == 0
    assert_same_record(decode_record(data), record)


@given(stacks)
def test_every_answer_is_read_as_it_was_written(source: list[Stack]) -> None:
    profile = build_profile(source)
    found = decode_stack_profile(encode_stack_profile(profile))
    assert_same_symbols(found.symbols, profile.symbols)
    assert np.array_equal(found.node_self, profile.node_self)
    assert found.node_self.flags.writeable


def test_the_empty_answer_can_be_written() -> None:
    found = decode_stack_profile(encode_stack_profile(empty_stack_profile()))
    assert_same_symbols(found.symbols, empty_symbols())
    assert found.node_self.tolist() == [0]


def test_a_record_without_groups_can_be_written() -> None:
    found = decode_record(encode_record("t", 0, empty_symbols(), []))
    assert (found.tenant, found.groups) == ("t", ())


def test_the_same_content_makes_the_same_bytes() -> None:
    assert small_record() == small_record()
    assert large_record() == large_record()


def test_numbers_at_their_extremes_are_kept() -> None:
    symbols = small_symbols()
    symbols.location_address[-1] = 2**64 - 1
    symbols.line_number[-1] = -(2**63)
    symbols.function_start_line[0] = 2**63 - 1
    extreme = group([1, 2], spans=True)
    extreme.sample_values[0] = [-(2**63), 2**63 - 1]
    extreme.sample_span[0] = 2**64 - 1
    data = encode_record("t", -(2**63), symbols, [extreme])
    assert_same_record(decode_record(data), PushRecord("t", -(2**63), symbols, (extreme,)))


def test_a_large_body_is_compressed_and_a_tiny_one_is_not() -> None:
    large, tiny = large_record(), encode_record("t", 0, empty_symbols(), [])
    assert large[6] == 1
    assert len(large) < counts_of(large).body_bytes / 2
    assert tiny[6] == 0
    assert len(tiny) == HEADER_BYTES + counts_of(tiny).body_bytes + -counts_of(tiny).body_bytes % 8


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_a_record_is_read_from_any_buffer_and_does_not_refer_to_it(wrap: type) -> None:
    data = bytearray(small_record())
    found = decode_record(wrap(data))
    before = decode_record(small_record())
    data[HEADER_BYTES:] = bytes(len(data) - HEADER_BYTES)
    assert_same_record(found, before)


def test_arrays_of_one_record_can_be_changed_independently() -> None:
    found = decode_record(small_record())
    expected = decode_record(small_record()).symbols.node_location.copy()
    found.symbols.node_parent[:] = 0
    assert np.array_equal(found.symbols.node_location, expected)


def test_records_laid_end_to_end_are_told_apart() -> None:
    records = [small_record(), encode_stack_profile(empty_stack_profile()), large_record()]
    assert [bytes(record) for record in iter_records(b"".join(records))] == records
    assert list(iter_records(b"")) == []


def test_records_laid_end_to_end_are_given_up_to_the_damage() -> None:
    records = iter_records(small_record() + b"something else")
    assert bytes(next(records)) == small_record()
    with pytest.raises(RecordError):
        next(records)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"sample_values": np.zeros((2, 2), np.int64)}, id="more rows than types"),
        pytest.param({"sample_values": np.zeros((1, 3), np.int64)}, id="more values than samples"),
        pytest.param({"sample_values": np.zeros((1, 2), np.int32)}, id="narrow values"),
        pytest.param({"sample_span": np.zeros(1, np.uint64)}, id="span ids for some samples"),
        pytest.param({"sample_node": np.zeros(2, np.uint64)}, id="wide nodes"),
        pytest.param({"profile_id": b"short"}, id="a short id"),
    ],
)
def test_a_group_of_the_wrong_shape_is_not_written(change: dict[str, object]) -> None:
    good = group([1, 2])
    fields = {name: getattr(good, name) for name in type(good).__slots__} | change
    with pytest.raises(ValueError, match=r"group|columns"):
        encode_record("t", 0, small_symbols(), [type(good)(**fields)])


def test_an_answer_with_too_few_values_is_not_written() -> None:
    with pytest.raises(ValueError, match="one value per node"):
        encode_stack_profile(StackProfile(small_symbols(), np.zeros(1, np.int64)))


def test_recorded_profiles_survive_and_stay_near_the_size_of_their_gzip(corpus_dir: Path) -> None:
    limits = Limits(reject_older_than_ns=0, reject_newer_than_ns=0)
    seen = 0
    for path in sorted((corpus_dir / "pprof").iterdir()):
        raw = path.read_bytes()
        prepared = prepare_profile(raw, "anonymous", LABELS, limits, 1_700_000_000_000_000_000)
        if isinstance(prepared, Rejection) or not prepared.groups:
            continue
        data = encode_record("anonymous", 1, prepared.symbols, prepared.groups)
        assert_same_record(decode_record(data), PushRecord("anonymous", 1, prepared.symbols, prepared.groups))
        zipped = len(raw if raw[:2] == b"\x1f\x8b" else gzip.compress(raw))
        # A profile of a few hundred bytes is outweighed by the header, which does not matter.
        assert len(data) < 1.2 * zipped + 300, path.name
        seen += 1
    assert seen > 10
