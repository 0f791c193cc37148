"""Speed of interning, merging and drawing: ``python -m tests.bench.bench_symbols`` prints a JSON line a figure."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from ingest.profiles.flamegraph import build_flamegraph, top_functions
from ingest.profiles.projection import project_by_name, prune
from ingest.profiles.symbols import SymbolStore, merge_profiles
from ingest.profiles.tree_encoding import encode_tree
from tests.bench.synthetic import synthetic_profile


def _median_seconds(work: Callable[[], object], *, rounds: int, calls: int = 1) -> float:
    """Return the median over ``rounds`` of the time of one of ``calls`` calls; a first call is not counted."""
    work()
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            work()
        seconds.append((time.perf_counter() - start) / calls)
    return sorted(seconds)[rounds // 2]


def main() -> None:
    """Measure and print every figure."""
    push = synthetic_profile(nodes=1_500, locations=400, functions=350, strings=700, depth=30, seed=1)
    left, right = (
        synthetic_profile(nodes=200_000, locations=40_000, functions=20_000, strings=30_000, depth=20, seed=seed)
        for seed in (2, 3)
    )
    named = project_by_name(left.symbols, left.node_self)
    head = SymbolStore()
    head.merge(push.symbols)
    busy_head = SymbolStore()
    busy_head.merge(left.symbols)
    busy_head.merge(push.symbols)

    def report(name: str, unit: str, goal: float | None, seconds: float) -> None:
        value = round(seconds * {"us": 1e6, "ms": 1e3}[unit], 2)
        print(json.dumps({"name": name, "value": value, "unit": unit, "goal": goal}), flush=True)

    def micro(name: str, goal: float | None, work: Callable[[], object]) -> None:
        report(name, "us", goal, _median_seconds(work, rounds=15, calls=100))

    def milli(name: str, goal: float | None, work: Callable[[], object]) -> None:
        report(name, "ms", goal, _median_seconds(work, rounds=7))

    micro("head_append_known_profile_of_1500_nodes", 120, lambda: head.merge(push.symbols))
    micro("head_append_known_profile_of_1500_nodes_to_200k", 120, lambda: busy_head.merge(push.symbols))
    micro("head_columns", None, head.columns)
    milli("merge_two_profiles_of_200k_nodes", 60, lambda: merge_profiles([left, right]))
    milli("merge_two_equal_profiles_of_200k_nodes", 60, lambda: merge_profiles([left, left]))
    milli("project_200k_nodes_by_name", None, lambda: project_by_name(left.symbols, left.node_self))
    milli("flamegraph_of_200k_nodes_by_name", None, lambda: build_flamegraph(named, 8192))
    milli("project_and_flamegraph_of_200k_nodes", 40,
          lambda: build_flamegraph(project_by_name(left.symbols, left.node_self), 8192))  # fmt: skip
    milli("prune_200k_nodes_depth_first", None, lambda: prune(left.symbols, left.node_self, depth_first=True))
    milli("top_functions_of_200k_nodes_by_name", None, lambda: top_functions(named))
    milli("tree_of_200k_nodes_by_name", None, lambda: encode_tree(named, 8192))


if __name__ == "__main__":
    main()
