"""The ring as a reader sees it: always from memory, swapped whole, never older than the store allows.

A background thread reads the whole ring when something changed (told by a channel, and by the revision in case a
message was missed) and only the heartbeats otherwise.

While the store cannot be read nobody's heartbeat can arrive, so time stands still: the last snapshot is kept and no
instance grows stale. It stands still for a few heartbeat periods more after the store is back, until those that live
had the chance to say so. A store that comes back empty is treated alike: the instances known before count as present
for that long, unless they have registered again sooner.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import redis

from ring.config import RingConfig
from ring.core.desc import Instance, RingDesc
from ring.core.findings import placement_findings
from ring.core.hashring import Snapshot
from ring.errors import NotReady, RingError
from ring.redis_store import LoadedRing, RedisRingStore

logger = logging.getLogger(__name__)

#: How long the thread sleeps at most before it sees that it has to stop.
_SLICE_SECONDS = 0.25
#: Waits between attempts to reach the store again: the first, and the bound it doubles up to.
_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 2.0
#: How long time stands still after the store came back: some heartbeat periods, and what an instance needs to notice,
#: for it pauses up to 2 s between attempts and its connection may have a timeout of its own.
_GRACE_PERIODS = 3
_GRACE_SECONDS = 5.0
#: How long a ring stands still before its shape is judged: instances that start together join one after the other.
SETTLED_SECONDS = 15.0
#: When many instances change at once, each reader would read the whole ring for every change. So it pauses after a
#: read, for this many times its duration: about 5 ms in a small ring, 0.3 s in one of 1000 instances.
_PAUSES_A_READ = 4
_LONGEST_PAUSE_SECONDS = 1.0
#: Reads without an answer, in poll intervals, after which the store counts as away even without an error.
_SILENT_POLLS = 4


@dataclass(frozen=True, slots=True)
class _Known:
    """What one successful read established; replaced whole, so that readers need no lock."""

    snapshot: Snapshot
    revision: int
    epoch: str
    ring_ms: int  #: time of the store at the read
    at_seconds: float  #: own clock at the read
    damaged: tuple[str, ...] = ()
    frozen_ms: int | None = None  #: time stands still here ...
    frozen_until_seconds: float = 0.0  #: ... until the own clock says this
    carried: tuple[Instance, ...] = ()  #: from before the store was emptied, not registered again yet


class RingClient:
    """Keeps a current snapshot of one ring. ``start`` it once; every method is safe from any thread."""

    def __init__(
        self,
        client: redis.Redis,
        config: RingConfig,
        poll_seconds: float = 2.0,
        clock_seconds: Callable[[], float] = time.monotonic,
        settled_seconds: float = SETTLED_SECONDS,
    ) -> None:
        """``client`` should have a socket timeout: a server that hangs is noticed only by it."""
        self.config = config
        self.store = RedisRingStore(client, config.name)
        self._poll_seconds = poll_seconds
        self._clock_seconds = clock_seconds
        self._known = _Known(Snapshot(RingDesc(), config.rules), -1, "", 0, clock_seconds())
        self._away_since: float | None = clock_seconds()
        self._last_error = "the ring has not been read yet"
        self._changed = threading.Condition()
        self._settled_seconds = settled_seconds
        self._moved_at = clock_seconds()
        self._explained: frozenset[str] = frozenset()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # --------------------------------------------------------------------------------------------------- reading

    @property
    def snapshot(self) -> Snapshot:
        """The latest version of the ring; empty until the first read succeeded."""
        return self._known.snapshot

    @property
    def revision(self) -> int:
        """Counts the changes of the ring, heartbeats apart; -1 until the first read."""
        return self._known.revision

    @property
    def damaged(self) -> tuple[str, ...]:
        """Ids of entries that cannot be read and are left out."""
        return self._known.damaged

    @property
    def last_error(self) -> str:
        """Why the store could not be read; empty while it can."""
        return (self._last_error or "no answer") if self.stale_since is not None else ""

    def now_ms(self) -> int:
        """Return the time of the store, as far as it is known; the time to judge heartbeats by."""
        known = self._known
        now = self._clock_seconds()
        if self._is_away(known, now):
            return known.ring_ms if known.frozen_ms is None else known.frozen_ms
        if known.frozen_ms is not None and now < known.frozen_until_seconds:
            return known.frozen_ms
        return known.ring_ms + round((now - known.at_seconds) * 1000)

    @property
    def stale_since(self) -> float | None:
        """Since when (by the own clock, seconds) the store could not be read; None while it can."""
        known = self._known
        if self._away_since is not None:
            return self._away_since
        return known.at_seconds if self._is_away(known, self._clock_seconds()) else None

    @property
    def stale_seconds(self) -> float:
        """For how long the store could not be read; 0 while it can."""
        since = self.stale_since
        return 0.0 if since is None else self._clock_seconds() - since

    def _is_away(self, known: _Known, now: float) -> bool:
        return self._away_since is not None or now - known.at_seconds > self._poll_seconds * _SILENT_POLLS

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Wait until the ring was read and some instance owns tokens. Raises NotReady after the timeout."""
        self.wait_for(lambda: not self.snapshot.is_empty, timeout_seconds)

    def wait_for(self, condition: Callable[[], bool], timeout_seconds: float) -> None:
        """Wait until ``condition`` holds, looking again at each read. Raises NotReady after the timeout."""
        deadline = self._clock_seconds() + timeout_seconds
        with self._changed:
            while not condition():
                left = deadline - self._clock_seconds()
                if left <= 0:
                    why = self.last_error or f"{len(self.snapshot)} instances, revision {self.revision}"
                    raise NotReady(f"the ring {self.config.name!r} was not ready in {timeout_seconds:g} s: {why}")
                self._changed.wait(min(left, _SLICE_SECONDS))

    # ------------------------------------------------------------------------------------------------ life cycle

    def start(self) -> None:
        """Start the background thread; a second call changes nothing."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name=f"ring-client-{self.config.name}", daemon=True)
        self._thread.start()

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Stop the background thread. The last snapshot stays readable."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def refresh(self) -> None:
        """Read the whole ring now, in the calling thread. Raises the errors of the store."""
        self._take(self.store.load())

    def _run(self) -> None:
        retry_seconds = _FIRST_RETRY_SECONDS
        while not self._stop.is_set():
            try:
                self._follow()
            except (redis.RedisError, OSError, RingError) as error:
                retry_seconds = self._lost(error, retry_seconds)
            except Exception as error:  # a defect must not end the thread: readers would go on with an old ring
                logger.exception("ring client failed ring=%s", self.config.name)
                retry_seconds = self._lost(error, retry_seconds)
            self._stop.wait(retry_seconds)

    def _lost(self, error: Exception, retry_seconds: float) -> float:
        self._last_error = f"{type(error).__name__}: {error}"
        if self._away_since is None:
            self._away_since = self._clock_seconds()
            logger.warning("ring store lost ring=%s error=%s", self.config.name, self._last_error)
            return _FIRST_RETRY_SECONDS
        return min(retry_seconds * 2, _LAST_RETRY_SECONDS)

    def _follow(self) -> None:
        """Read the ring and follow its changes; returns only to stop."""
        with self.store.client.pubsub(ignore_subscribe_messages=True) as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(self.store.channel)
            self.refresh()
            next_poll = self._clock_seconds() + self._poll_seconds
            while not self._stop.is_set():
                wait = max(0.0, min(next_poll - self._clock_seconds(), _SLICE_SECONDS))
                if self._drained(pubsub, wait):
                    self._read_changes()
                elif self._clock_seconds() >= next_poll:
                    self._poll()
                else:
                    continue
                next_poll = self._clock_seconds() + self._poll_seconds

    def _read_changes(self) -> None:
        """Read the whole ring, then let changes gather for some times as long as that took."""
        asked = self._clock_seconds()
        self.refresh()
        took = self._clock_seconds() - asked
        self._stop.wait(min(took * _PAUSES_A_READ, _LONGEST_PAUSE_SECONDS))

    def _drained(self, pubsub: Any, wait_seconds: float) -> bool:
        """Wait for a message and take all that are there: many changes need one read."""
        heard = False
        while (message := pubsub.get_message(timeout=0.0 if heard else wait_seconds)) is not None:
            heard = heard or message["type"] == "message"
        return heard

    def _poll(self) -> None:
        """Read the heartbeats; read everything if anything else changed."""
        known = self._known
        asked = self._clock_seconds()
        beats = self.store.heartbeats(list(known.snapshot.topology.ids))
        thaw = known.frozen_ms is not None and asked >= known.frozen_until_seconds
        if thaw or (beats.revision, beats.epoch) != (known.revision, known.epoch):
            self.refresh()
            return
        ring = RingDesc.of(
            replace(instance, heartbeat_ms=beats.by_id.get(instance.id, instance.heartbeat_ms))
            for instance in known.snapshot.instances
        )
        self._swap(replace(known, snapshot=known.snapshot.updated(ring), ring_ms=beats.ring_ms, at_seconds=asked))
        if asked - self._moved_at >= self._settled_seconds:
            self._explain()

    def _explain(self) -> None:
        """Log once what the shape of the ring means for whoever configured it; again only after it was otherwise."""
        snapshot = self.snapshot
        zones = [instance.zone for instance in snapshot.instances]
        found = placement_findings(snapshot.rules, zones) if zones else []
        for finding in found:
            if finding.sentence not in self._explained:
                logger.warning("ring configuration ring=%s found=%s", self.config.name, finding.sentence)
        self._explained = frozenset(finding.sentence for finding in found)

    def _take(self, loaded: LoadedRing) -> None:
        """Make a ring that was read whole the current one."""
        known = self._known
        now = self._clock_seconds()
        was_emptied = known.epoch != "" and loaded.epoch != known.epoch
        frozen_ms, frozen_until = known.frozen_ms, known.frozen_until_seconds
        if known.revision >= 0 and (was_emptied or self._is_away(known, now)):
            frozen_ms = self.now_ms() if self._is_away(known, now) or frozen_ms is not None else loaded.view.ring_ms
            frozen_until = now + _GRACE_PERIODS * self.config.heartbeat_period_seconds + _GRACE_SECONDS
        if frozen_ms is not None and now >= frozen_until:
            frozen_ms = None
        carried: tuple[Instance, ...] = ()
        if frozen_ms is not None:
            before = known.snapshot.instances if was_emptied else known.carried
            carried = tuple(instance for instance in before if loaded.view.ring.get(instance.id) is None)
        ring = RingDesc.of((*loaded.view.ring, *carried))
        self._swap(
            _Known(
                snapshot=known.snapshot.updated(ring),
                revision=loaded.view.revision,
                epoch=loaded.epoch,
                ring_ms=loaded.view.ring_ms,
                at_seconds=now,
                damaged=loaded.damaged,
                frozen_ms=frozen_ms,
                frozen_until_seconds=frozen_until,
                carried=carried,
            )
        )

    def _swap(self, known: _Known) -> None:
        if known.revision != self._known.revision:
            self._moved_at = self._clock_seconds()
        if known.revision != self._known.revision or self._away_since is not None:
            logger.info(
                "ring read ring=%s revision=%d instances=%d", self.config.name, known.revision, len(known.snapshot)
            )
        with self._changed:
            self._known = known
            self._away_since = None
            self._last_error = ""
            self._changed.notify_all()
