"""Since when each ingester holds data that is not in the bucket yet: one sorted set in Redis.

A reader's look-back has to reach that far, also when the bucket has been away for longer than anybody planned. The
entry of an ingester that died stays, because its data does.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import redis

from ingest.adapters.keys import UNUPLOADED_KEY
from ingest.querier.types import Unavailable


def publish_oldest(client: redis.Redis, instance: str, oldest_ms: int | None) -> None:
    """Say since when (Unix milliseconds) the ingester holds data that only it can give; None without any."""
    if oldest_ms is None:
        client.zrem(UNUPLOADED_KEY, instance)
    else:
        client.zadd(UNUPLOADED_KEY, {instance: oldest_ms})


class Unuploaded:
    """Asks for the oldest of all."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def oldest_ms(self, instances: Collection[str]) -> int | None:
        """Return since when any of these ingesters holds such data. Raises Unavailable when Redis is away."""
        try:
            found: Any = self._client.zrange(UNUPLOADED_KEY, 0, -1, withscores=True)
        except redis.RedisError as error:
            raise Unavailable(f"Redis cannot be reached: {error}") from error
        return min((int(score) for name, score in found if name.decode() in instances), default=None)
