"""Records that were written earlier are still read: logs outlive the version that wrote them.

The files in ``golden`` are never regenerated. A new version of the format adds files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ingest.profiles.record import PushRecord, decode_record, decode_stack_profile
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
