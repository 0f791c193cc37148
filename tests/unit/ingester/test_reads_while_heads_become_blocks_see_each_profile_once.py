"""Readers beside a store whose heads are sealed, written and cut out of the log all the time."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

from tests.unit.ingester.stores import Ingesters, held, payload

ROUNDS = 25


def test_whatever_was_acknowledged_before_a_read_is_in_it_and_nothing_is_twice(tmp_path: Path) -> None:
    store = Ingesters(tmp_path / "ingester").open()
    acknowledged = 0
    done = threading.Event()
    wrong: list[str] = []
    reads = Counter[str]()

    def read() -> None:
        try:
            while not done.is_set():
                before = acknowledged
                found = held(store)
                missing = set(range(1, before + 1)) - found.keys()
                if missing or set(found.values()) - {1}:
                    wrong.append(f"{before} acknowledged, missing {missing}, counts {set(found.values())}")
                reads["all"] += 1
        except BaseException as error:
            wrong.append(repr(error))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, ROUNDS + 1):
        store.commit([payload(number)])
        acknowledged = number
        if number % 2 == 0:
            store.seal_all("flush")
        if number % 4 == 0:
            store.write_blocks()
            store.truncate_log()
    done.set()
    for reader in readers:
        reader.join(60)
    assert wrong == []
    assert reads["all"] >= 1
    assert held(store) == Counter(dict.fromkeys(range(1, ROUNDS + 1), 1))
    assert store.status().local_blocks == ROUNDS // 4 * 2
