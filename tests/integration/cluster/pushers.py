"""Load that can be counted: pushers send profiles nobody else sends, retry refused ones unchanged and keep book."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field

from tests.integration.cluster.cluster import Cluster, wait_for
from tests.integration.cluster.marked_profiles import counted_marks, marked_profile, push

_RETRY_SECONDS = 0.05


@dataclass(slots=True)
class Book:
    """What was sent and what was promised, over any number of rounds."""

    service: str = "chaos"  #: whose profiles they are; another one for each book
    attempted: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    refused: int = 0  #: answers other than success, and connections without an answer
    answers: dict[int, int] = field(default_factory=dict)  #: HTTP status -> how often; 0 = no answer


class Pushers:
    """Threads that push marked profiles until they are stopped. A ``with`` block starts and stops them."""

    def __init__(self, cluster: Cluster, book: Book, name: str, pushers: int = 16) -> None:
        self._cluster = cluster
        self._book = book
        self._name = name
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(pushers)]

    def __enter__(self) -> Pushers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, profiles: int, timeout_seconds: float) -> None:
        """Wait until so many more profiles are acknowledged."""
        goal = len(self._book.acknowledged) + profiles
        wait_for(lambda: len(self._book.acknowledged) >= goal, timeout_seconds, "pushes are acknowledged")

    def _run(self, number: int) -> None:
        sequence = 0
        while not self._stopping.is_set():
            sequence += 1
            mark = f"mark-{self._name}-{number}-{sequence}"
            raw = marked_profile(mark)
            with self._lock:
                self._book.attempted.add(mark)
            while not self._push_once(mark, raw, number) and not self._stopping.is_set():
                self._stopping.wait(_RETRY_SECONDS)

    def _push_once(self, mark: str, raw: bytes, number: int) -> bool:
        try:
            status = push(
                self._cluster, raw, {"service_name": self._book.service, "pusher": str(number)}, timeout_seconds=15
            )
        except (OSError, http.client.HTTPException):
            status = 0
        with self._lock:
            self._book.answers[status] = self._book.answers.get(status, 0) + 1
            if status == 200:
                self._book.acknowledged.add(mark)
            else:
                self._book.refused += 1
        return status == 200


@dataclass(frozen=True, slots=True)
class Audit:
    """What the database says beside what was promised."""

    lost: tuple[str, ...]  #: acknowledged and not there
    doubled: tuple[str, ...]  #: there with another count than one
    strange: tuple[str, ...]  #: there and never sent

    @property
    def is_clean(self) -> bool:
        """Whether everything promised is there exactly once."""
        return not (self.lost or self.doubled or self.strange)


def _soon_ms() -> int:
    return time.time_ns() // 1_000_000 + 60_000


def audit(cluster: Cluster, book: Book, started_ms: int, timeout_seconds: float = 120.0) -> Audit:
    """Ask until the answer is complete, then hold it against the book."""
    found: dict[str, int] = {}

    def is_complete() -> bool:
        try:
            marks, complete = counted_marks(cluster, book.service, started_ms, _soon_ms())
        except (OSError, http.client.HTTPException, AssertionError):
            return False
        found.clear()
        found.update(marks)
        return complete

    wait_for(is_complete, timeout_seconds, "a query is answered completely")
    return Audit(
        lost=tuple(sorted(book.acknowledged - found.keys())),
        doubled=tuple(sorted(mark for mark, count in found.items() if count != 1)),
        strange=tuple(sorted(found.keys() - book.attempted)),
    )
