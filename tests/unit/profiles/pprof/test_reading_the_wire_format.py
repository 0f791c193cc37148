"""Protobuf as other writers may send it is read; bytes that are not protobuf are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.pprof import wire_kernels as wire
from ingest.profiles.pprof.decode import MAX_BYTES_PER_RAW_BYTE, Decoded, decode_pprof
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.pprof.pprof_model import message, number, packed, varint

U64_MAX = (1 << 64) - 1


def decode(data: bytes) -> Decoded:
    result = decode_pprof(data)
    assert isinstance(result, Decoded), result
    return result


@pytest.mark.parametrize(
    "sample",
    [
        pytest.param(packed(1, [1, 300, 1 << 62]), id="packed"),
        pytest.param(number(1, 1) + number(1, 300) + number(1, 1 << 62), id="unpacked"),
        pytest.param(number(1, 1) + packed(1, [300, 1 << 62]), id="both"),
        pytest.param(packed(1, [1]) + packed(1, []) + packed(1, [300, 1 << 62]), id="packed in parts"),
        pytest.param(packed(1, [1, 300, 1 << 62]) + number(15, 3) + message(16, b"new"), id="with unknown fields"),
        pytest.param(b"\x0a\x0d\x81\x00\xac\x02" + varint(1 << 62), id="with a number longer than it must be"),
    ],
)
def test_repeated_numbers_are_read_however_they_are_written(sample: bytes) -> None:
    assert decode(message(2, sample)).refs.tolist() == [1, 300, 1 << 62]


def test_the_last_of_a_repeated_scalar_holds_and_sub_messages_merge() -> None:
    decoded = decode(
        number(9, 5) + number(9, 7) + message(11, number(1, 3) + number(2, 4)) + message(11, number(2, 9))
        + message(5, number(1, 1) + number(1, 2))
    )  # fmt: skip
    assert decoded.header[[wire.TIME_NANOS, wire.PERIOD_TYPE, wire.PERIOD_UNIT]].tolist() == [7, 3, 9]
    assert decoded.functions[:, 0].tolist() == [2]


def test_unknown_fields_of_every_wire_type_are_skipped() -> None:
    unknown = (
        number(99, U64_MAX) + message(98, b"abc") + varint(97 << 3 | 1) + b"8bytes.." + varint(96 << 3 | 5) + b"4by."
    )
    assert decode(unknown + number(12, 3) + unknown).header[wire.PERIOD] == 3


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1)), st.booleans())
def test_any_64_bit_numbers_come_back(numbers: list[int], pack: bool) -> None:
    sample = packed(2, numbers) if pack else b"".join(number(2, value) for value in numbers)
    assert decode(message(2, sample)).values.tolist() == numbers


@given(st.lists(st.tuples(*[st.integers(0, U64_MAX)] * 6, st.lists(st.booleans(), min_size=4, max_size=4)), max_size=5))
def test_mappings_come_back_with_their_flags(mappings: list[tuple[int, int, int, int, int, int, list[bool]]]) -> None:
    data = b"".join(
        message(3, b"".join(number(field, int(value)) for field, value in enumerate((*row[:6], *row[6]), 1)))
        for row in mappings
    )
    found = decode(data).mappings.view(np.uint64).tolist()
    assert found == [[*row[:6], sum(flag << bit for bit, flag in enumerate(row[6]))] for row in mappings]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x0a", id="a length is missing"),
        pytest.param(b"\x0a\x05abc", id="a length runs past the end"),
        pytest.param(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", id="a length near 2 to the 63"),
        pytest.param(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", id="a length of all 64 bits"),
        pytest.param(b"\x48\x80", id="a number is cut off"),
        pytest.param(b"\x48" + b"\x80" * 10 + b"\x01", id="a number of eleven bytes"),
        pytest.param(b"\x48" + b"\xff" * 9 + b"\x02", id="a number of 65 bits"),
        pytest.param(b"\x02\x00", id="field number 0"),
        pytest.param(varint(1 << 33) + b"\x00", id="a field number beyond 29 bits"),
        pytest.param(b"\x7b\x7c", id="a group"),
        pytest.param(b"\x0b\x0c", id="a group where a sample type belongs"),
        pytest.param(b"\x7e", id="wire type 6"),
        pytest.param(number(2, 1), id="a number where a sample belongs"),
        pytest.param(message(9, b"\x01"), id="bytes where the time belongs"),
        pytest.param(number(11, 1), id="a number where the period type belongs"),
        pytest.param(message(2, b"\x0d1234"), id="four bytes where a location id belongs"),
        pytest.param(message(2, number(3, 1)), id="a number where a label belongs"),
        pytest.param(message(2, message(3, b"\x0a\x00")), id="bytes where a label's key belongs"),
        pytest.param(message(2, message(1, b"\x01\x80")), id="a packed number is cut off"),
        pytest.param(message(2, message(1, b"\x80" * 11 + b"\x01")), id="a packed number of twelve bytes"),
        pytest.param(message(4, number(4, 1)), id="a number where a line belongs"),
        pytest.param(message(4, message(1, b"")), id="bytes where a location's id belongs"),
        pytest.param(message(5, message(1, b"")), id="bytes where a function's id belongs"),
        pytest.param(message(3, b"\x79234567"), id="eight bytes cut off"),
        pytest.param(message(3, b"\x7d234"), id="four bytes cut off"),
    ],
)
def test_bytes_that_are_no_pprof_message_are_refused(data: bytes) -> None:
    result = decode_pprof(data)
    assert isinstance(result, Rejection)
    assert result.reason is Reason.MALFORMED_PROFILE
    assert "at byte" in result.message


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(message(1, b""), id="sample types"),
        pytest.param(message(2, b""), id="samples"),
        pytest.param(message(2, packed(1, [0] * 100)), id="references"),
        pytest.param(message(2, packed(2, [0] * 100)), id="values"),
        pytest.param(message(2, message(3, b"") * 60), id="labels"),
        pytest.param(message(3, b""), id="mappings"),
        pytest.param(message(4, b""), id="locations"),
        pytest.param(message(4, message(4, b"") * 60), id="lines"),
        pytest.param(message(5, b""), id="functions"),
        pytest.param(message(6, b""), id="strings"),
    ],
)
def test_columns_stay_within_a_constant_of_the_bytes_sent(record: bytes) -> None:
    data = record * 500
    decoded = decode(data)
    tables = (getattr(decoded, name) for name in Decoded.__slots__ if name != "raw")
    assert sum(table.nbytes for table in tables) <= MAX_BYTES_PER_RAW_BYTE * len(data) + 8 * 64
