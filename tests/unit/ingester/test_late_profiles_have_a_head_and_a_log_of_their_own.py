"""The two lanes of a store: what is late goes to the write-behind log and a head of its own, and comes back from it."""

from __future__ import annotations

import errno
import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.ingester.store import IngesterStore
from ingest.storage.acks import AckCode
from ingest.storage.block.reader import Block
from ingest.storage.wal.format import RecordKind
from ingest.storage.wal.reader import replay
from tests.unit.ingester.stores import (
    DUPLICATE,
    LOG_FAILED,
    STORED,
    TENANT,
    TOO_OLD,
    Ingesters,
    held,
    once,
    payload,
)
from tests.unit.storage.faulty_files import FaultyFiles
from tests.unit.storage.pushes import read_rows

MINUTE = 60 * 10**9
NOW = 10**18


@pytest.fixture
def ingesters(tmp_path: Path) -> Ingesters:
    made = Ingesters(tmp_path / "ingester")
    made.window_ns = 10 * MINUTE
    # Half of it is how far the order reaches back while nothing is sealed.
    made.config = {"head_max_age_ns": 60 * 10**9}
    return made


def logged(ingesters: Ingesters, name: str) -> list[bytes]:
    """Payloads of the pushes in one of the logs."""
    records = replay(ingesters.directory / name, repair=False)
    return [bytes(record.data) for record in records if record.kind == RecordKind.PUSH]


def test_now_and_a_minute_ago_are_taken_and_an_hour_ago_is_too_old(ingesters: Ingesters) -> None:
    store = ingesters.open()
    times = (NOW, NOW - MINUTE, NOW - 60 * MINUTE)
    assert [store.commit([payload(time_ns)]) for time_ns in times] == [[STORED], [STORED], [TOO_OLD]]
    assert held(store) == once(NOW, NOW - MINUTE)
    assert (store.status().heads, store.status().late_heads) == (2, 1)
    assert (logged(ingesters, "wal"), logged(ingesters, "wbl")) == ([payload(NOW)], [payload(NOW - MINUTE)])


def test_without_a_window_what_is_out_of_order_is_refused_and_a_repeat_is_not(ingesters: Ingesters) -> None:
    """Heads need no order within: only what lies before the order that is kept is refused."""
    ingesters.window_ns = 0
    store = ingesters.open()
    assert store.commit([payload(NOW)]) == [STORED]
    assert store.commit([payload(NOW - MINUTE)]) == [TOO_OLD]
    assert store.commit([payload(NOW)]) == [DUPLICATE]
    assert store.commit([payload(NOW - 1)]) == [STORED]
    assert store.status().wbl_bytes == 0


def test_the_write_behind_log_is_replayed_beside_the_write_ahead_log(ingesters: Ingesters) -> None:
    store = ingesters.open()
    late, old = NOW - 2 * MINUTE, NOW - 11 * MINUTE
    store.commit([payload(NOW), payload(late), payload(old)])
    again = ingesters.open()
    assert held(again) == once(NOW, late)
    assert again.commit([payload(late)]) == [DUPLICATE]
    assert again.commit([payload(old)]) == [TOO_OLD]
    assert held(ingesters.open()) == once(NOW, late)


def test_a_payload_of_both_kinds_is_split_by_record_and_one_of_a_kind_is_logged_as_it_came(
    ingesters: Ingesters,
) -> None:
    store = ingesters.open()
    late, old = NOW - MINUTE, NOW - 60 * MINUTE
    mixed = payload(NOW, late, NOW + 1, old)
    assert store.commit([mixed]) == [STORED * 3 + TOO_OLD]
    assert logged(ingesters, "wal") == [payload(NOW, NOW + 1)]
    assert logged(ingesters, "wbl") == [payload(late)]
    whole = payload(NOW + 2, NOW + 3)
    store.commit([whole])
    assert logged(ingesters, "wal")[-1] == whole
    assert held(ingesters.open()) == once(NOW, NOW + 1, NOW + 2, NOW + 3, late)


def test_what_the_log_of_late_profiles_refuses_costs_those_in_order_nothing(ingesters: Ingesters) -> None:
    class LateLogFails(FaultyFiles):
        def open(self, path: Path, flags: int) -> int:
            if path.parent.name == "wbl":
                raise OSError(errno.EIO, "the disk is broken")
            return super().open(path, flags)

    ingesters.files = LateLogFails()
    store = ingesters.open()
    assert store.commit([payload(NOW)]) == [STORED]
    assert store.commit([payload(NOW + 1, NOW - MINUTE)]) == [STORED + LOG_FAILED]
    assert store.status().read_only
    assert held(store) == once(NOW, NOW + 1)


def test_a_time_that_no_log_took_moves_nothing(ingesters: Ingesters) -> None:
    files = FaultyFiles()
    ingesters.files = files
    store = ingesters.open()
    store.commit([payload(NOW)])
    files.room_bytes = 0
    assert store.commit([payload(NOW + 60 * MINUTE)]) == [LOG_FAILED]
    files.room_bytes = None
    assert store.commit([payload(NOW + 1)]) == [STORED]
    assert store.status().late_heads == 0


def test_each_tenant_has_an_order_of_its_own(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(NOW), payload(NOW - 60 * MINUTE, tenant="other")])
    assert held(store, "other") == once(NOW - 60 * MINUTE)
    assert store.commit([payload(NOW - 60 * MINUTE)]) == [TOO_OLD]


def sealed_and_written(store: IngesterStore) -> None:
    store.seal_all("test")
    store.write_blocks()
    store.truncate_log()


def test_the_block_of_a_late_head_says_so_and_every_other_is_written_as_before(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(NOW), payload(NOW - MINUTE)])
    sealed_and_written(store)
    metas = [json.loads(path.read_bytes()) for path in (ingesters.directory / "blocks").glob("*/*/meta.json")]
    late, in_order = sorted(metas, key=lambda meta: meta["min_time_ns"])
    assert (late["version"], late["out_of_order"]) == (2, True)
    assert (in_order["version"], "out_of_order" in in_order) == (1, False)


def to_heads(store: IngesterStore) -> None:
    """Leave everything where it is."""


def to_sealed(store: IngesterStore) -> None:
    store.seal_all("test")


@pytest.mark.parametrize("advance", [to_heads, to_sealed, sealed_and_written])
def test_the_order_of_a_tenant_is_known_again_after_a_restart(
    ingesters: Ingesters, advance: Callable[[IngesterStore], None]
) -> None:
    store = ingesters.open()
    store.commit([payload(NOW), payload(NOW - MINUTE)])
    advance(store)
    before = store.commit([payload(NOW - 11 * MINUTE), payload(NOW - 2 * MINUTE), payload(NOW - 1)])
    again = ingesters.open()
    after = again.commit([payload(NOW - 11 * MINUTE - 1), payload(NOW - 2 * MINUTE - 1), payload(NOW - 2)])
    assert before == after == [TOO_OLD, STORED, STORED]
    late = {NOW - MINUTE, NOW - 2 * MINUTE, NOW - 2 * MINUTE - 1}
    if advance is not to_heads:
        late |= {NOW - 1, NOW - 2}  # what is sealed ends at NOW
    again.seal_all("test")
    again.write_blocks()
    blocks = [part for part in again.parts(TENANT) if isinstance(part, Block) and part.meta.out_of_order]
    assert {row.time_ns for block in blocks for row in read_rows(block)} == late


def test_late_heads_count_in_the_bounds_and_are_sealed_with_the_others(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(NOW)])
    alone = store.status().head_bytes
    store.commit([payload(NOW - MINUTE)])
    assert store.status().head_bytes > 1.5 * alone
    ingesters.now_ns += MINUTE
    store.seal_due()
    assert (store.status().heads, store.status().sealed_heads) == (0, 2)
    ingesters.config |= {"head_max_bytes": 1, "heads_max_bytes": 1}
    full = ingesters.open()
    assert ingesters.opened is not None
    assert ingesters.opened.blocks_written == 2, "room is made while either log is replayed"
    assert full.commit([payload(NOW - MINUTE - 1)]) == [STORED]
    assert full.status().sealed_heads == 1, "a late head over the bound is sealed"
    assert full.commit([payload(NOW + 1)]) == [bytes([AckCode.OVERLOADED])]
    assert full.write_blocks() == 1
    assert full.commit([payload(NOW + 1)]) == [STORED]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_in_order_blocks_do_not_overlap_and_every_acknowledged_profile_is_there(
    ingesters: Ingesters, seed: int
) -> None:
    rng = random.Random(seed)
    store = ingesters.open()
    acknowledged: set[int] = set()
    clock = NOW
    for _ in range(120):
        clock += rng.randrange(20 * 10**9)
        times = [clock - rng.choice((0, 1, 10**9, 40 * 10**9, 5 * MINUTE, 30 * MINUTE)) for _ in range(3)]
        (codes,) = store.commit([payload(*times)])
        acknowledged |= {time_ns for time_ns, code in zip(times, codes, strict=True) if code <= AckCode.DUPLICATE}
        if rng.random() < 0.1:
            store.seal_all("test")
        if rng.random() < 0.1:
            sealed_and_written(store)
        if rng.random() < 0.1:
            store = ingesters.open()
        assert held(store).keys() == acknowledged
    sealed_and_written(store)
    blocks = [part for part in store.parts(TENANT) if isinstance(part, Block)]
    spans = sorted((one.min_time_ns, one.max_time_ns) for one in blocks if not one.meta.out_of_order)
    assert len(spans) > 5
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
