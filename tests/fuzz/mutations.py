"""Ways to damage a pprof message, for fuzzing in the test suite and by hand."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from random import Random

from tests.unit.profiles.pprof.pprof_model import Profile, Sample, message, number, packed

#: Limits keep these small, so that a long run visits many of them.
_MAX_BYTES = 1 << 16


def seeds() -> list[bytes]:
    """Return valid profiles that together use every field."""
    a, b = ("main", "a.go", 1), ("worker.søk", "b.go", 70)
    plain = Profile([Sample((a, b), (1, 2)), Sample((a,), (3, 0))], types=(("cpu", "ns"), ("samples", "count")))
    labelled = Profile(
        [
            Sample((a, b, a), (5,), (("pod", "x"), ("span_id", "00000000000000ff"))),
            Sample((b,), (6,), (("pod", "y"), ("bytes", 7))),
            Sample((), (7,)),
        ]
    )
    mapped = number(1, 9) + number(2, 1) + number(3, 4096) + message(4, number(1, 1)) + number(5, 1)
    extra = message(3, b"".join(number(field, 1) for field in range(1, 11))) + message(4, mapped)
    extra += message(2, packed(1, [9, 1]) + packed(2, [1])) + number(7, 1) + packed(13, [1, 2]) + number(14, 1)
    return [plain.encode(), labelled.encode(Random(1)), Profile(labelled.samples, extra=extra).encode()]


def go_seeds() -> list[bytes]:
    """Return profiles of Go with type parameters, and with stacks that look as if they had been cut."""
    stack = tuple((f"main.f{depth}[go.shape.[]int].g", "a.go", depth) for depth in range(70))
    cut = [Sample(stack[first : first + 64], (first + 1,)) for first in range(7)]
    heap = [Sample(stack[first : first + 32], (1, first)) for first in range(7)]
    types = (("alloc_space", "bytes"), ("inuse_space", "bytes"))
    return [Profile(cut).encode(), Profile(heap, types=types).encode()]


def _cut(data: bytes, rng: Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _flip(data: bytes, rng: Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def _replace(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + rng.choice(_PIECES) + data[at + rng.randrange(4) :]


def _repeat(data: bytes, rng: Random) -> bytes:
    start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return (data[:end] + data[start:end] * rng.randint(1, 30) + data[end:])[:_MAX_BYTES]


def _append(data: bytes, rng: Random) -> bytes:
    return data + rng.choice(_PIECES) * rng.randint(1, 200)


def _compress(data: bytes, rng: Random) -> bytes:
    return gzip.compress(data)


#: Records and numbers at the edges of what can be said.
_PIECES: Sequence[bytes] = (
    b"\xff" * 9 + b"\x01",
    b"\x80" * 10,
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    message(1, number(1, 1 << 63)),
    message(2, packed(1, [(1 << 64) - 1, 0, 1])),
    message(2, packed(2, [(1 << 63) - 1])),
    message(2, packed(1, [1]) + packed(2, [(1 << 63) - 1])),
    message(2, message(3, number(1, -1) + number(2, 1 << 40))),
    message(3, b""),
    message(3, number(1, (1 << 64) - 1) + number(6, 1 << 31)),
    message(4, b""),
    message(4, number(1, 1) + number(2, 1 << 63) + message(4, number(1, 1 << 63))),
    message(5, number(1, (1 << 64) - 1)),
    message(6, b"\xf0\x9f\x94"),
    message(6, b""),
    number(9, -1),
    b"\x0b",
)

MUTATIONS: Sequence[Callable[[bytes, Random], bytes]] = (
    _cut,
    _flip,
    _flip,
    _replace,
    _replace,
    _repeat,
    _append,
    _compress,
)


def mutate(data: bytes, rng: Random) -> bytes:
    """Return ``data`` after one to four mutations."""
    for _ in range(rng.randint(1, 4)):
        if data:
            data = rng.choice(MUTATIONS)(data, rng)
    return data[:_MAX_BYTES]
