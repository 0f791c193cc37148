"""A query over several tenants answers as if their data were one tenant's, under the strictest of their limits."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from ingest.profiles.limits import HOUR_NS, Limits
from ingest.profiles.profile_type import ProfileType
from ingest.querier.types import QueryRefused, Selection
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, MemorySources
from tests.unit.querier.tenant_sources import TenantSources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, samples

TYPE = ProfileType("process_cpu", CPU[0].name, CPU[0].unit, CPU_PERIOD.name, CPU_PERIOD.unit)
START_MS = NOW_MS - HOUR_MS


def profile(value: int, service: str, second: int = 1) -> Group:
    """Return a profile whose identity is the same whoever pushes it."""
    labels = (("__name__", "process_cpu"), ("service_name", service))
    return Group(samples(main__work=(value, 1)), value, (START_MS + second * 1000) * 1_000_000, labels)


def two_tenants(short_of: Collection[str] = ()) -> TenantSources:
    """Both hold one profile alike, and one of their own."""
    left, right = MemorySources(), MemorySources()
    for owner in ("a", "b"):
        left.add(owner, profile(10, "shared"), profile(3, "left"))
        right.add(owner, profile(10, "shared"), profile(5, "right", second=61))
    return TenantSources({"left": left, "right": right}, short_of)


def over(*tenants: str, length_ms: int = HOUR_MS) -> Selection:
    return Selection(tenants, (), TYPE, NOW_MS - length_ms, NOW_MS)


def test_what_two_tenants_hold_alike_counts_for_both() -> None:
    graph = two_tenants().querier().merge_stacktraces(over("left", "right"), 0)
    assert (graph.profiles, graph.value.total) == (4, 28)
    assert graph.value.names == ["total", "main", "work"]


@pytest.mark.parametrize(("tenants", "total"), [(("left",), 13), (("right",), 15)])
def test_one_tenant_alone_is_all_that_is_read(tenants: tuple[str, ...], total: int) -> None:
    assert two_tenants().querier().merge_stacktraces(over(*tenants), 0).value.total == total


def test_labels_and_series_are_the_union_and_name_no_tenant() -> None:
    querier = two_tenants().querier()
    assert querier.label_values(over("left", "right"), "service_name").value == ("left", "right", "shared")
    names = querier.label_names(over("left", "right")).value
    assert names == querier.label_names(over("left")).value
    series = querier.series(over("left", "right"), ("service_name",)).value
    assert series == ((("service_name", "left"),), (("service_name", "right"),), (("service_name", "shared"),))
    assert [one.id for one in querier.profile_types(("left", "right"), START_MS, NOW_MS).value].count(TYPE.id) == 1


def test_points_of_one_group_are_summed_over_the_tenants() -> None:
    found = two_tenants().querier().select_series(over("left", "right"), 60_000, (), None, False)
    assert [one.values for one in found.value] == [[23.0, 5.0]]
    assert found.profiles == 4


def test_an_answer_misses_what_it_misses_of_any_tenant() -> None:
    report = two_tenants(short_of=("right",)).querier().merge_stacktraces(over("left", "right"), 0).sources
    assert not report.complete
    assert [one.name for one in report.missing] == ["y", "z"]
    assert report.asked == ("a", "b", "y", "z")


@pytest.mark.parametrize(
    ("left", "right", "nodes"),
    [
        pytest.param(4, 2, 3, id="the smaller one counts"),
        pytest.param(0, 2, 3, id="0 is no limit, so the other counts"),
        pytest.param(2, 0, 3, id="and the other way round"),
    ],
)
def test_the_smallest_positive_limit_counts(left: int, right: int, nodes: int) -> None:
    limits = {
        "left": Limits(max_flamegraph_nodes_max=left),
        "right": Limits(max_flamegraph_nodes_max=right),
    }
    querier = two_tenants().querier(limits)
    with pytest.raises(QueryRefused, match="max_flamegraph_nodes_max is 2"):
        querier.merge_stacktraces(over("left", "right"), nodes)


def test_the_shortest_range_counts() -> None:
    querier = two_tenants().querier({"right": Limits(max_query_length_ns=HOUR_NS // 2)})
    assert querier.merge_stacktraces(over("left"), 0).profiles == 2
    with pytest.raises(QueryRefused, match="max_query_length"):
        querier.merge_stacktraces(over("left", "right"), 0)
