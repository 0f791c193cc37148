"""Speed of the write-ahead log: one JSON line per figure. ``python tests/bench/bench_wal.py [directory]``.

The directory should lie on the disk that is meant: a file system in memory flushes for nothing.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ingest.storage.wal.reader import replay
from ingest.storage.wal.writer import WalWriter

RECORD_BYTES = 20_000
BATCH_RECORDS = 100
BATCHES = 150


def report(name: str, value: float, unit: str, goal: str = "") -> None:
    print(json.dumps({"name": name, "value": round(value, 3), "unit": unit, "goal": goal}), flush=True)


def milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def measure_batches(directory: Path) -> None:
    """100 records of 20 KB and one flush: what one group commit costs under load."""
    payload = os.urandom(RECORD_BYTES)
    writer = WalWriter(directory)
    batch = [(1, payload)] * BATCH_RECORDS
    appends, syncs = [], []
    for _ in range(BATCHES):
        appends.append(milliseconds(lambda: writer.append(batch)))
        syncs.append(milliseconds(writer.sync))
    writer.close()
    both = sorted(a + b for a, b in zip(appends, syncs, strict=True))
    report("wal_append_100x20KB_p50", statistics.median(appends), "ms")
    report("wal_append_100x20KB_and_sync_p50", statistics.median(both), "ms")
    report("wal_append_100x20KB_and_sync_p99", both[int(len(both) * 0.99)], "ms")
    report("wal_append_and_sync_rate", BATCHES * BATCH_RECORDS * RECORD_BYTES / 1e3 / sum(both), "MB/s")


def measure_single(directory: Path) -> None:
    """One record of 20 KB and one flush: what a lone push waits for."""
    payload = os.urandom(RECORD_BYTES)
    writer = WalWriter(directory)

    def once() -> None:
        writer.append([(1, payload)])
        writer.sync()

    times = sorted(milliseconds(once) for _ in range(400))
    writer.close()
    report("wal_append_1x20KB_and_sync_p50", statistics.median(times), "ms")
    report("wal_append_1x20KB_and_sync_p99", times[int(len(times) * 0.99)], "ms")


def measure_replay(directory: Path, name: str, goal: str) -> None:
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        run = replay(directory)
        for _ in run:
            pass
        rates.append(run.report.payload_bytes / (time.perf_counter() - start) / 1e6)
        assert not run.report.damages
    report(name, statistics.median(rates), "MB/s", goal)


def measure_small_records(directory: Path) -> None:
    """Records so small that the work per record is all there is."""
    writer = WalWriter(directory)
    batch = [(1, b"x" * 200)] * 1000
    taken = sum(milliseconds(lambda: writer.append(batch)) for _ in range(100))
    writer.close()
    report("wal_append_per_small_record", taken * 1000 / 100_000, "us")
    start = time.perf_counter()
    count = sum(1 for _ in replay(directory))
    report("wal_replay_per_small_record", (time.perf_counter() - start) * 1e6 / count, "us")


def main() -> None:
    parent = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        measure_batches(Path(folder) / "batches")
        measure_replay(Path(folder) / "batches", "wal_replay_20KB_records", ">= 500")
        measure_single(Path(folder) / "single")
        measure_small_records(Path(folder) / "small")


if __name__ == "__main__":
    main()
