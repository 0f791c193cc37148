"""One of several distributors that take all that a tenant's rate gives, from one moment to another.

``python -m tests.integration.queues.rate_child <socket> <rate> <burst> <push bytes>`` says ``ready`` and reads two
moments of the monotonic clock, which all processes of a machine share. Prints the bytes taken, pushes tried and
questions asked.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import redis

from ingest.adapters.redis_limits import RedisLimits
from ingest.distributor.rates import Lease, RateLimiter
from ingest.profiles.limits import DEFAULT_LIMITS


class CountingLimits(RedisLimits):
    """Counts its questions."""

    asked = 0

    def lend(self, *arguments: object) -> Lease | None:
        self.asked += 1
        return super().lend(*arguments)  # type: ignore[arg-type]


def main() -> None:
    """Take until the end."""
    rate, burst, size = map(int, sys.argv[2:5])
    limits = replace(DEFAULT_LIMITS, ingestion_rate_bytes_per_second=rate, ingestion_burst_bytes=burst)
    shared = CountingLimits(redis.Redis(unix_socket_path=sys.argv[1]))
    limiter = RateLimiter(shared, time.monotonic)
    print("ready", flush=True)
    begin, end = map(float, sys.stdin.readline().split())
    taken = tried = 0
    time.sleep(max(0.0, begin - time.monotonic()))
    while time.monotonic() < end:
        tried += 1
        if limiter.take("team-a", size, limits) is None:
            taken += size
        else:
            time.sleep(0.002)  # as a sender that comes again
    print(taken, tried, shared.asked)


if __name__ == "__main__":
    main()
