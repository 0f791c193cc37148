"""Any request of either revision: the sums of its stacks by service and labels are those of a naive reading."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.profiles.formats.otlp.convert import ConvertedRequest, convert_otlp
from ingest.profiles.pprof.decode import decode_pprof
from ingest.profiles.reasons import Rejection
from tests.unit.profiles.formats.otlp.requests import Request, folded, labels_of, parsed, sample_labels

MAX_BYTES = 1 << 20


@dataclass
class Sample:
    stack: int
    values: list[int]
    timestamps: int
    attributes: list[int]
    link: int


@dataclass
class Plan:
    """A request in words: locations are lists of function numbers."""

    locations: list[list[int]]
    stacks: list[list[int]]
    profiles: list[list[Sample]]
    attributes: list[tuple[str, object]] = field(
        default_factory=lambda: [
            ("service.name", "cart"),
            ("service.name", "shop"),
            ("thread.name", "worker"),
            ("thread.id", 7),
            ("ratio", 0.5),
            ("__name__", "mine"),
        ]
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    locations = draw(st.lists(st.lists(st.integers(0, 4), max_size=3), max_size=5))
    stacks = draw(st.lists(st.lists(st.integers(0, len(locations)), max_size=5), max_size=4))
    sample = st.builds(
        Sample,
        stack=st.integers(0, len(stacks)),
        values=st.lists(st.integers(0, 1 << 40), min_size=1, max_size=3) | st.just([]),
        timestamps=st.integers(1, 3),
        # Each key once, as the specification has it; at least one, so that the revision shows.
        attributes=st.sampled_from([[1], [2], [3], [1, 3], [3, 4], [4, 2], [5, 3], [6, 1]]),
        link=st.integers(1, 2),
    )
    return Plan(locations, stacks, draw(st.lists(st.lists(sample, max_size=6), min_size=1, max_size=3)))


def built(plan: Plan, revision: str) -> bytes:
    request = Request(revision)
    for names in plan.locations:
        request.location(*(f"f{one}" for one in names), address=1)
    for one in plan.stacks:
        request.stack(*one)
    for key, value in plan.attributes:
        request.attribute(key, value)
    request.link(bytes(range(16)), bytes(range(1, 9)))
    request.link(bytes(16), bytes(8))
    for samples in plan.profiles:
        profile = request.profile(("off_cpu", "nanoseconds"), resource={"service.name": "host"})
        for one in samples:
            profile.samples.add(
                stack_index=one.stack,
                values=one.values,
                timestamps_unix_nano=range(one.timestamps),
                attribute_indices=one.attributes,
                link_index=one.link,
            )
    return request.encoded()


def expected(plan: Plan) -> Counter[tuple[object, ...]]:
    """Sum by (profile, service, labels, stack)."""
    sums: Counter[tuple[object, ...]] = Counter()
    for number, samples in enumerate(plan.profiles):
        for one in samples:
            service = "host"
            labels = {}
            for index in one.attributes:
                key, value = plan.attributes[index - 1]
                if key == "service.name":
                    service = str(value)
                elif key in ("thread.name", "thread.id"):
                    labels[key] = str(value)
            if one.link == 1:
                labels |= {"trace_id": bytes(range(16)).hex(), "span_id": bytes(range(1, 9)).hex()}
            locations = [plan.locations[at - 1] for at in (plan.stacks[one.stack - 1] if one.stack else []) if at]
            stack = tuple(reversed([f"f{function}" for names in locations for function in names]))
            sums[number, service, tuple(sorted(labels.items())), stack] += sum(one.values) or (
                0 if one.values else one.timestamps
            )
    return Counter({key: value for key, value in sums.items() if value})


def found(converted: ConvertedRequest) -> Counter[tuple[object, ...]]:
    sums: Counter[tuple[object, ...]] = Counter()
    for number, one in zip(converted.sources, converted.profiles, strict=True):
        profile = parsed(one)
        assert not isinstance(decode_pprof(one.pprof), Rejection)
        functions = {row.id: profile.string_table[row.name] for row in profile.function}
        locations = {row.id: [functions[line.function_id] for line in row.line] for row in profile.location}
        for labels, sample in zip(sample_labels(profile), profile.sample, strict=True):
            stack = tuple(reversed([name for at in sample.location_id for name in locations[at]]))
            key = (number, labels_of(one)["service_name"], tuple(sorted(labels.items())), stack)
            sums[key] += sample.value[0]
    return Counter({key: value for key, value in sums.items() if value})


@pytest.mark.parametrize("revision", ["current", "previous", "older"])
@given(plan=plans())
@settings(max_examples=60, deadline=None)
def test_sums_by_service_labels_and_stack(revision: str, plan: Plan) -> None:
    converted = convert_otlp(built(plan, revision), MAX_BYTES)

    assert isinstance(converted, ConvertedRequest)
    assert converted.rejected == ()
    assert converted.empty == sum(not samples for samples in plan.profiles)
    assert found(converted) == expected(plan)


def test_a_message_holds_only_what_its_profile_uses() -> None:
    request = Request()
    used, unused = request.location("used", "inlined"), request.location("unused")
    request.stack(unused)
    request.profile().samples.add(stack_index=request.stack(used), values=[1])

    (one,) = convert_otlp(request.encoded(), MAX_BYTES).profiles

    assert [parsed(one).string_table[row.name] for row in parsed(one).function] == ["used", "inlined"]
    assert b"unused" not in one.pprof
    assert folded(parsed(one)) == {("inlined", "used"): 1}
