"""A writer that is killed loses nothing that it called synced."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from ingest.storage.wal.reader import Damage, replay

SEGMENT_BYTES = 200_000
ROUNDS = 6


def payload_of(number: int) -> bytes:
    """Content that its number determines, of changing length."""
    return number.to_bytes(8, "little") + random.Random(number).randbytes(number * 7919 % 30_000)


def run_until_killed(directory: Path, first: int, lines: int) -> int:
    """Start a child, kill it with SIGKILL after so many reports; return the highest number it reported as synced."""
    root = Path(__file__).parents[4]
    child = Path(__file__).with_name("writing_child.py")
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, str(child), str(directory), str(first)], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            reports = [process.stdout.readline() for _ in range(lines)]
        finally:
            process.kill()
        # What the child had written before it died is still in the pipe.
        reports += process.stdout.readlines()
    assert process.returncode == -9
    return int([line for line in reports if line.endswith(b"\n")][-1])


def test_every_record_reported_as_synced_is_replayed_after_kill_9(tmp_path: Path) -> None:
    rng = random.Random(20)
    synced = -1
    expected = 0
    for _ in range(ROUNDS):
        synced = run_until_killed(tmp_path, expected, rng.randint(1, 25))
        run = replay(tmp_path)
        found = [bytes(record.data) for record in run]
        assert len(found) > synced
        assert found == [payload_of(number) for number in range(len(found))]
        # A killed process leaves the end of a record missing, and no other damage.
        assert {damage.what for damage in run.report.damages} <= {Damage.TORN}
        assert run.report.missing_segments == ()
        expected = len(found)
    assert expected > ROUNDS
