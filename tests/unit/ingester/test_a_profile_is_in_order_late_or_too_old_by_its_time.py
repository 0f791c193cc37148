"""The decision on a profile's time: the table of the rule, and what it promises over any sequence."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ingester.admission import (
    NOTHING_SEALED_NS,
    Admission,
    TenantTimes,
    admit,
    after_append,
    after_part,
)

IN_ORDER, LATE, TOO_OLD = Admission.IN_ORDER, Admission.LATE, Admission.TOO_OLD
HALF = 30
#: The newest profile is of 1000, the last head ended before 990: V is 990.
SEALED = TenantTimes(1000, 990)
#: Nothing was sealed: V is half a head's age before the newest profile, 970.
OPEN = TenantTimes(1000)


@pytest.mark.parametrize(
    ("time_ns", "seen", "window_ns", "expected"),
    [
        # A tenant that has nothing here has no order yet.
        (-5, None, 0, IN_ORDER),
        (0, None, 0, IN_ORDER),
        (2**62, None, 100, IN_ORDER),
        # V from the end of the last sealed head, which is exclusive.
        (1001, SEALED, 0, IN_ORDER),
        (1000, SEALED, 0, IN_ORDER),
        (990, SEALED, 0, IN_ORDER),
        (989, SEALED, 100, LATE),
        (900, SEALED, 100, LATE),
        (899, SEALED, 100, TOO_OLD),
        (989, SEALED, 0, TOO_OLD),
        # V from half the age of a head.
        (970, OPEN, 0, IN_ORDER),
        (969, OPEN, 0, TOO_OLD),
        (969, OPEN, 100, LATE),
        (899, OPEN, 100, TOO_OLD),
        # A window that ends inside what is in order decides nothing there.
        (975, OPEN, 5, IN_ORDER),
        (969, OPEN, 5, TOO_OLD),
        # A head that was sealed long ago does not hold back what is half a head's age old.
        (970, TenantTimes(1000, 20), 0, IN_ORDER),
        (969, TenantTimes(1000, 20), 0, TOO_OLD),
        # Just after sealing the newest profile is in the sealed head: V lies one after it.
        (1000, TenantTimes(1000, 1001), 100, LATE),
        (1001, TenantTimes(1000, 1001), 100, IN_ORDER),
        # Times before 1970 and windows of decades are numbers like others.
        (-10, TenantTimes(5, 5), 2**60, LATE),
    ],
)
def test_the_rule(time_ns: int, seen: TenantTimes | None, window_ns: int, expected: Admission) -> None:
    assert admit(time_ns, seen, HALF, window_ns) is expected


def test_one_time_in_the_future_narrows_what_may_still_come() -> None:
    seen = after_append(TenantTimes(1000), 5000)
    assert admit(1001, TenantTimes(1000), HALF, 100) is IN_ORDER
    assert admit(1001, seen, HALF, 100) is TOO_OLD


@pytest.mark.parametrize(
    ("seen", "max_time_ns", "sealed_in_order", "expected"),
    [
        (None, 7, False, TenantTimes(7, NOTHING_SEALED_NS)),
        (None, 7, True, TenantTimes(7, 8)),
        (TenantTimes(10, 4), 7, True, TenantTimes(10, 8)),
        (TenantTimes(10, 8), 7, True, TenantTimes(10, 8)),
        (TenantTimes(10, 9), 7, True, TenantTimes(10, 9)),
        (TenantTimes(10, 4), 12, False, TenantTimes(12, 4)),
    ],
)
def test_times_are_learnt_from_heads_and_blocks(
    seen: TenantTimes | None, max_time_ns: int, sealed_in_order: bool, expected: TenantTimes
) -> None:
    assert after_part(seen, max_time_ns, sealed_in_order) == expected


@given(st.lists(st.one_of(st.integers(0, 200), st.none()), max_size=60), st.integers(0, 40), st.integers(0, 80))
def test_in_order_heads_follow_each_other_and_nothing_within_the_window_is_refused(
    events: list[int | None], half_range_ns: int, window_ns: int
) -> None:
    """Whatever comes and whenever the head is sealed, which ``None`` stands for."""
    seen: TenantTimes | None = None
    heads: list[list[int]] = [[]]
    taken: list[int] = []
    for time_ns in events:
        if time_ns is None:
            if heads[-1]:
                seen = after_part(seen, max(heads[-1]), sealed_in_order=True)
                heads.append([])
            continue
        admission = admit(time_ns, seen, half_range_ns, window_ns)
        newest = max(taken, default=time_ns)
        if admission is IN_ORDER:
            heads[-1].append(time_ns)
            seen = after_append(seen, time_ns)
        if admission is TOO_OLD:
            assert time_ns < newest - window_ns or window_ns == 0
            assert time_ns <= newest
        else:
            taken.append(time_ns)
    filled = [head for head in heads if head]
    for before, after in pairwise(filled):
        assert max(before) < min(after)
