"""What normalisation drops, sums, mends and divides, and what it must not lose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ingest.profiles.columns import Labels
from ingest.profiles.limits import Limits
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.pprof.pprof_model import (
    ANY_TIME,
    NOW_NS,
    SERIES,
    Profile,
    Sample,
    message,
    node_stacks,
    number,
    packed,
)

MAIN, WORK = ("main", "a.go", 1), ("work", "a.go", 2)


def prepare(data: bytes, limits: Limits = ANY_TIME, labels: Labels = SERIES) -> Prepared:
    result = prepare_profile(data, "alice", labels, limits, NOW_NS)
    assert isinstance(result, Prepared), result
    return result


def test_a_profile_without_a_time_is_of_now() -> None:
    assert prepare(Profile([Sample((MAIN,), (1,))], time_ns=0).encode()).groups[0].time_ns == NOW_NS


def test_negative_and_zero_samples_are_dropped_and_counted() -> None:
    prepared = prepare(Profile([Sample((MAIN,), (-1,)), Sample((MAIN,), (0,)), Sample((WORK,), (4,))]).encode())
    assert prepared.dropped == {"negative_samples": 1, "zero_samples": 1}
    assert node_stacks(prepared.symbols) == [(), ("work",)]


def test_equal_stacks_are_summed_and_zero_values_among_them_dropped() -> None:
    samples = [Sample((MAIN, WORK), (1,)), Sample((MAIN,), (0,)), Sample((MAIN, WORK), (2,)), Sample((WORK,), (5,))]
    prepared = prepare(Profile(samples).encode())
    assert sorted(prepared.groups[0].sample_values.tolist()[0]) == [3, 5]
    assert prepared.dropped == {"zero_samples": 1}


def test_a_profile_of_which_nothing_is_left_has_no_groups() -> None:
    assert prepare(Profile([Sample((MAIN,), (0,))]).encode()).groups == ()
    assert prepare(Profile([]).encode()).groups == ()


def test_a_sample_with_an_unknown_location_is_dropped() -> None:
    stray = message(2, packed(1, [99]) + packed(2, [1]))
    prepared = prepare(Profile([Sample((MAIN,), (1,))], extra=stray).encode())
    assert prepared.dropped == {"samples_with_unknown_location": 1}


@pytest.mark.parametrize(
    "location",
    [
        pytest.param(number(1, 50) + message(4, number(1, 99)), id="a location of an unknown function"),
        pytest.param(number(1, 50) + number(2, 99) + number(3, 4096), id="a location of an unknown mapping"),
    ],
)
def test_a_sample_whose_location_refers_to_nothing_is_dropped(location: bytes) -> None:
    stray = message(4, location) + message(2, packed(1, [50]) + packed(2, [1]))
    prepared = prepare(Profile([Sample((MAIN,), (1,))], extra=stray).encode())
    assert prepared.dropped == {"samples_with_unknown_location": 1}


def test_of_a_deep_stack_the_root_side_is_kept() -> None:
    limits = replace(ANY_TIME, max_profile_stacktrace_depth=2)
    stack = (MAIN, WORK, ("deep", "", 0), ("deeper", "", 0))
    prepared = prepare(Profile([Sample(stack, (3,)), Sample((MAIN, WORK), (4,))]).encode(), limits)
    assert node_stacks(prepared.symbols)[-1] == ("main", "work")
    assert prepared.groups[0].sample_values.tolist() == [[7]]
    assert prepared.dropped == {"truncated_stacks": 1}
    assert "deep" not in prepared.symbols.strings()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        pytest.param("abcdefgh", "efgh", id="the last bytes are kept"),
        pytest.param("abcd", "abcd", id="a string of just the limit is whole"),
        pytest.param("aaaéfgh", "fgh", id="the cut moves to the next character"),
        pytest.param("xx€€", "€", id="a character of three bytes is not torn"),
    ],
)
def test_a_long_string_keeps_its_end(name: str, kept: str) -> None:
    limits = replace(ANY_TIME, max_profile_symbol_value_length=4)
    profile = Profile([Sample(((name, "", 0),), (1,))], types=(("cpu", "ns"),), period_type=("cpu", "ns"))
    prepared = prepare(profile.encode(), limits)
    assert node_stacks(prepared.symbols)[-1] == (kept,)
    assert prepared.dropped.get("truncated_strings", 0) == (name != kept)


def test_equal_frames_of_a_mapping_with_functions_merge_whatever_their_address() -> None:
    def at(addresses: tuple[int, int], flags: bytes) -> Prepared:
        mapping = message(3, number(1, 1) + number(2, 4096) + flags)
        locations = b"".join(
            message(4, number(1, 7 + row) + number(2, 1) + number(3, address) + message(4, number(1, 9) + number(2, 5)))
            for row, address in enumerate(addresses)
        )
        samples = b"".join(message(2, packed(1, [ident]) + packed(2, [1])) for ident in (7, 8))
        function = message(5, number(1, 9) + number(2, 1))
        return prepare(Profile([], extra=mapping + locations + samples + function).encode())

    merged, apart = at((100, 200), number(7, 1)), at((100, 200), b"")
    assert merged.groups[0].sample_values.tolist() == [[2]]
    assert (merged.symbols.location_address.tolist(), merged.symbols.mapping_start.tolist()) == ([0], [0, 0])
    assert apart.groups[0].sample_values.tolist() == [[1, 1]]
    assert sorted(apart.symbols.location_address.tolist()) == [100, 200]


def test_string_labels_divide_samples_and_numeric_ones_do_not() -> None:
    prepared = prepare(
        Profile(
            [
                Sample((MAIN,), (1,), (("pod", "a"), ("bytes", 16))),
                Sample((MAIN,), (2,), (("bytes", 32),)),
                Sample((MAIN,), (4,), (("pod", "a"),)),
                Sample((MAIN,), (8,)),
            ]
        ).encode()
    )
    sums = {group.labels: group.sample_values.tolist() for group in prepared.groups}
    assert sums == {SERIES: [[10]], tuple(sorted((*SERIES, ("pod", "a")))): [[5]]}


def test_a_series_label_wins_and_sets_that_become_equal_are_summed() -> None:
    samples = [Sample((MAIN,), (1,), (("pod", "a"),)), Sample((MAIN,), (2,), (("pod", "b"),))]
    labels = tuple(sorted((*SERIES, ("pod", "z"))))
    prepared = prepare(Profile(samples).encode(), labels=labels)
    assert [(group.labels, group.sample_values.tolist()) for group in prepared.groups] == [(labels, [[3]])]


@pytest.mark.parametrize(
    ("key", "value", "span"),
    [
        pytest.param("span_id", "00000000000000ff", 255, id="sixteen hexadecimal digits are a span id"),
        pytest.param("profile_id", "ABCDEF0123456789", 0xABCDEF0123456789, id="its older name and capitals count"),
        pytest.param("span_id", "ff", 0, id="fewer digits are none"),
        pytest.param("span_id", "00000000000000fg", 0, id="other characters are none"),
    ],
)
def test_span_ids_stay_with_the_sample_and_divide_nothing(key: str, value: str, span: int) -> None:
    samples = [Sample((MAIN,), (1,), ((key, value),)), Sample((WORK,), (2,))]
    (group,) = prepare(Profile(samples).encode()).groups
    assert group.labels == SERIES
    assert sorted(group.sample_span.tolist()) == ([0, span] if span else [])


@pytest.mark.parametrize(
    ("value", "trace"),
    [
        pytest.param("7c9e66797425440DE944be07fc1f90ae", (0x7C9E66797425440D, 0xE944BE07FC1F90AE), id="32 digits"),
        pytest.param("0" * 31 + "1", (0, 1), id="leading zeros"),
        pytest.param("0" * 32, None, id="zeros are none"),
        pytest.param("7c9e66797425440d", None, id="half an id is none"),
        pytest.param("7c9e66797425440de944be07fc1f90ag", None, id="other characters are none"),
        pytest.param("g" * 32, None, id="no hexadecimal digit at all"),
    ],
)
def test_trace_ids_stay_with_the_sample_and_divide_nothing(value: str, trace: tuple[int, int] | None) -> None:
    samples = [Sample((MAIN,), (1,), (("trace_id", value),)), Sample((WORK,), (2,))]
    (group,) = prepare(Profile(samples).encode()).groups
    assert group.labels == SERIES
    found = sorted(map(tuple, group.sample_trace.tolist()))
    assert found == ([(0, 0), trace] if trace else [])


def test_samples_of_two_traces_are_two_rows_and_another_profile_than_without() -> None:
    traced = [Sample((MAIN,), (1,), (("trace_id", digit * 32),)) for digit in "aab"]
    (group,) = prepare(Profile(traced).encode()).groups
    assert sorted(group.sample_values[0].tolist()) == [1, 2]
    (plain,) = prepare(Profile([Sample((MAIN,), (3,))]).encode()).groups
    (zeros,) = prepare(Profile([Sample((MAIN,), (3,), (("trace_id", "0" * 32),))]).encode()).groups
    assert plain.profile_id == zeros.profile_id != group.profile_id


def test_an_invalid_label_set_is_reported_and_the_others_are_stored() -> None:
    samples = [Sample((MAIN,), (1,), (("pod", "p" * 3000),)), Sample((MAIN,), (2,))]
    prepared = prepare(Profile(samples).encode())
    assert [group.sample_values.tolist() for group in prepared.groups] == [[[2]]]
    assert [rejection.reason for rejection in prepared.rejected_groups] == [Reason.LABEL_VALUE_TOO_LONG]


def test_too_many_label_sets_are_refused() -> None:
    samples = [Sample((MAIN,), (1,), (("pod", str(row)),)) for row in range(5)]
    limits = replace(ANY_TIME, max_label_groups_per_profile=4)
    result = prepare_profile(Profile(samples).encode(), "alice", SERIES, limits, NOW_NS)
    assert isinstance(result, Rejection)
    assert result.reason is Reason.LABEL_GROUPS_LIMIT


def test_dashes_and_colons_in_types_become_underscores() -> None:
    profile = Profile([Sample((MAIN,), (1,))], types=(("alloc-size", "by:tes"),), period_type=("c:pu", "ns"))
    (group,) = prepare(profile.encode()).groups
    assert [(kind.name, kind.unit) for kind in group.sample_types] == [("alloc_size", "by_tes")]
    assert group.period_type.name == "c_pu"


@pytest.mark.parametrize(
    "stacks",
    [pytest.param(((MAIN,), (MAIN,)), id="in one stack"), pytest.param(((MAIN,), (WORK,)), id="over two stacks")],
)
def test_values_that_add_up_to_more_than_64_bits_are_refused(
    stacks: tuple[tuple[tuple[str, str, int], ...], ...],
) -> None:
    samples = [Sample(stack, ((1 << 63) - 1,)) for stack in stacks]
    result = prepare_profile(Profile(samples).encode(), "alice", SERIES, ANY_TIME, NOW_NS)
    assert isinstance(result, Rejection)
    assert result.reason is Reason.MALFORMED_PROFILE
    assert "64 bits" in result.message
