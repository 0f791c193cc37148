"""A log much larger than heads may be, all of it taken up again: the short version of ``make replay``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.replay import MIB, Run, measure


@pytest.mark.slow
def test_64_mib_of_log_are_taken_up_within_the_memory_that_filled_them(tmp_path: Path) -> None:
    found = measure(Run(64 * MIB, head_max_bytes=2 * MIB, heads_max_bytes=8 * MIB, segment_bytes=4 * MIB), tmp_path)
    print(found)
    assert found["log_mib"] >= 64
    assert found["profiles_found"] == found["profiles"]
    assert found["blocks_written"] > 4, "the heads of the whole log would not have fitted"
    assert found["peak_replay_mib"] <= found["peak_before_mib"]
