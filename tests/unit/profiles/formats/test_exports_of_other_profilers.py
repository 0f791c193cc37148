"""memray, pyinstrument and V8: what their files mean, and what is refused of damaged ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.profiles.formats.memray import CSV_HEADER
from ingest.profiles.limits import Limits
from ingest.profiles.reasons import Reason
from tests.unit.profiles.formats.importing import only, refused
from tests.unit.profiles.formats.reading import folded, frames_of, profile_of, types_of

HEAD = ",".join(CSV_HEADER)


def csv(*lines: str) -> bytes:
    return "\n".join([HEAD, *lines, ""]).encode()


def session(*records: Any, **changes: Any) -> bytes:
    document = {"start_time": 1.5e9, "duration": 2.0, "min_interval": 0.001, "frame_records": records} | changes
    return json.dumps(document).encode()


def v8(nodes: list[tuple[int, str, list[int]]], samples: list[int], deltas: list[int], **changes: Any) -> bytes:
    made = [
        {"id": ident, "callFrame": {"functionName": name, "url": "a.js", "lineNumber": 4}, "children": below}
        for ident, name, below in nodes
    ]
    return json.dumps({"nodes": made, "samples": samples, "timeDeltas": deltas} | changes).encode()


def gprof(functions: list[str], *events: tuple[list[int], list[int]]) -> bytes:
    document = {
        "functions": [{"name": name, "module": "a.py"} for name in functions],
        "events": [{"callchain": chain, "cost": cost} for chain, cost in events],
    }
    return json.dumps(document).encode()


TREE = [(1, "(root)", [2, 3]), (2, "f", [4]), (3, "", []), (4, "g", [])]


def test_stacks_of_memray_run_from_the_leaf() -> None:
    one = only(csv("MALLOC,2,100,1,0x1,g;a b.py;3|f;a.py;7", "MMAP,1,5,1,0x1,f;a.py;9", "MMAP,1,1,1,0x1,"))
    assert folded(one, 0) == {"f;g": 2, "f": 1, "": 1}
    assert folded(one, 1) == {"f;g": 100, "f": 5, "": 1}
    assert frames_of(one) == {("g", "a b.py", 3), ("f", "a.py", 7), ("f", "a.py", 9)}


def test_chains_of_memray_run_from_the_leaf() -> None:
    assert folded(only(gprof(["f", "g"], ([1, 0], [100]), ([0], [5])))) == {"f;g": 100, "f": 5}


def test_a_session_of_pyinstrument() -> None:
    one = only(session([["MainThread\0<thread>\0001", "f\0a.py\0001\x01l7\x01cX", "g\0b.py\0002"], 0.25], [[], 0.5]))
    assert folded(one) == {"MainThread;f;g": 250_000_000, "": 500_000_000}
    assert frames_of(one) == {("MainThread", "", 0), ("f", "a.py", 7), ("g", "b.py", 2)}
    profile = profile_of(one)
    assert (profile.time_nanos, profile.duration_nanos) == (1_500_000_000_000_000_000, 2_000_000_000)
    assert (profile.period, types_of(one)) == (1_000_000, [("wall", "nanoseconds")])


def test_a_profile_of_v8() -> None:
    one = only(v8(TREE, [2, 4, 4, 3, 1], [10, 20, 30, 5, 1], startTime=100, endTime=170))
    assert folded(one) == {"f": 10_000, "f;g": 50_000, "(anonymous)": 5_000, "": 1_000}
    assert ("g", "a.js", 5) in frames_of(one)
    assert profile_of(one).duration_nanos == 70_000


def test_a_clock_that_went_back_took_no_time() -> None:
    assert folded(only(v8(TREE, [2, 2], [-5, 7]))) == {"f": 7_000}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (csv("MALLOC,1,1,1"), "line 2 has 4 columns"),
        (csv("MALLOC,x,1,1,0x1,f;a.py;3"), "line 2 has 'x'"),
        (csv("MALLOC,1,-1,1,0x1,f;a.py;3"), "line 2 has '-1'"),
        (csv("MALLOC,1,9999999999999999999,1,0x1,f;a.py;3"), "64 bits"),
        (csv("MALLOC,1,1,1,0x1," + "f" * 200_000), "cannot be read"),
        (f"{HEAD},more\n".encode(), "first line"),
        (gprof(["f"], ([1], [1])), "function 1"),
        (gprof(["f"], ([-1], [1])), "function -1"),
        (gprof(["f"], ([0], [1, 2])), "one cost"),
        (gprof(["f"], ([0], [-1])), "negative"),
        (b'{"functions": [], "events": [1]}', "JSON"),
        (session([["f"], -1.0]), "out of range"),
        (session([["f"], 1e10]), "out of range"),
        (session(start_time=-1), "out of range"),
        (session([["f"]]), "JSON"),
        (session(duration="x"), "JSON"),
        (v8(TREE, [9], [1]), "node 9"),
        (v8(TREE, [2], []), "1 samples have 0 times"),
        (v8([], [1], [1]), "node 1"),
        (v8([(1, "(root)", [1])], [], []), "node 1"),
        (v8([(1, "(root)", [2, 2]), (2, "f", [])], [], []), "node 2"),
        (v8([(1, "(root)", [7])], [], []), "node 7"),
        (v8(TREE, [2], [1 << 62]), "64 bits"),
        (v8(TREE, ["x"], [1]), "JSON"),  # type: ignore[list-item]
    ],
)
def test_damaged_files_are_refused_with_the_place(data: bytes, says: str) -> None:
    rejection = refused(data)
    assert rejection.reason is Reason.MALFORMED_PROFILE
    assert says in rejection.message


@pytest.mark.parametrize(
    "data",
    [
        csv(*(f"MALLOC,1,1,1,0x1,f{number};a.py;3" for number in range(11))),
        session(*([[f"f{number}"], 0.1] for number in range(11))),
        gprof([f"f{number}" for number in range(11)], *(([number], [1]) for number in range(11))),
        v8(
            [(0, "(root)", list(range(1, 12))), *((n, f"f{n}", []) for n in range(1, 12))], list(range(1, 12)), [1] * 11
        ),
    ],
)
def test_limits_hold_for_every_format(data: bytes) -> None:
    assert refused(data, limits=Limits(max_profile_stacktrace_samples=10)).reason is Reason.SAMPLES_LIMIT
    assert refused(data, limits=Limits(max_profile_size_bytes=20)).reason in (
        Reason.PROFILE_SIZE_LIMIT,
        Reason.DECOMPRESSED_TOO_LARGE,
    )
