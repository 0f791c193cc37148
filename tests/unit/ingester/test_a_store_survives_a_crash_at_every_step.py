"""The store of an ingester: what is acknowledged is there after a crash, once, wherever it stood on its way to a
block.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.ingester.store import IngesterStore
from ingest.storage.acks import AckCode
from ingest.storage.wal.format import SEGMENT_HEADER_BYTES
from tests.unit.ingester.stores import DUPLICATE, STORED, TENANT, Ingesters, held, once, payload


@pytest.fixture
def ingesters(tmp_path: Path) -> Ingesters:
    return Ingesters(tmp_path / "ingester")


def test_what_was_committed_is_there_after_a_crash(ingesters: Ingesters) -> None:
    store = ingesters.open()
    assert store.commit([payload(1, 2), payload(3)]) == [STORED * 2, STORED]
    assert held(store) == once(1, 2, 3)
    assert held(ingesters.open()) == once(1, 2, 3)


def test_a_repeat_is_recognised_before_and_after_a_crash(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(1)])
    assert store.commit([payload(1)]) == [DUPLICATE]
    store = ingesters.open()
    assert store.commit([payload(1), payload(2)]) == [DUPLICATE, STORED]
    assert held(store) == once(1, 2)


def to_open(store: IngesterStore) -> None:
    """Leave the head open."""


def to_sealed(store: IngesterStore) -> None:
    store.seal_all("test")


def to_written(store: IngesterStore) -> None:
    store.seal_all("test")
    store.write_blocks()


def to_truncated(store: IngesterStore) -> None:
    to_written(store)
    store.truncate_log()


@pytest.mark.parametrize("advance", [to_open, to_sealed, to_written, to_truncated])
def test_every_profile_is_read_once_wherever_its_head_stood_at_the_crash(
    ingesters: Ingesters, advance: Callable[[IngesterStore], None]
) -> None:
    store = ingesters.open()
    store.commit([payload(1, 2)])
    advance(store)
    store.commit([payload(3)])
    assert held(store) == once(1, 2, 3)
    again = ingesters.open()
    assert held(again) == once(1, 2, 3)
    again.commit([payload(4)])
    assert held(ingesters.open()) == once(1, 2, 3, 4)


def test_a_head_keeps_its_identifier_over_a_crash(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(1)])
    before = [part.part_id for part in store.parts(TENANT)]
    assert [part.part_id for part in ingesters.open().parts(TENANT)] == before
    store.seal_all("test")
    store.write_blocks()
    assert [part.part_id for part in store.parts(TENANT)] == before


def test_the_log_lets_go_of_written_heads_and_of_nothing_else(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(1), payload(2, tenant="other")])
    store.seal([TENANT], "test")
    store.commit([payload(3)])
    store.write_blocks()
    store.truncate_log()
    again = ingesters.open()
    assert held(again) == once(1, 3)
    assert held(again, "other") == once(2)
    again.seal_all("test")
    again.write_blocks()
    again.truncate_log()
    assert again.status().wal_bytes <= SEGMENT_HEADER_BYTES * 2
    assert held(ingesters.open()) == once(1, 3)


def test_a_head_that_grew_too_large_is_sealed_and_the_next_push_opens_another(ingesters: Ingesters) -> None:
    ingesters.config = {"head_max_bytes": 1}
    store = ingesters.open()
    for number in range(3):
        store.commit([payload(number)])
    assert store.status().sealed_heads == 3
    assert held(store) == once(0, 1, 2)


def test_whoever_writes_blocks_is_told_of_a_head_that_was_sealed_for_its_size_alone(ingesters: Ingesters) -> None:
    store = ingesters.open()
    told: list[int] = []
    store.on_sealed_for_size = lambda: told.append(store.status().sealed_heads)
    store.commit([payload(0)])
    store.seal_all("test")
    assert told == []
    ingesters.config = {"head_max_bytes": 1}
    store = ingesters.open()
    store.on_sealed_for_size = lambda: told.append(store.status().sealed_heads)
    store.commit([payload(1)])
    assert told == [2]


def test_writes_are_refused_as_overload_while_sealed_heads_fill_the_memory(ingesters: Ingesters) -> None:
    ingesters.config = {"head_max_bytes": 1, "heads_max_bytes": 1}
    store = ingesters.open()
    store.commit([payload(1)])
    assert store.commit([payload(2)]) == [bytes([AckCode.OVERLOADED])]
    store.write_blocks()
    assert store.commit([payload(2)]) == [STORED]


def test_a_full_disk_makes_the_ingester_read_only_until_there_is_room(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(1)])
    ingesters.config = {"min_free_disk_bytes": 1 << 62}
    full = ingesters.open()
    assert full.commit([payload(2)]) == [bytes([AckCode.LOG_FAILED])]
    assert full.status().read_only
    assert held(full) == once(1)
    ingesters.config = {}
    assert ingesters.open().commit([payload(2)]) == [STORED]


def test_a_damaged_record_costs_the_others_of_its_payload_nothing(ingesters: Ingesters) -> None:
    good, bad = payload(1), bytearray(payload(2))
    bad[-3] ^= 0xFF
    store = ingesters.open()
    codes = store.commit([good + bytes(bad) + payload(3)])
    assert codes == [bytes([AckCode.STORED, AckCode.DAMAGED, AckCode.STORED])]
    assert held(store) == once(1, 3)
    assert held(ingesters.open()) == once(1, 3)


def test_heads_are_sealed_at_their_age(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(1)])
    store.seal_due()
    assert store.status().sealed_heads == 0
    ingesters.now_ns += 3600 * 10**9
    store.seal_due()
    assert store.status().sealed_heads == 1


def test_a_damaged_block_is_set_aside_and_does_not_stop_the_start(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(1)])
    to_truncated(store)
    store.commit([payload(2)])
    (block,) = (ingesters.directory / "blocks").glob("*/*/profiles.parquet")
    block.write_bytes(block.read_bytes()[:-1])
    assert held(ingesters.open()) == once(2)


def test_an_interrupted_deletion_of_a_block_leaves_no_block(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(1)])
    to_truncated(store)
    (meta,) = (ingesters.directory / "blocks").glob("*/*/meta.json")
    meta.unlink()
    assert ingesters.open().parts(TENANT) == []
    assert not meta.parent.exists()


def copies(directory: Path, target: Path) -> Iterator[Path]:
    """Yield a copy of the directory for each length its newest segment could have been cut to by a crash."""
    newest = max((directory / "wal").glob("*.wal"))
    whole = newest.stat().st_size
    for size in [*range(0, whole, 97), whole]:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(directory, target)
        cut = target / "wal" / newest.name
        with cut.open("r+b") as opened:
            opened.truncate(size)
        yield target


def test_a_log_cut_anywhere_gives_a_prefix_of_what_was_committed(ingesters: Ingesters, tmp_path: Path) -> None:
    store = ingesters.open()
    for number in range(1, 8):
        store.commit([payload(number)])
    store.close()
    seen: set[int] = set()
    for directory in copies(ingesters.directory, tmp_path / "copy"):
        found = held(Ingesters(directory).open())
        assert found == once(*range(1, len(found) + 1))
        seen.add(len(found))
    assert seen == set(range(8))
