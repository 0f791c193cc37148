"""The name of a profile follows from what it measures."""

from __future__ import annotations

import pytest

from ingest.profiles.formats.otlp.convert import convert_otlp
from ingest.profiles.reasons import Rejection
from tests.unit.profiles.formats.otlp.requests import Request, labels_of, parsed, types_of

CPU = ("cpu", "nanoseconds")


@pytest.mark.parametrize(
    ("kind", "period", "name", "types", "value"),
    [
        pytest.param(("samples", "count"), (*CPU, 50), "process_cpu", [*CPU, *CPU], 350, id="samples of CPU"),
        pytest.param(("samples", "count"), (*CPU, -50), "cpu", ["samples", "count", *CPU], 7, id="a period below 0"),
        pytest.param(("off_cpu", "nanoseconds"), None, "off_cpu", ["off_cpu", "nanoseconds", "", ""], 7, id="off CPU"),
        pytest.param(CPU, (*CPU, 10), "process_cpu", [*CPU, *CPU], 7, id="CPU time"),
        pytest.param(("inuse_space", "bytes"), ("space", "bytes", 512), "memory",
                     ["inuse_space", "bytes", "space", "bytes"], 7, id="memory"),
        pytest.param(("lock", "count"), ("contention", "ns", 1), "contention",
                     ["lock", "count", "contention", "ns"], 7, id="its period"),
        pytest.param(("events", "count"), None, "events", ["events", "count", "", ""], 7, id="no period"),
        pytest.param(("events", "count"), (*CPU, 0), "events", ["events", "count", "", ""], 7, id="a period of 0"),
        pytest.param(("samples", "count"), None, "samples", ["samples", "count", "", ""], 7, id="samples of nothing"),
        pytest.param(("a:b", "c:d"), None, "a_b", ["a_b", "c_d", "", ""], 7, id="colons"),
        pytest.param(("", ""), (*CPU, 5), "cpu", ["", "", *CPU], 7, id="a period alone"),
    ],
)  # fmt: skip
def test_its_types_decide(
    kind: tuple[str, str], period: tuple[str, str, int] | None, name: str, types: list[str], value: int
) -> None:
    request = Request()
    request.profile(kind, period).samples.add(stack_index=request.stack(request.location("main")), values=[3, 4])

    (one,) = convert_otlp(request.encoded(), 1000).profiles

    profile = parsed(one)
    assert (labels_of(one)["__name__"], types_of(profile)[0]) == (name, types)
    assert [sample.value[0] for sample in profile.sample] == [value]
    assert types_of(profile)[1] == (period[2] if period else 0)


def test_without_any_type_there_is_no_name() -> None:
    request = Request()
    request.profile(("", "")).samples.add(values=[1])
    converted = convert_otlp(request.encoded(), 1000)
    assert not isinstance(converted, Rejection)
    ((number, why),) = converted.rejected
    assert (number, "neither a sample type nor a period type" in why.message) == (0, True)


def test_times_are_the_profiles_own_and_a_duration_has_a_default() -> None:
    request = Request()
    stack = request.stack(request.location("main"))
    request.profile(time_ns=1_700_000_000_000_000_001, duration_ns=5).samples.add(stack_index=stack, values=[1])
    request.profile().samples.add(stack_index=stack, values=[1])
    request.profile(time_ns=(1 << 64) - 1, duration_ns=(1 << 64) - 1).samples.add(stack_index=stack, values=[1])

    profiles = [parsed(one) for one in convert_otlp(request.encoded(), 1000).profiles]

    largest = (1 << 63) - 1
    times = [(one.time_nanos, one.duration_nanos) for one in profiles]
    assert times == [(1_700_000_000_000_000_001, 5), (0, 10_000_000_000), (largest, largest)]
