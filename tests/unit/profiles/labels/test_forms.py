"""The forms labels are reduced to: rows, placement, fingerprint."""

from __future__ import annotations

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.columns import Labels
from ingest.profiles.labels import (
    describe_labels,
    fingerprint,
    go_quote,
    label_value,
    placement_string,
    row_labels,
    with_sample_labels,
)

SERIES: Labels = (("__name__", "process_cpu"), ("service_name", "web"))
label_sets = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    max_size=4,
).map(lambda values: tuple(sorted(values.items())))


def fnv1_32(data: bytes) -> int:
    value = 2166136261
    for byte in data:
        value = value * 16777619 % 2**32 ^ byte
    return value


def test_tenant_and_placement_string_hash_to_the_known_token() -> None:
    text = "anonymous" + placement_string(SERIES)
    assert text == 'anonymous{__name__="process_cpu", service_name="web"}'
    assert fnv1_32(text.encode()) == 2275771550


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        pytest.param("", '""', id="empty"),
        pytest.param("a b", '"a b"', id="a space"),
        pytest.param('say "x"', r'"say \"x\""', id="quotes"),
        pytest.param("C:\\x", r'"C:\\x"', id="a backslash"),
        pytest.param("\a\b\f\n\r\t\v", r'"\a\b\f\n\r\t\v"', id="signs with a letter"),
        pytest.param("\x00\x1f\x7f", r'"\x00\x1f\x7f"', id="control characters"),
        pytest.param("it's", '"it\'s"', id="a single quote"),
        pytest.param("héllo 世界", '"héllo 世界"', id="other scripts"),
        pytest.param("\x85\xa0\u200b\u2028", r'"\u0085\u00a0\u200b\u2028"', id="what cannot be printed"),
        pytest.param("\U0001f600", '"\U0001f600"', id="an emoji"),
        pytest.param("\U0010ffff", r'"\U0010ffff"', id="the last code point"),
        pytest.param("\ud800", r'"\ufffd"', id="a lone surrogate"),
    ],
)
def test_values_are_quoted_as_go_quotes_them(text: str, quoted: str) -> None:
    assert go_quote(text) == quoted


@given(label_sets, label_sets)
def test_placement_strings_differ_when_values_do(a: Labels, b: Labels) -> None:
    # Names stand as they are, so only sets with the same names are compared.
    if [name for name, _ in a] == [name for name, _ in b]:
        assert (placement_string(a) == placement_string(b)) == (a == b)


def test_the_fingerprint_is_the_xxhash_of_names_and_values_each_closed_by_ff() -> None:
    assert fingerprint(()) == xxhash.xxh64_intdigest(b"") == 0xEF46DB3751D8E999
    assert fingerprint(SERIES) == xxhash.xxh64_intdigest(b"__name__\xffprocess_cpu\xffservice_name\xffweb\xff")


@given(label_sets, label_sets)
def test_fingerprints_are_equal_exactly_when_labels_are(a: Labels, b: Labels) -> None:
    assert (fingerprint(a) == fingerprint(b)) == (a == b)


def test_a_row_carries_its_type_and_a_private_copy_of_the_service() -> None:
    assert row_labels(SERIES, "cpu", "nanoseconds", "cpu", "nanoseconds") == (
        ("__name__", "process_cpu"),
        ("__period_type__", "cpu"),
        ("__period_unit__", "nanoseconds"),
        ("__profile_type__", "process_cpu:cpu:nanoseconds:cpu:nanoseconds"),
        ("__service_name__", "web"),
        ("__type__", "cpu"),
        ("__unit__", "nanoseconds"),
        ("service_name", "web"),
    )


def test_a_row_without_period_has_no_period_labels_and_an_id_that_ends_in_two_colons() -> None:
    found = dict(row_labels(SERIES, "off_cpu", "nanoseconds", "", ""))
    assert found["__profile_type__"] == "process_cpu:off_cpu:nanoseconds::"
    assert not {"__period_type__", "__period_unit__"} & set(found)


def test_a_sender_cannot_set_the_labels_of_the_server() -> None:
    forged = tuple(
        sorted(
            (*SERIES, ("__profile_type__", "x"), ("__type__", "x"), ("__period_type__", "x"), ("__service_name__", "x"))
        )
    )
    assert row_labels(forged, "cpu", "ns", "", "") == row_labels(SERIES, "cpu", "ns", "", "")


@given(label_sets)
def test_the_labels_of_a_row_are_sorted_and_unique(labels: Labels) -> None:
    names = [name for name, _ in row_labels(labels, "cpu", "ns", "cpu", "ns")]
    assert names == sorted(set(names))


def test_where_series_and_sample_have_a_label_the_series_value_stands() -> None:
    assert with_sample_labels((("a", "series"), ("c", "1")), (("a", "sample"), ("b", "2"))) == (
        ("a", "series"),
        ("b", "2"),
        ("c", "1"),
    )


@given(label_sets, label_sets)
def test_sample_labels_are_merged_as_a_dictionary_would(series: Labels, sample: Labels) -> None:
    assert with_sample_labels(series, sample) == tuple(sorted((dict(sample) | dict(series)).items()))


def test_a_missing_label_has_the_empty_value() -> None:
    assert label_value(SERIES, "service_name") == "web"
    assert label_value(SERIES, "pod") == ""


def test_labels_in_a_message_look_like_a_selector() -> None:
    assert describe_labels(SERIES) == '{__name__="process_cpu", service_name="web"}'
    assert describe_labels(()) == "{}"
