"""What the querier needs from the outside: who can be asked, how to ask, and which blocks are in the bucket."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.querier.asking import Asking, Group
from ingest.querier.types import MissingSource
from ingest.storage.read_messages import BlockRef, ReadReply, ReadRequest

#: Says of silent sources whether nothing acknowledged is missing without them.
CanDoWithout = Callable[[Collection[str]], bool]

#: Name of the source that reads blocks of the bucket.
BUCKET = "bucket"


@dataclass(frozen=True, slots=True)
class ReadSet:
    """The ingesters of the ring: who can be asked, who cannot and why, and where they stand."""

    instances: tuple[str, ...]
    missing: tuple[MissingSource, ...]
    zones: Mapping[str, str]  #: instance id -> zone, for all of them; empty without zone awareness
    replication_factor: int

    def nothing_is_lost(self, missing: Collection[str]) -> bool:
        """Whether every acknowledged write is held by someone who is not ``missing``.

        A write is acknowledged by ``rf // 2 + 1`` replicas, so any ``rf // 2`` may be away; with zones a whole zone
        counts once, because a zone holds at most one replica of a series.
        """
        tolerated = self.replication_factor // 2
        if self.zones:
            away = {self.zones.get(instance, instance) for instance in missing}
            return len(away) <= min(tolerated, len(set(self.zones.values())) // 2)
        return len(set(missing)) <= tolerated

    @property
    def needed(self) -> int:
        """How many groups (:meth:`groups`) together hold every acknowledged write; at least 1."""
        if self.zones:
            zones = len(set(self.zones.values()))
            return zones - min(self.replication_factor // 2, zones // 2)
        return max(1, len(self.instances) + len(self.missing) - self.replication_factor // 2)

    def groups(self, lost: Collection[str], own_zone: str, rotation: int) -> list[Group]:
        """Return who counts together, zones or single instances, in the order in which to ask them.

        The own zone comes first; whom the others begin with changes from one ``rotation`` to the next. ``lost`` cannot
        be asked any more.
        """
        away = {*lost, *(one.name for one in self.missing)}
        members: dict[str, list[str]] = {}
        for instance in sorted({*self.instances, *(one.name for one in self.missing)}):
            members.setdefault(self.zones.get(instance, instance), []).append(instance)
        groups = [
            Group(name, tuple(one for one in names if one not in away), is_whole=away.isdisjoint(names))
            for name, names in sorted(members.items())
        ]
        turn = rotation % len(groups) if groups else 0
        return sorted(groups[turn:] + groups[:turn], key=lambda group: not (own_zone and group.name == own_zone))


class Membership(Protocol):
    """The view of the ring a query is asked with."""

    def read_set(self, tenant: str) -> ReadSet:
        """Return who holds the tenant's data. Raises :class:`ingest.querier.types.Unavailable` without a ring."""
        ...


class Sources(Protocol):
    """The way to the sources."""

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        """Ask several sources at once; returns a reply, or the reason why there is none, for each.

        Once the answer ``can_do_without`` all sources that are still silent, they get only a short grace. Must not
        raise for a source that is away.
        """
        ...


class QuorumSources(Protocol):
    """The way to as few sources as an answer needs."""

    def ask_quorum(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, asking: Asking
    ) -> Mapping[str, ReadReply | str]:
        """Ask those of ``requests`` that ``asking`` wants, when it wants them; returns a reply, or the reason why there
        is none, for each that was asked. Must not raise for a source that is away.
        """
        ...


@dataclass(frozen=True, slots=True)
class MinimizedReads:
    """How reads ask as few ingesters as their answers need."""

    sources: QuorumSources
    hedge_seconds: float  #: delay after which one more zone, or ingester, is asked while the answer is not complete
    own_zone: str = ""  #: asked first


@dataclass(frozen=True, slots=True)
class BlockTotals:
    """How much some blocks of the bucket hold together."""

    blocks: int = 0
    min_time_ns: int = 0  #: 0 without blocks
    max_time_ns: int = -1  #: inclusive; -1 without blocks
    series: int = 0  #: a series counts in each block it has rows in
    profiles: int = 0
    samples: int = 0
    size_bytes: int = 0


class Catalogue(Protocol):
    """The blocks that are complete in the bucket."""

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        """Return the tenant's blocks that overlap ``start_ns <= time < end_ns``."""
        ...

    def totals(self, tenant: str, start_ns: int, end_ns: int) -> BlockTotals:
        """Return how much the tenant's blocks hold that overlap ``start_ns <= time < end_ns``."""
        ...
