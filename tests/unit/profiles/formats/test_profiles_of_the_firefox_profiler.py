"""Gecko profiles in the layout that Python's sampling profiler writes: stacks, threads, and damaged tables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.formats.detect import FileFormat
from ingest.profiles.reasons import Reason
from tests.unit.profiles.formats.importing import imported, only, refused
from tests.unit.profiles.formats.reading import folded, frames_of, profile_of, types_of

Stack = tuple[tuple[str, int], ...]


def thread(name: str, taken_at: list[Stack | None], strings: list[str], **changes: Any) -> dict[str, Any]:
    """Write the samples of a thread, stacks root first, as tables of its own and strings of the profile."""

    def text(value: str) -> int:
        if value not in strings:
            strings.append(value)
        return strings.index(value)

    functions: list[str] = []
    frames: list[tuple[int, int]] = []
    stacks: list[tuple[int, int | None]] = []
    taken: list[int | None] = []
    for sample in taken_at:
        prefix: int | None = None
        for function, line in sample or ():
            if function not in functions:
                functions.append(function)
            frame = (functions.index(function), line)
            if frame not in frames:
                frames.append(frame)
            stack = (frames.index(frame), prefix)
            if stack not in stacks:
                stacks.append(stack)
            prefix = stacks.index(stack)
        taken.append(prefix)
    return {
        "name": name,
        "samples": {"stack": taken, "time": list(range(len(taken))), "length": len(taken)},
        "stackTable": {"frame": [one for one, _ in stacks], "prefix": [one for _, one in stacks]},
        "frameTable": {"func": [one for one, _ in frames], "line": [one or None for _, one in frames]},
        "funcTable": {
            "name": [text(one) for one in functions],
            "fileName": [None if one.startswith("<") else text("app.py") for one in functions],
        },
    } | changes


def gecko(*threads: dict[str, Any], strings: list[str], interval: float = 0.5) -> bytes:
    meta = {"interval": interval, "startTime": 123.0, "preprocessedProfileVersion": 57, "product": "Python"}
    return json.dumps({"meta": meta, "libs": [], "threads": threads, "shared": {"stringArray": strings}}).encode()


def of_one(*taken_at: Stack | None, **changes: Any) -> bytes:
    strings = ["(root)"]
    return gecko(thread("Thread-1", list(taken_at), strings, **changes), strings=strings)


def test_each_sample_stands_for_the_interval() -> None:
    data = of_one((("main", 1), ("work", 5)), (("main", 1), ("work", 5)), (("main", 2),), None, (("<GC>", 0),))
    assert imported(data).format is FileFormat.GECKO
    one = only(data)
    assert folded(one) == {"main;work": 1_000_000, "main": 500_000, "<GC>": 500_000}
    assert frames_of(one) == {("main", "app.py", 1), ("work", "app.py", 5), ("main", "app.py", 2), ("<GC>", "", 0)}
    assert types_of(one) == [("wall", "nanoseconds")]
    assert profile_of(one).period == 500_000


def test_threads_are_frames_when_there_are_several() -> None:
    strings = ["(root)"]
    threads = [thread(f"Thread-{number}", [(("main", 1),)] * number, strings) for number in (1, 2)]
    assert folded(only(gecko(*threads, strings=strings))) == {"Thread-1;main": 500_000, "Thread-2;main": 1_000_000}


calls = st.lists(st.tuples(st.sampled_from(["a", "b", "<c>"]), st.integers(0, 2)), max_size=4).map(tuple)


@given(st.lists(st.one_of(st.none(), calls), max_size=12))
def test_every_sample_is_found_again(samples: list[Stack | None]) -> None:
    expected: dict[str, int] = {}
    for sample in samples:
        if sample:
            stack = ";".join(name for name, _ in sample)
            expected[stack] = expected.get(stack, 0) + 500_000
    assert folded(only(of_one(*samples))) == expected


MAIN: Stack = (("main", 1), ("work", 2))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (of_one(MAIN, samples={"stack": [2]}), "stack 2"),
        (of_one(MAIN, samples={"stack": [-1]}), "stack -1"),
        (of_one(MAIN, stackTable={"frame": [0, 9], "prefix": [None, 0]}), "frame 9"),
        (of_one(MAIN, stackTable={"frame": [0, 1], "prefix": [1, 0]}), "stack before it 1"),
        (of_one(MAIN, stackTable={"frame": [0, 1], "prefix": [None]}), "length"),
        (of_one(MAIN, frameTable={"func": [0, 7], "line": [1, 2]}), "function 7"),
        (of_one(MAIN, frameTable={"func": [0, 1], "line": [1]}), "length"),
        (of_one(MAIN, funcTable={"name": [1, 9], "fileName": [None, None]}), "string 9"),
        (of_one(MAIN, funcTable={"name": [1, 2], "fileName": [None, 9]}), "string 9"),
        (of_one(MAIN, funcTable={"name": [1, 2], "fileName": [None]}), "length"),
        (gecko(strings=[], interval=0), "out of range"),
        (gecko(strings=[], interval=-1), "out of range"),
        (gecko(strings=[], interval=1e12), "out of range"),
        (b'{"meta": {}, "threads": [], "shared": {}}', "JSON"),
    ],
)
def test_damaged_tables_are_refused_with_the_place(data: bytes, says: str) -> None:
    rejection = refused(data)
    assert rejection.reason is Reason.MALFORMED_PROFILE
    assert says in rejection.message
