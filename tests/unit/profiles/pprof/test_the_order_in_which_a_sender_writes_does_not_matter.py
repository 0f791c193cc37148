"""The same content is the same profile, in whatever order and with whatever ids it is written."""

from __future__ import annotations

from collections import defaultdict
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.columns import ProfileGroup, Symbols
from ingest.profiles.pprof.encode import encode_groups
from ingest.profiles.prepare import Prepared, prepare_profile
from tests.unit.profiles.pprof.pprof_model import (
    ANY_TIME,
    NOW_NS,
    SERIES,
    Frame,
    Profile,
    Sample,
    folded,
    node_stacks,
)

LINKS = {"span_id", "trace_id"}
TRACE = "7C9e66797425440de944be07fc1f90ae"

frames = st.tuples(
    st.sampled_from(["main", "work", "søk", "", "x" * 40]), st.sampled_from(["a.go", "b.go"]), st.integers(0, 3)
)
stacks = st.lists(frames, max_size=6).map(tuple)
labels = st.lists(
    st.tuples(
        st.sampled_from(["pod", "zone", "span_id", "trace_id", "bytes"]),
        st.sampled_from(["", "a", "00000000000000ff", TRACE, 7]),
    ),
    max_size=3,
    unique_by=lambda pair: pair[0],
).map(tuple)
values = st.tuples(st.integers(-1, 1 << 40), st.integers(0, 5))
profiles = st.lists(st.builds(Sample, stacks, values, labels), max_size=25).map(
    lambda samples: Profile(samples, types=(("cpu", "nanoseconds"), ("samples", "count")))
)

Key = tuple[tuple[tuple[str, str], ...], int, int, str]


def prepare(data: bytes) -> Prepared:
    result = prepare_profile(data, "alice", SERIES, ANY_TIME, NOW_NS)
    assert isinstance(result, Prepared), result
    return result


def content(prepared: Prepared) -> dict[Key, tuple[int, ...]]:
    """Return the values by labels, span id, trace id and folded stack."""
    named = node_stacks(prepared.symbols)
    sums: defaultdict[Key, tuple[int, ...]] = defaultdict(lambda: (0, 0))
    for group in prepared.groups:
        spans = group.sample_span.tolist() or [0] * len(group.sample_node)
        traces = group.sample_trace.tolist() or [(0, 0)] * len(spans)
        rows = zip(group.sample_node.tolist(), spans, traces, group.sample_values.T.tolist(), strict=True)
        for node, span, (high, low), row in rows:
            key = (group.labels, span, high << 64 | low, ";".join(named[node]))
            sums[key] = tuple(a + b for a, b in zip(sums[key], row, strict=True))
    return dict(sums)


def modelled(profile: Profile) -> dict[Key, tuple[int, ...]]:
    """Do the same with one Python object for each sample."""
    sums: defaultdict[Key, tuple[int, ...]] = defaultdict(lambda: (0, 0))
    for sample in profile.samples:
        if min(sample.values) < 0 or not any(sample.values):
            continue
        texts = {key: value for key, value in sample.labels if isinstance(value, str) and value}
        span = texts.pop("span_id", "")
        trace = texts.pop("trace_id", "")
        key = (
            tuple(sorted({**texts, **dict(SERIES)}.items())),
            int(span, 16) if len(span) == 16 else 0,
            int(trace, 16) if len(trace) == 32 else 0,
            ";".join(frame[0] for frame in sample.stack),
        )
        sums[key] = tuple(a + b for a, b in zip(sums[key], sample.values, strict=True))
    return dict(sums)


def ids(prepared: Prepared) -> dict[tuple[tuple[str, str], ...], bytes]:
    return {group.labels: group.profile_id for group in prepared.groups}


@given(profiles)
def test_samples_are_summed_by_labels_span_and_stack_as_a_naive_model_does(profile: Profile) -> None:
    assert content(prepare(profile.encode())) == modelled(profile)


@given(profiles, st.integers(0, 1 << 30))
def test_shuffled_samples_ids_and_strings_are_the_same_profile(profile: Profile, seed: int) -> None:
    straight, shuffled = prepare(profile.encode()), prepare(profile.encode(Random(seed)))
    assert ids(straight) == ids(shuffled)
    assert content(straight) == content(shuffled)
    assert straight.dropped == shuffled.dropped


@given(profiles)
def test_symbols_hold_only_what_is_used_once_each_and_in_range(profile: Profile) -> None:
    prepared = prepare(profile.encode())
    symbols = prepared.symbols
    assert (symbols.node_parent[1:] < np.arange(1, symbols.node_count)).all()
    strings = symbols.strings()
    assert strings[0] == ""
    assert len(set(strings)) == len(strings)
    pairs = list(zip(symbols.node_parent[1:].tolist(), symbols.node_location[1:].tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    if symbols.node_count > 1:
        assert set(symbols.node_location[1:].tolist()) == set(range(len(symbols.location_mapping)))
    assert set(symbols.line_function.tolist()) == set(range(len(symbols.function_name)))
    leaves = {node for group in prepared.groups for node in group.sample_node.tolist()}
    assert leaves | set(symbols.node_parent.tolist()) | {0} == set(range(symbols.node_count))
    check_dtypes(symbols, prepared.groups)


def check_dtypes(symbols: Symbols, groups: tuple[ProfileGroup, ...]) -> None:
    """Assert the contract of ingest.profiles.columns: dtypes, contiguity, order."""
    wanted = {
        "i8": ("string_offsets", "function_start_line", "location_line_offsets", "line_number"),
        "u8": ("mapping_start", "mapping_limit", "mapping_offset", "location_address"),
        "u1": ("string_bytes", "location_folded"),
        "u4": ("function_name", "function_system_name", "function_filename", "mapping_filename", "mapping_build_id",
               "mapping_flags", "location_mapping", "line_function", "node_parent", "node_location"),
    }  # fmt: skip
    for dtype, names in wanted.items():
        for name in names:
            array = getattr(symbols, name)
            assert array.dtype == np.dtype(dtype), name
            assert array.flags.c_contiguous, name
            assert array.flags.writeable, name
    for group in groups:
        assert (np.diff(group.sample_node.astype(np.int64)) >= 0).all()
        assert group.sample_node.dtype == np.uint32
        assert group.sample_values.dtype == np.int64
        assert group.sample_values.shape == (len(group.sample_types), len(group.sample_node))
        assert group.sample_values.flags.c_contiguous
        assert group.sample_span.dtype == np.uint64
        assert len(group.sample_span) in (0, len(group.sample_node))
        assert group.sample_trace.dtype == np.uint64
        assert group.sample_trace.shape in ((0, 2), (len(group.sample_node), 2))
        assert group.sample_trace.flags.c_contiguous


@given(profiles.filter(lambda profile: not any(LINKS & dict(sample.labels).keys() for sample in profile.samples)))
def test_an_encoded_group_is_the_same_profile_again(profile: Profile) -> None:
    prepared = prepare(profile.encode())
    named = node_stacks(prepared.symbols)
    for group in prepared.groups:
        again = prepare_profile(encode_groups(prepared.symbols, group), "alice", group.labels, ANY_TIME, NOW_NS)
        assert isinstance(again, Prepared)
        assert [found.profile_id for found in again.groups] == [group.profile_id]
        stacks_again = node_stacks(again.symbols)
        for column in range(2):
            before = folded(
                (named[n], v) for n, v in zip(group.sample_node, group.sample_values[column].tolist(), strict=True)
            )
            found = again.groups[0]
            after = folded(
                (stacks_again[n], v)
                for n, v in zip(found.sample_node, found.sample_values[column].tolist(), strict=True)
            )
            assert before == after


FRAME: Frame = ("main", "a.go", 1)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Profile([Sample((FRAME,), (6,))]), id="another value"),
        pytest.param(Profile([Sample((("main", "a.go", 2),), (5,))]), id="another line"),
        pytest.param(Profile([Sample((("main", "b.go", 1),), (5,))]), id="another file"),
        pytest.param(Profile([Sample((FRAME, FRAME), (5,))]), id="a deeper stack"),
        pytest.param(Profile([Sample((FRAME,), (5,), (("span_id", "00000000000000ff"),))]), id="a span"),
        pytest.param(Profile([Sample((FRAME,), (5,))], types=(("wall", "nanoseconds"),)), id="another sample type"),
        pytest.param(Profile([Sample((FRAME,), (5,))], period=3), id="another period"),
        pytest.param(Profile([Sample((FRAME,), (5,))], time_ns=NOW_NS + 1), id="another time"),
    ],
)
def test_another_content_is_another_profile(other: Profile) -> None:
    profile = Profile([Sample((FRAME,), (5,))])
    assert ids(prepare(profile.encode())) != ids(prepare(other.encode()))


def test_a_profile_split_into_more_samples_is_still_the_same() -> None:
    whole = Profile([Sample((FRAME,), (5,))])
    parts = Profile([Sample((FRAME,), (2,)), Sample((FRAME,), (3,))])
    assert ids(prepare(whole.encode())) == ids(prepare(parts.encode()))
