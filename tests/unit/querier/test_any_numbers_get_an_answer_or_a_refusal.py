"""Whatever numbers a query has, it is answered or refused: nothing overflows, with limits or without."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.limits import Limits
from ingest.profiles.profile_type import ProfileType
from ingest.profiles.sample_choice import ExemplarKind
from ingest.querier.service import Querier
from ingest.querier.types import QueryRefused, Selection
from tests.unit.querier.memory_sources import NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, samples

TYPE = ProfileType("process_cpu", CPU[0].name, CPU[0].unit, CPU_PERIOD.name, CPU_PERIOD.unit)
UNLIMITED = Limits(max_query_lookback_ns=0, max_query_length_ns=0)
#: Unix milliseconds as a message can hold them: the ends of 64 bits, of nanoseconds in 64 bits, and now.
TIMES = st.integers(-(2**63), 2**63 - 1) | st.sampled_from(
    [0, 1, -1, NOW_MS, NOW_MS - 1, 2**63 // 10**6, -(2**63) // 10**6]
)
STEPS = st.integers(1, 10**12)

ASK: dict[str, Callable[[Querier, Selection, int], object]] = {
    "label_names": lambda querier, sel, step: querier.label_names(sel),
    "merge_stacktraces": lambda querier, sel, step: querier.merge_stacktraces(sel, 0),
    "merge_profile": lambda querier, sel, step: querier.merge_profile(sel, None),
    "select_series": lambda querier, sel, step: querier.select_series(
        sel, step, (), None, False, ExemplarKind.INDIVIDUAL
    ),
    "heatmap": lambda querier, sel, step: querier.heatmap(sel, step, (), None, ExemplarKind.INDIVIDUAL, True),
    "cost": lambda querier, sel, step: querier.cost(sel),
    "diff": lambda querier, sel, step: querier.diff(sel, sel, 0),
}


@pytest.mark.parametrize("method", ASK)
@pytest.mark.parametrize("limits", [Limits(), UNLIMITED], ids=["limited", "unlimited"])
@settings(max_examples=60, deadline=None)
@given(start_ms=TIMES, end_ms=TIMES, step_ms=STEPS)
def test_any_numbers_get_an_answer_or_a_refusal(
    method: str, limits: Limits, start_ms: int, end_ms: int, step_ms: int
) -> None:
    sources = MemorySources()
    sources.add("a", Group(samples(main=1), number=1, time_ns=NOW_MS * 1_000_000))
    with contextlib.suppress(QueryRefused):
        ASK[method](sources.querier(limits), Selection((TENANT,), (), TYPE, start_ms, end_ms), step_ms)


@settings(max_examples=60, deadline=None)
@given(start_ms=st.integers(-(2**63) // 10**6 + 2, NOW_MS), step_ms=STEPS)
def test_a_profile_is_in_its_step_however_far_back_the_range_begins(start_ms: int, step_ms: int) -> None:
    sources = MemorySources()
    sources.add("a", Group(samples(main=1), number=1, time_ns=NOW_MS * 1_000_000))
    start_ms = start_ms or 1
    selection = Selection((TENANT,), (), TYPE, start_ms, NOW_MS)
    (line,) = sources.querier(UNLIMITED).select_series(selection, step_ms, (), None, average=False).value
    assert line.timestamps_ms == [start_ms + -(-(NOW_MS - start_ms) // step_ms) * step_ms]
