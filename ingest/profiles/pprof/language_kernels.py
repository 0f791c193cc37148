"""The kernel that counts which languages the strings of a profile look like."""

from __future__ import annotations

import numpy as np

from ingest.profiles.columns import I64, U8
from ingest.profiles.jit import kernel

_DOT = 0x2E


@kernel
def _count_matches(raw: U8, start: int, size: int, marks: U8, offsets: I64, at_end: bool, counts: I64) -> None:
    """Add to ``counts[m]`` 1 for each mark that ``raw[start:start + size]`` begins or ends with."""
    for mark in range(len(counts)):
        first = offsets[mark]
        length = offsets[mark + 1] - first
        if length > size:
            continue
        at = start + size - length if at_end else start
        index = 0
        while index < length and raw[at + index] == marks[first + index]:
            index += 1
        if index == length:
            counts[mark] += 1


@kernel
def count_marks(
    raw: U8,
    strings: I64,
    suffixes: U8,
    suffix_offsets: I64,
    prefixes: U8,
    prefix_offsets: I64,
    suffix_counts: I64,
    prefix_counts: I64,
) -> None:
    """Add to the counts the strings that end with each suffix, and that begin with each prefix.

    strings: int64[S, 2] of offset and length in ``raw``. Suffix ``m`` is ``suffixes[suffix_offsets[m]:
    suffix_offsets[m + 1]]``, begins with a dot and is at most 6 bytes long; prefixes likewise, without the dot.
    """
    begins = np.zeros(256, np.uint8)
    for mark in range(len(prefix_counts)):
        begins[prefixes[prefix_offsets[mark]]] = 1
    for row in range(len(strings)):
        start, size = strings[row, 0], strings[row, 1]
        if size < 3:
            continue
        if begins[raw[start]]:
            _count_matches(raw, start, size, prefixes, prefix_offsets, False, prefix_counts)
        for back in range(3, min(size, 6) + 1):
            if raw[start + size - back] == _DOT:
                _count_matches(raw, start, size, suffixes, suffix_offsets, True, suffix_counts)
                break


def warm_up() -> None:
    """Compile the kernel for the dtypes of real use."""
    raw = np.frombuffer(b"a.go", np.uint8)
    marks, offsets = raw.copy(), np.array([0, 4])
    counts = np.zeros(1, np.int64)
    count_marks(raw, np.array([[0, 4]]), marks, offsets, marks, offsets, counts, counts)
