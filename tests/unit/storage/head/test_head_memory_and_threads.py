"""A head knows how much memory it takes, and readers never see half a push."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from ingest.profiles.record import PushRecord, decode_record, encode_record
from ingest.storage.head import head_kernels
from ingest.storage.head.head import Head
from ingest.storage.part import Part
from tests.unit.profiles.stack_model import plain
from tests.unit.storage.pushes import ALWAYS, Group, Sample, push


def many_samples() -> list[PushRecord]:
    stacks = [plain("main", f"f{i % 40}", f"g{i}") for i in range(400)]
    return [push(Group(tuple(Sample(stack, (1, 2)) for stack in stacks), number)) for number in range(60)]


def many_series() -> list[PushRecord]:
    return [
        push(Group((Sample(plain("main"), (1, 1)),), n, n,
                   labels=(("__name__", "cpu"), ("pod", f"pod-{n}"), ("service_name", f"s{n % 9}"))))
        for n in range(1_000)
    ]  # fmt: skip


def many_profiles() -> list[PushRecord]:
    one = push(Group((Sample(plain("main"), (1, 1)),)))
    group = one.groups[0]
    pushes = []
    for number in range(4_000):
        values = {name: getattr(group, name) for name in type(group).__slots__}
        values |= {"profile_id": number.to_bytes(16, "big"), "time_ns": number}
        pushes.append(PushRecord("team-a", 0, one.symbols, (type(group)(**values),)))
    return pushes


@pytest.mark.parametrize("shape", [many_samples, many_series, many_profiles])
def test_memory_is_told_within_a_fifth(shape: Callable[[], list[PushRecord]]) -> None:
    head_kernels.warm_up()
    Head("01J", "t", "o", 0).append(push(Group((Sample(plain("main"), (1, 1)),))))
    records = [encode_record(one.tenant, 0, one.symbols, one.groups) for one in shape()]
    gc.collect()  # empties free lists, whose reuse and growth would be counted wrongly
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        head = Head("01J", "t", "o", 0)
        for record in records:
            head.append(decode_record(record))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.8 < head.memory_bytes / taken < 1.2, (head.memory_bytes, taken)


def totals_are_whole(part: Part) -> bool:
    """Every row's total equals what its samples merge to, and every push shows both of its rows or none."""
    rows = part.rows(part.select_series(()), *ALWAYS)
    merged = part.merge(rows.row_index, by_name=False)
    both = np.unique(rows.id_lo, return_counts=True)[1]
    return int(merged.node_self.sum()) == int(rows.total.sum()) and bool((both == 2).all())


def test_readers_see_whole_pushes_while_one_thread_appends() -> None:
    head = Head("01J", "t", "o", 0)
    pushes = [
        push(Group(tuple(Sample(plain("main", f"f{number}", f"g{i}"), (i + 1, number + 1)) for i in range(9)), number,
                   labels=(("__name__", "cpu"), ("pod", f"{number % 50}"), ("service_name", "s"))))
        for number in range(400)
    ]  # fmt: skip
    done = threading.Event()
    verdicts: list[bool] = []
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                verdicts.append(totals_are_whole(head.snapshot()))
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for one in pushes:
        head.append(one)
    done.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert verdicts
    assert all(verdicts)
    assert totals_are_whole(head.snapshot())
    assert head.row_count == 800
