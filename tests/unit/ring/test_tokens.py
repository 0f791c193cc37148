"""Tokens: where keys lie, who owns them, how new ones are drawn."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ring.core.desc import RingDesc
from ring.core.tokens import (
    RING_SIZE,
    attributed_tokens,
    distance,
    fnv1_32,
    keeps_token,
    normalised,
    random_tokens,
    token_for,
)
from ring.tokens_file import read_tokens, tokens_path, write_tokens
from tests.unit.ring.rings import instance

LAST = RING_SIZE - 1


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", 2166136261), (b"a", 84696446), (b"foobar", 837857890)],
    ids=["nothing", "one byte", "a word"],
)
def test_the_hash_is_fnv_1_and_not_fnv_1a(data: bytes, expected: int) -> None:
    assert fnv1_32(data) == expected


def test_a_key_is_the_tenant_followed_by_the_placement() -> None:
    assert token_for("anonymous", '{__name__="process_cpu", service_name="web"}') == 2275771550


@given(st.text(max_size=20), st.text(max_size=40))
def test_the_remembered_hash_of_the_tenant_changes_no_token(tenant: str, placement: str) -> None:
    whole = (tenant + placement).encode()
    assert token_for(tenant, placement) == fnv1_32(whole)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param(10, 10, RING_SIZE, id="to itself is a full turn"),
        pytest.param(0, 10, 10, id="forward"),
        pytest.param(LAST - 10, LAST, 10, id="forward at the end"),
        pytest.param(LAST, 0, 1, id="over the end"),
        pytest.param(LAST - 10, 10, 21, id="far over the end"),
    ],
)
def test_distances_run_clockwise(start: int, end: int, expected: int) -> None:
    assert distance(start, end) == expected


def test_new_tokens_are_unique_sorted_and_none_is_taken() -> None:
    rng = random.Random(3)
    first = random_tokens(1_000_000, (), rng)
    second = random_tokens(1_000_000, set(first), rng)
    for drawn in (first, second):
        assert len(drawn) == 1_000_000
        assert (np.diff(drawn) > 0).all(), "ascending, and none twice"
    assert not len(np.intersect1d(first, second, assume_unique=True))


def test_a_draw_that_hits_a_taken_token_is_repeated() -> None:
    class Stuck(random.Random):
        def getrandbits(self, bits: int) -> int:
            return next(sequence)

    sequence = iter([7, 7, 9, 8])
    assert random_tokens(2, {7}, Stuck()) == (8, 9)


@pytest.mark.parametrize(
    ("claimant", "other", "kept"),
    [
        pytest.param(("a", "A"), ("b", "A"), True, id="the lower id keeps it"),
        pytest.param(("b", "A"), ("a", "A"), False, id="the higher id loses it"),
        pytest.param(("a", "L"), ("b", "J"), False, id="one that leaves loses to one that joins"),
        pytest.param(("b", "J"), ("a", "L"), True, id="one that joins takes from one that leaves"),
        pytest.param(("a", "L"), ("b", "L"), True, id="of two that leave the lower id keeps it"),
    ],
)
def test_a_token_claimed_twice_goes_to(claimant: tuple[str, str], other: tuple[str, str], kept: bool) -> None:
    mine, theirs = instance(claimant[0], (1,), claimant[1]), instance(other[0], (1,), other[1])
    assert keeps_token(mine, theirs) is kept
    assert keeps_token(theirs, mine) is not kept


def test_a_leaver_keeps_only_the_tokens_nobody_joined_with() -> None:
    joiner = instance("a", (5, 10, 20), "J")
    leaver = instance("b", (5, 10, 20, 100, 200), "L")
    ring = RingDesc.of([joiner, leaver])
    assert attributed_tokens(ring, "a") == (5, 10, 20)
    assert attributed_tokens(ring, "b") == (100, 200)
    assert attributed_tokens(ring, "nobody") == ()


def test_tokens_are_sorted_and_unique_after_normalisation() -> None:
    assert normalised([50, 40, 40, 30]) == (30, 40, 50)


def test_of_tokens_claimed_twice_one_that_leaves_keeps_none() -> None:
    ring = RingDesc.of([instance("1", normalised([50, 40, 40, 30])), instance("4", normalised([50, 30, 40]), "L")])
    assert attributed_tokens(ring, "1") == (30, 40, 50)
    assert attributed_tokens(ring, "4") == ()


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [([1, 2, 3], [3, 2, 1], True), ([1, 2], [1, 2, 3], False), ([7, 7], [7], True)],
)
def test_lists_of_the_same_tokens_are_equal_in_whatever_order(one: list[int], other: list[int], equal: bool) -> None:
    assert (normalised(one) == normalised(other)) is equal


@pytest.mark.parametrize("token", [-1, RING_SIZE])
def test_a_token_outside_the_circle_is_refused(token: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        normalised([5, token])


class TestTokensFile:
    def test_what_was_written_comes_back_in_order(self, tmp_path) -> None:  # type: ignore[no-untyped-def]
        path = tokens_path(tmp_path / "new folder", "ingesters", "i-0")
        write_tokens(path, (1, 5, 3))
        assert read_tokens(path) == (1, 3, 5)
        assert [file.name for file in path.parent.iterdir()] == [path.name], "no temporary file is left"

    def test_no_file_is_a_normal_first_start(self, tmp_path) -> None:  # type: ignore[no-untyped-def]
        assert read_tokens(tmp_path / "absent") == ()

    @pytest.mark.parametrize(
        "text", ["", "{", "[1]", "{}", '{"tokens": 3}', '{"tokens": ["x"]}', '{"tokens": [1.5]}', '{"tokens": [-1]}']
    )
    def test_a_damaged_file_is_an_error_and_never_half_a_list(self, tmp_path, text: str) -> None:  # type: ignore[no-untyped-def]
        path = tmp_path / "tokens"
        path.write_text(text)
        with pytest.raises(ValueError):
            read_tokens(path)
