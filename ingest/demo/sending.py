"""Pushing many profiles at once, a bounded number under way, and counting what became of them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from ingest.demo.client import Verdict
from ingest.demo.schedule import Push

#: Pushes under way or waiting for a thread, per thread: enough that none is idle, few enough to stop quickly.
_AHEAD = 2


@dataclass(slots=True)
class Tally:
    """What became of the pushes so far."""

    stored: Counter[tuple[str, str]] = field(default_factory=Counter)  #: by service and ``__name__``
    not_stored: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    messages: dict[str, str] = field(default_factory=dict)  #: one example per reason
    retries: int = 0

    def add(self, push: Push, verdict: Verdict) -> None:
        """Count one push."""
        key = (push.recording.service, push.recording.labels["__name__"])
        (self.stored if verdict.stored else self.not_stored)[key] += 1
        self.reasons.update(verdict.refusals)
        for reason in verdict.refusals:
            self.messages.setdefault(reason, verdict.message)
        self.retries += verdict.attempts - 1

    def lines(self) -> list[str]:
        """Return the summary, a line per kind of profile, then one per reason of refusal."""
        rows = []
        for key in sorted(self.stored.keys() | self.not_stored.keys()):
            failed = f", {self.not_stored[key]} not stored" if self.not_stored[key] else ""
            rows.append(f"  {key[0]:<12} {key[1]:<12} {self.stored[key]:>6} stored{failed}")
        for reason, count in self.reasons.most_common():
            message = f": {self.messages[reason]}" if self.messages[reason] else ""
            rows.append(f"  refused as {reason} {count} times{message[:300]}")
        if self.retries:
            rows.append(f"  {self.retries} pushes were tried again because the server asked to or could not be reached")
        return rows


def send_all(
    pushes: Iterable[Push],
    push: Callable[[Push], Verdict],
    threads: int,
    stop: threading.Event,
    on_done: Callable[[Push, Verdict], None],
) -> None:
    """Push with ``threads`` threads until all is done or ``stop`` is set; what is under way is always waited for.

    ``on_done`` is called in this thread.
    """
    waiting = iter(pushes)
    under_way: dict[Future[Verdict], Push] = {}
    with ThreadPoolExecutor(threads, thread_name_prefix="push") as pool:
        while True:
            while not stop.is_set() and len(under_way) < threads * _AHEAD and (one := next(waiting, None)) is not None:
                under_way[pool.submit(push, one)] = one
            if not under_way:
                return
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                on_done(under_way.pop(future), future.result())
