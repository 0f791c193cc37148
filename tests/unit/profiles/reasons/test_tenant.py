"""A tenant id becomes part of paths and keys, so only harmless ones are let in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.reasons import Reason, Rejection
from ingest.profiles.tenant import MAX_TENANT_BYTES, MAX_TENANTS, validate_tenant, validate_tenants

ALLOWED = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!-_.*'()")


@pytest.mark.parametrize(
    ("text", "tenant"),
    [
        pytest.param("anonymous", "anonymous", id="letters"),
        pytest.param("12345", "12345", id="digits"),
        pytest.param("a!-_.*'()Z", "a!-_.*'()Z", id="every allowed sign"),
        pytest.param("...", "...", id="three dots are a name"),
        pytest.param("team:key=value", "team", id="metadata after a colon is cut off"),
        pytest.param("x" * MAX_TENANT_BYTES, "x" * MAX_TENANT_BYTES, id="the longest"),
    ],
)
def test_a_valid_id_is_returned(text: str, tenant: str) -> None:
    assert validate_tenant(text) == tenant


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", Reason.MISSING_TENANT, id="none"),
        pytest.param(":k=v", Reason.BAD_TENANT, id="metadata only"),
        pytest.param(".", Reason.BAD_TENANT, id="this folder"),
        pytest.param("..", Reason.BAD_TENANT, id="the folder above"),
        pytest.param("a/b", Reason.BAD_TENANT, id="a path"),
        pytest.param("..\\x", Reason.BAD_TENANT, id="a Windows path"),
        pytest.param("a|b", Reason.BAD_TENANT, id="two tenants"),
        pytest.param("a b", Reason.BAD_TENANT, id="a space"),
        pytest.param("a\n", Reason.BAD_TENANT, id="a newline at the end"),
        pytest.param("é", Reason.BAD_TENANT, id="a letter that is not ASCII"),
        pytest.param("٣", Reason.BAD_TENANT, id="a digit that is not ASCII"),
        pytest.param("a\0", Reason.BAD_TENANT, id="a NUL"),
        pytest.param("x" * (MAX_TENANT_BYTES + 1), Reason.BAD_TENANT, id="one too long"),
    ],
)
def test_an_invalid_id_is_refused_with_a_reason(text: str, reason: Reason) -> None:
    found = validate_tenant(text)
    assert isinstance(found, Rejection)
    assert found.reason == reason


@given(st.text(max_size=200))
def test_whatever_is_let_in_is_harmless(text: str) -> None:
    found = validate_tenant(text)
    if isinstance(found, str):
        assert found == text.split(":")[0]
        assert set(found) <= ALLOWED
        assert 1 <= len(found) <= MAX_TENANT_BYTES
        assert found not in (".", "..")


@pytest.mark.parametrize(
    ("text", "tenants"),
    [
        pytest.param("a", ("a",), id="one"),
        pytest.param("b|a", ("a", "b"), id="sorted"),
        pytest.param("a|b|a", ("a", "b"), id="each once"),
        pytest.param("a:k=v|a:k=w|b", ("a", "b"), id="metadata does not make another tenant"),
        pytest.param("|".join(f"t{n:02}" for n in range(32)), tuple(f"t{n:02}" for n in range(32)), id="the most"),
    ],
)
def test_a_read_may_name_several(text: str, tenants: tuple[str, ...]) -> None:
    assert validate_tenants(text) == tenants


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", Reason.MISSING_TENANT, id="none"),
        pytest.param("|", Reason.BAD_TENANT, id="two empty ones"),
        pytest.param("a|", Reason.BAD_TENANT, id="the last one is empty"),
        pytest.param("a||b", Reason.BAD_TENANT, id="one in between is empty"),
        pytest.param("a|../b", Reason.BAD_TENANT, id="one is a path"),
        pytest.param("|".join("a" for _ in range(MAX_TENANTS + 1)), Reason.BAD_TENANT, id="one too many"),
    ],
)
def test_a_read_that_names_a_bad_one_is_refused(text: str, reason: Reason) -> None:
    found = validate_tenants(text)
    assert isinstance(found, Rejection)
    assert found.reason == reason
