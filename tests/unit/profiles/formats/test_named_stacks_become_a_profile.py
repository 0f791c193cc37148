"""Stacks added one by one are found again in the profile, with their frames, values and labels."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.api.proto import profile_pb2
from ingest.profiles.columns import SampleType
from ingest.profiles.formats.stack_table import MAX_VALUE, StackTable
from ingest.profiles.pprof.message import encode_message

TYPES = (SampleType("cpu", "nanoseconds"), SampleType("samples", "count"))

frames = st.tuples(
    st.sampled_from(["main", "work", "", "søk"]), st.sampled_from(["", "a.py"]), st.integers(0, 2), st.integers(0, 1)
)
labels = st.lists(st.tuples(st.sampled_from(["thread", "pid"]), st.sampled_from(["1", "two"])), max_size=2)
samples = st.tuples(st.lists(frames, max_size=5), st.tuples(st.integers(0, MAX_VALUE), st.integers(0, 9)), labels)


def read(table: StackTable) -> Counter[object]:
    profile = profile_pb2.Profile.FromString(encode_message(table.message()))
    text, found = profile.string_table, Counter()
    for one in profile.sample:
        stack = []
        for ident in one.location_id:
            (line,) = profile.location[ident - 1].line
            function = profile.function[line.function_id - 1]
            assert function.system_name == function.name
            stack.append((text[function.name], text[function.filename], line.line, function.start_line))
        found[tuple(stack), tuple(one.value), tuple((text[pair.key], text[pair.str]) for pair in one.label)] += 1
    return found


@given(st.lists(samples, max_size=10))
def test_what_was_added_is_there(added: list):
    table = StackTable(TYPES)
    for stack, values, pairs in added:
        table.add([table.frame(*frame) for frame in stack], values, pairs)
    assert len(table) == len(added)
    assert read(table) == Counter((tuple(stack), values, tuple(pairs)) for stack, values, pairs in added)


def test_equal_frames_are_one_location():
    table = StackTable(TYPES[:1])
    assert [table.named("a"), table.named("b"), table.named("a"), table.frame("a"), table.frame("a", line=3)] == [
        0, 1, 0, 0, 2,
    ]  # fmt: skip
    table.add([0, 1], (1,))
    profile = profile_pb2.Profile.FromString(encode_message(table.message()))
    assert len(profile.location) == 3
    assert len(profile.function) == 2
    assert [one.has_functions for one in profile.mapping] == [True]


def test_what_the_format_says_of_the_whole_is_written():
    message = StackTable(TYPES).message(SampleType("cpu", "nanoseconds"), 10, 20, 30)
    profile = profile_pb2.Profile.FromString(encode_message(message))
    assert (profile.period, profile.time_nanos, profile.duration_nanos) == (10, 20, 30)
    assert profile.string_table[profile.period_type.type] == "cpu"


@pytest.mark.parametrize(
    ("values", "error"), [((1,), ValueError), ((1, 2, 3), ValueError), ((1, MAX_VALUE + 1), OverflowError)]
)
def test_values_that_cannot_be_kept_leave_the_table_as_it_was(values: tuple[int, ...], error: type[Exception]):
    table = StackTable(TYPES)
    with pytest.raises(error):
        table.add([table.named("a")], values)
    table.add([table.named("b")], (1, 2))
    assert read(table) == Counter({((("b", "", 0, 0),), (1, 2), ()): 1})
