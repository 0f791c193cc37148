"""Profile type ids are read and written as Grafana and the agents know them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.profile_type import (
    MAX_ID_BYTES,
    ProfileType,
    check_sample_type,
    parse_profile_type,
    profile_type_id,
)
from ingest.profiles.reasons import Reason, Rejection


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
            ProfileType("process_cpu", "cpu", "nanoseconds", "cpu", "nanoseconds"),
            id="five parts",
        ),
        pytest.param(
            "offcpu:offcpu:nanoseconds::", ProfileType("offcpu", "offcpu", "nanoseconds", "", ""), id="without a period"
        ),
        pytest.param(
            "memory:alloc_space:bytes:space:bytes:delta",
            ProfileType("memory", "alloc_space", "bytes", "space", "bytes"),
            id="a sixth part is ignored",
        ),
    ],
)
def test_an_id_is_read(text: str, expected: ProfileType) -> None:
    assert parse_profile_type(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("process_cpu", id="one part"),
        pytest.param("a:b:c:d", id="four parts"),
        pytest.param("a:b:c:d:e:delta:g", id="seven parts"),
        pytest.param(":cpu:nanoseconds:cpu:nanoseconds", id="no name"),
        pytest.param("process_cpu::nanoseconds:cpu:nanoseconds", id="no type"),
        pytest.param("process_cpu:cpu::cpu:nanoseconds", id="no unit"),
        pytest.param("a" * MAX_ID_BYTES + ":b:c:d:e", id="far too long"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    found = parse_profile_type(text)
    assert isinstance(found, Rejection)
    assert found.reason == Reason.BAD_REQUEST
    assert len(found.message) < 500


def test_the_id_of_a_type_without_period_ends_in_two_colons() -> None:
    assert profile_type_id("offcpu", "offcpu", "nanoseconds", "", "") == "offcpu:offcpu:nanoseconds::"


part = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.builds(ProfileType, part, part, part, part | st.just(""), part | st.just("")))
def test_every_id_that_is_written_is_read_back(profile_type: ProfileType) -> None:
    assert parse_profile_type(profile_type.id) == profile_type


def test_a_sample_type_with_a_colon_cannot_be_named_and_is_refused() -> None:
    assert check_sample_type("cpu", "nanoseconds") is None
    for pair in (("cpu:user", "nanoseconds"), ("cpu", "n:s")):
        found = check_sample_type(*pair)
        assert found is not None
        assert found.reason == Reason.MALFORMED_PROFILE
