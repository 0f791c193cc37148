"""The table of limits: a row for every field, sentences in it, and values that are read back as they are written."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.limit_table import (
    BY_COLUMN,
    BY_OPTION,
    LIMIT_TABLE,
    LimitInfo,
    LimitKind,
    NotALimit,
    format_limit,
    parse_limit,
    what_is_wrong,
)
from ingest.profiles.limits import DEFAULT_LIMITS, Limits

NUMBERS = [info for info in LIMIT_TABLE if info.kind is not LimitKind.TEXT]


def test_every_field_has_one_row_and_every_row_a_field() -> None:
    assert sorted(info.name for info in LIMIT_TABLE) == sorted(field.name for field in fields(Limits))
    assert len(BY_COLUMN) == len(BY_OPTION) == len(LIMIT_TABLE)


@pytest.mark.parametrize("info", LIMIT_TABLE, ids=lambda info: info.column)
def test_a_row_says_what_it_bounds_in_sentences_and_its_default_may_be_set(info: LimitInfo) -> None:
    assert info.meaning.endswith(".")
    assert info.title[0].isupper()
    assert what_is_wrong(info, info.value_in(DEFAULT_LIMITS)) is None


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("max_profile_size_bytes", LimitKind.BYTES),
        ("reject_older_than", LimitKind.DURATION),
        ("max_label_names_per_series", LimitKind.COUNT),
    ],
)
def test_the_kind_follows_from_the_name_of_the_field(column: str, kind: LimitKind) -> None:
    assert BY_COLUMN[column].kind is kind


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("max_profile_size_bytes", "8MiB", 8 << 20),
        ("max_profile_size_bytes", "65536", 65_536),
        ("reject_older_than", "1h30m", 5400 * 10**9),
        ("reject_older_than", "90", 90 * 10**9),
        ("reject_older_than", "0", 0),
        ("ingestion_tenant_shard_size", "6", 6),
    ],
)
def test_what_people_write_is_read_in_the_unit_of_the_field(column: str, text: str, value: int) -> None:
    assert parse_limit(BY_COLUMN[column], text) == value


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("max_profile_size_bytes", "large", "'large' is not a size"),
        ("max_profile_size_bytes", "2TiB", "Must be from 1 to 1TiB"),
        ("max_profile_size_bytes", "-1", "'-1' is not a size"),
        ("reject_older_than", "soon", "'soon' is not a duration"),
        ("reject_older_than", "400d", "Must be from 0s to 366d"),
        ("max_label_names_per_series", "1.5", "'1.5' is not a whole number"),
        ("max_label_names_per_series", "٣", "is not a whole number"),
        ("max_label_names_per_series", "1", "Must be from 2 to"),
        ("max_label_names_per_series", "9" * 19, "Must be from 2 to"),
        ("max_label_names_per_series", "9" * 5000, "is not a whole number"),
    ],
)
def test_what_cannot_be_a_limit_is_told_in_a_sentence(column: str, text: str, words: str) -> None:
    found = parse_limit(BY_COLUMN[column], text)
    assert isinstance(found, NotALimit)
    assert words in found.message
    assert len(found.message) < 300


@given(st.sampled_from(NUMBERS), st.data())
def test_what_is_formatted_is_read_back(info: LimitInfo, data: st.DataObject) -> None:
    step = 1_000_000 if info.kind is LimitKind.DURATION else 1  # durations are written in milliseconds at best
    value = step * data.draw(st.integers(-(-info.minimum // step), info.maximum // step))
    assert parse_limit(info, format_limit(info, value)) == value


@given(st.sampled_from(NUMBERS), st.text(max_size=40))
def test_any_text_is_a_limit_within_its_bounds_or_refused(info: LimitInfo, text: str) -> None:
    found = parse_limit(info, text)
    assert isinstance(found, NotALimit) or what_is_wrong(info, found) is None
