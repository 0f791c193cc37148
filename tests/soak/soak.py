"""Memory under load for as long as wanted: ``python -m tests.soak.soak --minutes 60 --rate-fraction 0.5``.

Starts ``manage.py up`` on an empty folder, pushes, prints a JSON line a minute and at the end a verdict. With
``--profiles 100000`` it pushes that many as fast as they are taken instead. Exit status 1 when a process ever was
larger than ``--max-process-mib``, or when memory grew after the first block.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, linear_regression
from typing import Any

import redis

from phlareweb.data_dir import redis_socket
from tests.integration.cluster.cluster import Cluster
from tests.integration.cluster.memory import MIB, cluster_memory
from tests.soak import load

SAMPLE_SECONDS = 5.0
CALIBRATION_SECONDS = 20.0
DRAIN_SECONDS = 120.0
QUEUES = ("ingester.ingester-0", "ingester.ingester-1", "ingester.ingester-2", "phlare.general", "phlare.blocks")
#: Growth between the first and the last third of a run after the first block that is taken for none.
GROWTH_ALLOWED = 1.10


@dataclass(slots=True)
class Watch:
    """Looks at the cluster again and again."""

    cluster: Cluster
    accepted: Callable[[], list[float]]
    report_seconds: float
    started_at: float = field(default_factory=time.monotonic)
    first_block_at: float | None = None
    #: Resident MiB by process, over time. Not PSS, which also moves with whoever else maps the same libraries.
    samples: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)
    peak_pss: dict[str, float] = field(default_factory=dict)
    peak_total_pss: float = 0.0
    redis_peak_bytes: int = 0
    _next_report: float = 0.0

    def look(self, phase: str) -> None:
        """Take a sample, and print a line when one is due."""
        seconds = time.monotonic() - self.started_at
        memory = cluster_memory(self.cluster)
        self.samples.append((seconds, {name: one.rss / MIB for name, one in memory.items()}))
        self.peak_total_pss = max(self.peak_total_pss, sum(one.pss for one in memory.values()) / MIB)
        for name, one in memory.items():
            self.peaks[name] = max(self.peaks.get(name, 0.0), one.peak_rss / MIB)
            self.peak_pss[name] = max(self.peak_pss.get(name, 0.0), one.pss / MIB)
        if seconds < self._next_report and phase != "end":
            return
        self._next_report = seconds + self.report_seconds
        metrics = self._metrics()
        if self.first_block_at is None and metrics.get("phlare_uploaded_blocks_total", 0) > 0:
            self.first_block_at = seconds
        accepted, refused, lost, waited = self.accepted()
        line = {
            "seconds": round(seconds),
            "phase": phase,
            "pushes": int(accepted),
            "refused": int(refused),
            "lost": int(lost),
            "mean_ms": round(1000 * waited / max(accepted, 1), 1),
            "blocks": metrics.get("phlare_uploaded_blocks_total", 0),
            "head_mib": round(metrics.get("phlare_ingester_head_bytes", 0) / MIB, 1),
            "sealed_heads": metrics.get("phlare_ingester_sealed_heads", 0),
            "wal_mib": round(metrics.get("phlare_ingester_wal_bytes", 0) / MIB, 1),
            **self._redis(),
            "pss_mib": round(sum(one.pss for one in memory.values()) / MIB),
            "memory_mib": {
                name: {"pss": one.pss // MIB, "rss": one.rss // MIB, "peak": one.peak_rss // MIB}
                for name, one in sorted(memory.items())
            },
        }
        print(json.dumps(line), flush=True)

    def queued(self) -> int:
        """Return the messages that wait for ingesters."""
        return sum(self._redis()["queues"].values())

    def verdict(self, max_process_mib: float) -> dict[str, Any]:
        """Return the figures of the whole run; ``ok`` says whether it was as promised."""
        since = self.first_block_at
        after = [(at, by_name) for at, by_name in self.samples if since is not None and at >= since]
        names = sorted({name for _, by_name in after for name in by_name})
        slopes, growths = {}, {}
        third = len(after) // 3
        for name in names if third >= 3 else ():
            series = [(at, by_name[name]) for at, by_name in after if name in by_name]
            slopes[name] = round(linear_regression(*zip(*series, strict=True)).slope * 3600, 1)
            first, last = fmean(y for _, y in series[:third]), fmean(y for _, y in series[-third:])
            growths[name] = round(last / first, 3)
        too_large = [name for name, peak in self.peaks.items() if peak > max_process_mib]
        growing = [name for name in growths if growths[name] > GROWTH_ALLOWED and slopes[name] > 10]
        return {
            "verdict": "ok" if not too_large and not growing else "failed",
            "first_block_after_seconds": None if since is None else round(since),
            "seconds_after_first_block": round(after[-1][0] - after[0][0]) if after else 0,
            "slope_mib_an_hour": slopes,
            "last_third_over_first_third": growths,
            "peak_rss_mib": {name: round(peak) for name, peak in sorted(self.peaks.items())},
            "peak_pss_mib": {name: round(peak) for name, peak in sorted(self.peak_pss.items())},
            "peak_total_pss_mib": round(self.peak_total_pss),
            "redis_peak_mib": round(self.redis_peak_bytes / MIB),
            "too_large": too_large,
            "growing": growing,
        }

    def _metrics(self) -> dict[str, float]:
        """Return the sums of ``/metrics`` over all labels."""
        status, body, _ = self.cluster.request("GET", "/metrics")
        if status != 200:
            raise AssertionError(f"/metrics answers {status}")
        found: dict[str, float] = {}
        for line in body.decode().splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                name = name.partition("{")[0]
                found[name] = found.get(name, 0.0) + float(value)
        return found

    def _redis(self) -> dict[str, Any]:
        with redis.Redis(unix_socket_path=str(redis_socket(self.cluster.data_dir))) as client:
            memory = client.info("memory")
            self.redis_peak_bytes = max(self.redis_peak_bytes, memory["used_memory_peak"])
            return {
                "queues": {name: client.llen(name) for name in QUEUES},
                "redis_keys": client.dbsize(),
                "redis_mib": round(memory["used_memory"] / MIB, 1),
            }


def _push(port: int, connections: int, series: int, seed: int, rate: float, cells: Any, stop: Any) -> None:
    counts = load.Counts(cells)
    load.push_until(port, connections, load.requests(series, seed), rate, counts, stop.is_set)


class Load:
    """The pushing processes and what they count together."""

    def __init__(self, cluster: Cluster, arguments: argparse.Namespace) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._cluster = cluster
        self._arguments = arguments
        self._cells: list[Any] = []

    def totals(self) -> list[float]:
        """Return accepted, refused, lost and the seconds waited for those accepted, since the beginning."""
        return [sum(column) for column in zip(*[cells[:] for cells in self._cells], strict=True)] or [0.0] * 4

    @contextmanager
    def pushing(self, rate: float) -> Any:
        """Push at ``rate`` a second in all (0 = as fast as possible) inside the ``with`` block."""
        stop = self._context.Event()
        processes = []
        count = self._arguments.processes
        for _ in range(count):
            self._cells.append(cells := self._context.Array("d", 4, lock=False))
            seed = len(self._cells)
            connections = self._arguments.connections // count
            target = (self._cluster.port, connections, self._arguments.series, seed, rate / count, cells, stop)
            processes.append(self._context.Process(target=_push, args=target, daemon=True))
            processes[-1].start()
        try:
            yield
        finally:
            stop.set()
            for process in processes:
                process.join(30)


def _calibrated(pushing: Load, watch: Watch) -> float:
    """Return how many pushes a second are taken at most."""
    with pushing.pushing(0):
        while not pushing.totals()[0]:
            time.sleep(0.1)
        begin, at = pushing.totals()[0], time.monotonic()
        while time.monotonic() - at < CALIBRATION_SECONDS:
            watch.look("calibration")
            time.sleep(SAMPLE_SECONDS)
        return (pushing.totals()[0] - begin) / (time.monotonic() - at)


def _run(cluster: Cluster, arguments: argparse.Namespace) -> dict[str, Any]:
    pushing = Load(cluster, arguments)
    watch = Watch(cluster, pushing.totals, arguments.report_seconds)
    watch.look("idle")
    rate = 0.0
    if not arguments.profiles:
        most = _calibrated(pushing, watch)
        rate = arguments.rate or most * arguments.rate_fraction
        print(json.dumps({"most_pushes_a_second": round(most), "rate": round(rate)}), flush=True)
    begin, began = pushing.totals()[0], time.monotonic()

    def is_done() -> bool:
        if arguments.profiles:
            return pushing.totals()[0] >= arguments.profiles
        return time.monotonic() - began >= 60 * arguments.minutes

    with pushing.pushing(rate):
        while not is_done():
            watch.look("load")
            time.sleep(SAMPLE_SECONDS)
        rate = (pushing.totals()[0] - begin) / (time.monotonic() - began)
    ended = time.monotonic()
    while watch.queued() and time.monotonic() - ended < DRAIN_SECONDS:
        watch.look("drain")
        time.sleep(SAMPLE_SECONDS)
    watch.look("end")
    return {"pushes_a_second": round(rate, 1), **watch.verdict(arguments.max_process_mib)}


def main() -> None:
    """Run as told by the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate-fraction", type=float, default=0.5, help="of what is taken at most (default: 0.5)")
    parser.add_argument("--rate", type=float, default=0.0, help="pushes a second, instead of a fraction")
    parser.add_argument("--profiles", type=int, default=0, help="push that many as fast as possible instead")
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--processes", type=int, default=1, help="that push (default: 1)")
    parser.add_argument("--max-process-mib", type=float, default=600.0)
    parser.add_argument("--report-seconds", type=float, default=60.0)
    parser.add_argument("--data-dir", type=Path, help="an empty folder; the default is a temporary one")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting, e.g. PHLARE_...")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        environment = dict(one.split("=", 1) for one in arguments.set)
        cluster = Cluster(arguments.data_dir or Path(folder) / "data", environment=environment)
        try:
            cluster.start()
            verdict = _run(cluster, arguments)
        finally:
            cluster.stop()
    print(json.dumps(verdict), flush=True)
    sys.exit(verdict["verdict"] != "ok")


if __name__ == "__main__":
    main()
