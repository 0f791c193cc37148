"""A round that ends at any operation on the bucket, or before any write of a state: later rounds end what it began."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ingest.models import BlockRecord
from ingest.retention.plan import BlockState, HeldBlock
from ingest.retention.service import Retention, Unreadable
from ingest.storage.bucket import MemoryBucket
from ingest.storage.errors import BucketError
from tests.django.retention.conftest import DAY_NS, DELAY_NS, HELD_NS, Clocked, Scene, folder_of, meta

THIRTY_DAYS = 30 * DAY_NS


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


class Fuse:
    """Ends the process before the operation with this number."""

    def __init__(self, at: int) -> None:
        self.left = at

    def burn(self, *_: object) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1


class Fused(Clocked):
    """Records whose writes burn the fuse."""

    fuse: Fuse

    def move(self, blocks: Sequence[HeldBlock], to: BlockState, since_ns: int) -> int:
        self.fuse.burn()
        return super().move(blocks, to, since_ns)

    def forget(self, block: HeldBlock) -> bool:
        self.fuse.burn()
        return super().forget(block)


def killed_round(scene: Scene, at: int) -> bool:
    """Run a round that is killed before its operation ``at``; returns whether it got that far."""
    fuse = Fuse(at)
    bucket = MemoryBucket(before=fuse.burn)
    bucket.objects = scene.bucket.objects
    records = Fused(lambda: scene.now_ns)
    records.fuse = fuse
    try:
        Retention(records, bucket, HELD_NS, DELAY_NS, lambda: scene.now_ns).round(10**10)
    except Killed:
        return True
    return False


def is_whole_or_unseen(scene: Scene, blocks: Sequence[str], objects: Sequence[Sequence[str]]) -> bool:
    """Whether every block that queries see has all its objects, and every other one no meta without its files."""
    seen = scene.readable()
    whole = all(len(keys) == 7 for ulid, keys in zip(blocks, objects, strict=True) if ulid in seen)
    metas_whole = all(len(keys) == 7 for keys in objects if any(key.endswith("meta.json") for key in keys))
    return whole and metas_whole


@pytest.mark.parametrize("stage", ["mark", "delete", "forget"])
def test_a_kill_before_any_operation_leaves_no_half_block_and_later_rounds_finish(scene: Scene, stage: str) -> None:
    at = 0
    while True:
        BlockRecord.objects.all().delete()
        scene.bucket.objects.clear()
        doomed, young = [scene.upload(meta(number, 31)) for number in (1, 2)], scene.upload(meta(3, 20))
        scene.keep("ours", THIRTY_DAYS)
        for _ in range(["mark", "delete", "forget"].index(stage)):
            scene.round()
            scene.pass_days(1)
        was_killed = killed_round(scene, at)
        everything = [*doomed, young]
        ulids = [block.ulid for block in everything]
        assert is_whole_or_unseen(scene, ulids, [scene.objects(block) for block in everything])
        for _ in range(4):
            scene.round()
            scene.pass_days(1)
        assert scene.states() == {young.ulid: "kept"}
        assert sorted(scene.bucket.objects) == sorted(scene.objects(young))
        assert len(scene.objects(young)) == 7
        scene.now_ns -= 4 * DAY_NS + ["mark", "delete", "forget"].index(stage) * DAY_NS
        if not was_killed:
            break
        at += 1
    assert at >= {"mark": 1, "delete": 20, "forget": 4}[stage]


def test_what_has_begun_is_finished_though_the_period_is_longer_by_then(scene: Scene) -> None:
    block = scene.upload(meta(1, 31))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    scene.pass_days(1)
    assert killed_round(scene, 5)
    assert 0 < len(scene.objects(block)) < 7
    scene.keep("ours", 0)
    scene.round()
    assert scene.objects(block) == []
    assert scene.readable() == set()


def test_a_longer_period_that_comes_while_a_round_goes_on_stops_its_deletions(scene: Scene) -> None:
    blocks = [scene.upload(meta(number, 31)) for number in range(4)]
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    scene.pass_days(1)

    def lengthen(operation: str, key: str) -> None:
        if operation == "delete":
            scene.keep("ours", 0)

    bucket = MemoryBucket(before=lengthen)
    bucket.objects = scene.bucket.objects
    assert scene.round(bucket).deleted == 1
    assert scene.round().unmarked == 3
    assert scene.readable() == {block.ulid for block in blocks[1:]}
    assert all(len(scene.objects(block)) == 7 for block in blocks[1:])


def test_trouble_with_the_blocks_of_one_tenant_stops_nobody_else(scene: Scene) -> None:
    theirs, ours = scene.upload(meta(1, 31, "broken")), scene.upload(meta(2, 31))
    for tenant in ("ours", "broken"):
        scene.keep(tenant, THIRTY_DAYS)
    scene.round()
    scene.pass_days(1)

    def fail(operation: str, key: str) -> None:
        if key.startswith("broken/") and operation == "delete":
            raise BucketError("away", transient=True)

    bucket = MemoryBucket(before=fail)
    bucket.objects = scene.bucket.objects
    done = scene.round(bucket)
    assert (done.deleted, done.failed) == (1, 1)
    assert done.problems == [f"broken: Block {theirs.ulid}: away."]
    assert scene.objects(ours) == []
    assert scene.round().deleted == 1
    assert scene.objects(theirs) == []


def test_two_rounds_at_once_delete_and_count_a_block_once(scene: Scene) -> None:
    block = scene.upload(meta(1, 31))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    scene.pass_days(1)
    inner: list[int] = []

    def overtake(operation: str, key: str) -> None:
        if operation == "delete" and not inner:
            inner.append(0)
            inner[0] = scene.round().deleted

    bucket = MemoryBucket(before=overtake)
    bucket.objects = scene.bucket.objects
    outer = scene.round(bucket)
    assert sorted([inner[0], outer.deleted]) == [0, 1]
    assert scene.states() == {block.ulid: "gone"}
    assert scene.objects(block) == []


def test_a_database_that_cannot_be_read_deletes_nothing(scene: Scene) -> None:
    block = scene.upload(meta(1, 31))
    scene.keep("ours", THIRTY_DAYS)
    scene.round()
    scene.pass_days(1)

    class Away(Clocked):
        def limits(self, tenant: str) -> object:  # type: ignore[override]
            raise Unreadable("the database cannot be used: away")

    with pytest.raises(Unreadable):
        Retention(Away(lambda: scene.now_ns), scene.bucket, HELD_NS, DELAY_NS, lambda: scene.now_ns).round(10**10)
    assert len(scene.objects(block)) == 7
    assert folder_of(block) + "meta.json" in scene.bucket.objects
