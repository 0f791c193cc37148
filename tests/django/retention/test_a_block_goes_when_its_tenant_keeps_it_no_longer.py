"""Rounds of retention over the real catalogue: what goes and when, what stays, and what is never touched."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from django.test import override_settings

from ingest.adapters.catalogue_rebuild import rebuild_catalogue
from ingest.adapters.orm_catalogue import OrmCatalogue
from ingest.adapters.orm_retention import OrmRetention
from ingest.models import AuditEntry, BlockRecord
from ingest.profiles.limits import DEFAULT_LIMITS
from ingest.retention.plan import Action, BlockState, HeldBlock, cutoff_ns, plan_retention
from ingest.retention.service import ClocksDiffer, Round
from tests.django.retention.conftest import DAY_NS, DELAY_NS, START_NS, Scene, folder_of, meta

THIRTY_DAYS = 30 * DAY_NS


def test_without_a_period_nothing_goes_however_old_it_is(scene: Scene) -> None:
    block = scene.upload(meta(1, 10_000))
    for _ in range(4):
        assert scene.round() == Round()
        scene.pass_days(2)
    assert scene.readable() == {block.ulid}


def test_a_block_is_hidden_then_deleted_then_forgotten_and_a_younger_one_stays(scene: Scene) -> None:
    old, young = scene.upload(meta(1, 31)), scene.upload(meta(2, 25))
    scene.keep("ours", THIRTY_DAYS)
    assert scene.round() == Round(marked=1)
    assert scene.readable() == {young.ulid}
    assert len(scene.objects(old)) == 7
    scene.pass_days(0.9)
    assert scene.round() == Round()
    assert len(scene.objects(old)) == 7
    scene.pass_days(0.1)
    assert scene.round() == Round(deleted=1, deleted_bytes=600)
    assert scene.objects(old) == []
    assert scene.states() == {old.ulid: "gone", young.ulid: "kept"}
    scene.pass_days(1)
    assert scene.round() == Round()
    assert scene.states() == {young.ulid: "kept"}
    assert len(scene.objects(young)) == 7
    assert scene.readable() == {young.ulid}


def test_totals_of_queries_are_those_of_the_blocks_they_read(scene: Scene) -> None:
    scene.upload(meta(1, 31)), scene.upload(meta(2, 25))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    assert OrmCatalogue().totals("ours", 0, 2**62).blocks == 1


@pytest.mark.parametrize("longer_ns", [0, 60 * DAY_NS])
def test_a_longer_period_before_the_delay_is_over_brings_everything_back(scene: Scene, longer_ns: int) -> None:
    block = scene.upload(meta(1, 31))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    scene.pass_days(0.99)
    scene.keep("ours", longer_ns)
    scene.pass_days(5)
    assert scene.round() == Round(unmarked=1)
    assert scene.readable() == {block.ulid}
    assert len(scene.objects(block)) == 7
    assert scene.round() == Round()


def test_the_default_counts_for_tenants_without_a_period_and_never_for_one_that_keeps_for_ever(scene: Scene) -> None:
    ours, theirs = scene.upload(meta(1, 31)), scene.upload(meta(2, 31, "Team B"))
    scene.keep("ours", 0)
    with override_settings(LIMITS=replace(DEFAULT_LIMITS, compactor_blocks_retention_period_ns=THIRTY_DAYS)):
        for _ in range(3):
            scene.round()
            scene.pass_days(1)
    assert scene.states() == {ours.ulid: "kept"}
    assert len(scene.objects(ours)) == 7
    assert scene.objects(theirs) == []


def test_a_period_that_may_not_be_followed_keeps_all_and_is_told(scene: Scene) -> None:
    block = scene.upload(meta(1, 31))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    scene.keep("ours", DAY_NS // 24)  # as after a longer age of heads was set
    scene.pass_days(5)
    done = scene.round()
    assert (done.unmarked, done.deleted, done.failed) == (1, 0, 1)
    assert "still on their way to the bucket" in done.problems[0]
    assert scene.readable() == {block.ulid}


def test_nothing_but_the_folder_of_the_block_is_touched(scene: Scene) -> None:
    scene.keep("ours", THIRTY_DAYS)
    old = scene.upload(meta(1, 31))
    beside = [
        f"ours/{old.ulid}x/meta.json",
        f"ours/{old.ulid[:-1]}/profiles.parquet",
        "ours/notes.txt",
        f"theirs/{old.ulid}/meta.json",
        f"{old.ulid}/meta.json",
        f"ours/01{99:024d}/profiles.parquet",  # an upload that has not ended
    ]
    for key in beside:
        scene.bucket.put(key, b"mine")
    for _ in range(4):
        scene.round()
        scene.pass_days(1)
    assert sorted(scene.bucket.objects) == sorted(beside)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param({"prefix": "theirs"}, "which is not its tenant's", id="the folder of another tenant"),
        pytest.param({"max_time_ns": START_NS - 31 * DAY_NS}, "another tenant or time", id="an older time"),
    ],
)
def test_a_row_that_says_something_else_than_its_block_deletes_nothing(
    scene: Scene, wrong: dict[str, object], words: str
) -> None:
    block, other = scene.upload(meta(1, 10)), scene.upload(meta(2, 31))
    theirs = f"theirs/{block.ulid}/profiles.parquet"
    scene.bucket.put(theirs, b"theirs")
    scene.keep("ours", THIRTY_DAYS)
    BlockRecord.objects.filter(ulid=block.ulid).update(**{"max_time_ns": START_NS - 31 * DAY_NS, **wrong})
    scene.round()
    scene.pass_days(1)
    done = scene.round()
    assert (done.deleted, done.failed) == (1, 1)
    assert words in done.problems[0]
    assert len(scene.objects(block)) == 7
    assert scene.bucket.exists(theirs)
    assert scene.objects(other) == []
    rebuild_catalogue(scene.bucket, OrmCatalogue(), lambda keys: keys)
    assert scene.round() == Round(unmarked=1)
    assert scene.readable() == {block.ulid}


def test_a_block_whose_meta_is_damaged_is_left_for_somebody_to_look_at(scene: Scene) -> None:
    block = scene.upload(meta(1, 31))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    scene.bucket.objects[folder_of(block) + "meta.json"] = b"{"
    scene.pass_days(1)
    done = scene.round()
    assert (done.deleted, done.failed) == (0, 1)
    assert "its meta cannot be read" in done.problems[0]
    assert len(scene.objects(block)) == 7


def test_each_round_that_deleted_something_is_a_line_of_the_audit_log(scene: Scene) -> None:
    scene.upload(meta(1, 31)), scene.upload(meta(2, 32)), scene.upload(meta(3, 31, "theirs"))
    for tenant in ("ours", "theirs"):
        scene.keep(tenant, THIRTY_DAYS)
    for _ in range(4):
        scene.round()
        scene.pass_days(1)
    lines = AuditEntry.objects.filter(action="delete-blocks").order_by("tenant")
    assert [(line.actor, line.tenant, line.outcome) for line in lines] == [
        ("retention", "ours", "done"),
        ("retention", "theirs", "done"),
    ]
    times = "with profiles from 2024-09-02 23:00:00 UTC to 2024-09-03 00:00:00 UTC"
    assert lines[0].detail == f"deleted 2 blocks of 1200 bytes, {times.replace('09-02 ', '09-01 ')}"
    assert lines[1].detail == f"deleted 1 block of 600 bytes, {times}"


def test_a_clock_that_cannot_be_believed_changes_nothing(scene: Scene) -> None:
    scene.upload(meta(1, 31))
    scene.keep("ours", THIRTY_DAYS)
    with pytest.raises(ClocksDiffer, match="301 s apart"):
        scene.round(wall_ns=lambda: scene.now_ns - 301 * 10**9)
    assert set(scene.states().values()) == {"kept"}


def test_a_round_that_is_out_of_time_leaves_the_rest_to_the_next(scene: Scene) -> None:
    for number in range(6):
        scene.upload(meta(number, 31))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    scene.pass_days(1)
    looks = iter(range(100))
    done = scene.round(
        wall_ns=lambda: scene.now_ns + next(looks) * 4 * 10**9
    )  # of the ten seconds each look takes four
    assert done.is_cut_short
    assert 0 < done.deleted < 6
    assert scene.round().deleted == 6 - done.deleted


def test_a_rebuild_brings_nothing_back_that_goes(scene: Scene) -> None:
    marked, deleting = scene.upload(meta(1, 31)), scene.upload(meta(2, 31))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    BlockRecord.objects.filter(ulid=deleting.ulid).update(state="deleting")
    scene.bucket.delete(folder_of(deleting) + "meta.json")
    rebuild_catalogue(scene.bucket, OrmCatalogue(), lambda keys: keys)
    assert scene.states() == {marked.ulid: "marked", deleting.ulid: "deleting"}
    assert scene.round().deleted == 1
    assert scene.objects(deleting) == []


def test_what_an_ingester_uploads_again_is_not_seen_and_goes_again(scene: Scene) -> None:
    block = scene.upload(meta(1, 31))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    scene.pass_days(1)
    scene.round()
    scene.pass_days(0.5)
    scene.upload(block)  # out of a log that was away
    assert scene.readable() == set()
    scene.pass_days(0.5)
    scene.round()
    assert scene.objects(block) == []
    assert scene.states() == {block.ulid: "gone"}
    scene.pass_days(1)
    scene.round()
    assert scene.states() == {}


def test_the_blocks_a_round_looks_at_are_all_that_a_plan_has_a_step_for(scene: Scene) -> None:
    rng = random.Random(7)
    for number in range(300):
        scene.upload(meta(number, rng.choice([10, 30, 31, 40])))
        state, since_ns = rng.choice(list(BlockState)), START_NS - rng.choice([0, 1, 2]) * DAY_NS // 2
        BlockRecord.objects.filter(ulid=meta(number, 0).ulid).update(state=state, state_since_ms=since_ns // 10**6)
    records = OrmRetention()
    for period_ns in (0, THIRTY_DAYS):
        everything: list[HeldBlock] = [
            HeldBlock(
                row.ulid, row.tenant, row.prefix, row.min_time_ns, row.max_time_ns, row.size_bytes,
                BlockState(row.state), row.state_since_ms * 10**6,
            )
            for row in BlockRecord.objects.all()
        ]  # fmt: skip
        found = records.candidates("ours", cutoff_ns(period_ns, START_NS), START_NS - DELAY_NS, 300)
        planned = plan_retention(found, period_ns, START_NS, DELAY_NS)
        assert len(planned) == len(found)
        expected = plan_retention(everything, period_ns, START_NS, DELAY_NS)
        assert {(one.block.ulid, one.action) for one in planned} == {(one.block.ulid, one.action) for one in expected}
        assert {one.action for one in planned} >= {Action.UNMARK, Action.DELETE, Action.FORGET}
        fewer = records.candidates("ours", cutoff_ns(period_ns, START_NS), START_NS - DELAY_NS, 5)
        assert 10 <= len(fewer) <= 15
