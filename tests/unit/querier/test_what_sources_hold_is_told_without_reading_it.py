"""The extent of a tenant's data and the cost of a query come from ingesters and catalogue together."""

from __future__ import annotations

from ingest.profiles.selector import Matcher
from ingest.querier.ports import BlockTotals
from ingest.querier.types import Extent, Holding, QueryCost, Selection
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import Group, Sample, plain, samples

MS = 1_000_000
STORED = BlockTotals(3, (NOW_MS - 5 * HOUR_MS) * MS, (NOW_MS - HOUR_MS) * MS, 7, 20, 300, 4096)


def group(number: int, at_ms: int, service: str = "checkout") -> Group:
    labels = (("__name__", "process_cpu"), ("service_name", service))
    return Group(samples(main=1, main__work=2), number=number, time_ns=at_ms * MS, labels=labels)


def test_a_tenant_without_profiles_has_no_extent() -> None:
    sources = MemorySources()
    assert sources.querier().extent(TENANT).value is None
    sources.add("a")
    assert sources.querier().extent(TENANT).value is None


def test_the_extent_spans_heads_and_blocks() -> None:
    sources = MemorySources()
    sources.add("a", group(1, NOW_MS - 3_000), group(2, NOW_MS - 9_000))
    sources.add("b", group(3, NOW_MS - 1_000))
    assert sources.querier().extent(TENANT).value == Extent(NOW_MS - 9_000, NOW_MS - 1_000)
    sources.stored = STORED
    assert sources.querier().extent(TENANT).value == Extent(NOW_MS - 5 * HOUR_MS, NOW_MS - 1_000)
    sources.heads.clear()
    answer = sources.querier().extent(TENANT)
    assert answer.value == Extent(NOW_MS - 5 * HOUR_MS, NOW_MS - HOUR_MS)


def cost(sources: MemorySources, *matchers: Matcher) -> QueryCost:
    return sources.querier().cost(Selection((TENANT,), matchers, None, NOW_MS - HOUR_MS, NOW_MS)).value


def test_the_cost_counts_what_matches_and_whole_parts() -> None:
    sources = MemorySources(stored=STORED)
    two = (group(1, NOW_MS - 3_000), group(2, NOW_MS - 9_000, "web"))
    sources.add("a", *two)
    sources.add("b", *two, Group((Sample(plain("old"), (1, 0)),), number=4, time_ns=(NOW_MS - 2 * HOUR_MS) * MS))
    found = cost(sources, Matcher("service_name", "=", "web"))
    # Two sample types of one service in two replicas; samples are those of the whole heads.
    assert (found.ingesters.sources, found.ingesters.parts, found.ingesters.series) == (2, 2, 4)
    assert (found.ingesters.profiles, found.ingesters.samples) == (4, 8 + 9)
    assert found.ingesters.size_bytes > 0
    assert found.bucket == Holding(1, 3, 7, 20, 300, 4096)
    assert (found.series, found.has_replicas) == (2, True)


def test_a_query_that_matches_nothing_costs_no_ingester() -> None:
    sources = MemorySources()
    sources.add("a", group(1, NOW_MS - 3_000))
    found = cost(sources, Matcher("service_name", "=", "absent"))
    assert found == QueryCost(Holding(), Holding(), 0, has_replicas=False)
    assert cost(sources).has_replicas is False
