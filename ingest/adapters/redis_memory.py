"""How full Redis is: what may still be put into it, and what is told to those who are refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Any

import redis
import structlog

from ingest.adapters.keys import write_queue
from ingest.adapters.metrics import show_redis
from ingest.profiles.reasons import Reason, Rejection

log = structlog.get_logger(__name__)

#: Share of its memory up to which messages are left for ingesters that are away; the rest is for those that are there.
HINTS_BELOW = 0.5
#: Share up to which pushes are taken. What is left takes answers, queries, the ring and pushes of the last second.
PUSHES_BELOW = 0.9
#: Seconds between two looks.
PERIOD_SECONDS = 1.0

_FULL = Rejection(
    Reason.REDIS_FULL,
    "Redis is nearly full of pushes that ingesters have not taken yet; nothing was stored. Try again.",
)


class RedisMemory:
    """Looks at Redis once a second on a thread of its own; its answers cost nothing and are at most that old.

    While Redis cannot be asked the last answer stands.
    """

    def __init__(self, client: redis.Redis, bound_bytes: int, instances: Callable[[], Collection[str]]) -> None:
        """``bound_bytes`` counts when the server has no bound of its own. ``instances`` names whose queues to show."""
        self._client = client
        self._bound_bytes = bound_bytes
        self._instances = instances
        self._shown: set[str] = set()
        self._share = 0.0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="redis-memory", daemon=True)

    def start(self) -> None:
        """Look once, then go on looking."""
        self.look()
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        self._thread.join()

    @property
    def share(self) -> float:
        """Memory in use, of the bound."""
        return self._share

    @property
    def has_room_for_hints(self) -> bool:
        """Whether messages may be left for ingesters that are away."""
        return self._share < HINTS_BELOW

    def refusal(self) -> Rejection | None:
        """Return why no push can be taken now, or None."""
        return None if self._share < PUSHES_BELOW else _FULL

    def saw_full(self) -> None:
        """Be told that Redis refused a write for want of memory; counts until the next look."""
        self._share = max(self._share, 1.0)

    def look(self) -> None:
        """Ask Redis now."""
        # Queues of those that left the ring are shown on: what waits in them is rerouted.
        self._shown.update(self._instances())
        shown = sorted(self._shown)
        pipeline = self._client.pipeline(transaction=False)
        pipeline.info("memory")
        for instance in shown:
            pipeline.llen(write_queue(instance))
        try:
            memory, *depths = pipeline.execute()
        except redis.RedisError as error:
            log.debug("redis_memory_unknown", error=str(error))
            return
        self._share = share_of(memory, self._bound_bytes)
        show_redis(self._share, dict(zip(shown, depths, strict=True)))

    def _run(self) -> None:
        while not self._closing.wait(PERIOD_SECONDS):
            self.look()


def share_of(memory: dict[str, Any], bound_bytes: int) -> float:
    """Return the share in use, from the section ``memory`` of INFO; a server without a bound has ``bound_bytes``."""
    return float(memory["used_memory"]) / (int(memory.get("maxmemory", 0)) or bound_bytes)
