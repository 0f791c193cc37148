"""A mapping bounded by bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ring.core.byte_bounded import ByteBounded


def test_the_oldest_makes_room() -> None:
    held = ByteBounded[str, int](10)
    for number, key in enumerate("abc"):
        held.put(key, number, 4)
    assert (held.get("a"), held.get("b"), held.get("c")) == (None, 1, 2)
    assert held.bytes_held == 8


def test_what_is_larger_than_the_bound_is_not_kept() -> None:
    held = ByteBounded[str, int](10)
    held.put("a", 1, 11)
    assert (len(held), held.bytes_held) == (0, 0)


def test_a_copy_goes_its_own_way() -> None:
    held = ByteBounded[str, int](10)
    held.put("a", 1, 4)
    other = held.copy()
    other.put("b", 2, 8)
    assert (held.get("a"), held.get("b"), held.bytes_held) == (1, None, 4)
    assert (other.get("a"), other.get("b"), other.bytes_held) == (None, 2, 8)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 12))))
def test_the_bytes_held_are_those_of_the_values_and_never_more_than_the_bound(puts: list[tuple[int, int]]) -> None:
    held = ByteBounded[int, int](20)
    for key, size in puts:
        held.put(key, size, size)
        assert held.bytes_held <= 20
        assert held.get(key) == size
        assert held.bytes_held == sum(held.get(one) or 0 for one in range(6))
