"""Tokens computed instead of drawn, so that all instances own almost the same share.

An instance is known by its zone and by the number at the end of its id. Instance 0 of a zone takes 512 tokens at equal
steps; each further one takes slices from the largest ranges of those that own most, until everybody owns the same. The
outcome depends on nothing but zone and number: the same id always has the same tokens.

All tokens of a zone are congruent to the index of the zone modulo 8, so no two zones can collide, and the ring of one
zone is that of another shifted by the difference of their indexes.
"""

from __future__ import annotations

import heapq
import random
import re
from collections.abc import Sequence
from functools import lru_cache

from ring.core.tokens import RING_SIZE

#: Most zones: as many as there are residues.
MAX_ZONES = 8
#: Tokens of each instance; fewer are a random-looking part of them.
TOKENS_AN_INSTANCE = 512

_NUMBERED = re.compile(r".*-([0-9]+)")


def instance_number(instance_id: str) -> int:
    """Return the number an id ends in, after a hyphen. Raises ValueError if there is none."""
    match = _NUMBERED.fullmatch(instance_id)
    if match is None:
        raise ValueError(f"the id {instance_id!r} does not end in -<number>")
    return int(match[1])


def zone_index(zone: str, zones: Sequence[str]) -> int:
    """Return the place of ``zone`` among ``zones`` in order. Raises ValueError for a list that cannot be used."""
    if not 1 <= len(zones) <= MAX_ZONES:
        raise ValueError(f"{len(zones)} zones are not between 1 and {MAX_ZONES}")
    ordered = sorted(zones)
    if zone not in ordered:
        raise ValueError(f"the zone {zone!r} is not one of {', '.join(ordered)}")
    return ordered.index(zone)


class SpreadMinimizing:
    """A token source for the instances of one zone."""

    def __init__(self, zone: str, zones: Sequence[str]) -> None:
        """Raises ValueError for zones that cannot be used."""
        self._zone_index = zone_index(zone, zones)

    def __call__(self, instance_id: str, count: int, taken: set[int], _rng: random.Random) -> tuple[int, ...]:
        """Return up to ``count`` of the instance's tokens that are not taken; it never has more than 512."""
        own = spread_tokens(instance_number(instance_id))
        shifted = (token + self._zone_index for token in own)
        return tuple(sorted([token for token in shifted if token not in taken][:count]))


@lru_cache(maxsize=4)
def spread_tokens(number: int) -> tuple[int, ...]:
    """Return the tokens of instance ``number`` in the first zone, in the order they were chosen.

    The instances before it are computed too, at about 3 ms each.
    """
    owned: list[list[tuple[int, int]]] = []  # of each instance, a heap of (-width, end)
    shares: list[int] = []
    chosen = _first_instance(owned, shares)
    for newcomer in range(1, number + 1):
        chosen = _add_instance(newcomer, owned, shares)
    return tuple(chosen)


def _first_instance(owned: list[list[tuple[int, int]]], shares: list[int]) -> list[int]:
    width = RING_SIZE // TOKENS_AN_INSTANCE
    tokens = [position * width for position in range(TOKENS_AN_INSTANCE)]
    owned.append([(-width, token) for token in tokens])
    shares.append(RING_SIZE)
    return tokens


def _add_instance(newcomer: int, owned: list[list[tuple[int, int]]], shares: list[int]) -> list[int]:
    """Give the newcomer its tokens: each cuts the front off the largest range of whoever owns most."""
    goal = RING_SIZE // (newcomer + 1)
    richest = [(-share, index) for index, share in enumerate(shares)]
    heapq.heapify(richest)
    tokens: list[int] = []
    ranges: list[tuple[int, int]] = []
    got = 0
    for left in range(TOKENS_AN_INSTANCE, 0, -1):
        share, donor = heapq.heappop(richest)
        negative_width, end = heapq.heappop(owned[donor])
        width = -negative_width
        cut = min((goal - got) // left, width - MAX_ZONES) // MAX_ZONES * MAX_ZONES
        cut = max(cut, MAX_ZONES)
        token = (end - width + cut) % RING_SIZE
        heapq.heappush(owned[donor], (cut - width, end))
        heapq.heappush(richest, (share + cut, donor))
        shares[donor] -= cut
        tokens.append(token)
        ranges.append((-cut, token))
        got += cut
    heapq.heapify(ranges)
    owned.append(ranges)
    shares.append(got)
    return tokens
