"""A kernel that numbers equal keys alike, without sorting them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingest.profiles.columns import I64
from ingest.profiles.jit import kernel

#: 2 to the 64 by the golden ratio: its products spread keys that follow each other.
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
#: Slots looked at for each key before the kernel gives up: keys can be made to meet in one slot.
_MAX_PROBES = 16


@kernel
def number_keys(keys: I64, table: I64, shift: int, firsts: I64, numbers: I64) -> Any:
    """Number the distinct keys by their first appearance; return how many there are, or -1 when too many collide.

    keys: int64[n]. table: int64[2 ** (64 - shift)], filled with -1, more than n slots. firsts: int64[n], gets the index
    of the first of each distinct key. numbers: int64[n], gets the number of each key.
    """
    count = 0
    mask = len(table) - 1
    left = _MAX_PROBES * len(keys)
    for index in range(len(keys)):
        key = keys[index]
        slot = np.int64((np.uint64(key) * _SPREAD) >> np.uint64(shift))
        number = table[slot]
        while number >= 0 and keys[firsts[number]] != key:
            left -= 1
            if left < 0:
                return -1
            slot = (slot + 1) & mask
            number = table[slot]
        if number < 0:
            number = count
            table[slot] = number
            firsts[number] = index
            count += 1
        numbers[index] = number
    return count


def warm_up() -> None:
    """Compile the kernel for the dtypes of real use."""
    keys = np.zeros(1, np.int64)
    number_keys(keys, np.full(2, -1, np.int64), 63, keys.copy(), keys.copy())
