"""SelectSeries: a point at t sums the rows in (t - step, t]; empty steps are left out; groups are ranked by total."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.profiles.profile_type import ProfileType
from ingest.querier.types import Answer, QueryRefused, Selection, TimeSeries
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, Sample, plain

START = NOW_MS - HOUR_MS
STEP = 15_000
TYPE = ProfileType("process_cpu", CPU[0].name, CPU[0].unit, CPU_PERIOD.name, CPU_PERIOD.unit)


def profile(number: int, offset_ms: int, value: int, region: str = "eu") -> Group:
    return Group(
        (Sample(plain("main"), (value, 0)),),
        number=number,
        time_ns=(START + offset_ms) * 1_000_000,
        labels=(("__name__", "process_cpu"), ("region", region), ("service_name", "checkout")),
    )


def ask(
    sources: MemorySources, group_by: tuple[str, ...] = (), limit: int | None = None, average: bool = False
) -> Answer[tuple[TimeSeries, ...]]:
    selection = Selection((TENANT,), (), TYPE, START, START + 4 * STEP)
    return sources.querier().select_series(selection, STEP, group_by, limit, average)


def points(series: TimeSeries) -> list[tuple[int, float]]:
    return [(timestamp - START, value) for timestamp, value in zip(series.timestamps_ms, series.values, strict=True)]


@pytest.mark.parametrize(
    ("offset_ms", "point"),
    [
        pytest.param(-STEP, None, id="exactly a step before the start is outside"),
        pytest.param(-STEP + 1, 0, id="just after it belongs to the first point"),
        pytest.param(0, 0, id="the start itself belongs to the first point"),
        pytest.param(1, STEP, id="just after the start belongs to the second point"),
        pytest.param(STEP, STEP, id="a row on a point belongs to it"),
        pytest.param(4 * STEP, 4 * STEP, id="the end is inside"),
        pytest.param(4 * STEP + 1, None, id="after the end is outside"),
    ],
)
def test_a_row_belongs_to_the_point_at_or_after_it(offset_ms: int, point: int | None) -> None:
    sources = MemorySources()
    sources.add("a", profile(1, offset_ms, 5))
    found = [points(series) for series in ask(sources).value]
    assert found == ([] if point is None else [[(point, 5.0)]])


def test_steps_without_rows_are_left_out_and_rows_of_one_step_are_summed_or_averaged() -> None:
    sources = MemorySources()
    sources.add("a", profile(1, 1, 2), profile(2, 2, 4), profile(3, 3 * STEP, 10))
    assert points(ask(sources).value[0]) == [(STEP, 6.0), (3 * STEP, 10.0)]
    assert points(ask(sources, average=True).value[0]) == [(STEP, 3.0), (3 * STEP, 10.0)]


def test_groups_carry_only_the_labels_asked_for_and_the_largest_comes_first() -> None:
    sources = MemorySources()
    sources.add("a", profile(1, 1, 2, "eu"), profile(2, 1, 9, "us"))
    found = ask(sources, ("region", "nothing")).value
    assert [series.labels for series in found] == [(("region", "us"),), (("region", "eu"),)]
    assert [series.labels for series in ask(sources, ("region",), limit=1).value] == [(("region", "us"),)]


def test_a_step_below_a_millisecond_is_refused() -> None:
    with pytest.raises(QueryRefused, match="millisecond"):
        MemorySources().querier().select_series(Selection((TENANT,), (), TYPE, 1, 2), 0, (), None, False)


rows = st.lists(st.tuples(st.integers(-2 * STEP, 5 * STEP), st.integers(1, 100), st.sampled_from("ab")), max_size=12)


@given(rows, st.lists(st.sets(st.sampled_from("xyz"), min_size=1), min_size=12, max_size=12))
@example([(0, 98, "a"), (-1, 98, "a"), (-2, 1, "a"), (-3, 1, "a")], [{"y"}, {"x"}, {"x"}, {"y"}, *[{"x"}] * 8])
def test_replicas_with_any_holes_give_the_timeline_of_a_naive_sum(
    drawn: list[tuple[int, int, str]], holders: list[set[str]]
) -> None:
    sources = MemorySources()
    for owner in "xyz":
        sources.add(owner)
    expected: dict[str, dict[int, int]] = {}
    for number, (offset_ms, value, region) in enumerate(drawn):
        for owner in sorted(holders[number]):
            sources.add(owner, profile(number, offset_ms, value, region))
        point = -(-offset_ms // STEP) * STEP
        if -STEP < offset_ms <= 4 * STEP:
            group = expected.setdefault(region, {})
            group[point] = group.get(point, 0) + value
    found = {series.labels[0][1]: dict(points(series)) for series in ask(sources, ("region",)).value}
    assert found == {region: {at: float(total) for at, total in group.items()} for region, group in expected.items()}
