"""Exemplars are the largest of each point and heatmaps count every value once, over any mix of replicas."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.columns import Labels
from ingest.profiles.profile_type import ProfileType
from ingest.profiles.sample_choice import EVERY_SAMPLE, ExemplarKind, SampleChoice
from ingest.querier.points import heatmap_floors
from ingest.querier.types import Exemplar, Selection, TimeSeries
from ingest.storage.read_messages import HEATMAP_BUCKETS
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, Sample, plain

START = NOW_MS - HOUR_MS
STEP = 15_000
END = START + 4 * STEP
TYPE = ProfileType("process_cpu", CPU[0].name, CPU[0].unit, CPU_PERIOD.name, CPU_PERIOD.unit)
#: What every series has beside the labels of its group.
COMMON = {
    "__name__": "process_cpu",
    "__profile_type__": TYPE.id,
    "__period_type__": "cpu",
    "__period_unit__": "nanoseconds",
    "__type__": "samples",
    "__unit__": "count",
}


@dataclass(frozen=True)
class Profile:
    """A pushed profile with a value for each of its spans; span 0 is none."""

    number: int
    offset_ms: int
    region: str
    values: tuple[tuple[int, int], ...]  # (span, value)

    @property
    def group(self) -> Group:
        stacks = {span: plain("main", f"in_{span}") for span, _ in self.values}
        return Group(
            tuple(Sample(stacks[span], (value, 0), span) for span, value in self.values),
            number=self.number,
            time_ns=(START + self.offset_ms) * 1_000_000,
            labels=(("__name__", "process_cpu"), ("region", self.region), ("service_name", "checkout")),
        )

    def entries(self, kind: ExemplarKind, choice: SampleChoice) -> list[tuple[int, int]]:
        """Return (value, span) of whatever of this profile can stand for a point."""
        kept = [(span, value) for span, value in self.values if not choice.spans or span in choice.spans]
        if kind is ExemplarKind.SPAN:
            return [(value, span) for span, value in kept if span]
        return [(sum(value for _, value in kept), 0)] if kept else []

    @property
    def point_ms(self) -> int:
        return START + -(-self.offset_ms // STEP) * STEP


_profiles = st.lists(
    st.builds(
        Profile,
        st.integers(1, 40),
        st.integers(-STEP + 1, 4 * STEP),
        st.sampled_from(["eu", "us"]),
        st.dictionaries(st.integers(0, 3), st.integers(1, 9), min_size=1, max_size=3).map(lambda d: tuple(d.items())),
    ),
    max_size=8,
    unique_by=lambda one: one.number,
)
_kinds = st.sampled_from([ExemplarKind.INDIVIDUAL, ExemplarKind.SPAN])
_choices = st.sampled_from([EVERY_SAMPLE, SampleChoice(spans=(1, 2))])


def sources_of(profiles: list[Profile]) -> MemorySources:
    """Three replicas, one of which lacks every second profile."""
    sources = MemorySources()
    for owner, step in (("a", 1), ("b", 1), ("c", 2)):
        sources.add(owner, *(one.group for one in profiles[::step]))
    return sources


def selection(choice: SampleChoice = EVERY_SAMPLE) -> Selection:
    return Selection((TENANT,), (), TYPE, START, END, choice)


def group_of(labels: Labels) -> str:
    return dict(labels).get("region", "")


@settings(max_examples=60, deadline=None)
@given(_profiles, _kinds, _choices, st.sampled_from([(), ("region",)]))
def test_the_exemplar_of_a_point_is_its_largest(
    profiles: list[Profile], kind: ExemplarKind, choice: SampleChoice, group_by: tuple[str, ...]
) -> None:
    series = sources_of(profiles).querier().select_series(selection(choice), STEP, group_by, None, False, kind).value
    expected: dict[tuple[str, int], list[tuple[int, int, bytes, int]]] = {}
    sums: Counter[tuple[str, int]] = Counter()
    for one in profiles:
        key = (one.region if group_by else "", one.point_ms)
        for value, _ in one.entries(ExemplarKind.INDIVIDUAL, choice):
            sums[key] += value
        for value, span in one.entries(kind, choice):
            ranked = (-value, START + one.offset_ms, one.group.profile_id, span)
            expected.setdefault(key, []).append(ranked)
    found: dict[tuple[str, int], Exemplar] = {}
    for line in series:
        assert line.exemplars is not None
        for timestamp_ms, exemplar in zip(line.timestamps_ms, line.exemplars, strict=True):
            if exemplar is not None:
                found[group_of(line.labels), timestamp_ms] = exemplar
    assert {
        key: (-one.value, one.time_ms, one.profile_id, one.span) for key, one in found.items()
    } == {key: min(ranked) for key, ranked in expected.items()}  # fmt: skip
    assert totals_of(series) == dict(sums)
    for exemplar in found.values():
        has = dict(exemplar.labels)
        assert ("region" in has) != bool(group_by)
        assert COMMON.items() <= has.items()


def totals_of(series: tuple[TimeSeries, ...]) -> dict[tuple[str, int], float]:
    return {
        (group_of(line.labels), timestamp_ms): value
        for line in series
        for timestamp_ms, value in zip(line.timestamps_ms, line.values, strict=True)
    }


@settings(max_examples=60, deadline=None)
@given(_profiles, _kinds, _choices, st.sampled_from([(), ("region",)]))
def test_a_heatmap_counts_every_value_in_its_bucket(
    profiles: list[Profile], kind: ExemplarKind, choice: SampleChoice, group_by: tuple[str, ...]
) -> None:
    heatmap = sources_of(profiles).querier().heatmap(selection(choice), STEP, group_by, None, kind, True).value
    values = [value for one in profiles for value, _ in one.entries(kind, choice)]
    if not values:
        assert (heatmap.floors, heatmap.series) == ([], ())
        return
    floors = heatmap_floors(min(values), max(values))
    assert heatmap.floors == floors
    expected: Counter[tuple[str, int, int]] = Counter()
    best: dict[tuple[str, int, int], int] = {}
    for one in profiles:
        for value, _ in one.entries(kind, choice):
            bucket = max(number for number, floor in enumerate(floors) if floor <= value)
            key = (one.region if group_by else "", one.point_ms, bucket)
            expected[key] += 1
            best[key] = max(best.get(key, 0), value)
    found = {
        (group_of(line.labels), slot.timestamp_ms, bucket): count
        for line in heatmap.series
        for slot in line.slots
        for bucket, count in enumerate(slot.counts)
        if count
    }
    assert found == dict(expected)
    for line in heatmap.series:
        assert [slot.timestamp_ms for slot in line.slots] == sorted({slot.timestamp_ms for slot in line.slots})
        for slot in line.slots:
            buckets = [bucket for bucket, count in enumerate(slot.counts) if count]
            keys = [(group_of(line.labels), slot.timestamp_ms, bucket) for bucket in buckets]
            assert [exemplar.value for exemplar in slot.exemplars] == [best[key] for key in keys]


def test_exemplars_are_there_only_when_asked_for() -> None:
    sources = sources_of([Profile(1, 0, "eu", ((1, 5),))])
    (line,) = sources.querier().select_series(selection(), STEP, (), None, average=False).value
    assert line.exemplars is None
    heatmap = sources.querier().heatmap(selection(), STEP, (), None, ExemplarKind.INDIVIDUAL, False).value
    assert [slot.exemplars for line in heatmap.series for slot in line.slots] == [[]]


def test_a_limit_keeps_the_groups_with_the_most_values() -> None:
    profiles = [Profile(number, number, "us" if number < 3 else "eu", ((0, 10 - number),)) for number in range(1, 6)]
    heatmap = sources_of(profiles).querier().heatmap(selection(), STEP, ("region",), 1, ExemplarKind.INDIVIDUAL, False)
    assert [line.labels for line in heatmap.value.series] == [(("region", "eu"),)]


@pytest.mark.parametrize(
    ("smallest", "largest", "ends"),
    [(0, 20, (0, 1, 19)), (5, 5, (5, 5, 5)), (1, 1000, (1, 50, 950)), (-10, 10, (-10, -9, 9))],
)
def test_buckets_are_equally_wide(smallest: int, largest: int, ends: tuple[int, int, int]) -> None:
    floors = heatmap_floors(smallest, largest)
    assert (floors[0], floors[1], floors[-1], len(floors)) == (*ends, HEATMAP_BUCKETS)
