"""Rows of tables by the thousand: ranges of them, and which are used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingest.profiles.columns import I64
from ingest.profiles.formats.jfr.distinct_kernels import number_keys

#: A choice of rows.
Mask = NDArray[np.bool_]


def offsets_of(sizes: I64) -> I64:
    """Return where each of several ranges starts that lie one after the other, and where the last one ends."""
    offsets = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


def rows_of(starts: I64, ends: I64) -> I64:
    """Return the indexes from each start up to its end, one range after the other."""
    sizes = ends - starts
    offsets = np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
    return offsets + np.arange(len(offsets))


def distinct(keys: I64) -> tuple[I64, I64]:
    """Return the distinct keys in no particular order, and for each key its index among them."""
    bits = max(len(keys), 1).bit_length() + 1
    firsts, numbers = np.empty(len(keys), np.int64), np.empty(len(keys), np.int64)
    count = number_keys(keys, np.full(1 << bits, -1, np.int64), 64 - bits, firsts, numbers)
    if count < 0:
        found, inverse = np.unique(keys, return_inverse=True)
        return found, inverse
    return keys[firsts[:count]], numbers


def used_of(indexes: I64, count: int) -> tuple[I64, I64]:
    """Return which of ``count`` rows occur in ``indexes``, ascending, and for each index its position among them."""
    is_used = np.zeros(count, bool)
    is_used[indexes] = True
    return np.flatnonzero(is_used), (np.cumsum(is_used) - 1)[indexes]
