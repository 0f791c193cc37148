"""Collapsed stacks of Python's samplers: frames with files and lines, processes and threads, and austin's modes."""

from __future__ import annotations

import pytest

from ingest.profiles.formats.hints import ImportHints
from ingest.profiles.reasons import Reason
from tests.unit.profiles.formats.importing import imported, only, refused
from tests.unit.profiles.formats.reading import folded, frames_of, types_of


@pytest.mark.parametrize(
    ("frame", "read"),
    [
        ("handle (app.py:30)", ("handle", "app.py", 30)),
        ("add.<locals>.<genexpr> (lib/app.py:2)", ("add.<locals>.<genexpr>", "lib/app.py", 2)),
        ("handle (app.py)", ("handle", "app.py", 0)),
        ("read (libc.so.6)", ("read", "libc.so.6", 0)),
        ("java.lang.Thread.run (Thread.java:750)", ("java.lang.Thread.run", "Thread.java", 750)),
        ("operator() (x)", ("operator() (x)", "", 0)),
        ("f(int)", ("f(int)", "", 0)),
        ("f (two words)", ("f (two words)", "", 0)),
        ("/srv/app.py:handle:30", ("handle", "/srv/app.py", 30)),
        (
            "<frozen importlib._bootstrap>:_find_and_load:1176",
            ("_find_and_load", "<frozen importlib._bootstrap>", 1176),
        ),
        ("C:\\app.py:handle:30", ("handle", "C:\\app.py", 30)),
        ("std::vector::push", ("std::vector::push", "", 0)),
        ("<GC>", ("<GC>", "", 0)),
        ("plain", ("plain", "", 0)),
        ("f (a.py:99999999999)", ("f (a.py:99999999999)", "", 0)),
    ],
)
def test_frames(frame: str, read: tuple[str, str, int]) -> None:
    assert frames_of(only(f"{frame} 1\n".encode(), named="collapsed")) == {read}


@pytest.mark.parametrize(
    ("text", "stacks"),
    [
        ("tid:1;a 1\ntid:1;b 2\n", {"a": 1, "b": 2}),
        ("tid:1;a 1\ntid:2;a 2\n", {"tid:1;a": 1, "tid:2;a": 2}),
        ("tid:1 1\ntid:1;a 2\n", {"": 1, "a": 2}),
        ("# a comment\n\na 1\n", {"a": 1}),
        ("a b 1\n", {"a b": 1}),
    ],
)
def test_threads_are_frames_when_there_are_several(text: str, stacks: dict[str, int]) -> None:
    assert folded(only(text.encode(), named="collapsed")) == stacks


def austin(*lines: str, mode: str = "wall", **comments: object) -> bytes:
    head = ["# austin: 3.7.0", f"# mode: {mode}", *(f"# {name}: {value}" for name, value in comments.items()), ""]
    return "\n".join([*head, *lines, ""]).encode()


@pytest.mark.parametrize(
    ("lines", "stacks"),
    [
        (["P1;T0:1;a.py:f:3 10"], {"f": 10_000}),
        (["P1;T0:1;a.py:f:3 10", "P1;T0:1;a.py:f:4 5"], {"f": 15_000}),
        (["P1;T0:1;a.py:f:3 10", "P1;T0:2;a.py:f:3 5"], {"P1;T0:1;f": 10_000, "P1;T0:2;f": 5_000}),
        (["P1;T7f00a;a.py:f:3 10", "P2;T7f00b;a.py:f:3 5"], {"P1;T7f00a;f": 10_000, "P2;T7f00b;f": 5_000}),
        (["P1;T0:1 10"], {"": 10_000}),
        (["P1;T0:1;a.py:f:3;:GC: 10"], {"f;:GC:": 10_000}),
    ],
)
def test_processes_and_threads_are_frames_when_there_are_several(lines: list[str], stacks: dict[str, int]) -> None:
    assert folded(only(austin(*lines))) == stacks


@pytest.mark.parametrize(
    ("mode", "line", "read"),
    [
        ("wall", "7", {"wall": ("wall", 7_000)}),
        ("cpu", "7", {"process_cpu": ("cpu", 7_000)}),
        ("memory", "7", {"memory": ("alloc_space", 7)}),
        ("memory", "-7", {"memory": ("alloc_space", 0)}),
        ("full", "7,0,100", {"wall": ("wall", 7_000), "process_cpu": ("cpu", 7_000), "memory": ("alloc_space", 100)}),
        ("full", "7,1,-5", {"wall": ("wall", 7_000), "process_cpu": ("cpu", 0), "memory": ("alloc_space", 0)}),
    ],
)
def test_modes(mode: str, line: str, read: dict[str, tuple[str, int]]) -> None:
    profiles = imported(austin(f"P1;T0:1;a.py:f:3 {line}", mode=mode)).profiles
    assert {dict(one.labels)["__name__"]: (types_of(one)[0][0], folded(one)["f"]) for one in profiles} == read


def test_a_type_that_was_said_replaces_the_mode() -> None:
    one = only(austin("P1;T0:1;a.py:f:3 7"), ImportHints("cpu"))
    assert types_of(one) == [("cpu", "nanoseconds")]


@pytest.mark.parametrize(
    ("data", "named", "says"),
    [
        (b"a b\n", "collapsed", "line 1"),
        (b"a 1\nb\n", "collapsed", "line 2"),
        (b"a 1,2\n", "collapsed", "else than a count"),
        (b"a -1\n", "collapsed", "else than a count"),
        (b"a 1,2,3,4\n", "collapsed", "not a count"),
        (b"a " + "٣".encode() + b"\n", "collapsed", "not a count"),
        (b"a 9999999999999999999\n", "collapsed", "64 bits"),
        (austin("P1;T0:1;a 1,2,3"), "", "3 numbers"),
        (austin("P1;T0:1;a 1", mode="full"), "", "1 numbers"),
        (austin("P1;T0:1;a 1", mode="other"), "", "not known"),
        (austin("P1;T0:1;a x"), "", "not a count"),
        (austin("P1;T0:1;a 9999999999999999"), "", "64 bits"),
    ],
)
def test_what_is_no_stack_is_refused(data: bytes, named: str, says: str) -> None:
    rejection = refused(data, named=named)
    assert rejection.reason is Reason.MALFORMED_PROFILE
    assert says in rejection.message
