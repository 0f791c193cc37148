"""Speed and size of heads and blocks: ``python -m tests.bench.bench_head_block`` prints one JSON line per figure.

Real profiles come from the folder PHLARE_CORPUS_DIR; without it the figures that need them are left out, with a word.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ingest.profiles.columns import ProfileGroup, SampleType
from ingest.profiles.flamegraph import build_flamegraph
from ingest.profiles.jit import warm_up_all
from ingest.profiles.record import PushRecord
from ingest.storage.block.reader import Block
from ingest.storage.block.writer import BlockIdentity, write_block
from ingest.storage.head.head import Head
from tests.bench.pprof_pushes import Recorded, read_pprof, resampled_pprof_bytes
from tests.bench.synthetic import synthetic_profile

CORPUS = Path(os.environ.get("PHLARE_CORPUS_DIR", Path(__file__).resolve().parents[2] / "../shared/corpus"))
LABELS = (("__name__", "process_cpu"), ("pod", "checkout-1"), ("service_name", "checkout"))
IDENTITY = BlockIdentity("01J0000000000000000000BLOK", "bench", "ingester-1", 0)
STEP_NS = 10_000_000_000


def show(name: str, value: float, unit: str, goal: str) -> None:
    """Print one figure."""
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit, "goal": goal}), flush=True)


def best_seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """Return the shortest of some runs."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def new_head() -> Head:
    """Return an empty head."""
    return Head(IDENTITY.ulid, "bench", "ingester-1", 0)


def cpu_push(number: int, nodes: int = 1500, samples: int = 500, seed: int = 1) -> PushRecord:
    """Return a push of the size of a Go CPU profile of a busy service."""
    profile = synthetic_profile(
        nodes=nodes, locations=nodes // 2, functions=nodes // 3, strings=nodes // 3, depth=25, seed=seed
    )
    rng = np.random.default_rng(number)
    node = np.sort(rng.choice(np.arange(1, profile.symbols.node_count), samples, replace=False)).astype(np.uint32)
    counts = rng.poisson(3, samples) + 1
    group = ProfileGroup(
        LABELS, rng.bytes(16), number * STEP_NS, STEP_NS, 10_000_000,
        (SampleType("samples", "count"), SampleType("cpu", "nanoseconds")), SampleType("cpu", "nanoseconds"), node,
        np.stack((counts, counts * 10_000_000)).astype(np.int64), np.zeros(0, np.uint64),
    )  # fmt: skip
    return PushRecord("bench", 0, profile.symbols, (group,))


def bench_append() -> None:
    """Append one push after the other, all symbols known after the first."""
    base = cpu_push(0)
    pushes = [cpu_push(number) for number in range(1, 300)]
    head = new_head()
    head.append(base)
    times = []
    for push in pushes:
        start = time.perf_counter()
        head.append(push)
        times.append(time.perf_counter() - start)
    show("head append, 500 samples, 1500 nodes, 2 types, median", float(np.median(times)) * 1e6, "us", "<= 200")
    show("head append, the same, 99th percentile", float(np.quantile(times, 0.99)) * 1e6, "us", "")
    show("head snapshot", best_seconds(head.snapshot, 50) * 1e6, "us", "")
    content = head.snapshot().content()
    show("head bytes per sample", head.memory_bytes / content.sample_counts.sum(), "bytes", "")


def bench_merge() -> None:
    """Merge a million samples from a head, and from the block written from it."""
    head = new_head()
    base = cpu_push(0, nodes=20_000, samples=5_000)
    rng = np.random.default_rng(3)
    for number in range(200):
        node = np.sort(rng.choice(np.arange(1, base.symbols.node_count), 5_000, replace=False)).astype(np.uint32)
        group = replace(base.groups[0], profile_id=rng.bytes(16), sample_node=node, time_ns=number * STEP_NS)
        head.append(replace(base, groups=(group,)))
    wanted = np.array([1], np.int64)

    def merged(part: Head | Block) -> object:
        rows = part.rows(wanted, 0, 2**62)
        return build_flamegraph(part.merge(rows.row_index, by_name=True), 8192)

    show("head: 1 000 000 samples to flame graph data", best_seconds(lambda: merged(head)) * 1e3, "ms", "<= 100")
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        meta = write_block(head.snapshot().content(), IDENTITY, Path(folder))
        show("block: writing 2 000 000 samples", (time.perf_counter() - start) * 1e3, "ms", "")
        show("block: bytes per sample", meta.size_bytes / meta.stats.samples, "bytes", "")
        path = Path(folder) / IDENTITY.ulid

        def cold() -> object:
            block = Block.open(path)
            rows = block.rows(wanted, 0, 2**62)
            return block.merge(rows.row_index, by_name=True)

        show("block: 1 000 000 samples by name, nothing cached", best_seconds(cold) * 1e3, "ms", "<= 300")


def bench_size() -> None:
    """Compare blocks with the gzip pprof bodies that they came from."""
    heap = [read_pprof(path) for path in sorted((CORPUS / "series").glob("*.pb.gz"))]
    pushes = [one.push(number, number * STEP_NS, LABELS) for number, one in enumerate(heap)]
    _show_size("ten consecutive heap profiles", pushes, sum(one.gzip_bytes for one in heap))
    for name, count in (("go_cpu", 200), ("python_cpu", 200), ("go_heap_medium", 50)):
        recorded = read_pprof(CORPUS / "pprof" / f"{name}.pb.gz")
        _show_size(f"{count} resampled {name} profiles", *_resampled(recorded, count))


def _resampled(recorded: Recorded, count: int) -> tuple[list[PushRecord], int]:
    """Draw each sample's count anew for each push, from a Poisson distribution around what was recorded."""
    rng = np.random.default_rng(1)
    values = recorded.sample_values
    unit = np.maximum(np.abs(values).max(axis=1, keepdims=True) // 100, 1)
    mean = np.minimum(values / unit, 1000.0)
    pushes, received = [], 0
    for number in range(count):
        drawn = (
            (rng.poisson(mean) * unit).astype(np.int64)
            if len(values) != 2
            else np.outer((1, values[1].max() // max(values[0].max(), 1)), rng.poisson(values[0])).astype(np.int64)
        )
        pushes.append(recorded.push(number, number * STEP_NS, LABELS, drawn))
        received += len(gzip.compress(resampled_pprof_bytes(recorded, drawn)))
    return pushes, received


def _show_size(name: str, pushes: list[PushRecord], received: int) -> None:
    head = new_head()
    for push in pushes:
        head.append(push)
    with tempfile.TemporaryDirectory() as folder:
        size = write_block(head.snapshot().content(), IDENTITY, Path(folder)).size_bytes
        for column, taken in column_bytes(Path(folder) / IDENTITY.ulid).items():
            if taken * 20 > size:
                show(f"{name}: {column}", 100 * taken / size, "% of the block", "")
    show(f"{name}: received bytes per block byte", received / size, "times", ">= 5")


def column_bytes(directory: Path) -> dict[str, int]:
    """Return the compressed bytes of each column of a block."""
    import pyarrow.parquet as pq

    found: dict[str, int] = {}
    for path in sorted(directory.glob("*.parquet")):
        metadata: Any = pq.ParquetFile(path).metadata
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                chunk = metadata.row_group(group).column(number)
                key = f"{path.stem}.{chunk.path_in_schema}"
                found[key] = found.get(key, 0) + chunk.total_compressed_size
    return found


if __name__ == "__main__":
    warm_up_all()
    bench_append()
    bench_merge()
    if CORPUS.is_dir():
        bench_size()
    else:
        print(f"no recorded profiles in {CORPUS}: sizes are not measured", file=sys.stderr)
