"""Several processes and one Redis: together they take a tenant's rate, and not one each."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ingest.adapters.redis_limits import RedisLimits
from ingest.distributor.rates import LEASE_SECONDS, PAUSE_SECONDS
from tests.integration.ring.conftest import Server

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
PROCESSES = 4
RATE, BURST, SIZE = 4_000_000, 2_000_000, 5_000
SECONDS = 3.0


def test_processes_together_take_burst_and_rate_within_what_each_may_borrow_ahead(server: Server) -> None:
    command = [sys.executable, "-m", "tests.integration.queues.rate_child", str(server.socket)]
    command += [str(number) for number in (RATE, BURST, SIZE)]
    pipe = subprocess.PIPE
    children = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) for _ in range(PROCESSES)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    begin = time.monotonic() + 0.1
    moments = f"{begin} {begin + SECONDS}\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write(moments)
        child.stdin.flush()
    found = [tuple(map(int, child.communicate(timeout=60)[0].split())) for child in children]
    total = sum(taken for taken, _, _ in found)
    allowed = BURST + RATE * SECONDS
    slack = PROCESSES * (RATE * LEASE_SECONDS + SIZE)
    assert total <= allowed + slack
    assert total >= 0.85 * allowed  # pushes are tried all the time: what is missing is what nobody tried to take
    questions = sum(asked for _, _, asked in found)
    # After each pause one question that takes what little there is, and one that is refused; leases besides.
    assert questions <= PROCESSES * SECONDS * (2 / PAUSE_SECONDS + 1 / LEASE_SECONDS)


def test_the_bucket_is_right_by_the_clock_of_redis(client: redis.Redis) -> None:
    shared = RedisLimits(client)
    lease = shared.lend("team-a", 400, 500, 1000, 2000)
    assert lease is not None
    assert (lease.granted_bytes, lease.level_bytes) == (500, 1500)
    lease = shared.lend("team-a", 1500, 9000, 1000, 2000)
    assert lease is not None
    assert lease.granted_bytes >= 1500
    refused = shared.lend("team-a", 1900, 1900, 1000, 2000)
    assert refused is not None
    assert refused.granted_bytes == 0
    started = time.monotonic()
    before = refused.level_bytes
    while (now := shared.level_bytes("team-a", 1000, 2000)) is not None and now < before + 100:
        assert time.monotonic() - started < 10
    assert time.monotonic() - started > 0.09  # 100 bytes at 1000 a second, less what the looks took
    assert 0 < client.pttl("phlare:rate:team-a") <= 62_000


def test_a_lowered_burst_counts_for_what_was_saved_up(client: redis.Redis) -> None:
    shared = RedisLimits(client)
    shared.lend("team-a", 1, 1, 1, 10_000)
    lease = shared.lend("team-a", 300, 300, 1, 200)
    assert lease is not None
    assert (lease.granted_bytes, lease.level_bytes) == (0, 200)


def test_without_redis_nobody_can_be_asked(server: Server) -> None:
    shared = RedisLimits(redis.Redis(unix_socket_path=str(server.socket), retry=Retry(NoBackoff(), 1)))
    server.kill()
    assert shared.lend("team-a", 1, 1, 1, 1) is None
    assert shared.register("team-a", [], 1) is None
    assert shared.level_bytes("team-a", 1, 1) is None
    assert shared.active_series("team-a", 1) is None
