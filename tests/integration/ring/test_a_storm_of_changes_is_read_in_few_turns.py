"""A thousand instances that start at once: every change is told to every reader, which must not read a large ring for
each of them."""

from __future__ import annotations

import time

import pytest

from ring.redis_store import LoadedRing
from tests.integration.ring.conftest import Cluster, eventually

pytestmark = pytest.mark.integration

#: How long it takes to read a large ring, and how many times as long a reader pauses after it.
READ_SECONDS, PAUSES = 0.05, 4


def test_changes_gather_while_a_reader_pauses_and_the_last_one_is_seen(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    (member,) = cluster.active("i-0")
    reader = cluster.reader()
    reader.wait_until_ready(10)
    load, reads = reader.store.load, list[float]()

    def slow_load() -> LoadedRing:
        reads.append(time.monotonic())
        time.sleep(READ_SECONDS)  # a large ring
        return load()

    monkeypatch.setattr(reader.store, "load", slow_load)
    for number in range(200):
        member.store.set_read_only("i-0", number % 2 == 0, "storm")
        time.sleep(0.005)  # spread over a second, as instances that start
    last = member.store.load().view.revision
    eventually(lambda: reader.revision == last, "the last change is seen")
    monkeypatch.undo()
    elapsed = time.monotonic() - reads[0]
    assert len(reads) <= elapsed / (READ_SECONDS * (1 + PAUSES)) + 2
