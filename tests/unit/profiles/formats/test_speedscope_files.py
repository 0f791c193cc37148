"""speedscope: evented and sampled profiles, units, profiles that belong together, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.formats.convert import convert_body
from ingest.profiles.formats.converted import Converted
from ingest.profiles.formats.parameters import BodyFormat, IngestParameters, parse_parameters
from ingest.profiles.formats.speedscope import SCHEMA
from ingest.profiles.limits import DEFAULT_LIMITS, Limits
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.reading import folded, frames_of, profile_of, types_of

FRAMES = [{"name": name} for name in "abcd"]
NOW_NS = 1_700_000_000_000_000_000


def sampled(**changes: Any) -> dict[str, Any]:
    return {
        "type": "sampled", "name": "one", "unit": "seconds", "startValue": 0, "endValue": 14,
        "samples": [[0, 1, 2], [0, 1, 2], [0, 1, 3], [0, 1]], "weights": [1, 4, 4, 5],
    } | changes  # fmt: skip


def evented(written: str, **changes: Any) -> dict[str, Any]:
    """Make a profile of events written as ``O0@1``, separated by spaces."""
    made = [{"type": one[0], "frame": int(one[1]), "at": float(one[3:])} for one in written.split()]
    return {"type": "evented", "name": "", "unit": "none", "startValue": 0, "endValue": 14, "events": made} | changes


def file(*profiles: dict[str, Any], frames: list[dict[str, Any]] = FRAMES, schema: str = SCHEMA) -> bytes:
    return json.dumps({"$schema": schema, "shared": {"frames": frames}, "profiles": profiles}).encode()


def convert(
    body: bytes, name: str = "app", rate: str = "100", limits: Limits = DEFAULT_LIMITS
) -> list[Converted] | Rejection:
    parameters = parse_parameters({"name": name, "sampleRate": rate}, NOW_NS)
    assert isinstance(parameters, IngestParameters)
    return convert_body(BodyFormat.SPEEDSCOPE, {"": body}, parameters, limits)


def converted(body: bytes, name: str = "app", rate: str = "100") -> list[Converted]:
    answer = convert(body, name, rate)
    assert isinstance(answer, list), answer
    return answer


def test_events_give_the_time_between_them_to_the_open_stack():
    (one,) = converted(file(evented("O0@0 O1@0 O2@0 C2@2 O3@2 C3@6 C2@6 C1@14 C0@14".replace("C2@6 ", ""))))
    assert types_of(one) == [("cpu", "nanoseconds")]
    assert folded(one) == {"a;b;c": 20_000_000, "a;b;d": 40_000_000, "a;b": 80_000_000}
    assert profile_of(one).time_nanos == NOW_NS
    assert "profile_name" not in dict(one.labels)


@pytest.mark.parametrize(
    ("unit", "unit_ns"), [("seconds", 10**9), ("milliseconds", 10**6), ("microseconds", 10**3), ("nanoseconds", 1)]
)
@pytest.mark.parametrize("rate", ["100", "0", "1000"])
def test_units_of_time_become_nanoseconds_whatever_the_sample_rate(unit: str, unit_ns: int, rate: str):
    (one,) = converted(file(sampled(unit=unit)), rate=rate)
    assert types_of(one) == [("cpu", "nanoseconds")]
    assert folded(one) == {"a;b;c": 5 * unit_ns, "a;b;d": 4 * unit_ns, "a;b": 5 * unit_ns}
    assert profile_of(one).period == (10**6 if rate == "1000" else unit_ns)


def test_the_end_of_the_name_says_what_a_single_profile_is():
    (wall,) = converted(file(sampled()), "app.wall")
    assert (types_of(wall), dict(wall.labels)["__name__"]) == ([("wall", "nanoseconds")], "wall")
    (memory,) = converted(file(sampled(unit="bytes")), "app.inuse_space")
    assert types_of(memory) == [("inuse_space", "bytes")]
    assert folded(memory) == {"a;b;c": 5, "a;b;d": 4, "a;b": 5}


def test_of_several_profiles_each_counts_what_its_unit_says():
    one, two, three = converted(
        file(sampled(), sampled(name="two", unit="bytes"), sampled(name="three", unit="none")), "app.cpu"
    )
    assert [dict(part.labels)["profile_name"] for part in (one, two, three)] == ["one", "two", "three"]
    assert [dict(part.labels)["__name__"] for part in (one, two, three)] == ["wall", "memory", "process_cpu"]
    assert [dict(part.labels)["service_name"] for part in (one, two, three)] == ["app.cpu", "app.cpu", "app"]


def test_profiles_of_one_name_and_unit_are_one():
    parts = converted(file(sampled(), sampled(startValue=7), sampled(name="two"), evented("O0@0 C0@1", name="two")))
    assert [(dict(part.labels)["profile_name"], types_of(part)[0][0]) for part in parts] == [
        ("one", "wall"), ("two", "wall"), ("two", "cpu"),
    ]  # fmt: skip
    assert [sum(folded(part).values()) for part in parts] == [28 * 10**9, 14 * 10**9, 10**7]


def test_files_and_lines_are_kept():
    frames = [{"name": "a", "file": "a.py", "line": 3, "col": 2}, {"name": "b", "line": None}]
    (one,) = converted(file(sampled(samples=[[0, 1]], weights=[1]), frames=frames))
    assert frames_of(one) == {("a", "a.py", 3), ("b", "", 0)}


def test_what_is_open_at_the_end_lasts_until_the_end():
    (one,) = converted(file(evented("O0@0 O1@4")), rate="0")
    assert folded(one) == {"a": 4, "a;b": 10}


def test_times_are_rounded_so_that_sums_stay_exact():
    # Each of the three intervals is 1/3 ns.
    events = evented("O0@0 C0@0.333 O1@0.333 C1@0.667 O2@0.667 C2@1", unit="nanoseconds", endValue=1)
    (one,) = converted(file(events))
    assert sum(folded(one).values()) == 1


def test_large_whole_numbers_keep_every_digit():
    start = (1 << 62) + 1
    events = [{"type": "O", "frame": 0, "at": start}, {"type": "C", "frame": 0, "at": start + 3}]
    (one,) = converted(file(evented("", events=events, unit="nanoseconds", endValue=start + 3)))
    assert folded(one) == {"a": 3}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"[]", "JSON"),
        (b'{"profiles": []}', "$schema"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b'{"x": ' * 100_000, "JSON"),
        (file(schema="https://example.org"), "schema"),
        (file(sampled(type="other")), "neither"),
        (file(sampled(unit="furlongs")), "unit"),
        (file(sampled(weights=[1])), "weights"),
        (file(sampled(samples=[[4]], weights=[1])), "frame 4"),
        (file(sampled(samples=[[-1]], weights=[1])), "frame -1"),
        (file(sampled(samples=[["x"]], weights=[1])), "samples"),
        (file(sampled(samples=[[0]], weights=[-1])), "negative"),
        (file(sampled(samples=[[0]], weights=[1e300])), "out of range"),
        (file(sampled(samples=[[0]], weights=[1e18])), "64 bits"),
        (file(evented("O0@0 C1@1")), "opened last"),
        (file(evented("C0@0")), "opened last"),
        (file(evented("O9@0")), "frame 9"),
        (file(evented("X0@0")), "'X'"),
        (file(evented("O0@5 C0@4")), "order"),
        (file(evented("O0@5", endValue=4) | {"endValue": float("1e300")}), "out of range"),
    ],
)
def test_what_breaks_the_format_is_refused(body: bytes, says: str):
    answer = convert(body)
    assert isinstance(answer, Rejection)
    assert answer.reason is Reason.MALFORMED_PROFILE
    assert says in answer.message


def test_deep_events_cost_no_more_than_their_number():
    depth = 20_000
    events = [{"type": "O", "frame": 0, "at": n} for n in range(depth)]
    events += [{"type": "C", "frame": 0, "at": depth + n} for n in range(depth)]
    (one,) = converted(file(evented("", events=events, endValue=2 * depth)), rate="0")
    stacks = folded(one)
    assert len(stacks) == 1000
    assert sum(stacks.values()) == 2 * depth - 1


calls = st.recursive(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.just(())),
    lambda below: st.tuples(st.integers(0, 3), st.integers(0, 5), st.lists(below, max_size=3).map(tuple)),
    max_leaves=10,
)


@given(st.lists(calls, max_size=4))
def test_events_and_samples_of_the_same_calls_are_the_same_profile(roots: list):
    events: list[dict[str, Any]] = []
    samples: list[list[int]] = []
    weights: list[int] = []
    at = 0

    def run(call: tuple[int, int, tuple], above: list[int]) -> None:
        nonlocal at
        frame, own, below = call
        events.append({"type": "O", "frame": frame, "at": at})
        at += own
        samples.append([*above, frame])
        weights.append(own)
        for one in below:
            run(one, [*above, frame])
        events.append({"type": "C", "frame": frame, "at": at})

    for root in roots:
        run(root, [])
    (first,) = converted(file(evented("", events=events, endValue=at)))
    (second,) = converted(file(sampled(samples=samples, weights=weights, unit="none", endValue=at)))
    assert folded(first) == folded(second)
