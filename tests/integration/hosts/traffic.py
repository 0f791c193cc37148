"""Pushes that are counted: what was acknowledged, refused, lost or doubled while something was wrong."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from tests.integration.cluster.cluster import wait_for
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile
from tests.integration.hosts.fleet import Fleet

PUSHERS = 6
#: Between two pushes of one pusher: two cores carry seven hosts.
_PAUSE_SECONDS = 0.05
_RETRY_SECONDS = 0.2
#: More than a push may take to be answered, whatever is wrong.
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """One push that was not acknowledged."""

    status: int  #: HTTP status; 0 when there was no answer
    text: str
    retry_after: str
    seconds: float  #: from the request to the refusal


@dataclass
class Traffic:
    """Threads that push marked profiles from the clients' host, retry refused ones unchanged, and take notes."""

    fleet: Fleet
    service: str
    acknowledged: set[str] = field(default_factory=set)
    attempted: set[str] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)
    #: Seconds each acknowledged push took.
    latencies: list[float] = field(default_factory=list)
    started_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Push for as long as the block lasts; a push under way at its end is still finished."""
        threads = [threading.Thread(target=self._run, args=(number,)) for number in range(PUSHERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()

    def wait_for_more(self, profiles: int, timeout_seconds: float = 60.0) -> None:
        """Wait until so many more profiles are acknowledged."""
        wanted = len(self.acknowledged) + profiles
        wait_for(lambda: len(self.acknowledged) >= wanted, timeout_seconds, f"{profiles} more pushes are acknowledged")

    def goes_on(self, seconds: float) -> None:
        """Let time pass in which pushes have to be acknowledged: more than were under way already."""
        before = len(self.acknowledged)
        time.sleep(seconds)
        more = len(self.acknowledged) - before
        assert more > 2 * PUSHERS, f"{more} pushes were acknowledged in {seconds} s"

    def verdict(self, skew_ms: int = 0) -> Verdict:
        """Ask until an answer is complete, and hold it against what was acknowledged."""
        found: dict[str, int] = {}

        def is_complete() -> bool:
            try:
                end_ms = time.time_ns() // 1_000_000 + 60_000 + skew_ms
                marks, complete = counted_marks(self.fleet, self.service, self.started_ms - 1000 - skew_ms, end_ms)
            except (OSError, http.client.HTTPException, AssertionError):
                return False
            found.clear()
            found.update(marks)
            return complete

        wait_for(is_complete, 120, "a query is answered completely")
        return Verdict(
            acknowledged=len(self.acknowledged),
            refused=len(self.refusals),
            lost=len(self.acknowledged - found.keys()),
            doubled=sum(count != 1 for count in found.values()),
            strange=len(found.keys() - self.attempted),
            slowest_seconds=round(max(self.latencies, default=0.0), 2),
        )

    def _run(self, number: int) -> None:
        for sequence in itertools.count():
            if self._stopping.wait(_PAUSE_SECONDS):
                return
            mark = f"mark-{number}-{sequence}"
            raw = marked_profile(mark)
            with self._lock:
                self.attempted.add(mark)
            while not self._push_once(mark, raw, number) and not self._stopping.wait(_RETRY_SECONDS):
                pass

    def _push_once(self, mark: str, raw: bytes, number: int) -> bool:
        labels = {"__name__": "process_cpu", "service_name": self.service, "pusher": str(number)}
        started = time.monotonic()
        try:
            status, body, headers = self.fleet.request(
                "POST", f"/api/v1/profiles?{urlencode(labels)}", raw, timeout_seconds=_ANSWER_SECONDS
            )
        except (OSError, http.client.HTTPException) as error:
            status, body, headers = 0, str(error).encode(), {}
        seconds = time.monotonic() - started
        with self._lock:
            if status == 200:
                self.acknowledged.add(mark)
                self.latencies.append(seconds)
            else:
                lowered = {name.lower(): value for name, value in headers.items()}
                said = body[:300].decode(errors="replace")
                self.refusals.append(Refusal(status, said, lowered.get("retry-after", ""), seconds))
        return status == 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scenario cost."""

    acknowledged: int
    refused: int
    lost: int  #: acknowledged and not found
    doubled: int  #: found, and counted other than once
    strange: int  #: found, and pushed by nobody
    slowest_seconds: float  #: of the acknowledged pushes

    def told(self, scenario: str, **seconds: float) -> None:
        """Print the figures as one JSON line."""
        figures = {name: getattr(self, name) for name in self.__slots__}
        print(json.dumps({"scenario": scenario, **figures, **{k: round(v, 1) for k, v in seconds.items()}}), flush=True)

    def assert_nothing_lost_or_doubled(self) -> None:
        """Hold the promise that no scenario may break."""
        assert self.acknowledged > 0
        assert (self.lost, self.doubled, self.strange) == (0, 0, 0), self
