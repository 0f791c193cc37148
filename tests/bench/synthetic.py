"""Made-up symbols of a given extent, the same for the same arguments: the raw material of the benchmarks."""

from __future__ import annotations

import numpy as np

from ingest.profiles.columns import StackProfile, Symbols, empty_symbols


def synthetic_profile(
    *, nodes: int, locations: int, functions: int, strings: int, depth: int, seed: int
) -> StackProfile:
    """Return a profile of ``nodes`` tree nodes about ``depth`` deep, a third of which carry a value.

    Every tenth location has an inlined second line. Function names look like those of Go packages, 20 to 60 bytes.
    """
    random = np.random.default_rng(seed)
    names = [b""] + [
        b"github.com/example/service%d/internal/package%d.(*Type%d).Method%d" % (i % 7, i % 211, i % 1999, i)
        for i in range(1, strings)
    ]
    offsets = np.zeros(strings + 1, np.int64)
    np.cumsum([len(name) for name in names], out=offsets[1:])
    lines = 1 + (np.arange(locations) % 10 == 0)
    line_offsets = np.zeros(locations + 1, np.int64)
    np.cumsum(lines, out=line_offsets[1:])
    line_count = int(line_offsets[-1])
    parents = np.zeros(nodes, np.uint32)
    # Walks from a random earlier node downwards, as long stacks of which only the tails differ make.
    start = 1
    while start < nodes:
        run = min(int(random.integers(2, depth)), nodes - start)
        parents[start : start + run] = np.arange(start - 1, start + run - 1)
        parents[start] = 0 if start == 1 else int(random.integers(0, start)) // 2
        start += run
    blank = empty_symbols()
    symbols = Symbols(
        string_offsets=offsets,
        string_bytes=np.frombuffer(b"".join(names), np.uint8).copy(),
        function_name=(1 + np.arange(functions) % (strings - 1)).astype(np.uint32),
        function_system_name=(1 + np.arange(functions) % (strings - 1)).astype(np.uint32),
        function_filename=(1 + np.arange(functions) // 7 % (strings - 1)).astype(np.uint32),
        function_start_line=np.arange(functions, dtype=np.int64),
        mapping_start=blank.mapping_start,
        mapping_limit=blank.mapping_limit,
        mapping_offset=blank.mapping_offset,
        mapping_filename=blank.mapping_filename,
        mapping_build_id=blank.mapping_build_id,
        mapping_flags=blank.mapping_flags,
        location_mapping=np.zeros(locations, np.uint32),
        location_address=(0x400000 + 16 * np.arange(locations)).astype(np.uint64),
        location_folded=np.zeros(locations, np.uint8),
        location_line_offsets=line_offsets,
        line_function=random.integers(0, functions, line_count).astype(np.uint32),
        line_number=random.integers(1, 2000, line_count),
        node_parent=parents,
        node_location=random.integers(0, locations, nodes).astype(np.uint32),
    )
    values = np.where(random.random(nodes) < 1 / 3, random.pareto(1.2, nodes) * 10 + 1, 0).astype(np.int64)
    return StackProfile(symbols, values)
