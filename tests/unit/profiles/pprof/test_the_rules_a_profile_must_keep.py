"""Each rule of a pushed profile refuses with its reason, at its bound and not before."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from ingest.profiles.limits import HOUR_NS, MINUTE_NS, Limits
from ingest.profiles.prepare import Prepared, prepare_profile
from ingest.profiles.reasons import Reason, Rejection
from tests.unit.profiles.pprof.pprof_model import ANY_TIME, NOW_NS, SERIES, Profile, Sample, message, number, packed

MAIN = ("main", "a.go", 1)
GOOD = Profile([Sample((MAIN,), (1,), (("pod", "a"), ("bytes", 1))), Sample((MAIN, MAIN), (2,))])


def judge(data: bytes, limits: Limits = ANY_TIME) -> Prepared | Rejection:
    return prepare_profile(data, "alice", SERIES, limits, NOW_NS)


def reason(data: bytes, limits: Limits = ANY_TIME) -> Reason | None:
    result = judge(data, limits)
    return result.reason if isinstance(result, Rejection) else None


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "0 sample types", id="no bytes"),
        pytest.param(message(6, b""), "0 sample types", id="no sample type"),
        pytest.param(message(1, b"") * 257 + message(6, b""), "257 sample types", id="too many sample types"),
        pytest.param(GOOD.encode() + message(1, number(1, 1)), "values for 2 sample types", id="values missing"),
        pytest.param(GOOD.encode() + message(2, packed(1, [1])), "0 values", id="a sample without values"),
        pytest.param(GOOD.encode() + message(4, b""), "location 1 has id 0", id="a location with id 0"),
        pytest.param(GOOD.encode() + message(5, number(2, 1)), "function 1 has id 0", id="a function with id 0"),
        pytest.param(message(6, b"x") + GOOD.encode(), "first string", id="a first string that is not empty"),
        pytest.param(message(1, b""), "first string", id="no strings at all"),
        pytest.param(message(1, number(1, 99)) + message(6, b""), "sample type 0 names", id="a type out of range"),
        pytest.param(message(1, number(1, -1)) + message(6, b""), "sample type 0 names", id="a negative string index"),
        pytest.param(message(1, b"") + message(6, b""), "has no name", id="a sample type without a name"),
        pytest.param(
            GOOD.encode() + message(2, packed(2, [1]) + message(3, number(1, 99))),
            "label",
            id="a label key out of range",
        ),
        pytest.param(GOOD.encode() + message(3, number(1, 1) + number(5, 99)), "mapping 0", id="a file out of range"),
        pytest.param(GOOD.encode() + message(5, number(1, 2) + number(3, 99)), "function 1", id="a name out of range"),
        pytest.param(GOOD.encode() + message(6, b"\xff"), "invalid UTF-8", id="bytes that are no UTF-8"),
        pytest.param(GOOD.encode() + message(6, b"\xed\xa0\x80"), "invalid UTF-8", id="a surrogate"),
        pytest.param(GOOD.encode() + message(6, b"\xc0\x80"), "invalid UTF-8", id="an overlong character"),
        pytest.param(GOOD.encode() + message(6, b"\xf4\x90\x80\x80"), "invalid UTF-8", id="beyond the last character"),
        pytest.param(GOOD.encode() + message(6, b"abc\xe2\x82"), "invalid UTF-8", id="a torn character"),
    ],
)
def test_a_malformed_profile_is_refused_and_told_why(data: bytes, words: str) -> None:
    result = judge(data)
    assert isinstance(result, Rejection)
    assert result.reason is Reason.MALFORMED_PROFILE
    assert words in result.message


def test_two_sample_types_that_are_the_same_are_refused() -> None:
    result = judge(Profile([Sample((MAIN,), (1, 2))], types=(("a-b", "x"), ("a_b", "x"))).encode())
    assert isinstance(result, Rejection)
    assert "occurs twice" in result.message


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param({"max_profile_stacktrace_samples": 2}, None, id="as many samples as allowed"),
        pytest.param({"max_profile_stacktrace_samples": 1}, Reason.SAMPLES_LIMIT, id="a sample too many"),
        pytest.param({"max_profile_stacktrace_sample_labels": 2}, None, id="as many labels as allowed"),
        pytest.param({"max_profile_stacktrace_sample_labels": 1}, Reason.SAMPLE_LABELS_LIMIT, id="a label too many"),
        pytest.param({"max_profile_size_bytes": len(GOOD.encode())}, None, id="as large as allowed"),
        pytest.param(
            {"max_profile_size_bytes": len(GOOD.encode()) - 1}, Reason.PROFILE_SIZE_LIMIT, id="a byte too large"
        ),
    ],
)
def test_a_limit_refuses_what_is_above_it_and_nothing_else(limits: dict[str, int], expected: Reason | None) -> None:
    assert reason(GOOD.encode(), replace(ANY_TIME, **limits)) is expected


@pytest.mark.parametrize(
    ("age_ns", "limits", "expected"),
    [
        pytest.param(HOUR_NS - 1, {}, None, id="just young enough"),
        pytest.param(HOUR_NS, {}, Reason.NOT_IN_INGESTION_WINDOW, id="just too old"),
        pytest.param(1 - 10 * MINUTE_NS, {}, None, id="just old enough"),
        pytest.param(-10 * MINUTE_NS, {}, Reason.NOT_IN_INGESTION_WINDOW, id="just too new"),
        pytest.param(HOUR_NS, {"reject_older_than_ns": 0}, None, id="any age when it is off"),
        pytest.param(-HOUR_NS, {"reject_newer_than_ns": 0}, None, id="any future when it is off"),
        pytest.param(HOUR_NS, {"reject_newer_than_ns": 0}, Reason.NOT_IN_INGESTION_WINDOW, id="old when new is off"),
    ],
)
def test_the_ingestion_window_excludes_its_bounds(age_ns: int, limits: dict[str, int], expected: Reason | None) -> None:
    data = replace(GOOD, time_ns=NOW_NS - age_ns).encode()
    assert reason(data, replace(Limits(), **limits)) is expected


@pytest.mark.parametrize(
    ("data", "limits", "expected"),
    [
        pytest.param(
            replace(GOOD, time_ns=1).encode(),
            {"max_profile_stacktrace_samples": 1},
            Reason.NOT_IN_INGESTION_WINDOW,
            id="the window before the samples",
        ),
        pytest.param(
            GOOD.encode() + message(4, b""),
            {"max_profile_stacktrace_samples": 1},
            Reason.SAMPLES_LIMIT,
            id="the samples before the format",
        ),
        pytest.param(
            GOOD.encode() + message(4, b""),
            {"max_profile_stacktrace_sample_labels": 1},
            Reason.SAMPLE_LABELS_LIMIT,
            id="the labels before the format",
        ),
    ],
)
def test_of_several_faults_the_first_rule_is_named(data: bytes, limits: dict[str, int], expected: Reason) -> None:
    assert reason(data, replace(Limits(), **limits)) is expected


#: One fault for each rule, in the order in which they are judged: bytes to add, limits that make it one, the words that
#: tell of it. The bytes of one do not mend another.
FAULTS = (
    (b"", {"reject_older_than_ns": 1}, "ingestion window"),
    (b"", {"max_profile_stacktrace_samples": 1}, "max_profile_stacktrace_samples"),
    (b"", {"max_profile_stacktrace_sample_labels": 1}, "max_profile_stacktrace_sample_labels"),
    (message(4, b""), {}, "location 1 has id 0"),
    (message(2, packed(1, [1])), {}, "0 values for"),
    (message(3, number(1, 1) + number(5, 99)), {}, "mapping 0 names string"),
    (message(6, b"\xff"), {}, "invalid UTF-8"),
)


@pytest.mark.parametrize(("first", "later"), list(itertools.combinations(range(len(FAULTS)), 2)))
def test_of_any_two_faults_the_one_whose_rule_comes_first_is_told(first: int, later: int) -> None:
    added, limits, words = FAULTS[first]
    more, other_limits, _ = FAULTS[later]
    data = replace(GOOD, time_ns=NOW_NS - HOUR_NS // 2).encode() + more + added
    result = judge(data, replace(Limits(), **{**limits, **other_limits}))
    assert isinstance(result, Rejection)
    assert words in result.message
