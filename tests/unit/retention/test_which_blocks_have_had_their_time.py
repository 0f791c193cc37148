"""The plan of retention: a table of what is due, its moves against the table of those allowed, and a naive model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.retention.plan import ALLOWED, Action, BlockState, HeldBlock, Step, cutoff_ns, plan_retention, step

DAY_NS = 86_400 * 10**9
NOW_NS = 20_000 * DAY_NS
PERIOD_NS, DELAY_NS = 30 * DAY_NS, DAY_NS // 2


def block(state: BlockState, age_ns: int, waited_ns: int = 0, ulid: str = "a") -> HeldBlock:
    """Return a block whose newest profile has this age, and whose first one is older than any period."""
    return HeldBlock(ulid, "ours", "ours", 0, NOW_NS - age_ns, 10, state, NOW_NS - waited_ns)


def due(one: HeldBlock, period_ns: int = PERIOD_NS, delay_ns: int = DELAY_NS) -> Action | None:
    steps = plan_retention([one], period_ns, NOW_NS, delay_ns)
    return steps[0].action if steps else None


@pytest.mark.parametrize(
    ("one", "action"),
    [
        pytest.param(block(BlockState.KEPT, PERIOD_NS), None, id="as old as the period is kept"),
        pytest.param(block(BlockState.KEPT, PERIOD_NS + 1), Action.MARK, id="older is marked"),
        pytest.param(block(BlockState.KEPT, -DAY_NS), None, id="from the future is kept"),
        pytest.param(block(BlockState.MARKED, PERIOD_NS, DELAY_NS), Action.UNMARK, id="a longer period takes back"),
        pytest.param(block(BlockState.MARKED, PERIOD_NS + 1, DELAY_NS - 1), None, id="a mark waits for the delay"),
        pytest.param(block(BlockState.MARKED, PERIOD_NS + 1, DELAY_NS), Action.DELETE, id="after the delay it goes"),
        pytest.param(block(BlockState.MARKED, PERIOD_NS + 1, -DAY_NS), None, id="a clock that went back waits longer"),
        pytest.param(block(BlockState.DELETING, 0), Action.DELETE, id="what has begun is finished, however young"),
        pytest.param(block(BlockState.GONE, 0, DELAY_NS - 1), None, id="the row of what is gone stays for the delay"),
        pytest.param(block(BlockState.GONE, 0, DELAY_NS), Action.FORGET, id="and then goes"),
    ],
)
def test_what_is_due(one: HeldBlock, action: Action | None) -> None:
    assert due(one) is action


@pytest.mark.parametrize("age_ns", [0, PERIOD_NS, 1000 * DAY_NS, NOW_NS])
def test_a_period_of_zero_keeps_all_for_ever_and_takes_every_mark_back(age_ns: int) -> None:
    assert due(block(BlockState.KEPT, age_ns), 0) is None
    assert due(block(BlockState.MARKED, age_ns, 100 * DELAY_NS), 0) is Action.UNMARK
    assert cutoff_ns(0, NOW_NS) is None


def test_only_the_newest_profile_counts() -> None:
    young = block(BlockState.KEPT, DAY_NS)
    assert due(replace(young, min_time_ns=0)) is due(replace(young, min_time_ns=young.max_time_ns)) is None


@pytest.mark.parametrize("state", BlockState)
@pytest.mark.parametrize("action", Action)
def test_every_move_that_is_not_in_the_table_is_refused(state: BlockState, action: Action) -> None:
    if (state, action) in ALLOWED:
        assert step(state, action) == ALLOWED[(state, action)]
    else:
        with pytest.raises(ValueError, match=f"{state.value} cannot be met by {action.value}"):
            step(state, action)


_TIMES = st.integers(-3, 12)
_BLOCKS = st.lists(
    st.builds(
        lambda state, newest, since: HeldBlock("", "ours", "ours", -100, newest, 1, state, since),
        st.sampled_from(BlockState),
        _TIMES,
        _TIMES,
    ),
    max_size=8,
)


def naive(one: HeldBlock, period: int, now: int, delay: int) -> Action | None:
    """What should happen to a block, from the words of the documentation."""
    too_old = period != 0 and now - one.max_time_ns > period
    waited = now >= one.since_ns + delay
    if one.state is BlockState.KEPT and too_old:
        return Action.MARK
    if one.state is BlockState.MARKED and not too_old:
        return Action.UNMARK
    if one.state is BlockState.MARKED and waited:
        return Action.DELETE
    if one.state is BlockState.DELETING:
        return Action.DELETE
    if one.state is BlockState.GONE and waited:
        return Action.FORGET
    return None


@given(_BLOCKS, st.integers(0, 8), st.integers(0, 10), st.integers(0, 5))
def test_the_plan_is_that_of_a_naive_model(blocks: list[HeldBlock], period: int, now: int, delay: int) -> None:
    blocks = [replace(one, ulid=str(number)) for number, one in enumerate(blocks)]
    expected = [Step(action, one) for one in blocks if (action := naive(one, period, now, delay)) is not None]
    assert plan_retention(blocks, period, now, delay) == expected
    assert all((one.block.state, one.action) in ALLOWED for one in expected)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30), _TIMES, st.integers(1, 4))
def test_no_history_of_periods_deletes_what_was_not_too_old_for_the_whole_delay(
    rounds: list[tuple[int, int]], newest: int, delay: int
) -> None:
    """Each round: so much time passes, and this is the period then."""
    one = HeldBlock("a", "ours", "ours", -100, newest, 1)
    now, too_old_since = 0, None
    for passed, period in rounds:
        now += passed
        if not (period and now - newest > period):
            too_old_since = None
        elif too_old_since is None:
            too_old_since = now
        for planned in plan_retention([one], period, now, delay):
            if planned.action is Action.DELETE:
                assert too_old_since is not None
                assert now - too_old_since >= delay
                return
            to = step(one.state, planned.action)
            assert to is not None
            one = replace(one, state=to, since_ns=now)
