"""A token is 256 random bits; what is kept of it neither shows it nor lets another text pass for it."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.access.tokens import (
    MAX_TOKEN_CHARS,
    RANDOM_BYTES,
    KnownToken,
    digest_of,
    find_token,
    looks_like_token,
    new_token,
)
from ingest.access.types import Scope

RANDOM = bytes(range(RANDOM_BYTES))
NEW = new_token(RANDOM)
READ = frozenset({Scope.QUERY})


def known(expires_at_ms: int | None = None) -> dict[str, KnownToken]:
    return {NEW.digest: KnownToken(1, NEW.prefix, "ours", READ, expires_at_ms)}


def test_it_has_a_name_that_may_be_shown_and_a_secret_of_32_bytes() -> None:
    match = re.fullmatch(r"(phl_[a-z2-7]{8})_([A-Za-z0-9_-]{43})", NEW.text)
    assert match is not None
    assert match[1] == NEW.prefix
    assert NEW.digest == hashlib.sha256(NEW.text.encode()).hexdigest()


@given(st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES), st.integers(0, RANDOM_BYTES * 8 - 1))
def test_every_random_bit_counts(random_bytes: bytes, bit: int) -> None:
    other = bytearray(random_bytes)
    other[bit // 8] ^= 1 << bit % 8
    assert new_token(random_bytes).text != new_token(bytes(other)).text


@pytest.mark.parametrize("count", [0, RANDOM_BYTES - 1, RANDOM_BYTES + 1])
def test_fewer_random_bytes_make_none(count: int) -> None:
    with pytest.raises(ValueError, match="random bytes"):
        new_token(bytes(count))


def test_it_is_found_by_its_text_and_until_it_ends() -> None:
    assert find_token(known(), NEW.text, now_ms=10) == known()[NEW.digest]
    assert find_token(known(11), NEW.text, now_ms=10) is not None
    assert find_token(known(10), NEW.text, now_ms=10) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(NEW.prefix, id="its name alone"),
        pytest.param(NEW.text[:-1], id="all but its end"),
        pytest.param(NEW.text.upper(), id="other letters"),
        pytest.param(NEW.text + " ", id="a space more"),
        pytest.param(NEW.digest, id="what is kept of it"),
        pytest.param("\udcff", id="bytes that are no text"),
        pytest.param("x" * (MAX_TOKEN_CHARS + 1), id="more than is hashed"),
    ],
)
def test_another_text_is_not_taken_for_it(text: str) -> None:
    assert find_token(known(), text, now_ms=10) is None


def test_a_long_text_is_not_even_hashed() -> None:
    text = "x" * (MAX_TOKEN_CHARS + 1)
    assert find_token({digest_of(text): known()[NEW.digest]}, text, now_ms=10) is None


@pytest.mark.parametrize(("password", "is_token"), [(NEW.text, True), ("phl_", True), ("secret", False), ("", False)])
def test_a_password_that_is_meant_as_a_token_is_known_by_its_beginning(password: str, is_token: bool) -> None:
    assert looks_like_token(password) is is_token
