"""Answers of a server for the flame graph to show: from the demo's recordings, and one as large as they come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ingest.profiles.columns import StackProfile
from ingest.profiles.diff import build_diff
from ingest.profiles.flamegraph import build_flamegraph
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Rejection
from ingest.profiles.symbols import merge_profiles
from ingest.profiles.uploads import read_upload

RECORDINGS = Path(__file__).resolve().parents[3] / "ingest" / "demo" / "recordings"
Answer = dict[str, Any]


def read(data: bytes) -> StackProfile:
    """Return the last type of value of a file: of processor profiles, time."""
    limits = replace(Limits(), max_profile_stacktrace_samples=1 << 20, max_profile_size_bytes=1 << 30)
    profiles = read_upload(data, limits, time.time_ns())
    assert not isinstance(profiles, Rejection), profiles
    return profiles[-1].profile


def recorded(pattern: str) -> StackProfile:
    """Return the recordings of a pattern, merged."""
    return merge_profiles([read(path.read_bytes()) for path in sorted(RECORDINGS.glob(pattern))])


def answer(profile: StackProfile) -> Answer:
    """Return a profile as the server answers it, uncut."""
    graph = build_flamegraph(profile, 0)
    return {"names": graph.names, "levels": [level.tolist() for level in graph.levels]}


def difference(left: StackProfile, right: StackProfile) -> Answer:
    """Return two profiles as the server compares them, uncut."""
    graph = build_diff(left, right, 0)
    return {"names": graph.names, "levels": [level.tolist() for level in graph.levels]}


def stacks_of(graph: Answer) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield each path of names with a self value, and that value."""
    above: list[tuple[int, int, tuple[str, ...]]] = []
    for depth, level in enumerate(graph["levels"]):
        here, end, parent = [], 0, 0
        for distance, total, own, name in np.reshape(level, (-1, 4)).tolist():
            start = end + distance
            end = start + total
            while depth and above[parent][1] <= start:
                parent += 1
            path = (*above[parent][2], graph["names"][name]) if depth else ()
            here.append((start, end, path))
            if own:
                yield path, own
        above = here


def crossed(nodes: int) -> Answer:
    """Return a graph of at least so many nodes, always the same: stacks of Go and Java with each other's ends.

    Names, depths and the branching at each level are those of the recordings; only what calls what is not.
    """
    stacks = [one for pattern in ("go_cpu_*", "java_cpu_*") for one in stacks_of(answer(recorded(pattern)))]
    seen: set[tuple[str, ...]] = set()
    lines = []
    for step in count():
        (upper, value), (lower, _) = (
            stacks[step % len(stacks)],
            stacks[(step * 7919 + step // len(stacks)) % len(stacks)],
        )
        path = upper[: 1 + (step * 31) % len(upper)] + lower[(step * 17) % len(lower) :]
        lines.append(f"{';'.join(path)} {value}")
        seen.update(path[:depth] for depth in range(1, len(path) + 1))
        if len(seen) >= nodes:
            return answer(read("\n".join(lines).encode()))
    raise AssertionError("not reached")


def deep(levels: int) -> Answer:
    """Return one stack of so many frames, each with a value of its own; the last has half of the whole."""
    names = ["total", *(f"frame_{depth}" for depth in range(1, levels + 1))]
    rows = [[depth, 2 * levels - depth, levels if depth == levels else 1, depth] for depth in range(levels + 1)]
    return {"names": names, "levels": rows}
