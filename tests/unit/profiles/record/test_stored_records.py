"""Records that were written earlier are still read: logs outlive the version that wrote them.

The files in ``golden`` are never regenerated. A new version of the format adds files.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.profiles.record import PushRecord, decode_record, decode_stack_profile, encode_record
from tests.unit.profiles.record.record_model import (
    assert_same_record,
    assert_same_symbols,
    group,
    small_symbols,
)
from tests.unit.profiles.stack_model import build_profile, plain

GOLDEN = Path(__file__).parent / "golden"


def test_a_push_record_of_version_1_is_read() -> None:
    groups = (group([1, 2], 2, spans=True), group([1, 3, 3], labels=(("__name__", "x"), ("service_name", "y"))))
    expected = PushRecord("anonymous", 42, small_symbols(), groups)
    assert_same_record(decode_record((GOLDEN / "push-v1.bin").read_bytes()), expected)


def test_a_compressed_push_record_of_version_1_is_read() -> None:
    symbols = build_profile([(plain("main", f"function_{index:04}"), index) for index in range(200)]).symbols
    expected = PushRecord("anonymous", 42, symbols, (group(list(range(2, 201))),))
    assert_same_record(decode_record((GOLDEN / "push-v1-zstd.bin").read_bytes()), expected)


def test_a_stack_profile_record_of_version_1_is_read() -> None:
    expected = build_profile([(plain("main", "work"), 3), (plain("main"), 1)])
    found = decode_stack_profile((GOLDEN / "stack-profile-v1.bin").read_bytes())
    assert_same_symbols(found.symbols, expected.symbols)
    assert np.array_equal(found.node_self, expected.node_self)


def test_a_push_record_of_version_2_is_read() -> None:
    groups = (group([1, 2], 2, spans=True, traces=True), group([1, 3, 3], labels=(("__name__", "x"),)))
    stored = (GOLDEN / "push-v2.bin").read_bytes()
    assert_same_record(decode_record(stored), PushRecord("anonymous", 42, small_symbols(), groups))


@pytest.mark.parametrize(("traces", "version"), [(False, 1), (True, 2)])
def test_only_a_record_with_traces_is_one_that_older_readers_do_not_know(traces: bool, version: int) -> None:
    record = encode_record("anonymous", 42, small_symbols(), [group([1, 2], traces=traces)])
    assert int.from_bytes(record[4:6], "little") == version


def test_trace_ids_that_are_all_zeros_are_none() -> None:
    one = replace(group([1, 2]), sample_trace=np.zeros((2, 2), np.uint64))
    record = encode_record("anonymous", 42, small_symbols(), [one])
    assert decode_record(record).groups[0].sample_trace.shape == (0, 2)
    assert record == encode_record("anonymous", 42, small_symbols(), [group([1, 2])])
