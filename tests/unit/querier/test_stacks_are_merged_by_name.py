"""Stacks by function name come whole, or bounded when a bound is given; totals stay."""

from __future__ import annotations

import pytest

from ingest.profiles.limits import Limits
from ingest.profiles.profile_type import ProfileType
from ingest.profiles.reasons import Reason
from ingest.querier.types import QueryRefused, Selection
from tests.unit.profiles.stack_model import read_profile
from tests.unit.querier.memory_sources import NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, samples

TYPE = ProfileType("process_cpu", CPU[0].name, CPU[0].unit, CPU_PERIOD.name, CPU_PERIOD.unit)
ALL = Selection((TENANT,), (), TYPE, NOW_MS - 60_000, NOW_MS)
NONE = Selection((TENANT,), (), TYPE, NOW_MS - 60_000, NOW_MS - 50_000)


def sources() -> MemorySources:
    made = MemorySources()
    for number in (1, 2):
        group = Group(samples(main__a=(10, 1), main__b=(2, 1), main__c=(1, 1)), number, (NOW_MS - number) * 1_000_000)
        made.add("a", group)
        made.add("b", group)
    return made


def stacks(sel: Selection, max_nodes: int | None, limits: Limits | None = None) -> dict[tuple[str, ...], int]:
    answer = sources().querier(limits).merge_by_name(sel, max_nodes)
    return {tuple(one.functions[0][0] for one in path): value for path, value in read_profile(answer.value).items()}


def test_all_stacks_are_there_once() -> None:
    assert stacks(ALL, None) == {("main", "a"): 20, ("main", "b"): 4, ("main", "c"): 2}
    assert sources().querier().merge_by_name(ALL, None).profiles == 2


def test_a_bound_leaves_the_largest_and_the_total() -> None:
    assert stacks(ALL, 2) == {("main", "a"): 20, ("main", "other"): 6}


def test_no_bound_at_all_differs_from_the_default() -> None:
    limits = Limits(max_flamegraph_nodes_default=2, max_flamegraph_nodes_max=5)
    assert stacks(ALL, 0, limits) == {("main", "a"): 20, ("main", "other"): 6}
    assert len(stacks(ALL, None, limits)) == 3


def test_a_bound_above_the_limit_is_refused() -> None:
    with pytest.raises(QueryRefused) as refused:
        stacks(ALL, 10_000_000, Limits(max_flamegraph_nodes_max=5))
    assert refused.value.rejection.reason is Reason.FLAMEGRAPH_LIMIT


def test_nothing_matching_is_the_empty_profile() -> None:
    assert stacks(NONE, None) == {}
