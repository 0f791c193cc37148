"""The ring's store and the queues as the administration needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis

from ingest.administration.ports import Entry
from ingest.administration.types import QueueFate, Unreachable
from ingest.distributor.reroute import QueueOutcome
from ring.errors import RingStoreError
from ring.redis_store import RedisRingStore


class StoredEntries:
    """Reads and changes entries in the store itself: a cached view could be two seconds old."""

    def __init__(self, store: RedisRingStore, heartbeat_timeout_ms: int) -> None:
        self._store = store
        self._heartbeat_timeout_ms = heartbeat_timeout_ms

    def find(self, instance: str) -> Entry | None:
        """Return the entry of an instance; None if it has none that can be read. Raises Unreachable."""
        with _redis_is_needed():
            found, now_ms = self._store.entry(instance)
        if found is None:
            return None
        return Entry(found.is_fresh(now_ms, self._heartbeat_timeout_ms), found.read_only, found.read_only_updated_ms)

    def is_registered(self, instance: str) -> bool:
        """Whether there is an entry, be it one that cannot be read. Raises Unreachable."""
        with _redis_is_needed():
            return self._store.has(instance)

    def set_read_only(self, instance: str, read_only: bool, reason: str) -> bool:
        """Set the flag; False if the instance is gone. Raises Unreachable."""
        with _redis_is_needed():
            return self._store.set_read_only(instance, read_only, reason)

    def remove(self, instance: str, reason: str) -> bool:
        """Delete the entry, readable or not; False if there was none. Raises Unreachable."""
        with _redis_is_needed():
            return self._store.remove(instance, reason)


class SettledQueues:
    """Reroutes or purges the queue of an instance that was forgotten."""

    def __init__(self, reroute: Callable[[str], QueueOutcome], purge: Callable[[str], QueueOutcome]) -> None:
        self._ways = {QueueFate.REROUTE: reroute, QueueFate.PURGE: purge}

    def settle(self, instance: str, fate: QueueFate) -> str:
        """Do with the queue what ``fate`` says and return in a sentence what was done. Raises Unreachable."""
        way = self._ways.get(fate)
        if way is None:
            return "What waits for it stays in its queue until it expires."
        with _redis_is_needed():
            outcome = way(instance)
        done = f"{outcome.messages} messages taken out of its queue, {outcome.records} profiles stored elsewhere."
        return f"{done} {outcome.left} are left: {outcome.why_left}" if outcome.left else done


@contextmanager
def _redis_is_needed() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, RingStoreError, OSError) as error:
        raise Unreachable(f"The ring cannot be reached: {error}") from error
