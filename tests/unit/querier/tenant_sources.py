"""Sources in memory of several tenants, each with heads of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.profiles.limits import Limits
from ingest.querier.gather import Gatherer
from ingest.querier.ports import BlockTotals, CanDoWithout, ReadSet
from ingest.querier.service import Querier
from ingest.querier.types import MissingSource
from ingest.storage.read_messages import BlockRef, ReadReply, ReadRequest
from tests.unit.querier.memory_sources import NOW_MS, MemorySources


@dataclass
class TenantSources:
    """Sources of several tenants; those in ``short_of`` miss an ingester."""

    of: Mapping[str, MemorySources]
    short_of: Collection[str] = ()

    def read_set(self, tenant: str) -> ReadSet:
        whole = self.of[tenant].read_set(tenant)
        gone = (MissingSource("z", "away"), MissingSource("y", "away")) if tenant in self.short_of else ()
        return replace(whole, missing=gone)

    def blocks(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[BlockRef]:
        return []

    def totals(self, tenant: str, start_ns: int, end_ns: int) -> BlockTotals:
        return self.of[tenant].totals(tenant, start_ns, end_ns)

    def ask(
        self, requests: Mapping[str, ReadRequest], timeout_seconds: float, can_do_without: CanDoWithout
    ) -> Mapping[str, ReadReply | str]:
        tenant = next(iter(requests.values())).tenant
        return self.of[tenant].ask(requests, timeout_seconds, can_do_without)

    def querier(
        self, limits: Mapping[str, Limits] | None = None, now_ms: Callable[[], int] = lambda: NOW_MS
    ) -> Querier:
        chosen = limits or {}
        gatherer = Gatherer(self, self, self, 1.0, max_blocks=100)
        return Querier(gatherer, lambda tenant: chosen.get(tenant, Limits()), now_ms)
