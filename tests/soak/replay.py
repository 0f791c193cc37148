"""Memory and speed of a replay: ``python -m tests.soak.replay --bytes 1GiB``.

One process fills a store's log to that size and is killed; another opens the store again. It is the worst case: a quiet
tenant's head holds the whole log back, checkpoints are switched off, and every block that the first process wrote has
left the disk, as blocks do once they are uploaded, so that all of the log has to be taken up again. Prints a JSON line
with both peaks (VmHWM, what the kernel says of the most that was ever resident); exit status 1 when the replay needed
more than what came before, or lost something.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ingest.ingester.store import IngesterStore, StoreConfig
from ingest.profiles.jit import warm_up_all
from ingest.profiles.quantities import parse_bytes
from ingest.profiles.record import PushRecord, decode_record, encode_record, iter_records
from ingest.storage.acks import AckCode
from tests.bench.bench_end_to_end import ROOT, resampled_records
from tests.integration.cluster.memory import memory_of

MIB = 1 << 20
TENANTS = tuple(f"tenant-{number}" for number in range(4))
QUIET = "quiet"
#: Distinct pushes that are sent again and again with another time and identity.
BASE_RECORDS = 200
RECORDS_A_COMMIT = 32
FIRST_TIME_NS = 10**18


@dataclass(frozen=True, slots=True)
class Run:
    """What is replayed."""

    log_bytes: int
    head_max_bytes: int
    heads_max_bytes: int
    segment_bytes: int


def opened_store(directory: Path, run: Run) -> tuple[IngesterStore, float, Any]:
    """Return an open store, the seconds that opening took, and what it met."""
    directory.mkdir(parents=True, exist_ok=True)
    config = StoreConfig(
        "replay", directory, run.head_max_bytes, run.heads_max_bytes, 1 << 62, run.segment_bytes, 1 << 62, 0
    )
    numbers = iter(range(os.getpid() << 24, 1 << 62))
    store = IngesterStore(config, time.time_ns, lambda: f"01J{next(numbers):023d}", 1, lambda tenant: 0)
    started = time.perf_counter()
    opened = store.open(_show_progress(started))
    return store, time.perf_counter() - started, opened


def _show_progress(started: float) -> Any:
    shown = started

    def show(done_bytes: int, total_bytes: int) -> None:
        nonlocal shown
        now = time.perf_counter()
        if now - shown > 2:
            shown = now
            rate = done_bytes / (now - started) / 1e6
            print(f"replayed {100 * done_bytes / total_bytes:.0f} % at {rate:.0f} MB/s", file=sys.stderr)

    return show


def pushes(base: list[PushRecord]) -> Iterator[bytes]:
    """Yield push records without end, each of another time and identity."""
    number = 0
    while True:
        record = base[number % len(base)]
        identity = hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16).digest()
        groups = [replace(one, time_ns=FIRST_TIME_NS + number, profile_id=identity) for one in record.groups[:1]]
        yield encode_record(TENANTS[number % len(TENANTS)], 0, record.symbols, groups)
        number += 1


def fill(directory: Path, run: Run) -> None:
    """Fill the log, say what that took, and be killed."""
    warm_up_all()
    store, _, _ = opened_store(directory, run)
    base = [decode_record(view) for view in iter_records((directory / "base.bin").read_bytes())]
    quiet = base[0]
    store.commit([encode_record(QUIET, 0, quiet.symbols, quiet.groups[:1])])
    waiting = pushes(base)
    profiles = blocks = 0
    while store.status().wal_bytes < run.log_bytes:
        batch = [next(waiting) for _ in range(RECORDS_A_COMMIT)]
        assert all(codes == bytes([AckCode.STORED]) for codes in store.commit(batch))
        profiles += len(batch)
        written = store.write_blocks()
        blocks += written
        if written:
            store.evict([block.part_id for block in store.blocks.all()])
    status = store.status()
    said = {
        "profiles": profiles,
        "log_bytes": status.wal_bytes,
        "blocks_written": blocks,
        "peak_bytes": memory_of(os.getpid()).peak_rss,
    }
    print(json.dumps(said), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def take_up(directory: Path, run: Run) -> None:
    """Open the store that was left behind, and say what that took and what is there."""
    warm_up_all()
    store, seconds, opened = opened_store(directory, run)
    peak_bytes = memory_of(os.getpid()).peak_rss
    heads = store.status().head_profiles
    in_blocks = sum(block.meta.stats.profiles for block in store.blocks.all())
    said = {
        "seconds": seconds,
        "records": opened.wal.replayed.records,
        "profiles": heads + in_blocks,
        "blocks_written": opened.blocks_written,
        "peak_bytes": peak_bytes,
    }
    print(json.dumps(said), flush=True)
    store.close()


def measure(run: Run, folder: Path) -> dict[str, Any]:
    """Fill a store in one process and open it in another; returns what both said."""
    directory = folder / "ingester"
    directory.mkdir(parents=True)
    (directory / "base.bin").write_bytes(b"".join(resampled_records(BASE_RECORDS)[0]))
    before = _child("fill", directory, run, -signal.SIGKILL)
    after = _child("take-up", directory, run, 0)
    shutil.rmtree(directory)
    return {
        "log_mib": round(before["log_bytes"] / MIB, 1),
        "profiles": before["profiles"] + 1,
        "profiles_found": after["profiles"],
        "blocks_written_before": before["blocks_written"],
        "blocks_written": after["blocks_written"],
        "seconds": round(after["seconds"], 2),
        "mb_a_second": round(before["log_bytes"] / after["seconds"] / 1e6, 1),
        "profiles_a_second": round(after["records"] / after["seconds"]),
        "peak_before_mib": round(before["peak_bytes"] / MIB, 1),
        "peak_replay_mib": round(after["peak_bytes"] / MIB, 1),
    }


def _child(what: str, directory: Path, run: Run, expected: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.soak.replay", what, str(directory), json.dumps(asdict(run))]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == expected, f"{what} ended with {done.returncode}"
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def main() -> int:
    """Measure and print."""
    if sys.argv[1:2] in (["fill"], ["take-up"]):
        act = fill if sys.argv[1] == "fill" else take_up
        act(Path(sys.argv[2]), Run(**json.loads(sys.argv[3])))
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", default="1GiB", help="size of the log")
    parser.add_argument("--directory", type=Path, help="where to put it; a temporary folder unless given")
    arguments = parser.parse_args()
    log_bytes = parse_bytes(arguments.bytes)
    if log_bytes is None:
        parser.error(f"--bytes {arguments.bytes!r} is no size")
    with tempfile.TemporaryDirectory(prefix="phlareweb-replay-", dir=arguments.directory) as name:
        found = measure(Run(log_bytes, 64 * MIB, 256 * MIB, 32 * MIB), Path(name))
    ok = found["peak_replay_mib"] <= found["peak_before_mib"] and found["profiles_found"] == found["profiles"]
    print(json.dumps({**found, "ok": ok}))
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
