"""Tokens: positions on the circle of 2**32 that instances own, and the hash that puts a key on it."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from functools import lru_cache

from ring.core.desc import Instance, RingDesc
from ring.core.states import InstanceState

#: Positions on the circle: tokens and hashes are 0 .. RING_SIZE - 1.
RING_SIZE = 1 << 32

_FNV_OFFSET_BASIS = 2166136261
_FNV_PRIME = 16777619
_MASK = RING_SIZE - 1

#: Placements remembered by :func:`token_for`: series come back with every scrape. About 300 bytes each.
PLACEMENT_CACHE_ENTRIES = 65_536


def fnv1_32(data: bytes, start: int = _FNV_OFFSET_BASIS) -> int:
    """Return the 32-bit FNV-1 hash (multiply, then xor) of ``data``.

    FNV-1 rather than the better mixing FNV-1a because existing profile databases place series with it, so that one key
    has one token everywhere. ``start`` continues the hash of a prefix.
    """
    value = start
    for byte in data:
        value = (value * _FNV_PRIME & _MASK) ^ byte
    return value


@lru_cache(maxsize=1024)
def _tenant_prefix(tenant: str) -> int:
    return fnv1_32(tenant.encode())


@lru_cache(maxsize=PLACEMENT_CACHE_ENTRIES)
def token_for(tenant: str, placement: str) -> int:
    """Return where the series of ``tenant`` with this placement string lies on the ring.

    ``placement`` is the label set written as one string; equal label sets must give equal strings.
    """
    return fnv1_32(placement.encode("utf-8", "surrogatepass"), _tenant_prefix(tenant))


def distance(start: int, end: int) -> int:
    """Return how far ``end`` lies behind ``start`` on the circle; a full turn when they are equal."""
    return (end - start) % RING_SIZE or RING_SIZE


def random_tokens(count: int, taken: Collection[int], rng: random.Random) -> tuple[int, ...]:
    """Return ``count`` new tokens in order, drawn uniformly, none of them in ``taken``.

    Raises ValueError when the circle has fewer than ``count`` positions left.
    """
    if count > RING_SIZE - len(taken):
        raise ValueError(f"no room for {count} more tokens on the ring")
    drawn: set[int] = set()
    while len(drawn) < count:
        token = rng.getrandbits(32)
        if token not in taken:
            drawn.add(token)
    return tuple(sorted(drawn))


def keeps_token(claimant: Instance, other: Instance) -> bool:
    """Return whether ``claimant`` keeps a token that ``other`` claims too.

    One that leaves loses to one that stays; otherwise the lower id keeps it. Every reader comes to the same answer.
    """
    leaving = claimant.state is InstanceState.LEAVING, other.state is InstanceState.LEAVING
    if leaving[0] != leaving[1]:
        return leaving[1]
    return claimant.id < other.id


def attributed_tokens(ring: RingDesc, instance_id: str) -> tuple[int, ...]:
    """Return the tokens of ``instance_id`` that no other instance has a better claim to."""
    own = ring.get(instance_id)
    if own is None:
        return ()
    claimed = set(own.tokens)
    for other in ring:
        if other.id != instance_id and not keeps_token(own, other):
            claimed.difference_update(other.tokens)
    return tuple(sorted(claimed))


def normalised(tokens: Iterable[int]) -> tuple[int, ...]:
    """Return ``tokens`` ascending and unique. Raises ValueError for one that is not on the circle."""
    result = tuple(sorted(set(tokens)))
    if result and (result[0] < 0 or result[-1] >= RING_SIZE):
        raise ValueError("a token lies outside of 0 .. 2**32 - 1")
    return result
