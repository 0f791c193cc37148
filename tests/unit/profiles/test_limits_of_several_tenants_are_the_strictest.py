"""A read over several tenants keeps to the smallest positive value of each limit."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.profiles.limits import Limits, strictest

NUMBERS = [one.name for one in fields(Limits) if isinstance(getattr(Limits(), one.name), int)]

limits = st.builds(Limits, max_query_length_ns=st.integers(0, 5), max_query_lookback_ns=st.integers(0, 5))


@given(st.lists(limits, min_size=1, max_size=4))
def test_each_number_is_the_smallest_positive_one(given_limits: list[Limits]) -> None:
    found = strictest(given_limits)
    for name in NUMBERS:
        values = sorted(getattr(one, name) for one in given_limits)
        positive = [value for value in values if value > 0]
        assert getattr(found, name) == (positive[0] if positive else 0)


def test_one_tenant_keeps_its_own() -> None:
    own = Limits(max_query_length_ns=0)
    assert strictest([own]) is own


def test_nobody_has_no_limits() -> None:
    with pytest.raises(ValueError, match="nobody"):
        strictest([])
