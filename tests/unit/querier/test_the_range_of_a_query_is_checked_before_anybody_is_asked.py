"""Rules for ranges and sizes of queries: what is refused, what is clamped, and what is empty without asking."""

from __future__ import annotations

import pytest

from ingest.profiles.limits import DAY_NS, HOUR_NS, Limits
from ingest.profiles.profile_type import ProfileType
from ingest.profiles.reasons import Reason
from ingest.querier.types import QueryRefused, Selection
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, samples

TYPE = ProfileType("process_cpu", CPU[0].name, CPU[0].unit, CPU_PERIOD.name, CPU_PERIOD.unit)
DAY_MS = 24 * HOUR_MS


def selection(start_ms: int, end_ms: int) -> Selection:
    return Selection((TENANT,), (), TYPE, start_ms, end_ms)


@pytest.fixture
def sources() -> MemorySources:
    made = MemorySources()
    recent = (NOW_MS - HOUR_MS) * 1_000_000
    made.add("a", Group(samples(main=(7, 7)), number=1, time_ns=recent))
    return made


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "reason"),
    [
        pytest.param(0, NOW_MS, Reason.MISSING_TIME_RANGE, id="no start"),
        pytest.param(NOW_MS, 0, Reason.MISSING_TIME_RANGE, id="no end"),
        pytest.param(NOW_MS, NOW_MS - 1, Reason.INVALID_TIME_RANGE, id="start after end"),
        pytest.param(NOW_MS - DAY_MS - 1, NOW_MS, Reason.QUERY_LIMIT, id="longer than a day"),
        pytest.param(1, NOW_MS, Reason.QUERY_LIMIT, id="longer than a day after the start was moved up"),
    ],
)
def test_a_range_that_breaks_a_rule_is_refused(
    sources: MemorySources, start_ms: int, end_ms: int, reason: Reason
) -> None:
    with pytest.raises(QueryRefused) as refused:
        sources.querier().merge_stacktraces(selection(start_ms, end_ms), 0)
    assert refused.value.rejection.reason is reason
    assert sources.asked == 0


def test_a_range_before_the_lookback_is_empty_without_asking(sources: MemorySources) -> None:
    answer = sources.querier().merge_stacktraces(selection(1000, 4000), 0)
    assert answer.value.total == 0
    assert answer.sources.complete
    assert sources.querier().profile_types((TENANT,), 1000, 4000).value == ()
    assert sources.asked == 0


def test_a_range_that_reaches_beyond_the_lookback_is_moved_up(sources: MemorySources) -> None:
    limits = Limits(max_query_lookback_ns=2 * HOUR_NS, max_query_length_ns=DAY_NS)
    answer = sources.querier(limits).merge_stacktraces(selection(1000, NOW_MS), 0)
    assert answer.value.total == 7


def test_limits_of_zero_are_off(sources: MemorySources) -> None:
    limits = Limits(max_query_lookback_ns=0, max_query_length_ns=0)
    assert sources.querier(limits).merge_stacktraces(selection(-5, 2**62), 0).value.total == 7


def test_labels_without_a_range_are_those_of_the_last_hour(sources: MemorySources) -> None:
    found = sources.querier().label_values(Selection((TENANT,), (), None, 0, 0), "service_name")
    assert found.value == ("checkout",)


@pytest.mark.parametrize(
    ("max_nodes", "reason"),
    [
        pytest.param(-1, Reason.BAD_REQUEST, id="a negative number of nodes"),
        pytest.param(1_048_577, Reason.FLAMEGRAPH_LIMIT, id="more nodes than allowed"),
    ],
)
def test_a_number_of_nodes_that_breaks_a_rule_is_refused(
    sources: MemorySources, max_nodes: int, reason: Reason
) -> None:
    query = selection(NOW_MS - 2 * HOUR_MS, NOW_MS)
    for ask in (sources.querier().merge_stacktraces, sources.querier().merge_profile):
        with pytest.raises(QueryRefused) as refused:
            ask(query, max_nodes)
        assert refused.value.rejection.reason is reason


def test_truncation_keeps_the_total(sources: MemorySources) -> None:
    at = (NOW_MS - HOUR_MS) * 1_000_000
    sources.add("a", Group(samples(**{f"main__f{n}": (n + 1, 1) for n in range(50)}), number=2, time_ns=at))
    query = selection(NOW_MS - 2 * HOUR_MS, NOW_MS)
    whole, cut = (sources.querier().merge_stacktraces(query, nodes).value for nodes in (0, 3))
    assert whole.total == cut.total == 7 + sum(range(1, 51))
    assert "other" in cut.names
    assert len(cut.names) < len(whole.names)


def test_a_merged_profile_is_whole_unless_nodes_bound_it(sources: MemorySources) -> None:
    at = (NOW_MS - HOUR_MS) * 1_000_000
    sources.add("a", Group(samples(**{f"main__f{n}": (n + 1, 1) for n in range(50)}), number=2, time_ns=at))
    query = selection(NOW_MS - 2 * HOUR_MS, NOW_MS)
    whole, cut = (sources.querier().merge_profile(query, nodes).value for nodes in (None, 3))
    assert b"f1" in whole
    assert b"other" in cut
    assert len(cut) < len(whole) / 4


def test_a_merged_profile_of_nothing_is_empty(sources: MemorySources) -> None:
    other = ProfileType("memory", "alloc_space", "bytes", "space", "bytes")
    query = Selection((TENANT,), (), other, NOW_MS - 2 * HOUR_MS, NOW_MS)
    assert sources.querier().merge_profile(query, None).value == b""
