"""Hashing and comparing bytes and pairs of numbers inside kernels.

The hash multiplies two 64-bit words to 128 bits and folds the halves (the step of the wyhash family), with a seed in
every step, so that whoever does not know the seed cannot make a table degenerate. Hashes never leave the process.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ingest.profiles.columns import U8
from ingest.profiles.jit import kernel

_LOW32 = np.uint64(0xFFFFFFFF)
# Odd 64-bit constants with balanced bits: the fractional parts of the golden ratio and of the square roots of 3 and 5.
_MIX_A = np.uint64(0x9E3779B97F4A7C15)
_MIX_B = np.uint64(0xBB67AE8584CAA73B)
_MIX_C = np.uint64(0x3C6EF372FE94F82B)


def _load_u64_intrinsic(typing_context: Any, array: Any, index: Any) -> Any:
    """Read 8 bytes of a uint8 array at any alignment; the caller knows that they are there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.bitcast(builder.gep(view.data, [arguments[1]]), ir.IntType(64).as_pointer())
        return builder.load(pointer, align=1)

    return types.uint64(array, types.int64), generate


load_u64: Any = intrinsic(_load_u64_intrinsic)


def _multiply_fold_intrinsic(typing_context: Any, left: Any, right: Any) -> Any:
    """Return the low xor the high half of the 128-bit product, the mixing step of the wyhash family."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide, word = ir.IntType(128), ir.IntType(64)
        product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
        high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), word)
        return builder.xor(builder.trunc(product, word), high)

    return types.uint64(types.uint64, types.uint64), generate


multiply_fold: Any = intrinsic(_multiply_fold_intrinsic)


@kernel
def hash_pair(left: Any, right: Any, seed: Any) -> Any:
    """Return a 32-bit hash, as uint64, of two uint64 numbers."""
    mixed = multiply_fold(np.uint64(left) ^ seed ^ _MIX_A, np.uint64(right) ^ seed ^ _MIX_B)
    return multiply_fold(mixed ^ _MIX_C, seed ^ _MIX_A) & _LOW32


@kernel
def hash_bytes(data: U8, start: Any, size: Any, seed: Any) -> Any:
    """Return a 32-bit hash, as uint64, of ``data[start:start + size]``."""
    mixed = seed ^ _MIX_A
    position = start
    end = start + size
    while position + 8 <= end:
        mixed = multiply_fold(load_u64(data, position) ^ seed ^ _MIX_B, mixed ^ _MIX_C)
        position += 8
    rest = np.uint64(size)
    while position < end:
        rest = (rest << np.uint64(8)) ^ np.uint64(data[position])
        position += 1
    mixed = multiply_fold(rest ^ seed ^ _MIX_B, mixed ^ _MIX_A)
    return multiply_fold(mixed ^ _MIX_C, seed ^ _MIX_B) & _LOW32


@kernel
def equal_bytes(left: U8, left_start: Any, right: U8, right_start: Any, size: Any) -> bool:
    """Return whether two ranges of ``size`` bytes hold the same."""
    at = 0
    while at + 8 <= size:
        if load_u64(left, left_start + at) != load_u64(right, right_start + at):
            return False
        at += 8
    while at < size:
        if left[left_start + at] != right[right_start + at]:
            return False
        at += 1
    return True


def warm_up() -> None:
    """Compile every kernel of this file on eight zero bytes."""
    data, seed = np.zeros(8, np.uint8), np.uint64(0)
    hash_pair(seed, seed, seed)
    hash_bytes(data, 0, 8, seed)
    equal_bytes(data, 0, data, 0, 8)
