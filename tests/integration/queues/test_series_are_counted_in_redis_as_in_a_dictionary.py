"""The count of active series in a real Redis equals that of a dictionary, window after window."""

from __future__ import annotations

import random
import time

import pytest
import redis

from ingest.adapters import redis_limits
from ingest.adapters.redis_limits import RedisLimits
from ingest.distributor.series import GroupSeries
from tests.integration.ring.conftest import eventually

pytestmark = pytest.mark.integration

LONG_SECONDS = 10_000_000.0  # no window ends during a test


def group(*members: int) -> GroupSeries:
    return GroupSeries(hash(members), members)


def refused(shared: RedisLimits, groups: list[GroupSeries], limit: int) -> tuple[int, ...]:
    answer = shared.register("team-a", groups, limit)
    assert answer is not None
    return answer.refused


def test_any_groups_are_taken_and_refused_as_by_a_set(client: redis.Redis) -> None:
    drawn = random.Random(1)
    shared = RedisLimits(client, LONG_SECONDS)
    known: set[int] = set()
    for _ in range(60):
        limit = drawn.choice((5, 40, 1000))
        groups = [
            group(*{drawn.randrange(-60, 60) * 2**56 for _ in range(drawn.randrange(1, 5))})
            for _ in range(drawn.randrange(6))
        ]
        expected = []
        for index, one in enumerate(groups):
            if set(one.members) - known and len(known | set(one.members)) > limit:
                expected.append(index)
            else:
                known |= set(one.members)
        assert refused(shared, groups, limit) == tuple(expected)
        assert shared.active_series("team-a", limit) == len(known)


def test_tenants_are_counted_apart(client: redis.Redis) -> None:
    shared = RedisLimits(client, LONG_SECONDS)
    refused(shared, [group(1), group(2)], 5)
    assert shared.active_series("team-a", 5) == 2
    assert shared.active_series("team-b", 5) == 0


def test_a_series_is_active_for_one_to_two_windows(client: redis.Redis) -> None:
    window_seconds = 2.0
    shared = RedisLimits(client, window_seconds)
    answer = shared.register("team-a", [group(1), group(2)], 5)
    assert answer is not None
    assert 0 < answer.window_left_seconds <= window_seconds
    window = answer.window

    def is_window(number: int) -> bool:
        now = shared.register("team-a", [], 5)
        assert now is None or now.window <= number, "the test was held up for a whole window"
        return now is not None and now.window == number

    client.delete("phlare:series:team-b")
    eventually(lambda: shared.register("team-b", [], 5).window == window + 1, "the next window")  # type: ignore[union-attr]
    kept = shared.register("team-a", [group(1), group(3)], 5)  # 2 stays silent
    if kept is None or kept.window != window + 1:
        pytest.fail("the test was held up for a whole window")
    assert kept.active == 3
    eventually(lambda: shared.register("team-b", [], 5).window == window + 2, "the window after")  # type: ignore[union-attr]
    last = shared.register("team-a", [], 5)
    assert last is not None
    if last.window != window + 2:
        pytest.fail("the test was held up for a whole window")
    assert last.active == 2  # 1 and 3 were in the window before; 2 was not
    eventually(lambda: shared.active_series("team-a", 5) == 0, "all are silent")


def test_a_large_request_is_registered_in_runs_and_keeps_its_indexes(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_limits, "MAX_MEMBERS_A_RUN", 7)
    shared = RedisLimits(client, LONG_SECONDS)
    groups = [group(2 * number, 2 * number + 1) for number in range(50)]
    assert refused(shared, groups, 80) == tuple(range(40, 50))
    assert refused(shared, groups[35:], 80) == tuple(range(5, 15))


def test_a_series_takes_few_bytes_and_everything_expires(client: redis.Redis) -> None:
    shared = RedisLimits(client, LONG_SECONDS)
    refused(shared, [group(0)], 100_000)
    before = client.info("memory")["used_memory"]
    drawn = random.Random(2)
    count = 20_000
    started = time.monotonic()
    refused(shared, [group(drawn.randrange(-(2**63), 2**63)) for _ in range(count)], 100_000)
    print(f"{count / (time.monotonic() - started):.0f} series a second")
    taken = client.info("memory")["used_memory"] - before
    assert taken / count < 24
    assert all(client.pttl(key) > 0 for key in client.keys("phlare:series:*"))


def test_the_limit_of_the_window_may_grow_and_shrink(client: redis.Redis) -> None:
    shared = RedisLimits(client, LONG_SECONDS)
    assert refused(shared, [group(number) for number in range(10)], 4) == tuple(range(4, 10))
    assert refused(shared, [group(number) for number in range(10)], 2_000_000) == ()
    assert refused(shared, [group(9), group(11)], 3) == (1,)
