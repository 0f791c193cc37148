"""How many series a tenant may have at a time: one count for all distributors, taken before anything is stored.

What is counted is what a reader sees: a label set with a sample type is one series, however many ingesters keep copies
of it. A series is active from the push that carries it until the window after the one in which that push came has
passed, so for one to two windows.

A distributor remembers which series it has seen registered in this window, and asks only about others
(:class:`SeriesRegistry`): about each series once a window. The count is exact but for two things, both in favour of the
sender: while the registry is away everything passes, and a series stays counted by its 64-bit hash, of which two may be
equal.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import xxhash

from ingest.profiles.columns import ProfileGroup, SampleType
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Reason, Rejection

#: Length of a window, as long as Pyroscope takes a silent series for active.
WINDOW_SECONDS = 600
#: Label sets a distributor remembers over all tenants, about 60 bytes each; beyond it all are asked about once more.
MAX_REMEMBERED = 250_000
#: Seconds for which a registry that could not be asked is left alone.
AWAY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class GroupSeries:
    """The series of one group of a profile: one for each sample type."""

    key: int  #: of all of them together
    members: tuple[int, ...]  #: hash of each, a signed 64-bit number


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registry answers."""

    refused: tuple[int, ...]  #: indexes of the groups with a series beyond the limit
    active: int  #: series of the tenant now
    window: int  #: number of the window they were counted in
    window_left_seconds: float  #: after which everything has to be registered again


class SeriesRegistry(Protocol):
    """Counts the series of each tenant."""

    def register(self, tenant: str, groups: Sequence[GroupSeries], limit: int) -> Registered | None:
        """Count the series of these groups as active. A group with new series that do not fit below the limit is
        refused whole. None when the registry is away.
        """
        ...


def series_of(group: ProfileGroup, placement: str) -> GroupSeries:
    """Return the series of a group; ``placement`` is the placement string of its labels."""
    labels_hash = xxhash.xxh64_intdigest(placement.encode("utf-8", "surrogatepass"))
    names = _type_names(group.sample_types, group.period_type)
    key = xxhash.xxh64_intdigest(b"\xff\xff".join(names), labels_hash)
    return GroupSeries(key, tuple([_signed(xxhash.xxh64_intdigest(name, labels_hash)) for name in names]))


class SeriesLimiter:
    """The series of all tenants in one process. Thread-safe."""

    def __init__(self, registry: SeriesRegistry, clock_seconds: Callable[[], float]) -> None:
        self._registry = registry
        self._clock_seconds = clock_seconds
        self._lock = threading.Lock()
        self._known: dict[str, set[int]] = {}
        self._remembered = 0
        self._window = 0
        self._window_ends_seconds = -math.inf
        self._away_until_seconds = -math.inf

    def unknown(self, tenant: str, groups: Sequence[GroupSeries], limits: Limits) -> bool:
        """Whether the registry has to be asked about any of these groups. Costs one look-up a group."""
        if not groups or not limits.max_global_series_per_tenant:
            return False
        if self._clock_seconds() >= self._window_ends_seconds:
            return True
        known = self._known.get(tenant)
        return known is None or any(group.key not in known for group in groups)

    def admit(self, tenant: str, groups: Sequence[GroupSeries], limits: Limits) -> dict[int, Rejection]:
        """Register what is not known; returns the refusals by index into ``groups``."""
        now_seconds = self._clock_seconds()
        if now_seconds < self._away_until_seconds:
            return {}
        known = self._known_of(tenant, now_seconds)
        asked = [index for index, group in enumerate(groups) if group.key not in known]
        if not asked:
            return {}
        limit = limits.max_global_series_per_tenant
        answer = self._registry.register(tenant, [groups[index] for index in asked], limit)
        if answer is None:
            self._away_until_seconds = now_seconds + AWAY_SECONDS
            return {}
        refused = {asked[index] for index in answer.refused}
        self._remember(tenant, [groups[index].key for index in asked if index not in refused], now_seconds, answer)
        return dict.fromkeys(refused, _too_many(answer.active, limit))

    def _known_of(self, tenant: str, now_seconds: float) -> set[int]:
        with self._lock:
            if now_seconds >= self._window_ends_seconds:
                self._forget()
            return self._known.get(tenant, set())

    def _remember(self, tenant: str, keys: Sequence[int], now_seconds: float, answer: Registered) -> None:
        with self._lock:
            if answer.window < self._window:
                return  # a window ended meanwhile: what was counted in it has to be registered again
            if answer.window > self._window or self._remembered + len(keys) > MAX_REMEMBERED:
                self._forget()
            self._window = answer.window
            self._window_ends_seconds = now_seconds + answer.window_left_seconds
            known = self._known.setdefault(tenant, set())
            before = len(known)
            known.update(keys)
            self._remembered += len(known) - before

    def _forget(self) -> None:
        self._known = {}
        self._remembered = 0


def _too_many(active: int, limit: int) -> Rejection:
    message = (
        f"The tenant has {active} active series of at most {limit} (max_global_series_per_tenant): new series are "
        f"refused until others have sent nothing for {2 * WINDOW_SECONDS // 60} minutes, known ones go on."
    )
    return Rejection(Reason.SERIES_LIMIT, message)


@lru_cache(maxsize=4096)
def _type_names(sample_types: tuple[SampleType, ...], period_type: SampleType) -> tuple[bytes, ...]:
    """Return what tells the series of one label set apart, one text a sample type."""
    period = f"{period_type.name}\xff{period_type.unit}"
    return tuple([f"{one.name}\xff{one.unit}\xff{period}".encode() for one in sample_types])


def _signed(number: int) -> int:
    return number - (1 << 64) if number >= 1 << 63 else number
