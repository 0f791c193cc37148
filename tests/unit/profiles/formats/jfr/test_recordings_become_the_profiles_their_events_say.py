"""Any events in any encoding become what a naive reader makes of them: profiles, stacks with lines, labels, sums."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.formats.jfr.event_types import EVENT_TYPES
from tests.unit.profiles.formats.jfr.folding import (
    FROM_S,
    UNTIL_S,
    convert,
    message_of,
    sums_of,
)
from tests.unit.profiles.formats.jfr.labels_writer import labels_snapshot
from tests.unit.profiles.formats.jfr.naive_reader import sums_of_recording
from tests.unit.profiles.formats.jfr.recording_writer import (
    CLASSES,
    LATIN1,
    NO_STACK,
    REFERENCE,
    STATES,
    UTF8,
    UTF16,
    Encoding,
    Event,
    recording,
    write_chunk,
)

NAMES = ("Billing", "sum", "søk", "名", "😀", "a.b$C", "x" * 200)
FRAMES = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from([0, 1, 70, 65_000, -1]))
STACKS = st.lists(st.lists(FRAMES, max_size=6).map(tuple), min_size=1, max_size=5)
ENCODINGS = st.builds(
    Encoding,
    plain=st.booleans(),
    text=st.sampled_from([UTF8, UTF16, LATIN1, REFERENCE]),
    first_key=st.sampled_from([0, 1, 100_000, 1 << 40, -3]),
    checkpoints=st.integers(1, 3),
    checkpoint_last=st.booleans(),
)
VALUES = st.integers(0, 1 << 31) | st.sampled_from([0, 1, 127, 128, (1 << 31) - 1])
CONTEXTS = {1: {"route": "/cart"}, 2: {"route": "/cart"}, 3: {"route": "/pay", "region": "eu"}, 4: {}}
SPAN_NAMES = {10: "POST /cart", 11: ""}
CORRELATIONS = {
    "contextId": st.integers(0, 5),
    "spanId": st.sampled_from([0, 1, -1, 0x1234_5678_9ABC_DEF0]),
    "spanName": st.sampled_from([0, 10, 11, 12]),
    "traceIdHi": st.sampled_from([0, -2]),
    "traceIdLo": st.sampled_from([0, 9]),
}
SETTINGS = st.builds(
    lambda name, value: Event("jdk.ActiveSetting", texts={"name": name, "value": value}),
    st.sampled_from(["event", "interval", "events"]),
    st.sampled_from(["wall", "cpu", "itimer", ""]),
)


@st.composite
def chunks(draw: st.DrawFn) -> bytes:
    stacks = draw(STACKS)

    def event(name: str) -> Event:
        fields: dict[str, Any] = {
            field: draw(CORRELATIONS.get(field, VALUES))
            for field, kind in CLASSES[name]
            if kind in ("int", "long") and field != "startTime"
        }
        if "samples" in fields:
            fields["samples"] = draw(st.integers(-3, 1 << 20))
        stack = draw(st.integers(-1, len(stacks) - 1))
        return Event(name, stack, draw(st.integers(0, len(STATES))), fields)

    names = st.sampled_from([*(one.name for one in EVENT_TYPES), "test.Unknown"])
    events = draw(st.lists(names.map(event) | SETTINGS, max_size=12))
    return write_chunk(events, stacks, draw(ENCODINGS))


@given(written=st.lists(chunks(), min_size=1, max_size=3), sample_rate=st.sampled_from([100, 99, 0]))
def test_any_recording_is_read_as_the_naive_reader_reads_it(written: list[bytes], sample_rate: int) -> None:
    data = recording(*written)
    labels = labels_snapshot(CONTEXTS, SPAN_NAMES)

    result = convert(data, labels, sample_rate)

    assert sums_of(result) == sums_of_recording(data, CONTEXTS, SPAN_NAMES, sample_rate)


STACK = (("Billing", "sum", 12), ("Billing", "main", 3))
FRAMES_OF_STACK = (("Billing.sum", 12), ("Billing.main", 3))
WALL_MODE = Event("jdk.ActiveSetting", texts={"name": "event", "value": "wall"})
CPU = ("process_cpu", "cpu", "nanoseconds", "cpu", "nanoseconds")
WALL = ("wall", "wall", "nanoseconds", "wall", "nanoseconds")
PERIOD = 10_000_000


def memory(kind: str, unit: str, period: tuple[str, str] = ("space", "bytes")) -> tuple[str, ...]:
    return ("memory", kind, unit, *period)


#: Events of one stack, and the sum of each profile type: the mapping that Java agents and Grafana agree on.
MAPPING: dict[str, tuple[list[Event], dict[tuple[str, ...], int]]] = {
    "samples of a running thread are cpu": ([Event("jdk.ExecutionSample")] * 3, {CPU: 3 * PERIOD}),
    "samples of a parked thread are cpu": ([Event("jdk.ExecutionSample", state=2)], {CPU: PERIOD}),
    "samples of a sleeping thread are not": ([Event("jdk.ExecutionSample", state=1)], {}),
    "samples without a known state are not": ([Event("jdk.ExecutionSample", state=3)], {}),
    "in wall mode samples are wall as well": (
        [WALL_MODE, Event("jdk.ExecutionSample"), Event("jdk.ExecutionSample", state=1)],
        {CPU: PERIOD, WALL: 2 * PERIOD},
    ),
    "a setting holds for what follows": ([Event("jdk.ExecutionSample"), WALL_MODE], {CPU: PERIOD}),
    "wall-clock samples count their samples": (
        [Event("profiler.WallClockSample", numbers={"samples": 7})],
        {WALL: 7 * PERIOD},
    ),
    "in wall mode those of running threads are cpu as well": (
        [
            WALL_MODE,
            Event("profiler.WallClockSample", numbers={"samples": 7}),
            Event("profiler.WallClockSample", state=2, numbers={"samples": 100}),
        ],
        {WALL: 107 * PERIOD, CPU: 7 * PERIOD},
    ),
    "a wall-clock sample changes the value of no other event": (
        [
            Event("profiler.WallClockSample", numbers={"samples": 7}),
            Event("jdk.ExecutionSample"),
            Event("profiler.LiveObject"),
        ],
        {WALL: 7 * PERIOD, CPU: PERIOD, memory("live", "count", ("objects", "count")): 1},
    ),
    "allocations in a new TLAB have its size": (
        [Event("jdk.ObjectAllocationInNewTLAB", numbers={"allocationSize": 24, "tlabSize": 5000})] * 2,
        {memory("alloc_in_new_tlab_objects", "count"): 2, memory("alloc_in_new_tlab_bytes", "bytes"): 10_000},
    ),
    "allocations outside have their own": (
        [Event("jdk.ObjectAllocationOutsideTLAB", numbers={"allocationSize": 1 << 40})],
        {memory("alloc_outside_tlab_objects", "count"): 1, memory("alloc_outside_tlab_bytes", "bytes"): 1 << 40},
    ),
    "sampled allocations have a weight": (
        [Event("jdk.ObjectAllocationSample", numbers={"weight": 9})],
        {memory("alloc_sample_objects", "count"): 1, memory("alloc_sample_bytes", "bytes"): 9},
    ),
    "entered monitors are mutex": (
        [Event("jdk.JavaMonitorEnter", numbers={"duration": 500})],
        {
            ("mutex", "contentions", "count", "mutex", "count"): 1,
            ("mutex", "delay", "nanoseconds", "mutex", "count"): 500,
        },
    ),
    "parked threads are block": (
        [Event("jdk.ThreadPark", numbers={"duration": 500})],
        {
            ("block", "contentions", "count", "block", "count"): 1,
            ("block", "delay", "nanoseconds", "block", "count"): 500,
        },
    ),
    "live objects are counted": (
        [Event("profiler.LiveObject", numbers={"allocationSize": 500})],
        {memory("live", "count", ("objects", "count")): 1},
    ),
    "native allocations have no period type": (
        [Event("profiler.Malloc", numbers={"size": 64})],
        {memory("malloc_objects", "count", ("", "")): 1, memory("malloc_bytes", "bytes", ("", "")): 64},
    ),
    "events of an unknown stack are left out": ([Event("jdk.ExecutionSample", stack=NO_STACK)], {}),
    "other events are nothing": ([Event("test.Unknown")], {}),
}


@pytest.mark.parametrize(("events", "expected"), MAPPING.values(), ids=MAPPING)
def test_each_event_counts_in_its_profiles(events: list[Event], expected: dict[tuple[str, ...], int]) -> None:
    result = convert(write_chunk(events, [STACK]))

    assert sums_of(result) == {kind: {(FRAMES_OF_STACK, ()): value} for kind, value in expected.items()}


def test_a_profile_has_the_times_of_the_request_and_the_event_of_the_profiler() -> None:
    data = write_chunk([Event("jdk.ActiveSetting", texts={"name": "event", "value": "itimer"}), CPU_EVENT], [STACK])

    result = convert(data)

    assert isinstance(result, list)
    (converted,) = result
    assert converted.labels == (("__name__", "process_cpu"), ("jfr_event", "itimer"))
    message = message_of(converted.pprof)
    assert message.time_nanos == FROM_S * 10**9
    assert message.duration_nanos == (UNTIL_S - FROM_S) * 10**9
    assert message.period == 0


CPU_EVENT = Event("jdk.ExecutionSample")


def test_without_the_setting_there_is_no_label_of_it() -> None:
    result = convert(write_chunk([CPU_EVENT], [STACK]))

    assert isinstance(result, list)
    assert [one.labels for one in result] == [(("__name__", "process_cpu"),)]


@pytest.mark.parametrize("events", [[Event("jdk.ExecutionSample", stack=NO_STACK)], [Event("test.Unknown")], []])
def test_a_recording_without_samples_is_a_profile_without_samples(events: list[Event]) -> None:
    result = convert(write_chunk(events))

    assert isinstance(result, list)
    (one,) = result
    assert dict(one.labels)["__name__"] == "process_cpu"
    assert len(message_of(one.pprof).sample) == 0


def test_the_same_key_is_another_stack_in_another_chunk() -> None:
    other = (("Other", "run", 5),)
    data = recording(write_chunk([CPU_EVENT], [STACK]), write_chunk([CPU_EVENT, CPU_EVENT], [other]))

    result = convert(data)

    assert sums_of(result)[CPU] == {(FRAMES_OF_STACK, ()): PERIOD, ((("Other.run", 5),), ()): 2 * PERIOD}


def test_contexts_with_equal_labels_are_one_sample() -> None:
    events = [Event("jdk.ExecutionSample", numbers={"contextId": number}) for number in range(1, 1001)]
    labels = labels_snapshot({number: {"route": "/cart"} for number in range(1, 1001)}, {})

    result = convert(write_chunk(events, [STACK]), labels)

    assert isinstance(result, list)
    (sample,) = message_of(result[0].pprof).sample
    assert list(sample.value) == [1000 * PERIOD]


def test_a_value_below_zero_is_kept_apart_for_the_rules_to_judge() -> None:
    events = [Event("jdk.ThreadPark", numbers={"duration": value}) for value in (500, -600)]

    result = convert(write_chunk(events, [STACK]))

    assert isinstance(result, list)
    assert sorted(list(one.value) for one in message_of(result[0].pprof).sample) == [[1, -600], [1, 500]]
