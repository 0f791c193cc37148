"""A difference merges two selections, each with its own range and type, and answers for the sources of both."""

from __future__ import annotations

import pytest

from ingest.profiles.limits import Limits
from ingest.profiles.profile_type import ProfileType
from ingest.profiles.reasons import Reason
from ingest.profiles.selector import Matcher
from ingest.querier.types import QueryRefused, Selection
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, samples

TYPE = ProfileType("process_cpu", CPU[0].name, CPU[0].unit, CPU_PERIOD.name, CPU_PERIOD.unit)
OTHER_TYPE = ProfileType("process_cpu", CPU[1].name, CPU[1].unit, CPU_PERIOD.name, CPU_PERIOD.unit)


def _group(number: int, release: str, **stacks: int) -> Group:
    labels = (("__name__", "process_cpu"), ("release", release), ("service_name", "checkout"))
    return Group(samples(**stacks), number=number, time_ns=(NOW_MS - 1000 * number) * 1_000_000, labels=labels)


def _release(release: str, kind: ProfileType = TYPE) -> Selection:
    return Selection((TENANT,), (Matcher("release", "=", release),), kind, NOW_MS - HOUR_MS, NOW_MS)


@pytest.fixture
def sources() -> MemorySources:
    sources = MemorySources()
    for owner in ("a", "b"):
        sources.add(owner, _group(1, "1", a__b=1, a__c=2), _group(2, "2", a__b=4), _group(3, "2", a__c=8))
    return sources


def test_two_releases_lie_on_the_same_nodes(sources: MemorySources) -> None:
    answer = sources.querier().diff(_release("1"), _release("2"), 0)
    diff = answer.value
    assert (diff.names, diff.left_total, diff.right_total, diff.max_self) == (["total", "a", "c", "b"], 3, 12, 8)
    assert diff.levels[2].tolist() == [0, 1, 1, 0, 4, 4, 3, 0, 2, 2, 0, 8, 8, 2]
    assert (answer.profiles, answer.sources.asked, answer.sources.complete) == (3, ("a", "b"), True)


def test_the_types_of_the_sides_may_differ_and_a_side_may_be_empty(sources: MemorySources) -> None:
    diff = sources.querier().diff(_release("1"), _release("1", OTHER_TYPE), 0).value
    assert (diff.left_total, diff.right_total) == (3, 30)
    nothing = sources.querier().diff(_release("1"), _release("3"), 0)
    assert (nothing.value.left_total, nothing.value.right_total, nothing.profiles) == (3, 0, 1)


def test_a_difference_is_cut_and_bounded_like_a_flame_graph(sources: MemorySources) -> None:
    querier = sources.querier(Limits(max_flamegraph_nodes_max=100))
    assert "other" in querier.diff(_release("1"), _release("2"), 1).value.names
    with pytest.raises(QueryRefused) as refused:
        querier.diff(_release("1"), _release("2"), 101)
    assert refused.value.rejection.reason is Reason.FLAMEGRAPH_LIMIT
