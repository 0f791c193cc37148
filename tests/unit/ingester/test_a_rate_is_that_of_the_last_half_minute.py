"""The rate of a count is its growth over the last half minute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ingester.rate import Rate


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param([(5.0, 700)], 0.0, id="one note alone says nothing"),
        pytest.param([(0.0, 0), (2.0, 10)], 5.0, id="two notes"),
        pytest.param([(0.0, 0), (10.0, 100), (30.0, 100)], 100 / 30, id="a window that is just full"),
        pytest.param([(0.0, 0), (2.0, 90), (32.0, 90), (34.0, 90)], 0.0, id="what is older does not count"),
        pytest.param([(0.0, 0), (100.0, 50)], 0.5, id="a note that was long missed"),
        pytest.param([(7.0, 0), (7.0, 3)], 0.0, id="no time passed"),
    ],
)
def test_the_growth_is_divided_by_the_time_it_took(notes: list[tuple[float, int]], expected: float) -> None:
    rate = Rate(30.0)
    assert [rate.note(total, at) for at, total in notes][-1] == pytest.approx(expected)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 1000)), min_size=1, max_size=60))
def test_it_is_the_same_as_by_a_search_through_all_notes(steps: list[tuple[int, int]]) -> None:
    rate, noted = Rate(30.0), [(0, 0)]
    rate.note(0, 0.0)
    for passed, came in steps:
        noted.append((noted[-1][0] + passed, noted[-1][1] + came))
        now, total = noted[-1]
        began, before = max([one for one in noted[:-1] if one[0] <= now - 30], default=noted[0])
        assert rate.note(total, float(now)) == pytest.approx((total - before) / (now - began))
