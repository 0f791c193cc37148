"""Content digests of two independent 64-bit lanes: of the strings of a profile, and of what is built from them.

Equal content has equal digests whatever ids and positions a sender gave it, so digests serve as keys of interning
within one profile and, summed over its samples, as its identity. They are no defence against a sender who looks for
collisions: those would only confuse the sender's own profile.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from ingest.profiles.columns import I64, U8, U64
from ingest.profiles.jit import inlined_kernel, kernel

# Odd constants with balanced bits: the golden ratio, and the two primes of xxHash64 with the best avalanche.
_FIRST = np.uint64(0x9E3779B97F4A7C15)
_SECOND = np.uint64(0xC2B2AE3D27D4EB4F)
_FINISH_A = np.uint64(0xFF51AFD7ED558CCD)
_FINISH_B = np.uint64(0xC4CEB9FE1A85EC53)
_ZERO = np.uint64(0)
_HIGH_BITS = np.uint64(0x8080808080808080)
_S29, _S32, _S33 = np.uint64(29), np.uint64(32), np.uint64(33)
SEED_HI = np.uint64(0x243F6A8885A308D3)
SEED_LO = np.uint64(0x13198A2E03707344)


def _typed_load_u64(typing_context: Any, array: Any, index: Any) -> Any:
    """Read 8 bytes of a uint8 array as a little-endian number; the caller knows that they are there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.bitcast(builder.gep(view.data, [arguments[1]]), ir.IntType(64).as_pointer())
        return builder.load(pointer, align=1)

    return types.uint64(array, types.int64), generate


_load_u64: Any = intrinsic(_typed_load_u64)


@inlined_kernel
def absorb_hi(state: Any, word: Any) -> Any:
    """Return the state of the first lane after one more word; both uint64."""
    mixed = (state ^ word) * _FIRST
    return mixed ^ (mixed >> _S29)


@inlined_kernel
def absorb_lo(state: Any, word: Any) -> Any:
    """Return the state of the second lane after one more word; both uint64."""
    mixed = (state + word) * _SECOND
    return mixed ^ (mixed >> _S32)


@inlined_kernel
def finish(state: Any) -> Any:
    """Spread every bit of a state over all bits, so that sums and table slots may be taken of it."""
    state = (state ^ (state >> _S33)) * _FINISH_A
    state = (state ^ (state >> _S33)) * _FINISH_B
    return state ^ (state >> _S33)


@kernel
def valid_utf8(raw: U8, position: int, end: int) -> bool:
    """Return whether ``raw[position:end]`` is well-formed UTF-8 (Unicode 15, table 3-7)."""
    while position < end:
        lead = raw[position]
        position += 1
        if lead < 0x80:
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= lead <= 0xDF:
            more = 1
        elif 0xE0 <= lead <= 0xEF:
            more = 2
            if lead == 0xE0:
                low = 0xA0
            elif lead == 0xED:
                high = 0x9F
        elif 0xF0 <= lead <= 0xF4:
            more = 3
            if lead == 0xF0:
                low = 0x90
            elif lead == 0xF4:
                high = 0x8F
        else:
            return False
        if end - position < more or not low <= raw[position] <= high:
            return False
        for offset in range(1, more):
            if raw[position + offset] & 0xC0 != 0x80:
                return False
        position += more
    return True


@kernel
def digest_strings(raw: U8, strings: I64, digests: U64) -> int:
    """Digest every string and check that it is UTF-8; return the index of the first that is not, or -1.

    raw: uint8[n], read-only. strings: int64[S, 2] of offset and length, known to lie in ``raw``. digests: uint64[S, 2].
    """
    for index in range(len(strings)):
        position = strings[index, 0]
        size = strings[index, 1]
        end = position + size
        hi = SEED_HI ^ np.uint64(size)
        lo = SEED_LO ^ np.uint64(size)
        seen = np.uint64(0)
        while position + 8 <= end:
            word = _load_u64(raw, position)
            seen |= word
            hi = absorb_hi(hi, word)
            lo = absorb_lo(lo, word)
            position += 8
        word = _ZERO
        while position < end:
            word = (word << np.uint64(8)) | np.uint64(raw[position])
            position += 1
        seen |= word
        digests[index, 0] = finish(absorb_hi(hi, word))
        digests[index, 1] = finish(absorb_lo(lo, word))
        if seen & _HIGH_BITS and not valid_utf8(raw, strings[index, 0], end):
            return index
    return -1


def warm_up() -> None:
    """Compile the kernel for the dtypes of real use."""
    digest_strings(np.frombuffer(b"\xc3\xa4", np.uint8), np.array([[0, 2]]), np.zeros((1, 2), np.uint64))
