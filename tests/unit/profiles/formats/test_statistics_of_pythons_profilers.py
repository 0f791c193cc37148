"""pstats files: read without the interpreter's own reader, drawn as pairs, and refused when they are anything else."""

from __future__ import annotations

import cProfile
import marshal
import pstats
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.formats.marshal_reader import MarshalReader
from ingest.profiles.formats.refused import Refused
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.formats.importing import only, refused
from tests.unit.profiles.formats.reading import folded, frames_of

F, G, H = ("a.py", 1, "f"), ("b.py", 2, "g"), ("~", 0, "<built-in method x>")

keys = st.tuples(st.text(max_size=3), st.integers(-(1 << 70), 1 << 70), st.text(max_size=20))
simple = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 90), 1 << 90),
    st.floats(allow_nan=False),
    st.binary(max_size=5),
    st.text(),
)
values = st.recursive(
    simple,
    lambda inner: st.one_of(st.lists(inner, max_size=4).map(tuple), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)


def read_or_refusal(data: bytes) -> Any:
    try:
        return MarshalReader(data).read()
    except Refused as refusal:
        return refusal.rejection


@given(values, st.integers(2, 4))
def test_what_marshal_writes_is_read(value: Any, version: int) -> None:
    read = read_or_refusal(marshal.dumps(value, version))
    assert read == value or (isinstance(read, Rejection) and "too deep" in read.message)


@given(st.binary(max_size=60), st.sampled_from([b"{", b"\xfb)\x03", b"(", b"\xa9\x02r"]))
def test_any_bytes_are_read_or_refused(data: bytes, begin: bytes) -> None:
    read = read_or_refusal(begin + data)
    assert not isinstance(read, Rejection) or read.reason is Reason.MALFORMED_PROFILE


def work(depth: int) -> int:
    return sum(range(200)) + (work(depth - 1) if depth else len(sorted([3, 1, 2])))


def test_a_real_profile_keeps_the_own_time_and_the_calls_of_every_function(tmp_path: Path) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(work, 5)
    profiler.dump_stats(tmp_path / "stats")
    one = only((tmp_path / "stats").read_bytes())
    expected = pstats.Stats(str(tmp_path / "stats")).stats  # type: ignore[attr-defined]
    for column, number, factor in ((0, 1, 1), (1, 2, 10**9)):
        own: dict[str, int] = {}
        for stack, value in folded(one, column).items():
            own[stack.rsplit(";", 1)[-1]] = own.get(stack.rsplit(";", 1)[-1], 0) + value
        for (_, _, name), row in expected.items():
            assert own.get(name, 0) == pytest.approx(row[number] * factor, abs=1)
    assert {stack.count(";") for stack in folded(one, 0)} == {0, 1}
    assert dict(one.labels) == {"__name__": "wall", "stacks": "call_pairs"}


def stats(**rows: Any) -> bytes:
    return marshal.dumps({{"f": F, "g": G, "h": H}[name]: row for name, row in rows.items()})


def test_what_callers_do_not_account_for_is_the_functions_own() -> None:
    data = stats(f=(1, 1, 0.5, 2.0, {}), g=(3, 4, 1.5, 1.5, {F: (3, 3, 1.0, 1.0), G: (1, 1, 0.25, 0.25)}))
    one = only(data)
    assert +folded(one, 0) == {"f": 1, "f;g": 3, "g;g": 1}
    assert folded(one, 1) == {"f": 500_000_000, "f;g": 1_000_000_000, "g;g": 250_000_000, "g": 250_000_000}
    assert ("f", "a.py", 1) in frames_of(one)


def test_the_older_profiler_counts_callers_without_measuring_them() -> None:
    one = only(stats(f=(2, 2, 0.5, 0.5, {G: 2})))
    assert +folded(one, 0) == {"g;f": 2}
    assert +folded(one, 1) == {"f": 500_000_000}


def test_pairs_never_say_more_than_the_function_has() -> None:
    data = stats(f=(1, 1, 0.5, 0.5, {G: (9, 9, 9.0, 9.0), H: (-1, -1, -1.0, 0.0)}))
    assert sum(folded(only(data), 0).values()) == 1
    assert sum(folded(only(data), 1).values()) == 500_000_000


def test_functions_that_are_not_python_have_no_file() -> None:
    assert frames_of(only(stats(h=(1, 1, 0.5, 0.5, {})))) == {("<built-in method x>", "", 0)}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "cut off"),
        (b"\xfb)\x03", "longer than the file"),
        (marshal.dumps({F: (1, 1, 0.5, 0.5, {})})[:-2], "cut off"),
        (marshal.dumps((1, 2)), "not a dict"),
        (marshal.dumps({F: 1}), "five numbers"),
        (marshal.dumps({F: (1, 1, 0.5, 0.5)}), "five numbers"),
        (marshal.dumps({F: (1, 1, "x", 0.5, {})}), "five numbers"),
        (marshal.dumps({F: (1, 1, 0.5, 0.5, {G: (1, 2)})}), "four numbers"),
        (marshal.dumps({F: (1, 1, 0.5, 0.5, {G: "x"})}), "four numbers"),
        (marshal.dumps({F: (1, 1, float("inf"), 0.5, {})}), "out of range"),
        (marshal.dumps({F: (1, 1, float("nan"), 0.5, {})}), "out of range"),
        (marshal.dumps({F: (1, 1, 1e300, 0.5, {})}), "out of range"),
        (marshal.dumps({F: (1, 1 << 64, 0.5, 0.5, {})}), "64 bits"),
        (marshal.dumps({("a", "b", 3): (1, 1, 0.5, 0.5, {})}), "(file, line, name)"),
        (marshal.dumps({"f": 1}), "(file, line, name)"),
        (marshal.dumps({(1, 2): 1}), "(file, line, name)"),
        (marshal.dumps({((1,), 2, 3): 1}), "(file, line, name)"),
        (marshal.dumps({F: work.__code__}), "type 'c'"),
        (marshal.dumps({F: [1]}), "type '['"),
        (marshal.dumps({F: {1}}), "type '<'"),
        (b"{)\x03r\x00\x00\x00\x00", "referred to"),
        (b"{\xa9\x03r\x00\x00\x00\x00", "referred to"),
        (b"{(\xff\xff\xff\x7f", "longer than the file"),
        (b"{(\xff\xff\xff\xff", "longer than the file"),
        (b"{" + b")\x01" * 100, "too deep"),
        (b"{)\x010", "missing"),
        (b"{)\x03NNN0", "missing"),
        (b"{)\x03NNNN0", "(file, line, name)"),
        (b"{l\x00\x00\x00\x7f", "too long"),
    ],
)
def test_what_is_no_statistics_is_refused(data: bytes, says: str) -> None:
    rejection = refused(data, named="pstats")
    assert rejection.reason is Reason.MALFORMED_PROFILE
    assert says in rejection.message


def test_references_cannot_make_many_pairs_of_few_bytes() -> None:
    callers = {("a", number, "x"): 1 for number in range(1000)}
    data = marshal.dumps({("f", number, "f"): (1, 1, 0.0, 0.0, callers) for number in range(1000)})
    assert len(data) < 200_000
    assert refused(data).reason is Reason.PROFILE_SIZE_LIMIT
