"""The walk: which instances are met from a token of the ring on, whatever their health.

Only the stored state extends a walk: an active instance whose heartbeat is old has no substitute, so that a short
silence does not move series.

Walks are remembered by position, because there are far fewer positions than keys; a walk depends on states and never
on heartbeats. Few positions are walked one by one in Python, many at once with arrays.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from ring.core.topology import I64, Topology

Bools = NDArray[np.bool_]

#: From so many new positions on, walking all at once is quicker than one by one: 0.5 ms of array calls a batch against
#: 4 us a position.
_MANY = 128
#: Instances by which walks get more room at a time when states extend them.
_ROOM = 4
_UNKNOWN = -1


class Walks:
    """All walks of one ring with one set of states, for one operation. Safe to share between threads.

    Memory: 2 or 4 bytes a token and about 300 bytes for each different walk, of which there are at most as many as
    tokens.
    """

    __slots__ = (
        "_extends",
        "_is_limited",
        "_known",
        "_lock",
        "_most",
        "_number_of",
        "_per_zone",
        "_topology",
        "_wanted",
        "found",
    )

    def __init__(self, topology: Topology, extends: Bools, zone_aware: bool, wanted: int, per_zone: int) -> None:
        """``extends`` is bool[N]: whose state calls for a substitute. The ring must have tokens.

        ``wanted`` counts the instances to meet; with ``zone_aware`` each zone that has a name supplies ``per_zone``.
        """
        self._topology = topology
        self._extends = extends
        #: bool[Z], whether a zone supplies only so many: instances without a zone are never limited
        self._is_limited = np.array([zone_aware and bool(zone) for zone in topology.zones], np.bool_)
        self._wanted = wanted
        self._per_zone = per_zone
        self._most = sum(topology.zone_sizes)
        tokens = len(topology.tokens)
        #: [T], the number of the walk from each position, or ``_UNKNOWN``
        self._known = np.full(tokens, _UNKNOWN, np.int16 if tokens <= np.iinfo(np.int16).max else np.int32)
        self._number_of: dict[tuple[int, ...], int] = {}
        self._lock = threading.Lock()
        #: indexes of the instances of each different walk, by its number; only ever grows
        self.found: list[tuple[int, ...]] = []

    def numbers(self, positions: I64) -> list[int]:
        """Return the numbers of the walks from ``positions`` on: indexes into ``found``."""
        known = self._known[positions]
        is_new = known == _UNKNOWN
        if is_new.any():
            self._walk_from(np.unique(positions[is_new]))
            known = self._known[positions]
        return known.tolist()  # type: ignore[no-any-return]

    def _walk_from(self, positions: I64) -> None:
        walked = self._all_at_once(positions) if len(positions) >= _MANY else map(self._one, positions.tolist())
        with self._lock:
            for position, walk in zip(positions.tolist(), walked, strict=True):
                number = self._number_of.get(walk)
                if number is None:
                    number = self._number_of[walk] = len(self.found)
                    self.found.append(walk)
                self._known[position] = number

    # ------------------------------------------------------------------------------------------------ one by one

    def _one(self, start: int) -> tuple[int, ...]:
        """Return the instances met from token ``start`` on, at most one turn."""
        topology, per_zone, wanted = self._topology, self._per_zone, self._wanted
        owners, zone_of = topology.owner.data, topology.zone_of
        supplied = [0] * len(topology.zones)
        examined = [0] * len(topology.zones)
        found: list[int] = []
        for position in range(start, start + len(owners)):
            if len(found) >= min(self._most, wanted):
                break
            index = owners[position % len(owners)]
            if index in found:
                continue
            zone = zone_of[index]
            limited = self._is_limited[zone]
            if limited and supplied[zone] >= per_zone:
                continue
            found.append(index)
            examined[zone] += 1
            if self._extends[index]:
                wanted += 1
            elif limited:
                supplied[zone] += 1
            if limited and self._no_zone_can_add(supplied, examined):
                break
        return tuple(found)

    def _no_zone_can_add(self, supplied: list[int], examined: list[int]) -> bool:
        """Return whether every zone has supplied its copies or has been looked at completely."""
        sizes = self._topology.zone_sizes
        return all(
            done >= self._per_zone or seen >= size for done, seen, size in zip(supplied, examined, sizes, strict=True)
        )

    # ----------------------------------------------------------------------------------------------- all at once

    def _all_at_once(self, starts: I64) -> list[tuple[int, ...]]:
        """Return :meth:`_one` for each of ``starts``: all of them look at their next token together."""
        topology = self._topology
        sizes = np.array(topology.zone_sizes, np.int32)
        rows = np.arange(len(starts))  # those still walking
        found = np.full((len(starts), self._wanted + _ROOM), -1, np.int32)
        count = np.zeros(len(starts), np.int32)
        wanted = np.full(len(starts), self._wanted, np.int32)
        supplied = np.zeros((len(starts), len(sizes)), np.int32)
        examined = np.zeros((len(starts), len(sizes)), np.int32)
        for step in range(len(topology.tokens)):
            index = topology.owner[(starts[rows] + step) % len(topology.tokens)]
            zone = topology.zone_array[index]
            is_full = self._is_limited[zone] & (supplied[rows, zone] >= self._per_zone)
            adds = ~is_full & (found[rows] != index[:, None]).all(axis=1)
            new, index, zone = rows[adds], index[adds], zone[adds]
            found[new, count[new]] = index
            count[new] += 1
            examined[new, zone] += 1
            extends = self._extends[index]
            wanted[new] += extends
            supplied[new, zone] += ~extends & self._is_limited[zone]
            is_done = count[new] >= np.minimum(wanted[new], self._most)
            is_done |= ((supplied[new] >= self._per_zone) | (examined[new] >= sizes)).all(axis=1)
            rows = _without(rows, adds, is_done)
            if not len(rows):
                break
            if count.max() == found.shape[1]:
                found = np.pad(found, ((0, 0), (0, _ROOM)), constant_values=-1)
        return [tuple(walk[:length]) for walk, length in zip(found.tolist(), count.tolist(), strict=True)]


def _without(rows: I64, adds: Bools, is_done: Bools) -> I64:
    """Return ``rows`` without those that are done; ``is_done`` has one entry for each row that ``adds``."""
    stays = np.ones(len(rows), np.bool_)
    stays[np.flatnonzero(adds)[is_done]] = False
    return rows[stays]
