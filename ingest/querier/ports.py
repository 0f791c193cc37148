"""What the querier needs from the outside: who can be asked, how to ask, and which blocks are in the bucket."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

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


class Catalogue(Protocol):
    """The blocks that are complete in the bucket."""

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        """Return the tenant's blocks that overlap ``start_ns <= time < end_ns``."""
        ...
