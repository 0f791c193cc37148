"""The index of a ring: sorted tokens, who owns them, which zone that is. It does not depend on states or heartbeats.

Invariant: a token belongs to exactly one instance. Of two that claim it, :func:`ring.core.tokens.keeps_token` decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ring.core.desc import Instance, RingDesc
from ring.core.states import InstanceState
from ring.core.tokens import RING_SIZE

U32 = NDArray[np.uint32]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Topology:
    """Shapes: N instances in the order of their ids, T tokens, Z zones in order.

    The arrays are read-only.
    """

    ids: tuple[str, ...]
    zones: tuple[str, ...]  #: distinct zones; the empty zone is one of them if used
    zone_of: tuple[int, ...]  #: [N], index into ``zones``
    tokens: U32  #: uint32[T], ascending, unique
    owner: I32  #: int32[T], index of the instance
    has_conflicts: bool  #: some token was claimed twice, so the owner may change with the states

    @cached_property
    def index_of(self) -> dict[str, int]:
        """Instance id -> index."""
        return {instance_id: index for index, instance_id in enumerate(self.ids)}

    @cached_property
    def zone_array(self) -> I32:
        """``zone_of`` as int32[N]."""
        return np.array(self.zone_of, np.int32)

    @cached_property
    def zone_sizes(self) -> tuple[int, ...]:
        """[Z], how many instances of each zone own tokens: as many as a walk can meet."""
        has_tokens = np.bincount(self.owner, minlength=len(self.ids)) > 0
        return tuple(np.bincount(self.zone_array[has_tokens], minlength=len(self.zones)).tolist())

    @cached_property
    def zone_members(self) -> tuple[tuple[int, ...], ...]:
        """[Z], the indexes of the instances of each zone, ascending."""
        return tuple(tuple(np.flatnonzero(self.zone_array == zone).tolist()) for zone in range(len(self.zones)))

    @cached_property
    def _zone_tokens(self) -> tuple[tuple[U32, I32], ...]:
        chosen = [self.zone_array[self.owner] == zone for zone in range(len(self.zones))]
        return tuple((self.tokens[of_zone], self.owner[of_zone]) for of_zone in chosen)

    @cached_property
    def _positions(self) -> tuple[I64, list[int]]:
        """Positions of the tokens, int64[T], by owner; and where those of each owner begin, with T at the end."""
        ends = np.cumsum(np.bincount(self.owner, minlength=len(self.ids)))
        return np.argsort(self.owner, kind="stable"), [0, *ends.tolist()]

    @cached_property
    def owned(self) -> I64:
        """int64[N]: positions of the circle each instance owns among the instances of its zone."""
        owned = np.zeros(len(self.ids), np.int64)
        for zone in range(len(self.zones)):
            tokens, owner = self.of_zone(zone)
            if len(tokens):
                np.add.at(owned, owner, _widths(tokens))
        return owned

    def of_zone(self, zone: int) -> tuple[U32, I32]:
        """Return the tokens of one zone's instances and their owners."""
        return self._zone_tokens[zone]

    def part(self, indexes: Sequence[int]) -> Topology:
        """Return the index of the instances at ``indexes`` (ascending) alone, cut out of this one.

        Meaningless where tokens have conflicts: there the part may own tokens that others own in the whole.
        """
        positions, starts = self._positions
        held = [positions[starts[index] : starts[index + 1]] for index in indexes]
        of_part = np.concatenate(held) if held else positions[:0]
        order = np.argsort(of_part, kind="stable")  # quick where runs are in order already, as here
        tokens = self.tokens[of_part[order]]
        owner = np.repeat(np.arange(len(held), dtype=np.int32), [len(one) for one in held])[order]
        tokens.flags.writeable = owner.flags.writeable = False
        present = sorted({self.zone_of[index] for index in indexes})
        return Topology(
            ids=tuple(self.ids[index] for index in indexes),
            zones=tuple(self.zones[zone] for zone in present),
            zone_of=tuple(present.index(self.zone_of[index]) for index in indexes),
            tokens=tokens,
            owner=owner,
            has_conflicts=False,
        )

    def search(self, key: int) -> int:
        """Return the index of the token that owns ``key``: the first one greater than it, else the first one.

        A token is thus the exclusive end of its range. Meaningless without tokens.
        """
        position = int(np.searchsorted(self.tokens, np.uint32(key), side="right"))
        return position if position < len(self.tokens) else 0

    def search_all(self, keys: U32) -> I64:
        """Return :meth:`search` for each of ``keys``, int64[len(keys)]."""
        positions = np.searchsorted(self.tokens, keys, side="right").astype(np.int64, copy=False)
        positions[positions == len(self.tokens)] = 0
        return positions

    def ranges_of(self, index: int) -> list[tuple[int, int]]:
        """Return the inclusive ranges of keys that an instance owns in its zone, ascending and merged.

        They are the keys it holds a replica of when zone awareness is on and there are as many zones as copies.
        """
        tokens, owner = self.of_zone(self.zone_of[index])
        ranges: list[tuple[int, int]] = []
        wrapping: tuple[int, int] | None = None
        for position in np.flatnonzero(owner == index).tolist():
            end = int(tokens[position]) - 1
            if position == 0:
                if end >= 0:
                    ranges.append((0, end))
                last = int(tokens[-1])
                wrapping = (last, RING_SIZE - 1)
                continue
            start = int(tokens[position - 1])
            if ranges and ranges[-1][1] == start - 1:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((start, end))
        if wrapping is not None:
            if ranges and ranges[-1][1] == wrapping[0] - 1:
                ranges[-1] = (ranges[-1][0], wrapping[1])
            else:
                ranges.append(wrapping)
        return ranges


def _widths(tokens: U32) -> I64:
    """Return how many keys each token owns: the distance from the one before it."""
    positions = tokens.astype(np.int64)
    widths = np.diff(positions, prepend=positions[-1] - RING_SIZE)
    return widths.astype(np.int64, copy=False)


def build_topology(ring: RingDesc) -> Topology:
    """Return the index of ``ring``."""
    instances = sorted(ring, key=lambda instance: instance.id)
    zones = tuple(sorted({instance.zone for instance in instances}))
    zone_index = {zone: index for index, zone in enumerate(zones)}
    tokens, owner, has_conflicts = _sorted_tokens(instances)
    tokens.flags.writeable = False
    owner.flags.writeable = False
    return Topology(
        ids=tuple(instance.id for instance in instances),
        zones=zones,
        zone_of=tuple(zone_index[instance.zone] for instance in instances),
        tokens=tokens,
        owner=owner,
        has_conflicts=has_conflicts,
    )


def _sorted_tokens(instances: list[Instance]) -> tuple[U32, I32, bool]:
    """Return all tokens in order with their owners, and whether some were claimed more than once."""
    counts = [len(instance.tokens) for instance in instances]
    if not sum(counts):
        return np.zeros(0, np.uint32), np.zeros(0, np.int32), False
    tokens = np.concatenate([np.array(instance.tokens, np.uint32) for instance in instances])
    owner = np.repeat(np.arange(len(instances), dtype=np.int32), counts)
    # Stable, and instances come in the order of their ids: of several claims the lowest id's comes first.
    order = np.argsort(tokens, kind="stable")
    tokens, owner = tokens[order], owner[order]
    repeated = tokens[1:] == tokens[:-1]
    if not repeated.any():
        return tokens, owner, False
    leaving = np.array([instance.state is InstanceState.LEAVING for instance in instances])
    order = np.lexsort((owner, leaving[owner], tokens))
    tokens, owner = tokens[order], owner[order]
    first = np.concatenate(([True], tokens[1:] != tokens[:-1]))
    return tokens[first], owner[first], True
