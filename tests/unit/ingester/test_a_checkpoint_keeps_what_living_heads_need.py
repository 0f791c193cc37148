"""A quiet tenant's young head would hold a whole log back. A checkpoint frees it, and nothing is lost on the way."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ingest.ingester.store import IngesterStore
from ingest.profiles.record import iter_records, record_tenant
from ingest.storage.errors import WalError
from ingest.storage.wal.checkpoint import LogReplay, list_checkpoints
from ingest.storage.wal.format import RecordKind
from ingest.storage.wal.writer import list_segments
from tests.unit.ingester.stores import STORED, TENANT, Ingesters, held, once, payload
from tests.unit.storage.faulty_files import FaultyFiles
from tests.unit.storage.wal.crashes import Crash, CrashingFiles

QUIET = "quiet"
ROOT = Path(__file__).resolve().parents[3]
MINUTE = 60 * 10**9


@pytest.fixture
def ingesters(tmp_path: Path) -> Ingesters:
    made = Ingesters(tmp_path / "ingester")
    made.config = {"wal_segment_bytes": 3000, "wal_checkpoint_bytes": 10_000}
    return made


def checkpoint(store: IngesterStore) -> int:
    """Do what maintenance does; return how many checkpoints were written."""
    plans = store.plan_checkpoints()
    for lane, plan in plans:
        lane.write_checkpoint(plan)
        lane.adopt_checkpoint(plan)
    return len(plans)


def write_out(store: IngesterStore, tenant: str = TENANT) -> None:
    store.seal([tenant], "test")
    store.write_blocks()
    store.truncate_log()


def busy(store: IngesterStore, numbers: range) -> None:
    """Fill the log with a tenant whose heads all get their blocks."""
    for number in numbers:
        assert store.commit([payload(number)]) == [STORED]
        if number % 10 == 9:
            write_out(store)


def test_a_log_held_back_by_a_quiet_tenant_is_freed_and_replays_to_the_same(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(1, 2, tenant=QUIET)])
    busy(store, range(100))
    before = store.status().wal_bytes
    heads = {part.part_id for part in store.parts(QUIET)}
    assert before > 10_000
    assert checkpoint(store) == 1
    assert store.status().wal_bytes < before / 2
    turns = 0
    while checkpoint(store):
        turns += 1
        assert turns < 5, "each leaves a third of the segments, until the log is within its bound"
    after = store.status().wal_bytes
    assert after <= 10_000
    wal = ingesters.directory / "wal"
    (number,) = list_checkpoints(wal)
    assert min(list_segments(wal)) > number
    again = ingesters.open()
    assert held(again, QUIET) == once(1, 2)
    assert {part.part_id for part in again.parts(QUIET)} == heads
    assert held(again) == once(*range(100))
    assert again.status().wal_bytes == after
    assert ingesters.opened is not None
    assert not ingesters.opened.wal.log.missing_segments


def test_the_log_goes_on_over_several_checkpoints_each_taking_in_the_one_before(ingesters: Ingesters) -> None:
    store = ingesters.open()
    wal = ingesters.directory / "wal"
    numbers = []
    for turn in range(4):
        store.commit([payload(1000 + turn, tenant=QUIET)])
        busy(store, range(100 * turn, 100 * turn + 100))
        assert checkpoint(store) == 1
        numbers += list_checkpoints(wal)
        assert held(ingesters.open(), QUIET) == once(*range(1000, 1001 + turn))
    assert numbers == sorted(set(numbers))
    write_out(store, QUIET)
    assert list_checkpoints(wal) == [], "no head needs it any more"
    assert held(ingesters.open(), QUIET) == once(*range(1000, 1004))


def test_a_payload_of_several_tenants_is_cut_to_those_that_live(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(0) + payload(1, tenant=QUIET) + payload(2)])
    busy(store, range(3, 100))
    assert checkpoint(store) == 1
    wal = ingesters.directory / "wal"
    (number,) = list_checkpoints(wal)
    pushes = [one.data for one in LogReplay(wal, number, False, FaultyFiles(), up_to=0) if one.kind == RecordKind.PUSH]
    assert [record_tenant(view) for data in pushes for view in iter_records(data)] == [QUIET]
    assert held(ingesters.open(), QUIET) == once(1)


def test_a_log_that_is_needed_or_small_is_left_alone(ingesters: Ingesters) -> None:
    store = ingesters.open()
    for number in range(60):
        store.commit([payload(number)])
    assert store.status().wal_bytes > 10_000
    assert checkpoint(store) == 0, "everything in it is needed"
    ingesters = Ingesters(ingesters.directory.with_name("large"))
    ingesters.config = {"wal_segment_bytes": 3000, "wal_checkpoint_bytes": 1 << 30}
    store = ingesters.open()
    store.commit([payload(1, tenant=QUIET)])
    busy(store, range(100, 200))
    assert checkpoint(store) == 0, "it is within its bound"


def test_a_sealed_head_that_finds_no_room_for_its_block_is_sealed_again_from_a_checkpoint(
    ingesters: Ingesters,
) -> None:
    store = ingesters.open()
    store.commit([payload(0)])
    store.commit([payload(1, tenant=QUIET)])
    store.seal([QUIET], "test")
    blocks = ingesters.directory / "blocks"
    (blocks / QUIET).write_text("a file where the folder of the tenant should be")
    for number in range(2, 100):
        store.commit([payload(number)])
        if number % 10 == 9:
            store.seal([TENANT], "test")
            with pytest.raises(OSError, match="File exists"):
                store.write_blocks()
            store.truncate_log()
    assert checkpoint(store) == 1
    (blocks / QUIET).unlink()
    again = ingesters.open()
    assert again.status().sealed_heads == 1
    assert held(again, QUIET) == once(1)
    assert again.write_blocks() == 1


def test_segments_that_begin_inside_a_head_with_a_block_are_not_taken_for_records_without_a_head(
    ingesters: Ingesters,
) -> None:
    store = ingesters.open()
    for number in range(30):
        store.commit([payload(number)])
    store.commit([payload(1, tenant=QUIET)])
    for number in range(30, 60):
        store.commit([payload(number)])
    write_out(store)
    segments = store.status().wal_segments
    assert segments > 6, "deleting the oldest would leave pushes whose head nobody knows"
    assert checkpoint(store) == 1
    assert store.status().wal_segments < segments
    again = ingesters.open()
    assert ingesters.opened is not None
    assert (ingesters.opened.wal.replayed.orphans, ingesters.opened.wal.replayed.skipped > 20) == (0, True)
    assert (held(again, QUIET), held(again)) == (once(1), once(*range(60)))
    write_out(again, QUIET)
    assert list_checkpoints(ingesters.directory / "wal") == [], "the last segments go with it"


def test_late_profiles_are_kept_likewise(ingesters: Ingesters) -> None:
    ingesters.window_ns = 60 * MINUTE
    ingesters.config["head_max_age_ns"] = MINUTE
    store = ingesters.open()
    now = 10**18
    store.commit([payload(now, tenant=TENANT), payload(now, tenant=QUIET), payload(now - 5 * MINUTE, tenant=QUIET)])
    late = [now - 10 * MINUTE + number for number in range(100)]
    for time_ns in late:
        store.commit([payload(time_ns)])
        if time_ns % 10 == 9:
            write_out(store)
    assert checkpoint(store) == 1
    assert list_checkpoints(ingesters.directory / "wbl")
    again = ingesters.open()
    assert held(again, QUIET) == once(now, now - 5 * MINUTE)
    assert held(again) == once(now, *late)


def test_records_whose_head_mark_was_lost_are_kept_while_their_head_lives(ingesters: Ingesters) -> None:
    store = ingesters.open()
    store.commit([payload(1, tenant=QUIET)])
    store.close()
    segment = ingesters.directory / "wal" / "00000001.wal"
    data = bytearray(segment.read_bytes())
    data[data.index(b'"ulid"')] ^= 1  # the record that opened the head
    segment.write_bytes(data)
    store = ingesters.open()
    assert ingesters.opened is not None
    assert ingesters.opened.wal.replayed.orphans == 1
    busy(store, range(100))
    plans = store.plan_checkpoints()
    with pytest.raises(WalError, match="1 damaged"):
        plans[0][0].write_checkpoint(plans[0][1])
    assert store.plan_checkpoints() == [], "the same segments are not read again and again"
    assert held(ingesters.open(), QUIET) == once(1)
    assert held(store, QUIET) == once(1)


def test_a_crash_before_any_call_of_the_disk_loses_nothing(ingesters: Ingesters) -> None:
    quiet, numbers = once(1, 2), once(*range(100))
    crashes = 0
    for calls in itertools.count(0, 3):
        one = Ingesters(ingesters.directory.with_name(str(calls)))
        one.config = ingesters.config
        store = one.open()
        store.commit([payload(1, 2, tenant=QUIET)])
        busy(store, range(100))
        ((lane, plan),) = store.plan_checkpoints()
        lane._files = CrashingFiles(calls)
        lane._writer()._files = lane._files
        try:
            lane.write_checkpoint(plan)
            lane.adopt_checkpoint(plan)
        except Crash:
            crashes += 1
        again = one.open()
        assert (held(again, QUIET), held(again)) == (quiet, numbers), f"crash after {calls} calls"
        again.commit([payload(3, tenant=QUIET)])
        assert held(one.open(), QUIET) == once(1, 2, 3)
        if crashes * 3 != calls + 3:
            break
    assert crashes >= 4


def test_every_profile_a_killed_process_had_acknowledged_is_there_once(tmp_path: Path) -> None:
    rng = random.Random(7)
    acknowledged: set[int] = set()
    checkpoints = first = 0
    for _ in range(3):
        command = [sys.executable, "-m", "tests.unit.ingester.checkpointing_child", str(tmp_path), str(first)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            lines = list(itertools.islice(child.stdout, 60 * rng.randrange(2, 5)))
            child.kill()
            lines += list(child.stdout)
        checkpoints += lines.count("checkpoint\n")
        acknowledged |= {int(line) for line in lines if line.endswith("\n") and line.strip().isdigit()}
        store = Ingesters(tmp_path / "ingester").open()
        for tenant, wanted in ((TENANT, acknowledged), (QUIET, {one for one in acknowledged if one % 50 == 0})):
            found = held(store, tenant)
            assert found.keys() >= wanted, "what was acknowledged is there"
            assert set(found.values()) == {1}
        # The last one may have been committed and not been reported any more: it is not sent again.
        first = max(held(store)) + 1
        store.close()
    assert checkpoints >= 3


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_sealed_written_and_cut_when_every_profile_is_there_once(ingesters: Ingesters, seed: int) -> None:
    rng = random.Random(seed)
    tenants = ("a", "b", "c")
    acknowledged: dict[str, Counter[int]] = {tenant: Counter() for tenant in tenants}
    store = ingesters.open()
    checkpoints = 0
    for number in range(400):
        chosen = rng.choices(tenants, (20, 5, 1), k=rng.randrange(1, 3))
        batch = b"".join(payload(number, tenant=tenant) for tenant in dict.fromkeys(chosen))
        store.commit([batch])
        for tenant in dict.fromkeys(chosen):
            acknowledged[tenant][number] = 1
        if rng.random() < 0.08:
            store.seal([rng.choice(tenants[:2])], "test")
        if rng.random() < 0.08:
            store.write_blocks()
            store.truncate_log()
        if rng.random() < 0.2:
            checkpoints += checkpoint(store)
        if rng.random() < 0.03:
            store = ingesters.open()
            assert {tenant: held(store, tenant) for tenant in tenants} == acknowledged
    store = ingesters.open()
    assert {tenant: held(store, tenant) for tenant in tenants} == acknowledged
    assert checkpoints >= 2
