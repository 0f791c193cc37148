"""The whole write path on a real cluster, and what an ingester keeps: ``python -m tests.bench.bench_end_to_end``.

One JSON line a figure. Clusters are those of ``manage.py up``; the load generator shares their processors, as any
client on the same machine would, so pushes a second are figures of this machine and CPU a push travels best.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from ingest.api.proto import profile_pb2
from ingest.ingester.store import IngesterStore, StoreConfig
from ingest.profiles.jit import warm_up_all
from ingest.profiles.limits import Limits
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.record import encode_record
from ingest.storage.fs import directory_bytes
from tests.bench.load import labels, recorded_profile
from tests.bench.pprof_pushes import read_pprof, resampled_pprof_bytes
from tests.integration.cluster.cluster import ROOT, Cluster

#: CPU a pushed profile may cost, in milliseconds: in all web processes together, and in each ingester.
DISTRIBUTOR_GOAL, INGESTER_GOAL = "<= 0.8", "<= 0.35"
REQUESTS_A_SECOND_AT_MOST = 2500
SIZE_PROFILES, REPLAY_PROFILES = 200, 2000
STEP_NS = 10_000_000_000


@dataclass(frozen=True)
class Load:
    """What one run of the load generator found."""

    rate: float  #: pushes acknowledged a second
    p50_ms: float
    p99_ms: float
    errors: int
    cpu_ms: dict[str, float]  #: role -> CPU milliseconds a push


def show(name: str, value: float, unit: str, goal: str = "", note: str = "") -> None:
    """Print one figure."""
    figure = {"name": name, "value": round(value, 3), "unit": unit, "goal": goal}
    print(json.dumps(figure | ({"note": note} if note else {})), flush=True)


# ------------------------------------------------------------------------------------------------------ the write path


@contextmanager
def running(replication_factor: int, folder: Path, web_workers: int) -> Iterator[Cluster]:
    """Run a cluster of as many ingesters, and zones, as copies; always stopped at the end."""
    count = replication_factor
    arguments = (f"--ingesters={count}", f"--zones={count}", f"--replication-factor={count}")
    arguments += (f"--web-workers={web_workers}",)
    cluster = Cluster(folder / f"rf{count}", arguments=arguments, environment={"PHLARE_LOG_LEVEL": "warning"})
    try:
        cluster.start()
        yield cluster
        cluster.stop()
    finally:
        cluster.kill_everything()


def cpu_seconds(roles: dict[str, list[int]]) -> dict[str, float]:
    """Return the CPU seconds used so far by the processes of each role."""
    used = {}
    for role, pids in roles.items():
        times = [psutil.Process(pid).cpu_times() for pid in pids]
        used[role] = sum(one.user + one.system for one in times)
    return used


def push(cluster: Cluster, connections: int, seconds: float) -> Load:
    """Push over so many connections for so long."""
    command = [sys.executable, "-m", "tests.bench.load", f"--port={cluster.port}", f"--connections={connections}"]
    command += [f"--seconds={seconds}", f"--requests={round((seconds + 1.5) * REQUESTS_A_SECOND_AT_MOST)}"]
    roles = cluster.processes()
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        assert load.stdin is not None
        assert load.stdout is not None
        assert load.stdout.readline() == "ready\n"
        load.stdin.write("go\n")
        load.stdin.flush()
        assert load.stdout.readline() == "measuring\n"
        before = cpu_seconds(roles)
        found = json.loads(load.stdout.readline())
        after = cpu_seconds(roles)
    latencies = np.array(found["latencies"]) * 1e3
    stored = found["statuses"].get("200", 0)
    cpu_ms = {role: (after[role] - before[role]) * 1e3 / max(1, len(latencies)) for role in roles}
    p50, p99 = np.quantile(latencies, (0.5, 0.99))
    return Load(stored / found["seconds"], float(p50), float(p99), len(latencies) - stored, cpu_ms)


def bench_pushes(folder: Path, seconds: float, web_workers: int) -> None:
    """Push to a cluster without and to one with replication, with few and with many connections."""
    for replication_factor in (1, 3):
        with running(replication_factor, folder, web_workers) as cluster:
            push(cluster, 16, 1.0)  # the first pushes of a cluster open its connections and heads
            for connections in (16, 64):
                _show_load(f"RF {replication_factor}, {connections} connections", push(cluster, connections, seconds))


def _show_load(name: str, found: Load) -> None:
    note = f"{found.errors} pushes were not stored" if found.errors else ""
    show(f"{name}: pushes", found.rate, "1/s", note=note)
    show(f"{name}: latency, median", found.p50_ms, "ms")
    show(f"{name}: latency, 99th percentile", found.p99_ms, "ms")
    show(f"{name}: CPU of the distributor a push", found.cpu_ms["web"], "ms", DISTRIBUTOR_GOAL)
    ingesters = [used for role, used in found.cpu_ms.items() if role.startswith("ingester")]
    show(f"{name}: CPU of an ingester a push", sum(ingesters) / len(ingesters), "ms", INGESTER_GOAL)
    show(f"{name}: CPU of Redis a push", found.cpu_ms["redis"], "ms")


# ------------------------------------------------------------------------------------------------- what is kept of them


def resampled_records(count: int) -> tuple[list[bytes], int]:
    """Return push records of one service and the gzip bytes they came in.

    Each sample's count is drawn anew from a Poisson distribution around what was recorded: equal profiles would
    compress as none do.
    """
    recorded = read_pprof(recorded_profile())
    counts, nanoseconds = recorded.sample_values
    unit = nanoseconds.max() // max(counts.max(), 1)
    random = np.random.default_rng(1)
    records, received = [], 0
    series = tuple(sorted(labels(0)))
    limits = Limits(reject_older_than_ns=0, reject_newer_than_ns=0)
    for number in range(count):
        drawn = np.outer((1, unit), random.poisson(counts)).astype(np.int64)
        body = gzip.compress(resampled_pprof_bytes(recorded, drawn) + _time(number * STEP_NS), 1)
        received += len(body)
        prepared = prepare_profile(body, "bench", series, limits, time.time_ns())
        assert isinstance(prepared, Prepared), prepared
        records.append(encode_record("bench", number, prepared.symbols, prepared.groups))
    return records, received


def _time(nanoseconds: int) -> bytes:
    """Return the piece of a message that sets its time."""
    encoded: bytes = profile_pb2.Profile(time_nanos=1 + nanoseconds).SerializeToString()
    return encoded


def opened_store(directory: Path) -> tuple[IngesterStore, float, Any]:
    """Return an open store, the seconds that opening it took, and what it met."""
    directory.mkdir(parents=True, exist_ok=True)
    config = StoreConfig("bench", directory, 1 << 30, 4 << 30, 1 << 62, 64 << 20, 1 << 62, 0)
    numbers = iter(range(1 << 20))
    store = IngesterStore(config, time.time_ns, lambda: f"01J{next(numbers):023d}", 1, lambda tenant: 0)
    started = time.perf_counter()
    opened = store.open()
    return store, time.perf_counter() - started, opened


def bench_sizes(folder: Path, records: Sequence[bytes], received: int) -> None:
    """Compare what is kept with what was received."""
    store, _, _ = opened_store(folder / "sizes")
    store.commit(list(records))
    count, status = len(records), store.status()
    assert status.head_profiles == count, "some profiles are equal"
    show("one service: gzip pprof received a profile", received / count, "bytes")
    show("one service: log bytes a profile", status.wal_bytes / count, "bytes")
    show("one service: head bytes a profile", status.head_bytes / count, "bytes")
    store.seal_all("bench")
    store.write_blocks()
    size = directory_bytes(folder / "sizes" / "blocks")
    show("one service: block bytes a profile", size / count, "bytes")
    show("one service: received bytes per block byte", received / size, "times", ">= 5")
    store.close()


def bench_replay(folder: Path, records: Sequence[bytes]) -> None:
    """Open a store again that was never closed."""
    store, _, _ = opened_store(folder / "replay")
    for start in range(0, len(records), 50):
        store.commit(records[start : start + 50])
    store.close()
    best = float("inf")
    for _ in range(3):
        store, seconds, opened = opened_store(folder / "replay")
        assert opened.wal.replayed.records == len(records)
        store.close()
        best = min(best, seconds)
    show("replay of an ingester's log", len(records) / best, "profiles/s")
    show("replay of an ingester's log, bytes of the log", opened.wal.log.payload_bytes / best / 1e6, "MB/s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each measurement under load")
    parser.add_argument("--web-workers", type=int, default=1)
    parser.add_argument("--only", choices=("pushes", "kept"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="phlareweb-bench-") as name:
        folder = Path(name)
        if arguments.only != "kept":
            bench_pushes(folder, arguments.seconds, arguments.web_workers)
        if arguments.only != "pushes":
            warm_up_all()
            records, received = resampled_records(REPLAY_PROFILES)
            bench_sizes(folder, records[:SIZE_PROFILES], received * SIZE_PROFILES // REPLAY_PROFILES)
            bench_replay(folder, records)


if __name__ == "__main__":
    main()
