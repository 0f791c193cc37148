"""A query counts only the samples it names - by profile, by span, by call site - whatever replica it reads."""

from __future__ import annotations

import pytest

from ingest.api.proto import profile_pb2
from ingest.profiles.profile_type import ProfileType
from ingest.profiles.sample_choice import ExemplarKind, SampleChoice
from ingest.querier.types import Selection
from tests.unit.querier.memory_sources import HOUR_MS, NOW_MS, TENANT, MemorySources
from tests.unit.storage.pushes import CPU, CPU_PERIOD, Group, Sample, plain, read_names

TYPE = ProfileType("process_cpu", CPU[0].name, CPU[0].unit, CPU_PERIOD.name, CPU_PERIOD.unit)
GROUPS = [
    Group(
        (
            Sample(plain("main", "work"), (number, 0), span=number, trace=2**64 + number),
            Sample(plain("main", "wait"), (10 * number, 0), span=7),
            Sample(plain("other"), (100 * number, 0)),
        ),
        number=number,
        time_ns=(NOW_MS - 1000 * number) * 1_000_000,
    )
    for number in (1, 2)
]


@pytest.fixture
def sources() -> MemorySources:
    """Replicas that agree on one profile and not on the other."""
    sources = MemorySources()
    sources.add("a", *GROUPS)
    sources.add("b", *GROUPS)
    sources.add("c", GROUPS[0])
    return sources


CHOICES = [
    pytest.param(SampleChoice(), {"main/work": 3, "main/wait": 30, "other": 300}, 2, id="everything"),
    pytest.param(SampleChoice(spans=(7,)), {"main/wait": 30}, 2, id="a span of two profiles"),
    pytest.param(SampleChoice(spans=(2, 3)), {"main/work": 2}, 2, id="a span of one"),
    pytest.param(SampleChoice(traces=((2**64 + 2).to_bytes(16, "big"),)), {"main/work": 2}, 2, id="a trace"),
    pytest.param(SampleChoice(traces=(b"\x00" * 15 + b"\x07",)), {}, 2, id="a trace that is not there"),
    pytest.param(SampleChoice(call_site=("main",)), {"main/work": 3, "main/wait": 30}, 2, id="a call site"),
    pytest.param(
        SampleChoice(call_site=("main",), spans=(7,), profile_ids=(GROUPS[1].profile_id,)),
        {"main/wait": 20},
        1,
        id="all together",
    ),
    pytest.param(
        SampleChoice(profile_ids=(GROUPS[0].profile_id, bytes(16))),
        {"main/work": 1, "main/wait": 10, "other": 100},
        1,
        id="a profile, and one that is not there",
    ),
    pytest.param(SampleChoice(profile_ids=(bytes(16),)), {}, 0, id="a profile that is not there"),
]


def selection(choice: SampleChoice) -> Selection:
    return Selection((TENANT,), (), TYPE, NOW_MS - HOUR_MS, NOW_MS, choice)


@pytest.mark.parametrize(("choice", "expected", "profiles"), CHOICES)
def test_stacks_and_totals_are_those_of_the_choice(
    sources: MemorySources, choice: SampleChoice, expected: dict[str, int], profiles: int
) -> None:
    querier = sources.querier()
    answer = querier.merge_by_name(selection(choice), None)
    assert read_names(answer.value) == {tuple(path.split("/")): value for path, value in expected.items()}
    assert answer.profiles == profiles
    series = querier.select_series(selection(choice), HOUR_MS, (), None, average=False).value
    assert sum(value for line in series for value in line.values) == sum(expected.values())


def test_an_average_counts_only_profiles_that_have_such_samples(sources: MemorySources) -> None:
    choice = SampleChoice(spans=(2,))
    series = sources.querier().select_series(selection(choice), HOUR_MS, (), None, average=True).value
    assert [line.values for line in series] == [[2.0]]


def test_both_sides_of_a_difference_have_a_choice_of_their_own(sources: MemorySources) -> None:
    left, right = selection(SampleChoice(spans=(1,))), selection(SampleChoice(call_site=("other",)))
    diff = sources.querier().diff(left, right, 0).value
    assert (diff.left_total, diff.right_total) == (1, 300)


def test_a_profile_for_the_go_compiler_has_few_frames(sources: MemorySources) -> None:
    choice = SampleChoice(keep_locations=1)
    answer = sources.querier().merge_by_name(selection(choice), None)
    assert read_names(answer.value) == {("work",): 3, ("wait",): 30, ("other",): 300}
    profile = profile_pb2.Profile.FromString(sources.querier().merge_profile(selection(choice), None).value)
    assert sorted((len(one.location_id), one.value[0]) for one in profile.sample) == [(1, 3), (1, 30), (1, 300)]


def test_the_exemplar_of_a_span_names_its_trace(sources: MemorySources) -> None:
    spans = selection(SampleChoice(spans=(1, 2)))
    (line,) = sources.querier().select_series(spans, HOUR_MS, (), None, False, ExemplarKind.SPAN).value
    assert line.exemplars is not None
    found = [(one.span, int.from_bytes(one.trace, "big"), one.value) for one in line.exemplars if one is not None]
    assert found == [(2, 2**64 + 2, 2)]
