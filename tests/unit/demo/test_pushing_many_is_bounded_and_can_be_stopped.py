"""Many pushes at once, and the count of what became of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from ingest.demo.client import Verdict
from ingest.demo.library import load_recordings
from ingest.demo.schedule import Push
from ingest.demo.sending import Tally, send_all

THREADS = 4
RECORDING = load_recordings()[0]


def numbered(count: int) -> Iterator[Push]:
    return (Push(RECORDING, (), number) for number in range(count))


def test_each_push_is_made_and_counted_once() -> None:
    made: list[int] = []
    tally = Tally()

    send_all(
        numbered(200),
        lambda push: made.append(push.time_ns) or Verdict(push.time_ns % 2 == 0, attempts=2),
        THREADS,
        threading.Event(),
        tally.add,
    )

    assert sorted(made) == list(range(200))
    assert (tally.stored.total(), tally.not_stored.total(), tally.retries) == (100, 100, 200)


def test_never_more_are_under_way_than_there_are_threads() -> None:
    lock = threading.Lock()
    meeting = threading.Barrier(THREADS, timeout=30)
    under_way, most = 0, 0

    def push(_push: Push) -> Verdict:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        meeting.wait()  # passes only when as many are under way as there are threads
        with lock:
            under_way -= 1
        return Verdict(True)

    send_all(numbered(THREADS * 10), push, THREADS, threading.Event(), Tally().add)

    assert most == THREADS


def test_a_stop_waits_for_what_is_under_way_and_starts_nothing_new() -> None:
    stop = threading.Event()
    made: list[int] = []
    done: list[int] = []

    def push(one: Push) -> Verdict:
        made.append(one.time_ns)
        if one.time_ns == 10:
            stop.set()
        return Verdict(True)

    send_all(numbered(10_000), push, THREADS, stop, lambda one, _verdict: done.append(one.time_ns))

    assert sorted(done) == sorted(made)
    assert len(made) < 100


def test_the_summary_names_every_kind_and_every_reason() -> None:
    tally = Tally()
    push = next(numbered(1))
    tally.add(push, Verdict(True))
    tally.add(push, Verdict(False, ("not_in_ingestion_window",), "too old"))
    tally.add(push, Verdict(True, ("invalid_labels",), attempts=3))

    assert tally.lines() == [
        "  checkout     process_cpu       2 stored, 1 not stored",
        "  refused as not_in_ingestion_window 1 times: too old",
        "  refused as invalid_labels 1 times",
        "  2 pushes were tried again because the server asked to or could not be reached",
    ]
